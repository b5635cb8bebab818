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
}
