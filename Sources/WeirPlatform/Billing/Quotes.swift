public import WeirModel
public import WeirStore

/// What a workload will cost, to be shown before it is submitted (BIL-23, BIL-29).
public struct Quotes: Sendable {
    let store: Store
    let tariffs: Tariffs
    let limits: Limits

    /// All that a price depends on.
    public struct Request: Hashable, Sendable {
        public var kind: WorkloadKind
        public var flavor: String
        public var replicas: Int
        /// Seconds after which the person wants it to end: an environment's `auto_stop`, a job's `time_limit`.
        public var limit: Int?

        public init(kind: WorkloadKind, flavor: String, replicas: Int = 1, limit: Int? = nil) {
            self.kind = kind
            self.flavor = flavor
            self.replicas = replicas
            self.limit = limit
        }
    }

    public struct Answer: Hashable, Sendable {
        public let quote: Quote
        public let balance: Points
        /// Full hours for which the balance would do if nothing else ran.
        public let hours: Int64?
        /// The money left of the balance, and of each budget that it counts to (N3).
        public let left: MoneyLeft
        public let budgets: [BudgetLeft]
        /// Why it would be refused now; nil when it would not be.
        public let refusal: WeirError?

        /// Its cost by the time that `leaves` is about: all of it, or a day where nothing ends it.
        public var whole: Points { quote.longest?.amount ?? quote.perDay }

        /// The points that it leaves of what is left.
        public func leaves(of left: MoneyLeft) -> Points {
            Points(micro: Int64(clamping: Int128(left.left.micro) - Int128(whole.micro)))
        }
    }

    public struct BudgetLeft: Hashable, Sendable {
        public let scope: SpendingScope
        public let left: MoneyLeft
    }

    /// Throws what the submission would throw of its flavor, replicas and limit; `no_price`.
    public func quote(_ request: Request, in id: Identifier<Project>, for caller: Caller) async throws -> Answer {
        let replicas = request.kind == .service ? try WorkloadRules.replicas(request.replicas) : 1
        let tariff = try await tariffs.inForce()
        return try await store.read { db in
            let project = try db.project(id, for: caller, .createWorkload)
            guard let flavor = try db.flavor(request.flavor) else { throw WeirError.notFound("flavor") }
            let limit: Int? =
                switch request.kind {
                case .environment: try WorkloadRules.timeLimit(request.limit, flavor: flavor, field: "auto_stop")
                case .job: try WorkloadRules.timeLimit(request.limit, flavor: flavor, field: "time_limit")
                case .service, .board: flavor.longestRun
                }
            let price = try tariff.price(kind: request.kind, flavor: flavor, replicas: replicas)
            let quote = try Quote(price, limit: limit, isJob: request.kind == .job)
            let starting = Limits.Starting(
                kind: request.kind, workspace: project.workspace, project: id, account: caller.id,
                firstHour: try price.firstHour(limit: limit))
            var gate = MoneyGate(limits: limits)
            var refusal: WeirError?
            do {
                try limits.check(.starting(request.kind), in: project.workspace, project: id, by: caller.id, db)
                try db.allowances(of: caller.id, in: project.workspace).check(Holdings(flavor, instances: replicas))
                try gate.require(starting, db)
            } catch let error as WeirError {
                refusal = error
            }
            let left = try gate.left(for: starting, db)
            let balance = left.balance.total
            return Answer(
                quote: quote, balance: balance, hours: Outlook(balance: balance, perHour: quote.perHour).hoursLeft, left: left.balance,
                budgets: left.budgets.map { BudgetLeft(scope: $0.scope, left: $0.left) }, refusal: refusal)
        }
    }
}
