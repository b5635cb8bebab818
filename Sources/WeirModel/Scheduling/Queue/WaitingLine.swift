/// Entries in the order in which they came. Each is the position of its `Waiting`.
struct WaitingLine: Sendable {
    private(set) var slots: [Int32] = []
    private var keys: [Key] = []

    private struct Key: Sendable, Comparable {
        var queuedAt: Int64
        var id: Identifier<Workload>

        static func < (a: Key, b: Key) -> Bool { a.queuedAt != b.queuedAt ? a.queuedAt < b.queuedAt : a.id < b.id }
    }

    mutating func insert(_ slot: Int, queuedAt: Int64, id: Identifier<Workload>) {
        let key = Key(queuedAt: queuedAt, id: id)
        let index = keys.last.map { $0 < key } ?? true ? keys.count : position(of: key)
        keys.insert(key, at: index)
        slots.insert(Int32(slot), at: index)
    }

    mutating func remove(queuedAt: Int64, id: Identifier<Workload>) {
        let key = Key(queuedAt: queuedAt, id: id)
        let index = position(of: key)
        guard index < keys.count, keys[index] == key else { return }
        keys.remove(at: index)
        slots.remove(at: index)
    }

    /// How many came at `moment` or before.
    func count(upTo moment: Int64) -> Int {
        guard let first = keys.first, first.queuedAt <= moment else { return 0 }
        return partition { $0.queuedAt <= moment }
    }

    private func position(of key: Key) -> Int { partition { $0 < key } }

    private func partition(_ isBefore: (Key) -> Bool) -> Int {
        var (low, high) = (0, keys.count)
        while low < high {
            let middle = (low + high) / 2
            if isBefore(keys[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
