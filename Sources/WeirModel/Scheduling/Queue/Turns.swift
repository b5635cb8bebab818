/// A heap of those whose turn may come next, the least served first. Equals go by who came first, then by position in `ids`.
struct Turns: Sendable {
    struct Candidate: Sendable {
        /// Used and held by weight.
        var served: Int64
        /// When its first entry came.
        var since: Int64
        var index: Int32
    }

    private(set) var candidates: [Candidate] = []

    var isEmpty: Bool { candidates.isEmpty }
    var first: Int { Int(candidates[0].index) }

    mutating func append(_ candidate: Candidate) { candidates.append(candidate) }

    /// Orders what was appended.
    mutating func arrange(_ isBefore: (Candidate, Candidate) -> Bool) {
        guard candidates.count > 1 else { return }
        for index in (0..<candidates.count / 2).reversed() { sift(index, isBefore) }
    }

    /// The first has been served: finds its new place.
    mutating func setFirst(served: Int64, _ isBefore: (Candidate, Candidate) -> Bool) {
        candidates[0].served = served
        sift(0, isBefore)
    }

    mutating func removeFirst(_ isBefore: (Candidate, Candidate) -> Bool) {
        let last = candidates.removeLast()
        guard !candidates.isEmpty else { return }
        candidates[0] = last
        sift(0, isBefore)
    }

    private mutating func sift(_ start: Int, _ isBefore: (Candidate, Candidate) -> Bool) {
        var index = start
        let moved = candidates[index]
        while true {
            var child = 2 * index + 1
            guard child < candidates.count else { break }
            if child + 1 < candidates.count, isBefore(candidates[child + 1], candidates[child]) { child += 1 }
            guard isBefore(candidates[child], moved) else { break }
            candidates[index] = candidates[child]
            index = child
        }
        candidates[index] = moved
    }
}
