/// When a running environment counts as idle, and what happens then (X18). One for each workspace.
public struct IdlePolicy: Hashable, Sendable, Codable {
    /// Seconds of idleness after which it is stopped; nil never stops anything.
    public var after: Int?
    /// Idle is a use of at most so many thousandths of a core …
    public var cpu: Int
    /// … and at most so many percent of its accelerators, when it has any.
    public var gpuPercent: Int
    /// Seconds before the stop at which its people are warned.
    public var warning: Int
    /// Whether what was changed outside of the kept folders is saved as an image before the stop.
    public var commitsImage: Bool
    public var exemptWorkloads: Set<Identifier<Workload>>
    public var exemptAccounts: Set<Identifier<Account>>

    public static let none = IdlePolicy(after: nil)
    public static let shortest = 300
    public static let longest = 30 * 86_400

    public init(
        after: Int?, cpu: Int = 50, gpuPercent: Int = 2, warning: Int = 300, commitsImage: Bool = false,
        exemptWorkloads: Set<Identifier<Workload>> = [], exemptAccounts: Set<Identifier<Account>> = []
    ) {
        self.after = after
        self.cpu = cpu
        self.gpuPercent = gpuPercent
        self.warning = warning
        self.commitsImage = commitsImage
        self.exemptWorkloads = exemptWorkloads
        self.exemptAccounts = exemptAccounts
    }

    /// Throws `malformed` when a number is out of its range.
    public func checked() throws(WeirError) -> IdlePolicy {
        if let after {
            guard (Self.shortest...Self.longest).contains(after) else {
                throw .malformed("after", "\(Self.shortest) to \(Self.longest) seconds", rule: "X18")
            }
        }
        guard (0...(after ?? Self.longest)).contains(warning) else {
            throw .malformed("warning", "0 to \(after ?? Self.longest) seconds", rule: "X18")
        }
        guard (0...1_000_000).contains(cpu) else { throw .malformed("cpu", "0 to 1000000 thousandths of a core", rule: "X18") }
        guard (0...100).contains(gpuPercent) else { throw .malformed("gpu_percent", "0 to 100", rule: "X18") }
        return self
    }

    /// Only environments are reclaimed: a job ends by itself, and a service waits for callers.
    public func applies(to workload: Identifier<Workload>, of account: Identifier<Account>, kind: WorkloadKind) -> Bool {
        after != nil && kind == .environment && !exemptWorkloads.contains(workload) && !exemptAccounts.contains(account)
    }
}
