/// Why a workload waits, in data and in plain sentences (DEV-26, TRN-13).
public struct WaitExplanation: Hashable, Sendable, Codable {
    public var reason: QueueReason
    /// From 1; nil when it is not known to the queue's order, as before the first decision.
    public var place: Int?
    public var waiting: Int
    public var shortages: [Shortage]
    /// Who holds what is short: workloads of the own workspace by name, the viewer's first.
    public var holders: [Holder]
    /// Workloads of other workspaces that hold what is short; only counted.
    public var otherHolders: Int
    /// Nil: it depends on something without a known end.
    public var forecast: StartForecast?
    public var advice: [Advice]
    /// One for each of the above, in that order.
    public var sentences: [LocalizedText]

    /// What there is too little of.
    public enum Shortage: Hashable, Sendable, Codable {
        /// A limit of the workspace's quota: amounts in the dimension's unit.
        case workspaceQuota(QuotaDimension, need: Int64, held: Int64, limit: Int64)
        case personQuota(QuotaDimension, need: Int64, held: Int64, limit: Int64)
        /// Older work of the same quota has waited so long that the quota is kept for it.
        case quotaKept(Identifier<Workload>?)
        /// So much is free on nodes that could take it, in the dimension's unit; no one node or device has what an instance needs.
        case resource(QuotaDimension, need: Int64, free: Int64)
        /// There is enough, but not on one node (or one device).
        case scattered(QuotaDimension, need: Int64, largest: Int64)
        /// What is free is kept for an entry that stands before it.
        case kept(aheadOwn: Identifier<Workload>?)
        /// No node of this zone can ever hold it.
        case never
        /// Others are stopping to make room for it.
        case comingFree(Int)
    }

    public struct Holder: Hashable, Sendable, Codable {
        public var id: Identifier<Workload>
        public var name: String
        /// It was started by the viewer.
        public var isViewers: Bool
        public var holdings: Holdings

        public init(id: Identifier<Workload>, name: String, isViewers: Bool, holdings: Holdings) {
            self.id = id
            self.name = name
            self.isViewers = isViewers
            self.holdings = holdings
        }
    }

    /// What would let it start at once.
    public enum Advice: Hashable, Sendable, Codable {
        case flavor(String)
        case stop(Identifier<Workload>, name: String)
        /// A run of at most so many seconds fits in before what is reserved.
        case shorterRun(Int)
        /// Raising the workspace's limit to at least so much: the operator can (QUO-06).
        case raiseWorkspaceQuota(QuotaDimension, to: Int64)
        /// Raising the person's limit: the workspace's owner can (QUO-06).
        case raisePersonQuota(QuotaDimension, to: Int64)
    }

    /// Another flavor that the person could choose.
    public struct Alternative: Hashable, Sendable, Codable {
        public var flavor: String
        public var demand: Demand

        public init(flavor: String, demand: Demand) {
            self.flavor = flavor
            self.demand = demand
        }
    }

    /// Explains a wait for money, which has no place in the queue; nil for other reasons.
    public init?(waitingFor reason: QueueReason?) {
        guard let reason, reason == .balance || reason == .budget else { return nil }
        self.init(reason: reason, place: nil, waiting: 0, sentences: [reason.message])
    }

    public init(
        reason: QueueReason, place: Int?, waiting: Int, shortages: [Shortage] = [], holders: [Holder] = [], otherHolders: Int = 0,
        forecast: StartForecast? = nil, advice: [Advice] = [], sentences: [LocalizedText] = []
    ) {
        self.reason = reason
        self.place = place
        self.waiting = waiting
        self.shortages = shortages
        self.holders = holders
        self.otherHolders = otherHolders
        self.forecast = forecast
        self.advice = advice
        self.sentences = sentences
    }
}
