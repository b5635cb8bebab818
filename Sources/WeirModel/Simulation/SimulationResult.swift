/// What a simulation found.
public struct SimulationResult: Hashable, Sendable {
    public struct Waits: Hashable, Sendable {
        /// Seconds.
        public var mean = 0.0
        public var half = 0
        public var most95 = 0
        public var longest = 0

        public init(_ waits: [Int]) {
            guard !waits.isEmpty else { return }
            let sorted = waits.sorted()
            mean = Double(waits.reduce(0, +)) / Double(waits.count)
            half = sorted[(sorted.count - 1) / 2]
            most95 = sorted[(sorted.count - 1) * 95 / 100]
            longest = sorted[sorted.count - 1]
        }
    }

    public struct Share: Hashable, Sendable {
        public var workspace: String
        public var weight: Int
        public var runs: Int
        public var waits: Waits
        /// Its part of all accelerator time, 0 to 1; of CPU time where there are no accelerators.
        public var held: Double
        /// The same of the time while somebody waited: there, shares are the queue's doing.
        public var heldWhileWaiting: Double
    }

    /// An equal part of the simulated time, as means.
    public struct Sample: Hashable, Sendable {
        /// Seconds after the beginning.
        public var at: Int
        /// The part of the accelerators' compute that is given out, 0 to 1; of CPU where there are no accelerators.
        public var allocated: Double
        public var waiting: Double
    }

    /// Accelerators of all nodes.
    public var accelerators = 0
    public var runs = 0
    public var started = 0
    /// No node could ever hold them, however empty.
    public var impossible = 0
    public var preempted = 0
    public var waits = Waits([])
    /// From the first arrival to the last, the part that is given out, 0 to 1.
    public var allocated = 0.0
    /// Accelerators that somebody holds, in part or whole.
    public var meanInUse = 0.0
    public var mostInUse = 0
    /// From the first arrival to the last end, in seconds.
    public var span = 0
    public var shares: [Share] = []
    /// Jain's index of the workspaces' shares while somebody waited, each by its weight: 1 is fair, 1/n is one has all.
    public var fairness = 1.0
    public var samples: [Sample] = []
}
