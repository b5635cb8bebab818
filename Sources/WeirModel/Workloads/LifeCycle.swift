/// Where a workload stands. 等待, 部署, 运行, 停止, 完成, 失败 in the console (DEV-25, CON-02, X13).
public enum WorkloadState: String, Sendable, Codable, CaseIterable {
    case queued, deploying, running, stopping, stopped, completed, failed

    /// Nothing is held and nothing more happens unless a person starts it again.
    public var isFinal: Bool {
        switch self {
        case .stopped, .completed, .failed: true
        case .queued, .deploying, .running, .stopping: false
        }
    }

    /// The flavor is held: between being let in and being gone.
    public var holdsResources: Bool {
        switch self {
        case .deploying, .running, .stopping: true
        case .queued, .stopped, .completed, .failed: false
        }
    }
}

/// What can happen to a workload.
public enum WorkloadEvent: Hashable, Sendable {
    /// Quota and resources are there.
    case admitted
    /// Every instance is up, and healthy where health is checked.
    case ready
    /// A person, a timer or a rule wants it to end.
    case stopWanted
    /// All instances have ended by themselves with success.
    case succeeded
    /// It cannot go on.
    case broke(FailureReason)
    /// All that it held is free.
    case freed
    /// A person wants it (again).
    case startWanted
    /// It gives way to a workload that may not be made to wait for it (QUO-07).
    case preempted
    /// What gave way waits for its turn again.
    case requeued
}

extension WorkloadState {
    /// The one transition table. An event that does not fit the state is refused, and changes nothing.
    public func after(_ event: WorkloadEvent, kind: WorkloadKind) throws(WeirError) -> WorkloadState {
        switch (self, event) {
        case (.queued, .admitted): return .deploying
        case (.queued, .stopWanted): return .stopped
        case (.queued, .broke): return .failed
        case (.deploying, .ready): return .running
        case (.deploying, .stopWanted), (.running, .stopWanted): return .stopping
        case (.deploying, .preempted), (.running, .preempted): return .stopping
        // A job may be over before anybody saw it run.
        case (.deploying, .succeeded), (.running, .succeeded):
            guard kind == .job else { return .failed }
            return .completed
        case (.deploying, .broke), (.running, .broke): return .failed
        case (.stopping, .freed), (.stopping, .succeeded), (.stopping, .broke): return .stopped
        case (.stopped, .startWanted), (.failed, .startWanted):
            // A job is run again as a new job, so that each run keeps its own record.
            guard kind != .job else { throw .wrongState("start", self) }
            return .queued
        // Weir ended it, not the person: it goes on under the same name, a job as well.
        case (.stopped, .requeued): return .queued
        default: throw .wrongState(event.name, self)
        }
    }
}

extension WorkloadEvent {
    public var name: String {
        switch self {
        case .admitted: "admitted"
        case .ready: "ready"
        case .stopWanted: "stop"
        case .succeeded: "succeeded"
        case .broke: "broke"
        case .freed: "freed"
        case .startWanted: "start"
        case .preempted: "preempted"
        case .requeued: "requeued"
        }
    }
}

/// What a person can do with a workload (DEV-27, CON-13).
public enum WorkloadOperation: String, Sendable, Codable, CaseIterable {
    case enter, start, stop, delete
    case switchFlavor = "switch_flavor"
    case rerun
}

extension WorkloadState {
    /// The operations in this state: enter(run), start(stop, fail), stop(wait, deploy, run), delete(any),
    /// switch flavor(stop, fail) (DEV-27); a job is run again when it is over.
    public func operations(for kind: WorkloadKind) -> Set<WorkloadOperation> {
        var allowed: Set<WorkloadOperation> = [.delete]
        switch self {
        case .queued, .deploying: allowed.insert(.stop)
        case .running: allowed.formUnion([.enter, .stop])
        case .stopping: break
        case .stopped, .failed: allowed.formUnion(kind == .job ? [.rerun] : [.start, .switchFlavor])
        case .completed: allowed.insert(.rerun)
        }
        // A job has nothing to enter; a service is called at its port.
        if kind == .job || kind == .service { allowed.remove(.enter) }
        return allowed
    }

    public func require(_ operation: WorkloadOperation, for kind: WorkloadKind) throws(WeirError) {
        guard operations(for: kind).contains(operation) else { throw .wrongState(operation.rawValue, self) }
    }
}

extension WeirError {
    public static func wrongState(_ operation: String, _ state: WorkloadState) -> WeirError {
        WeirError(
            "wrong_state", .conflict, subject: "state", rule: "DEV-27",
            LocalizedText(
                "\"\(operation)\" is not possible while the state is \(state.rawValue).",
                zh: "状态为 \(state.rawValue) 时不能执行“\(operation)”。"))
    }
}
