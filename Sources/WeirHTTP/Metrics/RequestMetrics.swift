import Synchronization

/// Counts requests by route and status, and how long each route takes, for Prometheus.
public final class RequestMetrics: Sendable {
    static let bounds: [Double] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

    struct Key: Hashable, Comparable {
        let method: String
        let route: String
        let status: Int

        static func < (a: Key, b: Key) -> Bool { (a.route, a.method, a.status) < (b.route, b.method, b.status) }
    }

    struct Histogram {
        var buckets = [Int](repeating: 0, count: RequestMetrics.bounds.count)
        var count = 0
        var sum = 0.0

        mutating func add(_ seconds: Double) {
            count += 1
            sum += seconds
            if let position = RequestMetrics.bounds.firstIndex(where: { seconds <= $0 }) { buckets[position] += 1 }
        }
    }

    private struct State {
        var requests: [Key: Int] = [:]
        var durations: [String: Histogram] = [:]
    }

    private let state = Mutex(State())

    public init() {}

    /// `route` is a path of the API with its parameters by name, so that there are no more series than routes.
    func count(method: String, route: String, status: Int, duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let elapsed = Double(seconds) + Double(attoseconds) / 1e18
        // A method is a text of the client's; what no route takes is counted as one.
        let method = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"].contains(method) ? method : "other"
        state.withLock { state in
            state.requests[Key(method: method, route: route, status: status), default: 0] += 1
            state.durations[route, default: Histogram()].add(elapsed)
        }
    }

    func text() -> MetricsText {
        let (requests, durations) = state.withLock { ($0.requests, $0.durations) }
        var text = MetricsText()
        text.begin("weir_http_requests_total", "counter", "Requests by route and status.")
        for (key, count) in requests.sorted(by: { $0.key < $1.key }) {
            text.add(
                "weir_http_requests_total",
                ["method": key.method, "route": key.route, "status": String(key.status)], String(count))
        }
        text.begin("weir_http_request_duration_seconds", "histogram", "Time to the head of the answer.")
        for (route, histogram) in durations.sorted(by: { $0.key < $1.key }) {
            var sum = 0
            for (bound, count) in zip(Self.bounds, histogram.buckets) {
                sum += count
                text.add(
                    "weir_http_request_duration_seconds_bucket", ["route": route, "le": "\(bound)"], String(sum))
            }
            text.add(
                "weir_http_request_duration_seconds_bucket", ["route": route, "le": "+Inf"], String(histogram.count))
            text.add("weir_http_request_duration_seconds_sum", ["route": route], "\(histogram.sum)")
            text.add("weir_http_request_duration_seconds_count", ["route": route], String(histogram.count))
        }
        return text
    }
}
