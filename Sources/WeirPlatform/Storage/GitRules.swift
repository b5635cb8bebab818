public import WeirModel

/// What repositories code may be cloned from (PRJ-08).
public struct GitRules: Sendable {
    public static let standard = GitRules()

    /// `https`, and `http` or `git` where the operator allows them.
    public let schemes: Set<String>
    public let destinations: GitDestinations
    /// Certificates to trust in place of the host's own (PEM).
    public let caBundle: String?
    public let timeLimit: Duration
    /// What fails is answered after a multiple of this time: what is refused, closed or silent looks the same.
    public let answerStep: Duration
    let network: HostNetwork

    /// Until a repository has answered at all; less than a step, so that a silent one takes no longer than a closed one.
    var contactLimit: Duration { answerStep > .zero ? min(timeLimit, answerStep * 8 / 10) : timeLimit }

    public init(
        schemes: Set<String> = ["https"], destinations: GitDestinations = GitDestinations(), caBundle: String? = nil,
        timeLimit: Duration = .seconds(1800), answerStep: Duration = .seconds(10)
    ) {
        self.init(
            schemes: schemes, destinations: destinations, caBundle: caBundle, timeLimit: timeLimit, answerStep: answerStep,
            network: .system)
    }

    init(
        schemes: Set<String> = ["https"], destinations: GitDestinations = GitDestinations(), caBundle: String? = nil,
        timeLimit: Duration = .seconds(1800), answerStep: Duration = .zero, network: HostNetwork
    ) {
        self.schemes = schemes
        self.destinations = destinations
        self.caBundle = caBundle
        self.timeLimit = timeLimit
        self.answerStep = answerStep
        self.network = network
    }
}
