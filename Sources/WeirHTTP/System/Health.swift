public import WeirModel

/// What the composition says of the whole: whether it can serve, and its figures.
public struct Health: Sendable {
    /// What keeps requests from being served now; empty when nothing does.
    public var problems: @Sendable () async -> [LocalizedText]
    /// What is less than it should be although requests are served; empty when nothing is.
    public var warnings: @Sendable () async -> [Complaint]
    public var gauges: @Sendable () async -> [Gauge]
    /// Looks at the host, for the operator.
    public var checks: @Sendable () async -> [Check]

    public init(
        problems: @escaping @Sendable () async -> [LocalizedText],
        warnings: @escaping @Sendable () async -> [Complaint] = { [] }, gauges: @escaping @Sendable () async -> [Gauge],
        checks: @escaping @Sendable () async -> [Check] = { [] }
    ) {
        self.problems = problems
        self.warnings = warnings
        self.gauges = gauges
        self.checks = checks
    }

    /// What was found out about one thing of the host, and what to do about it.
    public struct Check: Sendable {
        /// Stable and short: `podman`, `scratch`.
        public var subject: String
        /// `ok`, `warning` or `failed`.
        public var status: String
        public var text: LocalizedText
        public var remedy: LocalizedText?

        public init(subject: String, status: String, text: LocalizedText, remedy: LocalizedText?) {
            self.subject = subject
            self.status = status
            self.text = text
            self.remedy = remedy
        }
    }
}

/// A figure that goes up and down, with its value under each set of labels.
public struct Gauge: Sendable {
    public var name: String
    public var help: String
    public var values: [Value]

    public init(_ name: String, _ help: String, _ values: [Value]) {
        self.name = name
        self.help = help
        self.values = values
    }

    public struct Value: Sendable {
        public var labels: KeyValuePairs<String, String>
        public var value: Int64

        public init(_ labels: KeyValuePairs<String, String> = [:], _ value: Int64) {
            self.labels = labels
            self.value = value
        }
    }
}

extension MetricsText {
    init(_ gauges: [Gauge]) {
        self.init()
        for gauge in gauges {
            begin(gauge.name, "gauge", gauge.help)
            for value in gauge.values { add(gauge.name, value.labels, String(value.value)) }
        }
    }
}
