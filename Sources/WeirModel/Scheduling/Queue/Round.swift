/// What waits in each class and workspace, first come first; those that go by their age alone are left out.
struct Lines: Sendable {
    private(set) var slots: [Int32]
    /// Where the line of each class and workspace begins in `slots`; one more for the end.
    private var starts: [Int32]
    private let workspaces: Int

    /// - Parameter all: first come first.
    init(_ all: some RandomAccessCollection<Int32>, _ waiting: [Waiting], workspaces: Int) {
        self.workspaces = workspaces
        slots = Array(repeating: 0, count: all.count)
        starts = Array(repeating: 0, count: PriorityClass.allCases.count * workspaces + 2)
        // Counted one further on, so that filling moves each beginning to where it belongs.
        for slot in all { starts[Self.line(waiting[Int(slot)], workspaces) + 2] += 1 }
        for index in starts.indices.dropFirst() { starts[index] += starts[index - 1] }
        for slot in all {
            let line = Self.line(waiting[Int(slot)], workspaces) + 1
            slots[Int(starts[line])] = slot
            starts[line] += 1
        }
    }

    private static func line(_ record: Waiting, _ workspaces: Int) -> Int { Int(record.turn) * workspaces + Int(record.workspace) }

    subscript(turn: Int, workspace: Int) -> Range<Int> {
        let line = turn * workspaces + workspace
        return Int(starts[line])..<Int(starts[line + 1])
    }

    /// All of a class.
    subscript(turn: Int) -> Range<Int> { Int(starts[turn * workspaces])..<Int(starts[(turn + 1) * workspaces]) }
}

/// A class as it goes round: whose turn it is among its workspaces, and in each of these among its people.
struct Round: Sendable {
    fileprivate var workspaces = Turns()
    /// A heap for each workspace that has had a turn.
    fileprivate var people = Turns()
    fileprivate var heapOf: [Int32]
    fileprivate var heaps: Int32 = 0
    /// What waits of each person, one after the other; by person what is next and where it ends.
    fileprivate var line: [Int32] = []
    fileprivate var next: [Int32]
    fileprivate var last: [Int32]

    var isOver: Bool { workspaces.isEmpty(0) }
    /// Whose turn it is.
    var workspace: Int { workspaces.first(0) }

    /// The workspace has no further turn.
    mutating func leaveOut() { workspaces.removeFirst(0) }
}

extension Scheduler {
    /// - Parameter isOf: whether a workspace takes part.
    func round(_ turn: Int, _ lines: Lines, _ pass: inout Pass, where isOf: (_ workspace: Int, Pass) -> Bool) -> Round {
        var round = Round(
            heapOf: Array(repeating: -1, count: workspaces.count), next: Array(repeating: -1, count: people.count),
            last: Array(repeating: 0, count: people.count))
        round.workspaces.begin()
        for index in workspaces.indices {
            guard let first = lines[turn, index].first, isOf(index, pass) else { continue }
            let since = waiting[Int(lines.slots[first])].queuedAt
            let served = served(workspace: index, &pass)
            round.workspaces.append(Turns.Candidate(served: served, since: since, tie: workspaces[index].tie, index: Int32(index)))
        }
        round.workspaces.arrange()
        return round
    }

    /// The entry whose turn it is.
    func first(of round: inout Round, _ turn: Int, _ lines: Lines, _ pass: inout Pass) -> Int {
        let workspace = round.workspace
        if round.heapOf[workspace] < 0 { beginPeople(of: workspace, lines[turn, workspace], &round, lines, &pass) }
        let person = round.people.first(Int(round.heapOf[workspace]))
        return Int(round.line[Int(round.next[person])])
    }

    /// That entry has had its turn.
    func pass(on round: inout Round, after outcome: Pass.Outcome, _ pass: inout Pass) {
        let workspace = round.workspace
        let heap = Int(round.heapOf[workspace])
        let person = round.people.first(heap)
        round.next[person] += 1
        if round.next[person] == round.last[person] {
            round.people.removeFirst(heap)
        } else if outcome != .heldByQuota {
            round.people.setFirst(heap, served: served(person: person, &pass))
        }
        if round.people.isEmpty(heap) {
            round.workspaces.removeFirst(0)
        } else if outcome != .heldByQuota {
            round.workspaces.setFirst(0, served: served(workspace: workspace, &pass))
        }
    }

    /// Parts the line of a workspace by its people.
    private func beginPeople(of workspace: Int, _ range: Range<Int>, _ round: inout Round, _ lines: Lines, _ pass: inout Pass) {
        round.heapOf[workspace] = round.heaps
        round.heaps += 1
        round.people.begin()
        for position in range { round.last[Int(waiting[Int(lines.slots[position])].person)] += 1 }
        var end = Int32(round.line.count)
        round.line += repeatElement(0, count: range.count)
        for position in range {
            let slot = lines.slots[position]
            let person = Int(waiting[Int(slot)].person)
            if round.next[person] < 0 {
                round.next[person] = end
                end += round.last[person]
                // From here on it says how far the line is filled.
                round.last[person] = round.next[person]
                let (served, since) = (served(person: person, &pass), waiting[Int(slot)].queuedAt)
                round.people.append(Turns.Candidate(served: served, since: since, tie: people[person].tie, index: Int32(person)))
            }
            round.line[Int(round.last[person])] = slot
            round.last[person] += 1
        }
        round.people.arrange()
    }

    private func served(workspace: Int, _ pass: inout Pass) -> Int64 {
        if pass.workspaceStandings[workspace] < 0 {
            pass.workspaceStandings[workspace] = standing(workspaces[workspace].party, at: pass.now)
        }
        return Self.byWeight(pass.workspaceStandings[workspace], pass.workspaceTurns[workspace], workspaces[workspace].party.weight)
    }

    private func served(person: Int, _ pass: inout Pass) -> Int64 {
        if pass.personStandings[person] < 0 { pass.personStandings[person] = standing(people[person].party, at: pass.now) }
        return Self.byWeight(pass.personStandings[person], pass.personTurns[person], people[person].party.weight)
    }

    func standing(_ party: Party, at now: Timestamp) -> Int64 {
        party.standing(at: now.milliseconds, halfLife: halfLife, horizon: horizon)
    }

    private static func byWeight(_ standing: Int64, _ turns: Int64, _ weight: Int) -> Int64 {
        let (sum, overflow) = standing.addingReportingOverflow(turns)
        let (scaled, overflows) = sum.multipliedReportingOverflow(by: 1000)
        return overflow || overflows ? .max : scaled / Int64(weight)
    }
}
