import Synchronization
public import WeirEngine
public import WeirModel

/// An engine without containers, for the rules that hold whatever runs: a test says when an instance ends and how.
public final class SimulatedEngine: Engine {
    private struct State {
        var instances: [Identifier<Instance>: Observation] = [:]
        var launches: [Launch] = []
        var usage: [Identifier<Workload>: InstanceUsage] = [:]
        var failures: [Identifier<Workload>: FailureReason] = [:]
        var images: [EngineImage] = []
        var watchers: [AsyncStream<Identifier<Instance>>.Continuation] = []
        var capacity: EngineCapacity
    }

    private let state: Mutex<State>
    private let clock: any WallClock

    public init(clock: any WallClock, capacity: EngineCapacity = EngineCapacity(cpu: 8000, memory: .gib(32))) {
        self.clock = clock
        state = Mutex(State(capacity: capacity))
    }

    // MARK: What a test does

    public var launches: [Launch] { state.withLock { $0.launches } }
    public var present: [Observation] { state.withLock { Array($0.instances.values) } }

    public func add(_ image: EngineImage) { state.withLock { $0.images.append(image) } }

    /// What every running instance of the workload uses from now on.
    public func setUsage(of workload: Identifier<Workload>, cpu: Duration, memory: Bytes, memoryKills: Int64 = 0) {
        state.withLock {
            $0.usage[workload] = InstanceUsage(cpu: cpu, memory: memory, memoryLimit: .gib(1), processes: 1, memoryKills: memoryKills)
        }
    }

    /// The next launches of the workload fail like this.
    public func refuse(_ workload: Identifier<Workload>, _ reason: FailureReason) {
        state.withLock { $0.failures[workload] = reason }
    }

    /// The program of every instance of the workload ends.
    public func endInstances(of workload: Identifier<Workload>, _ phase: Observation.Phase) {
        let now = clock.now()
        let ended = state.withLock { state in
            state.instances.values.filter { $0.workload == workload && $0.phase == .running }.map { observation in
                state.instances[observation.instance]?.phase = phase
                state.instances[observation.instance]?.endedAt = now
                return observation.instance
            }
        }
        for instance in ended { tell(instance) }
    }

    /// The containers vanish, as after the host was restarted.
    public func lose(_ workload: Identifier<Workload>) {
        state.withLock { state in state.instances = state.instances.filter { $0.value.workload != workload } }
    }

    /// The program of one instance ends.
    public func end(_ instance: Identifier<Instance>, _ phase: Observation.Phase) {
        let now = clock.now()
        state.withLock { state in
            guard state.instances[instance]?.phase == .running else { return }
            state.instances[instance]?.phase = phase
            state.instances[instance]?.endedAt = now
        }
        tell(instance)
    }

    /// One container vanishes, and nobody is told.
    public func lose(_ instance: Identifier<Instance>) {
        state.withLock { _ = $0.instances.removeValue(forKey: instance) }
    }

    private func tell(_ instance: Identifier<Instance>) {
        for watcher in state.withLock({ $0.watchers }) { watcher.yield(instance) }
    }

    // MARK: Engine

    public func capacity() async throws -> EngineCapacity { state.withLock { $0.capacity } }

    public func image(_ reference: String) async throws -> EngineImage? {
        state.withLock { $0.images.first { $0.reference == reference || $0.digest == reference } }
    }

    public func images() async throws -> [EngineImage] { state.withLock { $0.images } }

    public func pull(_ reference: String, progress: @Sendable (String) -> Void) async throws -> EngineImage {
        guard let image = try await image(reference) else { throw LaunchFailure(.imageMissing(reference)) }
        return image
    }

    public func build(_ build: ImageBuild, progress: @escaping @Sendable (String) -> Void) async throws -> EngineImage {
        let image = EngineImage(reference: build.tag, digest: "sha256:" + build.tag, labels: build.labels, size: 1)
        add(image)
        return image
    }

    public func prepareNetwork(for workspace: Identifier<Workspace>) async throws {}
    public func removeNetwork(for workspace: Identifier<Workspace>) async throws {}

    public func launch(_ launch: Launch) async throws -> Observation {
        let now = clock.now()
        let observation = try state.withLock { state in
            if let present = state.instances[launch.instance] { return present }
            if let reason = state.failures[launch.workload] { throw LaunchFailure(reason) }
            state.launches.append(launch)
            let observation = Observation(
                instance: launch.instance, workload: launch.workload, phase: .running, startedAt: now, endedAt: nil,
                address: "127.0.0.1")
            state.instances[launch.instance] = observation
            return observation
        }
        tell(launch.instance)
        return observation
    }

    public func stop(_ instance: Identifier<Instance>, grace: Duration) async throws {
        let now = clock.now()
        state.withLock { state in
            guard state.instances[instance]?.phase == .running else { return }
            state.instances[instance]?.phase = .failed(.signal(15))
            state.instances[instance]?.endedAt = now
        }
        tell(instance)
    }

    public func remove(_ instance: Identifier<Instance>) async throws {
        state.withLock { _ = $0.instances.removeValue(forKey: instance) }
    }

    public func observe() async throws -> [Observation] { present }

    public func observe(_ instance: Identifier<Instance>) async throws -> Observation? {
        state.withLock { $0.instances[instance] }
    }

    public func changes() -> AsyncStream<Identifier<Instance>> {
        let (stream, continuation) = AsyncStream<Identifier<Instance>>.makeStream()
        state.withLock { $0.watchers.append(continuation) }
        return stream
    }

    public func usage(of instance: Identifier<Instance>) async throws -> InstanceUsage? {
        state.withLock { state in
            guard let seen = state.instances[instance], seen.phase == .running else { return nil }
            return state.usage[seen.workload]
        }
    }

    public func processes(in instance: Identifier<Instance>) async throws -> [InstanceProcess] { [] }

    public func run(_ command: [String], in instance: Identifier<Instance>) async throws -> CommandResult {
        CommandResult(exitCode: 0, output: "")
    }

    public func terminal(
        _ command: [String], in instance: Identifier<Instance>, size: TerminalSize
    ) async throws -> any TerminalSession { throw LaunchFailure(.startRefused(detail: "a simulation has no terminals")) }
}
