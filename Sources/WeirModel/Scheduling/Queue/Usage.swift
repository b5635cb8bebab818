/// What a workspace or a person has used of the zone, for the fair share: dominant share × time, where the past counts less and less.
struct Usage: Hashable, Sendable, Codable {
    /// Millionths of the zone × milliseconds.
    private(set) var amount: Int64 = 0
    /// Milliseconds since 1970.
    private(set) var settledAt: Int64 = 0

    /// The amount at a later moment.
    /// - Parameter rate: millionths of the zone that were held since it was settled.
    func amount(at now: Int64, rate: Int64, halfLife: Int64) -> Int64 {
        guard now > settledAt, amount > 0 || rate > 0 else { return amount }
        let factor = Decay.factor(now - settledAt, halfLife: halfLife)
        let past = UInt64(amount).multipliedFullWidth(by: factor)
        let fresh = (Int128(rate) * Decay.weightedTime(factor, halfLife: halfLife)) >> 20
        return Int64(past.high << 1 | past.low >> 63) + Int64(fresh)
    }

    /// Takes in what was used so far; to be called whenever the rate changes.
    mutating func settle(at now: Int64, rate: Int64, halfLife: Int64) {
        amount = amount(at: now, rate: rate, halfLife: halfLife)
        settledAt = max(settledAt, now)
    }
}

/// All that a zone has to give out, as the measure of a share of it.
struct ZoneTotals: Hashable, Sendable {
    private var cpu: Int64 = 0
    private var memory: Int64 = 0
    private var gpu: Int64 = 0
    private var gpuMemory: Int64 = 0

    init(_ nodes: [Node]) {
        for node in nodes {
            cpu += Int64(node.cpu)
            memory += node.memory.count
            gpu += 1000 * Int64(node.accelerators.count)
            for accelerator in node.accelerators { gpuMemory += accelerator.memory.count }
        }
    }

    /// The largest of the shares in each dimension, in millionths; never more than the whole.
    func dominantShare(of held: Holdings) -> Int64 {
        func part(_ held: Int64, _ total: Int64) -> Int64 { total > 0 ? held * 1_000_000 / total : 0 }
        let plain = max(part(Int64(held.cpu), cpu), part(held.memory.count >> 10, memory >> 10))
        let pooled = max(part(Int64(held.gpu), gpu), part(held.gpuMemory.count >> 10, gpuMemory >> 10))
        return min(1_000_000, max(0, max(plain, pooled)))
    }
}
