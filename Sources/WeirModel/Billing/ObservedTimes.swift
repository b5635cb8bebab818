/// When a run counts as running and as over: what the engine observed, not when Weir heard of it (X03, BIL-26).
///
/// The engine and Weir read the same clock of the host. A moment that lies ahead of `now` was taken before the clock was stepped back,
/// and counts as now: what runs from here on is charged, and nothing before.
public enum ObservedTimes {
    /// A job runs from the start of its last instance. What has to answer before it can be used runs from the moment when it first did.
    /// - Parameter starts: of its instances, by the engine.
    public static func start(of kind: WorkloadKind, starts: some Sequence<Timestamp>, now: Timestamp) -> Timestamp {
        guard kind == .job, let last = starts.max() else { return now }
        return min(last, now)
    }

    /// A run is over when the last of its instances is: never before its start, and not later than now.
    /// - Parameter ends: of its instances; none when nothing ever started.
    public static func end(ends: some Sequence<Timestamp>, start: Timestamp?, now: Timestamp) -> Timestamp {
        let end = min(ends.max() ?? now, now)
        return start.map { max($0, end) } ?? end
    }

    /// When one instance ended.
    /// - Parameters:
    ///   - observed: by the engine; nil when it cannot tell, since the container is gone or the host was restarted under it.
    ///   - lastSeen: the last moment at which the instance was known to run.
    public static func instanceEnd(observed: Timestamp?, lastSeen: Timestamp?, start: Timestamp?, now: Timestamp) -> Timestamp {
        end(ends: [observed ?? lastSeen ?? start ?? now], start: start.map { min($0, now) }, now: now)
    }
}

extension FailureReason {
    /// The program was never begun, whatever the engine says of its container: nothing has run, and nothing is charged (BIL-26).
    public var isBeforeStart: Bool {
        switch self {
        case .startRefused, .storageFull, .imageMissing, .imagePull: true
        case .outOfMemory, .exit, .signal, .scratchFull, .unhealthy, .lost, .timeLimit, .engineDown: false
        }
    }
}
