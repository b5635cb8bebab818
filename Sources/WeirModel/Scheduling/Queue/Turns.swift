/// Those whose turn may come next, as a heap: the least served first, of equals who came first.
struct Turns: Sendable {
    struct Candidate: Sendable {
        /// Used and held, by weight.
        var served: Int64
        /// When its first entry came.
        var since: Int64
        /// Decides between equals: made from the id, so that it does not matter who became known first.
        var tie: UInt64
        var index: Int32

        static func < (a: Candidate, b: Candidate) -> Bool {
            if a.served != b.served { return a.served < b.served }
            return a.since != b.since ? a.since < b.since : a.tie < b.tie
        }
    }

    private var candidates: [Candidate] = []
    /// Where each heap begins in the list, and how many it still has.
    private var heaps: [(base: Int, count: Int)] = []

    func isEmpty(_ heap: Int) -> Bool { heaps[heap].count == 0 }

    func first(_ heap: Int) -> Int { Int(candidates[heaps[heap].base].index) }

    /// Begins another heap; what is appended from now on belongs to it.
    mutating func begin() { heaps.append((candidates.count, 0)) }

    mutating func append(_ candidate: Candidate) {
        candidates.append(candidate)
        heaps[heaps.count - 1].count += 1
    }

    /// Orders the heap that was begun last.
    mutating func arrange() {
        let (base, count) = heaps[heaps.count - 1]
        guard count > 1 else { return }
        for index in (0..<count / 2).reversed() { sift(index, base, count) }
    }

    /// The first of a heap has been served: finds its new place.
    mutating func setFirst(_ heap: Int, served: Int64) {
        let (base, count) = heaps[heap]
        candidates[base].served = served
        sift(0, base, count)
    }

    mutating func removeFirst(_ heap: Int) {
        heaps[heap].count -= 1
        let (base, count) = heaps[heap]
        guard count > 0 else { return }
        candidates[base] = candidates[base + count]
        sift(0, base, count)
    }

    private mutating func sift(_ start: Int, _ base: Int, _ count: Int) {
        var index = start
        let moved = candidates[base + index]
        while true {
            var child = 2 * index + 1
            guard child < count else { break }
            if child + 1 < count, candidates[base + child + 1] < candidates[base + child] { child += 1 }
            guard candidates[base + child] < moved else { break }
            candidates[base + index] = candidates[base + child]
            index = child
        }
        candidates[base + index] = moved
    }
}
