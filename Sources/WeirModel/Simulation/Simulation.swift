/// Plays runs through the production policy in virtual time: the queue's `Scheduler` and its `Cluster`, as `weir serve` has them.
///
/// Time stands still while decisions are made, and nothing takes time but the runs themselves: no image is pulled, nothing
/// fails. A run that is preempted begins again from its start.
public struct Simulation: Sendable {
    public let nodes: [Node]
    public let runs: [SimulatedRun]
    public let settings: SchedulingSettings
    /// By workspace; 100 where none is given.
    public let weights: [String: Int]

    static let samples = 600

    public init(
        nodes: [Node], runs: [SimulatedRun], settings: SchedulingSettings = SchedulingSettings(), weights: [String: Int] = [:]
    ) {
        self.nodes = nodes
        self.runs = runs.sorted { ($0.arrives, $0.name) < ($1.arrives, $1.name) }
        self.settings = settings
        self.weights = weights
    }

    public func result() -> SimulationResult {
        var play = SimulationPlay(self)
        play.run()
        return play.result()
    }
}
