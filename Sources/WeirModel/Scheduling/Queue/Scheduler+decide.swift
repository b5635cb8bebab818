extension Scheduler {
    /// Goes through the queue once and says who starts and who gives way; both are counted as done.
    ///
    /// - Parameter moment: not before that of any event.
    public mutating func decide(at moment: Timestamp) -> [SchedulingDecision] {
        passes += 1
        decidedAt = moment
        var pass = newPass(at: moment)
        pass.workspaceLeft = workspaces.map { QuotaLeft($0.party) }
        pass.personLeft = people.map { QuotaLeft($0.party) }
        growCleared()
        for reservation in reservations where reservation.ground != .cleared {
            lift(reservation)
            pass.lifted.append(reservation)
        }
        reservations.removeAll { $0.ground != .cleared }
        pass.isBeyondPatient = pass.patient == 0
        if narrowing.isOn { awaitHeads(&pass) }
        for slot in byAge.slots.prefix(pass.patient) { _ = examine(Int(slot), isPatient: true, &pass) }
        pass.isBeyondPatient = true
        let lines = Lines(byAge.slots.dropFirst(pass.patient), waiting, workspaces: workspaces.count)
        for turn in PriorityClass.allCases.indices { goRound(turn, lines, &pass) }
        for reservation in pass.lifted { for amount in reservation.kept { hasGrown(amount.node) } }
        for id in pass.started { leave(id) }
        return pass.decisions
    }

    func newPass(at moment: Timestamp) -> Pass {
        let patientSince = moment.milliseconds - Int64(settings.patience) * 1000
        return Pass(
            at: moment, patient: byAge.count(upTo: patientSince), pools: pools.count, workspaces: workspaces.count, people: people.count)
    }

    /// The entries of a class, by fair share.
    private mutating func goRound(_ turn: Int, _ lines: Lines, _ pass: inout Pass) {
        var round = round(turn, lines, &pass) { workspace, pass in !pass.isNarrow || pass.candidates(turn, workspace) > 0 }
        while !round.isOver {
            guard !pass.isNarrow || pass.candidates(turn, round.workspace) > 0 else {
                round.leaveOut()
                continue
            }
            let slot = first(of: &round, turn, lines, &pass)
            let outcome = examine(slot, isPatient: false, &pass)
            self.pass(on: &round, after: outcome, &pass)
        }
        if pass.isNarrow { settle(lines.slots[lines[turn]], &pass) }
    }

    /// One entry's turn.
    private mutating func examine(_ slot: Int, isPatient: Bool, _ pass: inout Pass) -> Pass.Outcome {
        waiting[slot].examinedIn = passes
        let record = waiting[slot]
        if pass.isNarrow { pass.examined(slot, record) }
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
            pass.take(askRooms[ask].holdings, workspace: workspace, person: person, of: workspace)
            narrowAgain(&pass)
            return .started
        }
        waiting[slot].reason = .resources
        pass.count(record, askRooms[ask].share * horizon)
        let pool = askRooms[ask].pool
        if !pass.hasHead[pool], askRooms[ask].canEverStart {
            pass.hasHead[pool] = true
            becomeHead(slot, ask: ask, cleared: cleared, &pass)
            foundHead(of: pool, &pass)
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
            pass.take(need, workspace: inWorkspace ? nil : workspace, person: inPerson ? nil : person, of: workspace)
        }
        return false
    }
}
