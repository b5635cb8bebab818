/// What is asked for, and how often: the demands by which a policy judges whether what it leaves over is of use.
///
/// Bounded: at most `limit` different demands, the rarest gives way; all counts are halved when they reach `memory`
/// together, so that the mix follows what is asked for lately. The same demands in the same order give the same mix.
public struct WorkloadMix: Sendable {
    public struct Entry: Hashable, Sendable, Codable {
        public var demand: Demand
        public var count: Int

        public init(demand: Demand, count: Int) {
            self.demand = demand
            self.count = count
        }
    }

    public static let limit = 128
    public static let memory = 8192

    public private(set) var entries: [Entry] = []
    public private(set) var total = 0
    private var positions: [Demand: Int] = [:]

    public init() {}

    /// A mix that is known, of any length.
    public init(entries: [Entry]) {
        for entry in entries where entry.count > 0 {
            if let position = positions[entry.demand] {
                self.entries[position].count += entry.count
            } else {
                positions[entry.demand] = self.entries.count
                self.entries.append(entry)
            }
            total += entry.count
        }
    }

    public init(of demands: some Sequence<Demand>) {
        self.init(entries: demands.map { Entry(demand: $0, count: 1) })
    }

    /// The most frequent, as many as make up `percent` of all.
    public func mostFrequent(percent: Int) -> WorkloadMix {
        let sorted = entries.enumerated().sorted { a, b in
            a.element.count != b.element.count ? a.element.count > b.element.count : a.offset < b.offset
        }
        var (taken, sum) = ([Entry](), 0)
        for (_, entry) in sorted {
            if sum * 100 >= percent * total { break }
            taken.append(entry)
            sum += entry.count
        }
        return WorkloadMix(entries: taken)
    }

    public mutating func saw(_ demand: Demand) {
        if let position = positions[demand] {
            entries[position].count += 1
        } else if entries.count < Self.limit {
            positions[demand] = entries.count
            entries.append(Entry(demand: demand, count: 1))
        } else if let rarest = entries.indices.min(by: { entries[$0].count < entries[$1].count }) {
            positions[entries[rarest].demand] = nil
            positions[demand] = rarest
            total -= entries[rarest].count
            entries[rarest] = Entry(demand: demand, count: 1)
        }
        total += 1
        if total >= Self.memory { self = halved() }
    }

    private func halved() -> WorkloadMix {
        WorkloadMix(entries: entries.map { Entry(demand: $0.demand, count: $0.count / 2) })
    }
}

extension WorkloadMix: Codable, Hashable {
    public init(from decoder: any Decoder) throws {
        self.init(entries: try decoder.singleValueContainer().decode([Entry].self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(entries)
    }

    public static func == (a: Self, b: Self) -> Bool { a.entries == b.entries }

    public func hash(into hasher: inout Hasher) { hasher.combine(entries) }
}
