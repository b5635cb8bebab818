/// When a run counts as running and as over: what the engine observed, not when Weir heard of it (X03, BIL-26).
///
/// The engine and Weir read the same clock of the host. A moment that lies ahead of `now` was taken before the clock was stepped back,
/// and counts as now: what runs from here on is charged, and nothing before.
public enum ObservedTimes {
    /// A job runs from the start of its last instance. A workload that must answer before its use runs from the moment when it first did,
    /// or from when the grace of its program is over: from then on it counts as running, not ready.
    /// - Parameters:
    ///   - starts: of its instances, by the engine.
    ///   - grace: for so long a program may come up without being charged.
    public static func start(of kind: WorkloadKind, starts: some Sequence<Timestamp>, grace: Duration, now: Timestamp) -> Timestamp {
        guard let last = starts.max() else { return now }
        return min(kind == .job ? last : last + grace, now)
    }

    /// The start of a run that is over and never was seen to be ready; nil when it ended within its grace, or nothing ever started.
    /// - Parameters:
    ///   - end: of its last instance.
    ///   - asked: when it was told to end. A start after that is nobody's wish.
    public static func start(
        ofEnded kind: WorkloadKind, starts: some Sequence<Timestamp>, grace: Duration, end: Timestamp, asked: Timestamp?
    ) -> Timestamp? {
        let wanted = starts.filter { start in asked.map { start <= $0 } ?? true }
        guard let last = wanted.max() else { return nil }
        if kind == .job { return min(last, end) }
        return last + grace < end ? last + grace : nil
    }

    /// A run is over when the last of its instances is: never before its start, and not later than now. What its limit ends is over at
    /// the limit: to stop it in time is Weir's work, and nobody's minute (BIL-23).
    /// - Parameters:
    ///   - ends: of its instances; none when nothing ever started.
    ///   - limit: when its time is over; nil when nothing ends it by itself.
    public static func end(ends: some Sequence<Timestamp>, start: Timestamp?, limit: Timestamp? = nil, now: Timestamp) -> Timestamp {
        let end = min(ends.max() ?? now, now, limit ?? now)
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
