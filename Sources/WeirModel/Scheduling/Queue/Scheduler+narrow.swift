/// Looking only at what may start, which decides the same as looking at all that waits.
///
/// Room and quotas only shrink while a decision goes through the queue. So what has no room or no quota now has none when its turn
/// comes, and does not become the head of its pool if that has one. Such an entry changes nothing but the turns of its own workspace
/// and person, so a workspace with nothing else need not be gone through: its turns are added up at the end of the class.
///
/// What grows nevertheless is what is being cleared for an entry, when that starts or is held by its quota: if that may come, all of it
/// counts as free beforehand.
package struct Narrowing: Sendable {
    /// Without it every decision looks at all that waits. It decides the same, and takes longer.
    package var isOn = true
    /// So few that may become the heads of their pools are looked at like what may start.
    package var fewAwaited = 32
    /// With more that may start it is worth while to see anew, once one has started, who still may.
    package var manyCandidates = 128
    package var mostTimes = 8
}

extension Scheduler {
    /// Counts those of which the heads of the pools are going to come, and goes on to what may start if they are few.
    mutating func awaitHeads(_ pass: inout Pass) {
        pass.awaited = Array(repeating: 0, count: pools.count)
        pass.hadQuota = Array(repeating: false, count: waiting.count)
        pass.hasLess = Array(repeating: false, count: workspaces.count)
        for slot in byAge.slots.lazy.map(Int.init) {
            let record = waiting[slot]
            guard takes(record, pass) else { continue }
            pass.hadQuota[slot] = true
            let ask = Int(record.ask)
            if askRooms[ask].canEverStart { pass.awaited[askRooms[ask].pool] += 1 }
        }
        narrowIfFew(&pass)
    }

    mutating func foundHead(of pool: Int, _ pass: inout Pass) {
        guard narrowing.isOn, pass.awaited[pool] > 0 else { return }
        pass.awaited[pool] = 0
        narrowIfFew(&pass)
    }

    private mutating func narrowIfFew(_ pass: inout Pass) {
        let awaited = pass.awaited.reduce(0, +)
        if awaited == 0 || !pass.isNarrow && awaited <= narrowing.fewAwaited { narrow(&pass) }
    }

    /// One has started, and what others might have had may be gone.
    mutating func narrowAgain(_ pass: inout Pass) {
        guard pass.isNarrow, pass.candidates > narrowing.manyCandidates, pass.timesNarrowed < narrowing.mostTimes else { return }
        narrow(&pass)
    }

    private mutating func narrow(_ pass: inout Pass) {
        findCandidates(&pass, cleared: [])
        let cleared = reservations.filter { $0.ground == .cleared }
        guard cleared.contains(where: { mayComeFree($0, pass) }) else { return }
        findCandidates(&pass, cleared: cleared)
    }

    /// Whether anything of what is being cleared may come free for others in this decision.
    private mutating func mayComeFree(_ reservation: Reservation, _ pass: Pass) -> Bool {
        guard let slot = slots[reservation.owner].map(Int.init), waiting[slot].examinedIn != passes else { return false }
        let record = waiting[slot]
        let workspace = Int(record.workspace)
        // It counts as one that may start itself.
        let others = PriorityClass.allCases.indices.contains { turn in
            pass.candidates(turn, workspace) > (turn == Int(record.turn) ? 1 : 0)
        }
        let isLimited = pass.workspaceLeft[workspace].isLimited || pass.personLeft[Int(record.person)].isLimited
        guard !others || !isLimited, pass.isBeyondPatient, stillTakes(slot, record, pass), let ask = asks[Int(record.ask)] else {
            return true
        }
        lift(reservation)
        defer { hold(reservation) }
        return cluster.capacity(for: ask.demand, atMost: ask.instances) >= ask.instances
    }

    /// Finds what may start or become a head, of all that have not had their turn.
    private mutating func findCandidates(_ pass: inout Pass, cleared: [Reservation]) {
        pass.narrow(slots: waiting.count)
        for reservation in cleared { lift(reservation) }
        pass.lifted += cleared
        pass.viewsAreFresh = pass.viewsAreFresh && cleared.isEmpty
        defer {
            pass.lifted.removeLast(cleared.count)
            for reservation in cleared { hold(reservation) }
            pass.viewsAreFresh = pass.viewsAreFresh && cleared.isEmpty
        }
        refreshViews(&pass)
        let overhead = Int64(settings.overhead) * 1000
        let latestStart = pass.viewStarts.first ?? .min
        var hasRoom = Array(repeating: Bool?.none, count: asks.count)
        var latestEnds = Array(repeating: Int64?.none, count: asks.count)
        for slot in byAge.slots.dropFirst(pass.patient).lazy.map(Int.init) where waiting[slot].examinedIn != passes {
            let record = waiting[slot]
            let ask = Int(record.ask)
            guard !record.isClearing else {
                pass.add(slot, record)
                continue
            }
            guard stillTakes(slot, record, pass) else { continue }
            let isPossible = hasRoom[ask] ?? isPossible(ask, pass)
            hasRoom[ask] = isPossible
            guard !isPossible else {
                pass.add(slot, record)
                continue
            }
            // What is over before a reservation begins may use what that keeps.
            let end = record.limit.map { pass.now.milliseconds + $0 + overhead } ?? .max
            guard end <= latestStart, askRooms[ask].canEverStart else { continue }
            let latestEnd = latestEnds[ask] ?? latestEnd(ask, pass)
            latestEnds[ask] = latestEnd
            if end <= latestEnd { pass.add(slot, record) }
        }
    }

    /// Whether what asks so may start or become a head, however long it lasts.
    private mutating func isPossible(_ index: Int, _ pass: Pass) -> Bool {
        guard askRooms[index].canEverStart else { return false }
        if pass.awaited[askRooms[index].pool] > 0 { return true }
        return !(askRooms[index].pass == passes && askRooms[index].noRoomFrom == .min) && mayFit(index, pass)
    }

    /// What asks so may have room if it ends at this moment or before; `Int64.min` when there is none for anybody.
    private func latestEnd(_ index: Int, _ pass: Pass) -> Int64 {
        if askRooms[index].pass == passes, askRooms[index].noRoomFrom == .min { return .min }
        let (most, least, instances) = (askRooms[index].most, askRooms[index].least, askRooms[index].instances)
        func hasRoom(_ view: [Pass.Seen]) -> Bool {
            var places = most
            for seen in view where seen.glance.mayHold(least) {
                places += asks[index]?.capacity(in: seen.free, kind: kindOfNode[seen.node]) ?? 0
                if places >= instances { return true }
            }
            return false
        }
        // Mostly there is none, whatever is passed over.
        guard let widest = pass.views.last, hasRoom(widest) else { return .min }
        return pass.views.firstIndex(where: hasRoom).map { pass.viewStarts[$0] } ?? .min
    }

    /// Those of a class that have not been looked at have had their turn, too.
    mutating func settle(_ slots: some Sequence<Int32>, _ pass: inout Pass) {
        for slot in slots.lazy.map(Int.init) where waiting[slot].examinedIn != passes {
            let record = waiting[slot]
            guard stillTakes(slot, record, pass) else {
                waiting[slot].reason = .quota
                continue
            }
            waiting[slot].reason = .resources
            pass.count(record, askRooms[Int(record.ask)].share * horizon)
        }
    }

    /// Whether its quotas have room for it.
    private func takes(_ record: Waiting, _ pass: Pass) -> Bool {
        let need = askRooms[Int(record.ask)].holdings
        return pass.workspaceLeft[Int(record.workspace)].takes(need) && pass.personLeft[Int(record.person)].takes(need)
    }

    /// Asked again only where something was taken since the decision began.
    private func stillTakes(_ slot: Int, _ record: Waiting, _ pass: Pass) -> Bool {
        pass.hadQuota[slot] && (!pass.hasLess[Int(record.workspace)] || takes(record, pass))
    }

    /// All that a decision has seen, in the order as it is since: what it let in has left, and counts for its workspace and person.
    func order() -> [Int32] {
        guard let decidedAt else { return [] }
        var pass = newPass(at: decidedAt)
        let seen = byAge.slots.filter { waiting[Int($0)].reason != nil }
        let patient = byAge.slots.prefix(pass.patient).filter { waiting[Int($0)].reason != nil }
        var order: [Int32] = []
        order.reserveCapacity(seen.count)
        func counts(_ slot: Int) -> Pass.Outcome {
            guard waiting[slot].reason == .resources else { return .heldByQuota }
            pass.count(waiting[slot], askRooms[Int(waiting[slot].ask)].share * horizon)
            return .blocked
        }
        for slot in patient {
            order.append(slot)
            _ = counts(Int(slot))
        }
        let lines = Lines(seen.dropFirst(patient.count), waiting, workspaces: workspaces.count)
        for turn in PriorityClass.allCases.indices {
            var round = round(turn, lines, &pass) { _, _ in true }
            while !round.isOver {
                let slot = first(of: &round, turn, lines, &pass)
                order.append(Int32(slot))
                self.pass(on: &round, after: counts(slot), &pass)
            }
        }
        return order
    }
}
