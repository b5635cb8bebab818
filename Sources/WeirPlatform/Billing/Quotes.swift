public import WeirModel
import WeirStore

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
        /// Why it would be refused now; nil when it would not be.
        public let refusal: WeirError?
    }

    /// Throws what the submission would throw of its flavor, replicas and limit; `no_price`.
    public func quote(_ request: Request, in id: Identifier<Project>, for caller: Caller) async throws -> Answer {
        let replicas = request.kind == .service ? try WorkloadRules.replicas(request.replicas) : 1
        let (flavor, balance, refusal) = try await store.read { db in
            let project = try db.project(id, for: caller, .createWorkload)
            guard let flavor = try db.flavor(request.flavor) else { throw WeirError.notFound("flavor") }
            var refusal: WeirError?
            do {
                try limits.check(.starting(request.kind), in: project.workspace, project: id, by: caller.id, db)
                try db.allowances(of: caller.id, in: project.workspace).check(Holdings(flavor, instances: replicas))
            } catch let error as WeirError {
                refusal = error
            }
            return (flavor, try db.balance(of: project.workspace).balance, refusal)
        }
        let limit: Int? =
            switch request.kind {
            case .environment: try WorkloadRules.timeLimit(request.limit, flavor: flavor, field: "auto_stop")
            case .job: try WorkloadRules.timeLimit(request.limit, flavor: flavor, field: "time_limit")
            case .service, .board: flavor.longestRun
            }
        let price = try await tariffs.inForce().price(kind: request.kind, flavor: flavor, replicas: replicas)
        let quote = try Quote(price, limit: limit)
        return Answer(
            quote: quote, balance: balance, hours: Outlook(balance: balance, perHour: quote.perHour).hoursLeft, refusal: refusal)
    }
}
