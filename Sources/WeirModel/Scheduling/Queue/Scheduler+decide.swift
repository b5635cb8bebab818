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
            personStandings: people.map { standing($0.party, at: moment) })
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
        guard waitingIn[turn].contains(where: { $0 > 0 }) else { return }
        var next = Array(repeating: 0, count: people.count)
        var peopleTurns = Array(repeating: Turns(), count: workspaces.count)
        var turns = Turns()
        let isPersonBefore = personOrder
        let isWorkspaceBefore = workspaceOrder
        for index in workspaces.indices where waitingIn[turn][index] > 0 {
            var since = Int64.max
            for person in workspaces[index].people where !lines[turn][person].slots.isEmpty {
                next[person] = lines[turn][person].count(upTo: pass.patientSince)
                guard next[person] < lines[turn][person].slots.count else { continue }
                let first = waiting[Int(lines[turn][person].slots[next[person]])].queuedAt
                since = min(since, first)
                peopleTurns[index].append(Turns.Candidate(served: served(person: person, pass), since: first, index: Int32(person)))
            }
            guard !peopleTurns[index].isEmpty else { continue }
            peopleTurns[index].arrange(isPersonBefore)
            turns.append(Turns.Candidate(served: served(workspace: index, pass), since: since, index: Int32(index)))
        }
        turns.arrange(isWorkspaceBefore)
        while !turns.isEmpty {
            let workspace = turns.first
            let person = peopleTurns[workspace].first
            let slot = Int(lines[turn][person].slots[next[person]])
            next[person] += 1
            let outcome = examine(slot, isPatient: false, &pass)
            if next[person] == lines[turn][person].slots.count {
                peopleTurns[workspace].removeFirst(isPersonBefore)
            } else if outcome != .heldByQuota {
                peopleTurns[workspace].setFirst(served: served(person: person, pass), isPersonBefore)
            }
            if peopleTurns[workspace].isEmpty {
                turns.removeFirst(isWorkspaceBefore)
            } else if outcome != .heldByQuota {
                turns.setFirst(served: served(workspace: workspace, pass), isWorkspaceBefore)
            }
        }
    }

    private var workspaceOrder: (Turns.Candidate, Turns.Candidate) -> Bool {
        let ids = workspaces.map(\.id)
        return { a, b in
            if a.served != b.served { return a.served < b.served }
            if a.since != b.since { return a.since < b.since }
            return ids[Int(a.index)] < ids[Int(b.index)]
        }
    }

    private var personOrder: (Turns.Candidate, Turns.Candidate) -> Bool {
        let ids = people.map(\.account)
        return { a, b in
            if a.served != b.served { return a.served < b.served }
            if a.since != b.since { return a.since < b.since }
            return ids[Int(a.index)] < ids[Int(b.index)]
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
        let cleared = record.isClearing ? reservation(clearedFor: slot) : nil
        if let placements = room(for: slot, ask: ask, end: end, cleared: cleared, &pass), let entry = entries[slot] {
            start(entry, placements, startedAt: pass.now, at: pass.now, places: .held)
            pass.decisions.append(.start(entry.id, placements))
            pass.started.append(entry.id)
            pass.viewsAreFresh = false
            let (workspace, person) = (Int(record.workspace), Int(record.person))
            pass.workspaceStandings[workspace] = standing(workspaces[workspace].party, at: pass.now)
            pass.personStandings[person] = standing(people[person].party, at: pass.now)
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
        let workspaceQuota = workspaces[workspace].party.quota
        let personQuota = people[person].party.quota
        if workspaceQuota == nil && personQuota == nil { return true }
        let need = askRooms[Int(record.ask)].holdings
        func fits(_ party: Party, _ promise: Holdings?) -> Bool {
            guard let quota = party.quota else { return true }
            return quota.firstExceeded(by: party.held + need + (promise ?? .none)) == nil
        }
        let inWorkspace = fits(workspaces[workspace].party, pass.workspacePromises[workspace])
        let inPerson = fits(people[person].party, pass.personPromises[person])
        if inWorkspace && inPerson { return true }
        // Where no known ends make room for it, nothing is kept: others would wait for nothing.
        func comesFree(_ party: Party) -> Bool { party.quota?.firstExceeded(by: party.heldOpen + need) == nil }
        if isPatient, comesFree(workspaces[workspace].party), comesFree(people[person].party) {
            if !inWorkspace { pass.workspacePromises[workspace, default: .none] += need }
            if !inPerson { pass.personPromises[person, default: .none] += need }
        }
        return false
    }
}
