/// What a quota leaves to be held, as a decision goes through the queue: asked for each entry that waits.
struct QuotaLeft: Sendable {
    private(set) var isLimited = false
    private var cpu = Int.max
    private var memory = Int64.max
    private var gpu = Int.max
    private var gpuMemory = Int64.max
    private var instances = Int.max

    init(_ party: Party) {
        guard let quota = party.quota else { return }
        isLimited = true
        if let limit = quota.cpu { cpu = limit - party.held.cpu }
        if let limit = quota.memory { memory = limit.count - party.held.memory.count }
        if let limit = quota.gpu { gpu = limit - party.held.gpu }
        if let limit = quota.gpuMemory { gpuMemory = limit.count - party.held.gpuMemory.count }
        if let limit = quota.instances { instances = limit - party.held.instances }
    }

    func takes(_ need: Holdings) -> Bool {
        guard isLimited else { return true }
        return need.cpu <= cpu && need.memory.count <= memory && need.gpu <= gpu && need.gpuMemory.count <= gpuMemory
            && need.instances <= instances
    }

    mutating func take(_ need: Holdings) {
        guard isLimited else { return }
        if cpu != .max { cpu -= need.cpu }
        if memory != .max { memory -= need.memory.count }
        if gpu != .max { gpu -= need.gpu }
        if gpuMemory != .max { gpuMemory -= need.gpuMemory.count }
        if instances != .max { instances -= need.instances }
    }
}
