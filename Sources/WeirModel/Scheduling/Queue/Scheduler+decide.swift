extension Scheduler {
    /// Goes through the queue once and says who starts and who gives way; both are counted as done.
    ///
    /// - Parameter moment: not before that of any event.
    public mutating func decide(at moment: Timestamp) -> [SchedulingDecision] {
        passes += 1
        var pass = Pass(
            now: moment, patientSince: moment.milliseconds - Int64(settings.patience) * 1000,
            hasHead: Array(repeating: false, count: pools.count), workspaceTurns: Array(repeating: 0, count: workspaces.count),
            personTurns: Array(repeating: 0, count: people.count),
            workspaceStandings: workspaces.map { standing($0.party, at: moment) },
            personStandings: people.map { standing($0.party, at: moment) },
            workspaceLeft: workspaces.map { QuotaLeft($0.party) }, personLeft: people.map { QuotaLeft($0.party) })
        growCleared()
        for reservation in reservations where reservation.ground != .cleared {
            lift(reservation)
            pass.lifted.append(reservation)
        }
        reservations.removeAll { $0.ground != .cleared }
        for slot in byAge.slots.prefix(byAge.count(upTo: pass.patientSince)) { _ = examine(Int(slot), isPatient: true, &pass) }
        for turn in PriorityClass.allCases.indices { goRound(turn, &pass) }
        for reservation in pass.lifted { for amount in reservation.kept { hasGrown(amount.node) } }
        for id in pass.started { leave(id) }
        return pass.decisions
    }

    /// The entries of a class, by fair share.
    private mutating func goRound(_ turn: Int, _ pass: inout Pass) {
        // All lines of the class one after the other, so that going through them touches nothing else.
        var line: [Int32] = []
        var next = Array(repeating: 0, count: people.count)
        var last = next
        // Heap 0 is for the workspaces, each with a heap for its people.
        var heapOf = Array(repeating: 0, count: workspaces.count)
        var peopleTurns = Turns()
        var turns = Turns()
        turns.begin()
        var heaps = 0
        for index in workspaces.indices where waitingIn[turn][index] > 0 {
            var since = Int64.max
            peopleTurns.begin()
            for person in workspaces[index].people where !lines[turn][person].slots.isEmpty {
                let patient = lines[turn][person].count(upTo: pass.patientSince)
                guard patient < lines[turn][person].slots.count else { continue }
                next[person] = line.count
                line += lines[turn][person].slots[patient...]
                last[person] = line.count
                let first = waiting[Int(line[next[person]])].queuedAt
                since = min(since, first)
                let served = served(person: person, pass)
                peopleTurns.append(Turns.Candidate(served: served, since: first, tie: people[person].tie, index: Int32(person)))
            }
            heapOf[index] = heaps
            heaps += 1
            guard since < .max else { continue }
            peopleTurns.arrange()
            let served = served(workspace: index, pass)
            turns.append(Turns.Candidate(served: served, since: since, tie: workspaces[index].tie, index: Int32(index)))
        }
        turns.arrange()
        while !turns.isEmpty(0) {
            let workspace = turns.first(0)
            let heap = heapOf[workspace]
            let person = peopleTurns.first(heap)
            let slot = Int(line[next[person]])
            next[person] += 1
            let outcome = examine(slot, isPatient: false, &pass)
            if next[person] == last[person] {
                peopleTurns.removeFirst(heap)
            } else if outcome != .heldByQuota {
                peopleTurns.setFirst(heap, served: served(person: person, pass))
            }
            if peopleTurns.isEmpty(heap) {
                turns.removeFirst(0)
            } else if outcome != .heldByQuota {
                turns.setFirst(0, served: served(workspace: workspace, pass))
            }
        }
    }

    private func served(workspace: Int, _ pass: Pass) -> Int64 {
        Self.byWeight(pass.workspaceStandings[workspace], pass.workspaceTurns[workspace], workspaces[workspace].party.weight)
    }

    private func served(person: Int, _ pass: Pass) -> Int64 {
        Self.byWeight(pass.personStandings[person], pass.personTurns[person], people[person].party.weight)
    }

    private func standing(_ party: Party, at now: Timestamp) -> Int64 {
        party.standing(at: now.milliseconds, halfLife: halfLife, horizon: horizon)
    }

    private static func byWeight(_ standing: Int64, _ turns: Int64, _ weight: Int) -> Int64 {
        let (sum, overflow) = standing.addingReportingOverflow(turns)
        let (scaled, overflows) = sum.multipliedReportingOverflow(by: 1000)
        return overflow || overflows ? .max : scaled / Int64(weight)
    }

    /// One entry's turn.
    private mutating func examine(_ slot: Int, isPatient: Bool, _ pass: inout Pass) -> Pass.Outcome {
        pass.place += 1
        waiting[slot].place = pass.place
        let record = waiting[slot]
        let ask = Int(record.ask)
        guard hasQuota(record, isPatient: isPatient, &pass) else {
            waiting[slot].reason = .quota
            if record.isClearing, let id = entries[slot]?.id { drop(reservationOf: id) }
            return .heldByQuota
        }
        let end = record.limit.map { pass.now.milliseconds + $0 + Int64(settings.overhead) * 1000 } ?? .max
        let hasNoRoom = askRooms[ask].pass == passes && askRooms[ask].noRoomFrom <= end && !record.isClearing
        let cleared = record.isClearing ? reservation(clearedFor: slot) : nil
        if !hasNoRoom, let placements = room(for: slot, ask: ask, end: end, cleared: cleared, &pass), let entry = entries[slot] {
            start(entry, placements, startedAt: pass.now, at: pass.now, places: .held)
            pass.decisions.append(.start(entry.id, placements))
            pass.started.append(entry.id)
            pass.viewsAreFresh = false
            let (workspace, person) = (Int(record.workspace), Int(record.person))
            pass.workspaceStandings[workspace] = standing(workspaces[workspace].party, at: pass.now)
            pass.personStandings[person] = standing(people[person].party, at: pass.now)
            pass.workspaceLeft[workspace].take(askRooms[ask].holdings)
            pass.personLeft[person].take(askRooms[ask].holdings)
            return .started
        }
        waiting[slot].reason = .resources
        let turns = askRooms[ask].share * horizon
        pass.workspaceTurns[Int(record.workspace)] &+= turns
        pass.personTurns[Int(record.person)] &+= turns
        let pool = askRooms[ask].pool
        if !pass.hasHead[pool], askRooms[ask].canEverStart {
            pass.hasHead[pool] = true
            becomeHead(slot, ask: ask, cleared: cleared, &pass)
        }
        return .blocked
    }

    /// The first of its pool that has to wait for resources: makes others give way, or reserves its place.
    private mutating func becomeHead(_ slot: Int, ask: Int, cleared: Reservation?, _ pass: inout Pass) {
        guard let entry = entries[slot], let ask = asks[ask] else { return }
        let old = pass.lifted.firstIndex { $0.pool == ask.pool }.map { pass.lifted.remove(at: $0) }
        pass.viewsAreFresh = false
        if let cleared, !cleared.victims.isEmpty { return releaseOld(old) }
        if cleared != nil { drop(reservationOf: entry.id) }
        guard reservations.count < settings.reservations else { return releaseOld(old) }
        if !entry.isPreemptible, let reservation = clearing(for: entry, ask: ask, at: pass.now.milliseconds) {
            for victim in reservation.victims {
                stop(victim, for: entry.id)
                pass.decisions.append(.preempt(victim, for: entry.id))
            }
            return establish(reservation, insteadOf: old)
        }
        if let reservation = timedReservation(of: entry, ask: ask, at: pass.now.milliseconds)
            ?? openReservation(of: entry, ask: ask)
        {
            establish(reservation, insteadOf: old)
        } else {
            releaseOld(old)
        }
    }

    private mutating func releaseOld(_ old: Reservation?) { for amount in old?.kept ?? [] { hasGrown(amount.node) } }

    private func reservation(clearedFor slot: Int) -> Reservation? {
        guard let id = entries[slot]?.id else { return nil }
        return reservations.first { $0.ground == .cleared && $0.owner == id }
    }

    /// Whether its quotas have room for it now (QUO-03). For one that has waited long, what is missing is kept from now on.
    private func hasQuota(_ record: Waiting, isPatient: Bool, _ pass: inout Pass) -> Bool {
        let (workspace, person) = (Int(record.workspace), Int(record.person))
        let need = askRooms[Int(record.ask)].holdings
        let inWorkspace = pass.workspaceLeft[workspace].takes(need)
        let inPerson = pass.personLeft[person].takes(need)
        if inWorkspace && inPerson { return true }
        // Where no known ends make room for it, nothing is kept: others would wait for nothing.
        func comesFree(_ party: Party) -> Bool { party.quota?.firstExceeded(by: party.heldOpen + need) == nil }
        if isPatient, comesFree(workspaces[workspace].party), comesFree(people[person].party) {
            if !inWorkspace { pass.workspaceLeft[workspace].take(need) }
            if !inPerson { pass.personLeft[person].take(need) }
        }
        return false
    }
}
