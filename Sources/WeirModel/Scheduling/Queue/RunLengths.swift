/// How long runs lasted, by what is known of a run before it ends. A pure value, made from finished runs.
///
/// The most telling history that has `enough` runs speaks: the person's runs of the kind and flavor, then all runs of the kind and
/// flavor, then all of the kind.
public struct RunLengths: Hashable, Sendable, Codable {
    /// A run that is over.
    public struct Run: Hashable, Sendable, Codable {
        public var kind: WorkloadKind
        public var flavor: String
        public var account: Identifier<Account>
        public var seconds: Int64

        public init(kind: WorkloadKind, flavor: String, account: Identifier<Account>, seconds: Int64) {
            self.kind = kind
            self.flavor = flavor
            self.account = account
            self.seconds = seconds
        }
    }

    /// Where a length is taken from.
    public enum Basis: String, Hashable, Sendable, Codable, CaseIterable {
        case person, flavor, kind
        /// No history: the limit alone is known.
        case limit
        /// Nothing is known.
        case none
    }

    struct Key: Hashable, Sendable, Codable {
        var kind: WorkloadKind
        var flavor: String?
        var account: Identifier<Account>?
    }

    /// So many runs make a history.
    static let enough = 3
    /// Of each key, so many of the newest.
    static let mostSamples = 64
    static let mostKeys = 20_000

    /// Seconds, ascending.
    private(set) var samples: [Key: [Int64]]

    public static let none = RunLengths([])

    /// - Parameter runs: newest first; of each key the first 64 count.
    public init(_ runs: some Sequence<Run>) {
        var samples: [Key: [Int64]] = [:]
        for run in runs where run.seconds >= 0 {
            let keys = [
                Key(kind: run.kind, flavor: run.flavor, account: run.account), Key(kind: run.kind, flavor: run.flavor, account: nil),
                Key(kind: run.kind, flavor: nil, account: nil),
            ]
            for key in keys where samples[key] != nil || samples.count < Self.mostKeys {
                if samples[key, default: []].count < Self.mostSamples { samples[key, default: []].append(run.seconds) }
            }
        }
        self.samples = samples.mapValues { $0.sorted() }
    }

    /// How long the run has still to go, at a quantile, given that it has lasted `lasted` seconds. Never beyond its limit.
    /// - Parameter quantile: in thousandths, 0 to 1000.
    /// - Returns: seconds; nil when nothing bounds it.
    public func remaining(of entry: QueueEntry, lasted: Int64, quantile: Int) -> (seconds: Int64?, basis: Basis) {
        let most = entry.limit.map { max(0, Int64($0) - lasted) }
        guard let (history, basis) = history(of: entry) else {
            guard let most else { return (nil, .none) }
            return (most * Int64(quantile) / 1000, .limit)
        }
        let longer = history[(history.firstIndex { $0 > lasted } ?? history.count)...]
        guard !longer.isEmpty else {
            // Longer than any before it: what is known to have lasted long lasts on, half to twice as long again.
            let guess = lasted / 2 + lasted * 3 / 2 * Int64(quantile) / 1000
            return (min(guess, most ?? guess), basis)
        }
        let position = longer.startIndex + min(longer.count - 1, longer.count * quantile / 1000)
        let seconds = longer[position] - lasted
        return (min(seconds, most ?? seconds), basis)
    }

    private func history(of entry: QueueEntry) -> ([Int64], Basis)? {
        let keys: [(Key, Basis)] = [
            (Key(kind: entry.kind, flavor: entry.flavor, account: entry.account), .person),
            (Key(kind: entry.kind, flavor: entry.flavor, account: nil), .flavor), (Key(kind: entry.kind, flavor: nil, account: nil), .kind),
        ]
        for (key, basis) in keys {
            if let found = samples[key], found.count >= Self.enough { return (found, basis) }
        }
        return nil
    }
}
