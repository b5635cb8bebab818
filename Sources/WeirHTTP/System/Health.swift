public import WeirModel

/// What the composition says of the whole: whether it can serve, and its figures.
public struct Health: Sendable {
    /// What keeps requests from being served now; empty when nothing does.
    public var problems: @Sendable () async -> [LocalizedText]
    public var gauges: @Sendable () async -> [Gauge]

    public init(
        problems: @escaping @Sendable () async -> [LocalizedText], gauges: @escaping @Sendable () async -> [Gauge]
    ) {
        self.problems = problems
        self.gauges = gauges
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
