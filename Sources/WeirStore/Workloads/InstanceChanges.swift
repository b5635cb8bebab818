import GRDB
public import WeirModel

extension Writing {
    public func insert(_ instance: InstanceRecord) throws {
        try db.cachedStatement(
            sql: """
                INSERT INTO instance (id, workload, run, position, attempt, devices, created_at)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [
            instance.id, instance.workload, instance.run, instance.position, instance.attempt,
            try jsonText(instance.devices), instance.createdAt,
        ])
        try markWritable(by: instance.workload)
    }

    public func setStarted(_ instance: Identifier<Instance>, at start: Timestamp, address: String?) throws {
        try db.execute(
            sql: "UPDATE instance SET started_at = coalesce(started_at, ?), address = ? WHERE id = ?",
            arguments: [start, address, instance])
    }

    public func setEnded(_ instance: Identifier<Instance>, at end: Timestamp, failure: FailureReason?) throws {
        try db.execute(
            sql: """
                UPDATE instance SET ended_at = coalesce(ended_at, ?), failure = coalesce(failure, ?), address = NULL
                WHERE id = ?
                """, arguments: [end, try failure.map(jsonText), instance])
    }

    /// Keeps how often the kernel killed something of it for memory. False when so many were known.
    public func setMemoryKills(_ kills: Int64, of instance: Identifier<Instance>, at now: Timestamp) throws -> Bool {
        try db.cachedStatement(sql: "UPDATE instance SET memory_kills = ?1 WHERE id = ?2 AND memory_kills < ?1")
            .execute(arguments: [kills, instance])
        guard db.changesCount > 0 else { return false }
        try db.cachedStatement(
            sql: """
                UPDATE workload SET memory_killed_at = ?1
                WHERE (id, run) = (SELECT workload, run FROM instance WHERE instance.id = ?2)
                """
        ).execute(arguments: [now, instance])
        return true
    }

    public func setRemoved(_ instance: Identifier<Instance>, at now: Timestamp) throws {
        try db.execute(
            sql: """
                UPDATE instance SET removed_at = ?, ended_at = coalesce(ended_at, ?), address = NULL WHERE id = ?
                """, arguments: [now, now, instance])
    }
}

extension Reading {
    /// The starts and ends of a run's instances, of those whose program began.
    func instanceTimes(of workload: Identifier<Workload>, run: Int) throws -> (starts: [Timestamp], ends: [Timestamp]) {
        let rows = try Row.fetchAll(
            db.cachedStatement(
                sql: "SELECT started_at, ended_at, failure FROM instance WHERE workload = ? AND run = ? AND started_at IS NOT NULL"),
            arguments: [workload, run]
        ).filter { row in
            let failure: FailureReason? = try row.jsonOrNil("failure")
            return failure?.isBeforeStart != true
        }
        return (rows.map { $0["started_at"] }, rows.compactMap { $0["ended_at"] })
    }
}
