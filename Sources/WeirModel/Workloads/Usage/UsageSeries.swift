/// What a workload used, over all its instances together, on average since the sample before.
public struct UsageSample: Hashable, Sendable {
    public var at: Timestamp
    public var memory: Bytes
    /// Thousandths of a core.
    public var cpu: Int32
    /// Through its external port since the sample before; nil where it has none.
    public var requests: Int32?
    public var errors: Int32?
    /// Of the busiest of its accelerators; nil where it has none that can be read.
    public var gpuPercent: UInt8?

    public init(
        at: Timestamp, cpu: Int32, memory: Bytes, gpuPercent: UInt8? = nil, requests: Int32? = nil, errors: Int32? = nil
    ) {
        self.at = at
        self.cpu = cpu
        self.memory = memory
        self.gpuPercent = gpuPercent
        self.requests = requests
        self.errors = errors
    }

    /// One sample for many: at the last of them, averages, and the sum of what is counted. Nil for none.
    public static func together(_ samples: some Collection<UsageSample>) -> UsageSample? {
        guard let last = samples.max(by: { $0.at < $1.at }) else { return nil }
        func sum(_ part: KeyPath<UsageSample, Int32?>) -> Int32? {
            let counts = samples.compactMap { $0[keyPath: part] }
            return counts.isEmpty ? nil : Int32(clamping: counts.reduce(0) { $0 + Int64($1) })
        }
        let percents = samples.compactMap(\.gpuPercent)
        return UsageSample(
            at: last.at, cpu: Int32(clamping: samples.reduce(0) { $0 + Int64($1.cpu) } / Int64(samples.count)),
            memory: Bytes(samples.reduce(0) { $0 + $1.memory.count } / Int64(samples.count)),
            gpuPercent: percents.isEmpty ? nil : UInt8(clamping: percents.reduce(0) { $0 + Int($1) } / percents.count),
            requests: sum(\.requests), errors: sum(\.errors))
    }
}

/// The samples of one workload: an hour of them as they came, a day of them a minute each. It never grows beyond that.
public struct UsageSeries: Sendable {
    /// How far back one looks, and how fine.
    public enum Span: String, Sendable, CaseIterable {
        case hour, day

        public var seconds: Int { self == .hour ? 3600 : 86_400 }
        /// Between two samples.
        public var step: Int { self == .hour ? 10 : 60 }
        var most: Int { seconds / step }
    }

    private var fine: [UsageSample] = []
    private var coarse: [UsageSample] = []
    /// Of the minute that has not passed yet.
    private var minute: [UsageSample] = []

    public init() {}

    /// When it was added to last.
    public var last: Timestamp? { fine.last?.at }

    public mutating func add(_ sample: UsageSample) {
        Self.add(sample, to: &fine, most: Span.hour.most)
        if let first = minute.first, first.at.milliseconds / 60_000 != sample.at.milliseconds / 60_000 {
            if let whole = UsageSample.together(minute) { Self.add(whole, to: &coarse, most: Span.day.most) }
            minute.removeAll(keepingCapacity: true)
        }
        minute.append(sample)
    }

    private static func add(_ sample: UsageSample, to samples: inout [UsageSample], most: Int) {
        if samples.count == most { samples.removeFirst() }
        samples.append(sample)
    }

    /// The oldest first; none that is older than the span at that moment.
    public func samples(_ span: Span, at now: Timestamp) -> [UsageSample] {
        let all = span == .hour ? fine : coarse + (UsageSample.together(minute).map { [$0] } ?? [])
        return all.filter { now - $0.at <= .seconds(span.seconds) }
    }
}
