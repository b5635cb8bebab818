import GRDB
public import WeirModel

extension Reading {
    /// For so long the program of this run may come up without being charged: the grace, as far as whoever started it has any of it left
    /// (BIL-26).
    public func startGrace(of workload: WorkloadRecord, at now: Timestamp) throws -> Duration {
        let grace = try startGrace()
        guard workload.kind != .job else { return grace }
        let used = try Int64.fetchOne(
            db.cachedStatement(sql: Self.freeStartsQuery), arguments: [workload.startedBy, now - StartGrace.window, workload.workspace])
        return StartGrace.left(of: grace, used: .milliseconds(used ?? 0), replicas: workload.spec.replicas)
    }

    /// For how long programs of a person ran that ended without being charged.
    static let freeStartsQuery = """
        SELECT sum(max(0, coalesce(instance.ended_at, run.ended_at) - instance.started_at))
        FROM run INDEXED BY run_free CROSS JOIN workload ON workload.id = run.workload
        CROSS JOIN instance INDEXED BY instance_workload ON instance.workload = run.workload AND instance.run = run.number
        WHERE run.started_by = ? AND run.running_at IS NULL AND run.ended_at IS NOT NULL AND run.ended_at > ?
        AND workload.workspace = ? AND workload.kind <> 'job' AND instance.started_at IS NOT NULL
        """
}
