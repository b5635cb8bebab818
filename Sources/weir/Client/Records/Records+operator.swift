import WeirModel

extension Records {
    /// A workload of any workspace, as the operator sees it.
    struct StandingWorkload: Decodable, Sendable {
        let id: String
        let kind: WorkloadKind
        let name: String
        let workspace: Tenant
        let createdBy: Person
        let createdAt: Timestamp
        let state: WorkloadState
        let stateSince: Timestamp
        let flavor: String
        let runningSince: Timestamp?
        let cost: String?
        /// Of one alone.
        let history: [Transition]?

        struct Tenant: Decodable, Sendable {
            let id: String
            let name: String
        }
    }

    /// A home and a netdisk that nobody pays for.
    struct UnpaidStorage: Decodable, Sendable {
        let account: Person
        let since: Timestamp
        let deletableAt: Timestamp
        let held: Int
    }

    struct OwnStorage: Decodable, Sendable {
        let held: Int
        let payer: StandingWorkload.Tenant?
        let chosen: StandingWorkload.Tenant?
        let from: Timestamp?
    }
}
