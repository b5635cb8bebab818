import Synchronization
public import WeirEngine
public import WeirModel

/// A simulated engine that does not answer as it should: calls fail or never return, before or after they have had
/// their effect, and hints get lost.
public final class FaultyEngine: Engine {
    private let inner: SimulatedEngine
    private let random: Mutex<SeededRandom>
    private let isCalm = Mutex(false)

    public struct Trouble: Error {}

    private enum Fault { case none, failsBefore, failsAfter, hangsBefore, hangsAfter, cancelled }

    public init(_ inner: SimulatedEngine, seed: UInt64) {
        self.inner = inner
        random = Mutex(SeededRandom(seed: seed))
    }

    /// From now on all works.
    public func calm() { isCalm.withLock { $0 = true } }

    private func nextFault() -> Fault {
        if isCalm.withLock({ $0 }) { return .none }
        return switch random.withLock({ Int.random(in: 0..<100, using: &$0) }) {
        case 0..<6: .failsBefore
        case 6..<12: .failsAfter
        case 12..<14: .hangsBefore
        case 14..<16: .hangsAfter
        case 16..<18: .cancelled
        default: .none
        }
    }

    private func disturbed<Result>(_ call: () async throws -> Result) async throws -> Result {
        let fault = nextFault()
        switch fault {
        case .none: return try await call()
        case .cancelled: throw CancellationError()
        case .failsBefore: throw Trouble()
        case .failsAfter:
            _ = try await call()
            throw Trouble()
        case .hangsBefore, .hangsAfter:
            if fault == .hangsAfter { _ = try await call() }
            try await Task.sleep(for: .seconds(3600))
            throw Trouble()
        }
    }

    /// Asked while a person waits for an answer: were this to hang, the script would.
    public func capacity() async throws -> EngineCapacity { try await inner.capacity() }

    public func image(_ reference: String) async throws -> EngineImage? { try await disturbed { try await inner.image(reference) } }
    public func images() async throws -> [EngineImage] { try await inner.images() }

    public func pull(_ reference: String, progress: @Sendable (String) -> Void) async throws -> EngineImage {
        try await inner.pull(reference, progress: progress)
    }

    public func build(_ build: ImageBuild, progress: @escaping @Sendable (String) -> Void) async throws -> EngineImage {
        try await inner.build(build, progress: progress)
    }

    public func prepareNetwork(for workspace: Identifier<Workspace>) async throws {
        try await disturbed { try await inner.prepareNetwork(for: workspace) }
    }

    public func removeNetwork(for workspace: Identifier<Workspace>) async throws {
        try await disturbed { try await inner.removeNetwork(for: workspace) }
    }

    public func launch(_ launch: Launch) async throws -> Observation { try await disturbed { try await inner.launch(launch) } }

    public func stop(_ instance: Identifier<Instance>, grace: Duration) async throws {
        try await disturbed { try await inner.stop(instance, grace: grace) }
    }

    public func remove(_ instance: Identifier<Instance>) async throws { try await disturbed { try await inner.remove(instance) } }
    public func observe() async throws -> [Observation] { try await disturbed { try await inner.observe() } }

    public func observe(_ instance: Identifier<Instance>) async throws -> Observation? {
        try await disturbed { try await inner.observe(instance) }
    }

    public func changes() -> AsyncStream<Identifier<Instance>> {
        let changes = inner.changes()
        return AsyncStream { continuation in
            let forwarding = Task { [weak self] in
                for await instance in changes {
                    if self?.nextFault() == .failsBefore { continue }
                    continuation.yield(instance)
                }
                continuation.finish()
            }
            continuation.onTermination = { _ in forwarding.cancel() }
        }
    }

    public func usage(of instance: Identifier<Instance>) async throws -> InstanceUsage? { nil }
    public func processes(in instance: Identifier<Instance>) async throws -> [InstanceProcess] { [] }

    public func run(_ command: [String], in instance: Identifier<Instance>) async throws -> CommandResult {
        try await inner.run(command, in: instance)
    }

    public func terminal(
        _ command: [String], in instance: Identifier<Instance>, size: TerminalSize
    ) async throws -> any TerminalSession { try await inner.terminal(command, in: instance, size: size) }
}
