/// How long an environment has been idle, and what is due (X18). A state and a sample give the next state; nothing else does.
public enum Idleness: Hashable, Sendable, Codable {
    case active
    case idle(since: Timestamp)
    /// Its people have been warned.
    case warned(since: Timestamp)
    /// It is to be saved and stopped.
    case due(since: Timestamp)

    /// What has to be done because of a change of state.
    public enum Action: Hashable, Sendable {
        /// Warn that it stops at this moment.
        case warn(stopsAt: Timestamp)
        /// It is in use again: take the warning back.
        case callOff
        case stop(savingImage: Bool)
    }

    /// The longest stretch without a sample over which idleness is believed: what was not observed may have been busy.
    public static let longestGap = 900

    /// Takes in a sample. Once it is due, it stays so: the stop is under way.
    /// - Parameter previous: when the sample before was taken; nil for the first.
    public func after(_ sample: ActivitySample, previous: Timestamp?, policy: IdlePolicy) -> (state: Idleness, action: Action?) {
        if case .due = self { return (self, nil) }
        guard let limit = policy.after, Self.isQuiet(sample, previous: previous, policy) else {
            return (.active, isWarned ? .callOff : nil)
        }
        let start = max(since ?? sample.at, sample.lastSeen ?? since ?? sample.at)
        let stop = start + .seconds(limit)
        if stop <= sample.at, isWarned || policy.warning == 0 {
            return (.due(since: start), .stop(savingImage: policy.commitsImage))
        }
        if isWarned { return (.warned(since: start), nil) }
        guard policy.warning > 0, stop - .seconds(policy.warning) <= sample.at else { return (.idle(since: start), nil) }
        // After a gap the limit may be over already: the warning still comes first, in full.
        let stopsAt = max(stop, sample.at + .seconds(policy.warning))
        return (.warned(since: stopsAt - .seconds(limit)), .warn(stopsAt: stopsAt))
    }

    public var since: Timestamp? {
        switch self {
        case .active: nil
        case .idle(let since), .warned(let since), .due(let since): since
        }
    }

    private var isWarned: Bool {
        if case .warned = self { return true }
        return false
    }

    private static func isQuiet(_ sample: ActivitySample, previous: Timestamp?, _ policy: IdlePolicy) -> Bool {
        guard sample.cpu <= policy.cpu, sample.gpuPercent.map({ $0 <= policy.gpuPercent }) ?? true else { return false }
        guard sample.network ?? 0 <= ActivitySample.quietNetwork, sample.disk ?? 0 <= ActivitySample.quietDisk else { return false }
        // Seen since the sample before: somebody is there, however little the machine has to do.
        if let lastSeen = sample.lastSeen, let previous, lastSeen > previous { return false }
        guard let previous else { return true }
        return (sample.at - previous).milliseconds <= Int64(longestGap) * 1000
    }
}
