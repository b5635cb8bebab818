extension Scheduler {
    /// Takes in what happened. Nothing is decided.
    ///
    /// An event that does not fit the state changes nothing: the end of what does not run, the leaving of what does not wait.
    /// - Parameter now: not before the moment of any earlier event.
    public mutating func apply(_ event: SchedulingEvent, at now: Timestamp) {
        switch event {
        case .arrived(let entry): arrive(entry)
        case .left(let id): leave(id)
        case .started(let entry, let placements, let moment): recover(entry, placements, startedAt: moment, at: now)
        case .running(let id, let moment): isRunning(id, since: moment)
        case .ended(let id, _): end(id, at: now)
        case .quota(let workspace, let quota):
            let index = index(of: workspace)
            change {
                $0.workspaces[index].party.quota = quota
            } of: {
                $0.digest(ofWorkspace: index)
            }
        case .personQuota(let workspace, let account, let quota):
            let index = index(of: account, in: index(of: workspace))
            change {
                $0.people[index].party.quota = quota
            } of: {
                $0.digest(ofPerson: index)
            }
        case .weight(let workspace, let weight):
            let index = index(of: workspace)
            change {
                $0.workspaces[index].party.weight = Self.clamped(weight)
            } of: {
                $0.digest(ofWorkspace: index)
            }
        case .personWeight(let workspace, let account, let weight):
            let index = index(of: account, in: index(of: workspace))
            change {
                $0.people[index].party.weight = Self.clamped(weight)
            } of: {
                $0.digest(ofPerson: index)
            }
        case .nodes(let nodes): replaceNodes(nodes, at: now)
        case .settings(let new):
            settleAll(at: now)
            settings = new
            for id in running.keys.sorted() {
                guard let run = running[id] else { continue }
                moveOut(run)
                settleIn(run)
            }
        }
    }

    private static func clamped(_ weight: Int) -> Int { min(max(1, weight), 1_000_000) }

    private mutating func arrive(_ entry: QueueEntry) {
        if var run = running[entry.id] {
            // It waits again before its last run is known to be gone.
            forget(run)
            run.next = entry
            running[entry.id] = run
            remember(run)
            return
        }
        leave(entry.id)
        let workspace = index(of: entry.workspace)
        let person = index(of: entry.account, in: workspace)
        let ask = takeAsk(entry.demand, max(1, entry.instances))
        let record = Waiting(
            queuedAt: entry.queuedAt.milliseconds, limit: entry.limit.map { Int64($0) * 1000 }, ask: Int32(ask),
            workspace: Int32(workspace), person: Int32(person), turn: Int8(entry.priority.turn), isPreemptible: entry.isPreemptible)
        let slot: Int
        if let unused = unusedSlots.popLast() {
            slot = Int(unused)
            waiting[slot] = record
            entries[slot] = entry
        } else {
            slot = waiting.count
            waiting.append(record)
            entries.append(entry)
        }
        slots[entry.id] = Int32(slot)
        byAge.insert(slot, queuedAt: record.queuedAt, id: entry.id)
        itemsDigest &+= Digest.of(entry)
    }

    mutating func leave(_ id: Identifier<Workload>) {
        if var run = running[id], run.next != nil {
            forget(run)
            run.next = nil
            running[id] = run
            remember(run)
        }
        guard let slot = slots.removeValue(forKey: id).map(Int.init), let entry = entries[slot] else { return }
        let record = waiting[slot]
        byAge.remove(queuedAt: record.queuedAt, id: id)
        dropAsk(Int(record.ask))
        entries[slot] = nil
        unusedSlots.append(Int32(slot))
        drop(reservationOf: id)
        itemsDigest &-= Digest.of(entry)
    }

    private mutating func recover(_ entry: QueueEntry, _ placements: [Placement], startedAt: Timestamp, at now: Timestamp) {
        end(entry.id, at: now)
        leave(entry.id)
        let placements = placements.map { cluster.nodes.indices.contains($0.node) ? $0 : Placement(node: -1) }
        start(entry, placements, startedAt: startedAt, at: now, places: .toBeHeld)
    }

    enum Places { case held, toBeHeld }

    /// Enters what starts, and counts it for its workspace and person.
    mutating func start(_ entry: QueueEntry, _ placements: [Placement], startedAt: Timestamp, at now: Timestamp, places: Places) {
        let workspace = index(of: entry.workspace)
        let run = Running(
            entry: entry, placements: placements, startedAt: startedAt, runningAt: nil, workspace: workspace,
            person: index(of: entry.account, in: workspace), givesWayTo: nil, next: nil)
        if places == .toBeHeld { holdPlaces(of: run) }
        settleIn(run)
        count(run, at: now, by: 1)
        running[entry.id] = run
        remember(run)
    }

    private mutating func isRunning(_ id: Identifier<Workload>, since moment: Timestamp) {
        guard var run = running[id] else { return }
        forget(run)
        moveOut(run)
        run.runningAt = moment
        settleIn(run)
        running[id] = run
        remember(run)
    }

    private mutating func end(_ id: Identifier<Workload>, at now: Timestamp) {
        guard let run = running.removeValue(forKey: id) else { return }
        forget(run)
        moveOut(run)
        for placement in run.placements where placement.node >= 0 {
            cluster.release(run.entry.demand, at: placement)
            hasGrown(placement.node)
        }
        refresh(run.placements)
        count(run, at: now, by: -1)
        for index in reservations.indices { reservations[index].victims.removeAll { $0 == id } }
        if let next = run.next { arrive(next) }
    }

    /// Adds what a run holds to its workspace and person, or takes it away.
    private mutating func count(_ run: Running, at now: Timestamp, by sign: Int) {
        let held = run.entry.holdings * sign
        let open = run.entry.limit == nil ? held : .none
        let (halfLife, totals) = (halfLife, totals)
        func change(_ party: inout Party) {
            party.usage.settle(at: now.milliseconds, rate: party.rate, halfLife: halfLife)
            party.held += held
            party.heldOpen += open
            party.rate = totals.dominantShare(of: party.held)
        }
        itemsDigest &-= digest(ofWorkspace: run.workspace) &+ digest(ofPerson: run.person)
        change(&workspaces[run.workspace].party)
        change(&people[run.person].party)
        itemsDigest &+= digest(ofWorkspace: run.workspace) &+ digest(ofPerson: run.person)
    }

    mutating func settleAll(at now: Timestamp) {
        for index in workspaces.indices {
            let rate = workspaces[index].party.rate
            change {
                $0.workspaces[index].party.usage.settle(at: now.milliseconds, rate: rate, halfLife: $0.halfLife)
            } of: {
                $0.digest(ofWorkspace: index)
            }
        }
        for index in people.indices {
            let rate = people[index].party.rate
            change {
                $0.people[index].party.usage.settle(at: now.milliseconds, rate: rate, halfLife: $0.halfLife)
            } of: {
                $0.digest(ofPerson: index)
            }
        }
    }

    mutating func index(of workspace: Identifier<Workspace>) -> Int {
        if let index = workspaceIndex[workspace] { return index }
        workspaces.append(WorkspaceState(workspace))
        workspaceIndex[workspace] = workspaces.count - 1
        itemsDigest &+= digest(ofWorkspace: workspaces.count - 1)
        return workspaces.count - 1
    }

    mutating func index(of account: Identifier<Account>, in workspace: Int) -> Int {
        let key = PersonKey(workspace: workspace, account: account)
        if let index = personIndex[key] { return index }
        people.append(PersonState(account, in: workspace))
        personIndex[key] = people.count - 1
        workspaces[workspace].people.append(people.count - 1)
        itemsDigest &+= digest(ofPerson: people.count - 1)
        return people.count - 1
    }

    private mutating func takeAsk(_ demand: Demand, _ instances: Int) -> Int {
        let key = Ask.Key(demand: demand, instances: instances)
        if let index = askIndex[key] {
            asks[index]?.users += 1
            return index
        }
        let pool = Pool(demand)
        let poolIndex = pools[pool] ?? pools.count
        pools[pool] = poolIndex
        let ask = describe(demand, instances, pool: poolIndex, users: 1)
        let index: Int
        if let unused = unusedAsks.popLast() {
            index = unused
            asks[index] = ask
            askRooms[index] = AskRoom(ask)
        } else {
            index = asks.count
            asks.append(ask)
            askRooms.append(AskRoom(ask))
        }
        askIndex[key] = index
        return index
    }

    private mutating func dropAsk(_ index: Int) {
        asks[index]?.users -= 1
        guard let ask = asks[index], ask.users == 0 else { return }
        askIndex[Ask.Key(demand: ask.demand, instances: ask.instances)] = nil
        asks[index] = nil
        unusedAsks.append(index)
    }
}
