/// What repositories code may be cloned from (PRJ-08).
public struct GitRules: Hashable, Sendable {
    public static let standard = GitRules()

    /// `https`, and `http` or `git` where the operator allows them.
    public let schemes: Set<String>
    /// Whether addresses of this machine itself may be named. Off, since its ports are not the tenants'.
    public let allowsLoopback: Bool
    public let timeLimit: Duration

    public init(schemes: Set<String> = ["https"], allowsLoopback: Bool = false, timeLimit: Duration = .seconds(1800)) {
        self.schemes = schemes
        self.allowsLoopback = allowsLoopback
        self.timeLimit = timeLimit
    }
}
