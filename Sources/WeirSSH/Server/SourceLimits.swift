import Synchronization
import WeirModel

/// How much one source may ask of the gateway before it has proved who it is, so that nobody wears it out from one place.
final class SourceLimits: Sendable {
    private struct Standing {
        var strangers = 0
        var tokens: Double
        var at: ContinuousClock.Instant
    }

    private struct State {
        var connections = 0
        var sources: [String: Standing] = [:]
    }

    /// Sources that are remembered; beyond, those that are quiet are forgotten.
    private static let mostSources = 20_000

    private let state = Mutex(State())
    private let settings: SSHGatewaySettings

    init(_ settings: SSHGatewaySettings) { self.settings = settings }

    /// Whether a new connection is taken. One that is has to be followed by `known` or `left`.
    func enter(_ source: SSHSource, at now: ContinuousClock.Instant = .now) -> Bool {
        state.withLock { state in
            guard state.connections < settings.mostConnections else { return false }
            var standing = state.sources[source.text] ?? Standing(tokens: settings.burst, at: now)
            let passed = Double((now - standing.at).milliseconds) / 1000
            standing.tokens = min(settings.burst, standing.tokens + passed * settings.perSecond)
            standing.at = now
            let isTaken = standing.tokens >= 1 && standing.strangers < settings.mostStrangers
            if isTaken {
                standing.tokens -= 1
                standing.strangers += 1
                state.connections += 1
            }
            state.sources[source.text] = standing
            if state.sources.count > Self.mostSources { state.sources = state.sources.filter { $0.value.strangers > 0 } }
            return isTaken
        }
    }

    /// The connection has logged in.
    func known(_ source: SSHSource) { state.withLock { $0.sources[source.text]?.strangers -= 1 } }

    /// The connection is over.
    func left(_ source: SSHSource, wasKnown: Bool) {
        state.withLock { state in
            state.connections -= 1
            if !wasKnown { state.sources[source.text]?.strangers -= 1 }
        }
    }
}
