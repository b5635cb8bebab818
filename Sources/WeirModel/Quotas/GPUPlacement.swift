/// Which GPUs an instance gets.
public enum GPUPlacement {
    public struct Device: Hashable, Sendable {
        public var name: String
        public var memory: Bytes
        /// Thousandths of its compute that are given away.
        public var computeHeld: Int
        public var memoryHeld: Bytes

        public init(name: String, memory: Bytes, computeHeld: Int = 0, memoryHeld: Bytes = 0) {
            self.name = name
            self.memory = memory
            self.computeHeld = computeHeld
            self.memoryHeld = memoryHeld
        }
    }

    /// A part goes to the fullest GPU that still has room for it, so that whole ones stay free; several are whole.
    /// Nil when there is no room.
    public static func choose(_ share: GPUShare, among devices: [Device]) -> [String]? {
        if share.compute < 1000 {
            let fitting = devices.filter {
                $0.computeHeld + share.compute <= 1000 && $0.memoryHeld + share.memory <= $0.memory
            }
            let best = fitting.max { ($0.computeHeld, $1.name) < ($1.computeHeld, $0.name) }
            return best.map { [$0.name] }
        }
        let free = devices.filter { $0.computeHeld == 0 && share.memory <= $0.memory }.map(\.name).sorted()
        let count = (share.compute + 999) / 1000
        return free.count >= count ? Array(free.prefix(count)) : nil
    }
}
