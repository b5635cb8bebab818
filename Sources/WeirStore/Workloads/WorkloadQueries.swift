import GRDB
public import WeirModel

/// What a list of workloads is narrowed to.
public struct WorkloadFilter: Hashable, Sendable {
    public var kind: WorkloadKind?
    public var project: Identifier<Project>?
    public var state: WorkloadState?
    /// A part of the name, whatever the case.
    public var name: String?
    /// Of an environment: `jupyterlab`.
    public var tool: String?

    public init(
        kind: WorkloadKind? = nil, project: Identifier<Project>? = nil, state: WorkloadState? = nil,
        name: String? = nil, tool: String? = nil
    ) {
        self.tool = tool
        self.kind = kind
        self.project = project
        self.state = state
        self.name = name
    }
}

extension Reading {
    public func workload(_ id: Identifier<Workload>) throws -> WorkloadRecord? {
        try Row.fetchOne(db.cachedStatement(sql: "SELECT * FROM workload WHERE id = ? AND deleted_at IS NULL"), arguments: [id])
            .map(WorkloadRecord.init)
    }

    /// The one that holds the name; what is being deleted does not (X17).
    public func workload(
        named name: Name, kind: WorkloadKind, in workspace: Identifier<Workspace>
    ) throws -> WorkloadRecord? {
        try Row.fetchOne(
            db.cachedStatement(sql: Self.namedQuery), arguments: [workspace, kind.rawValue, name.key]
        ).map(WorkloadRecord.init)
    }

    static let namedQuery = """
        SELECT * FROM workload
        WHERE workspace = ? AND kind = ? AND name_key = ? AND deleted_at IS NULL AND wanted <> 'deleted'
        """

    /// Each narrowing has an index that ends in the id, so that a page costs its own rows whatever the table holds; one by name looks at
    /// all that the narrowing leaves.
    public func workloads(
        in workspace: Identifier<Workspace>, _ filter: WorkloadFilter, _ page: PageRequest
    ) throws -> Page<WorkloadRecord> {
        let statement = Self.listStatement(in: workspace, filter, page)
        return try Page(
            of: db.cachedStatement(sql: statement.sql), arguments: statement.arguments, request: page,
            in: KeysetOrder(page, name: "name_key"), WorkloadRecord.init)
    }

    static func listStatement(
        in workspace: Identifier<Workspace>, _ filter: WorkloadFilter, _ page: PageRequest
    ) -> (sql: String, arguments: StatementArguments) {
        let order = KeysetOrder(page, name: "name_key")
        var conditions = ["workspace = ?", "deleted_at IS NULL", order.condition]
        var arguments: StatementArguments = [workspace] + order.arguments
        var index = "workload_list"
        func narrow(_ condition: String, _ value: any DatabaseValueConvertible, by name: String? = nil) {
            conditions.append(condition)
            arguments += [value]
            if let name { index = name }
        }
        if let kind = filter.kind { narrow("kind = ?", kind.rawValue, by: "workload_kind") }
        if let project = filter.project {
            narrow("project = ?", project, by: filter.kind == nil ? nil : "workload_project")
        }
        if let state = filter.state {
            narrow("state = ?", state.rawValue, by: filter.project == nil ? "workload_state" : nil)
        }
        if let tool = filter.tool { narrow("spec ->> '$.detail.environment._0.tool' = ?", tool) }
        if let name = filter.name { narrow("instr(name_key, ?)", name.lowercased()) }
        arguments += [page.limit + 1]
        return (
            """
            SELECT * FROM workload INDEXED BY \(index) WHERE \(conditions.joined(separator: " AND "))
            ORDER BY \(order.terms) LIMIT ?
            """, arguments
        )
    }

    /// All that the Reconciler has to look after when Weir starts.
    public func liveWorkloads() throws -> [WorkloadRecord] {
        try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT * FROM workload WHERE id IN (
                        SELECT id FROM workload
                        WHERE state IN ('queued', 'deploying', 'running', 'stopping')
                        OR wanted = 'deleted' AND deleted_at IS NULL
                        UNION SELECT workload FROM instance WHERE removed_at IS NULL
                    ) ORDER BY id
                    """)
        ).map(WorkloadRecord.init)
    }

    /// Also of one that is deleted.
    public func workspace(ofWorkload id: Identifier<Workload>) throws -> Identifier<Workspace>? {
        try Identifier<Workspace>.fetchOne(
            db.cachedStatement(sql: "SELECT workspace FROM workload WHERE id = ?"), arguments: [id])
    }

    public func hasLiveWorkloads(of project: Identifier<Project>) throws -> Bool {
        try Bool.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT EXISTS (SELECT 1 FROM workload WHERE project = ? AND deleted_at IS NULL
                    AND state IN ('queued', 'deploying', 'running', 'stopping'))
                    """), arguments: [project]) ?? false
    }

    public func hasWorkloads(in project: Identifier<Project>, ofOthersThan account: Identifier<Account>) throws -> Bool {
        try Bool.fetchOne(
            db.cachedStatement(
                sql: "SELECT EXISTS (SELECT 1 FROM workload WHERE project = ? AND deleted_at IS NULL AND created_by <> ?)"),
            arguments: [project, account]) ?? false
    }

    public func workloads(of project: Identifier<Project>) throws -> [WorkloadRecord] {
        try Row.fetchAll(
            db.cachedStatement(sql: "SELECT * FROM workload WHERE project = ? AND deleted_at IS NULL"), arguments: [project]
        ).map(WorkloadRecord.init)
    }

    public func mounts(_ asset: Identifier<Asset>, version: Int?) throws -> Bool {
        try liveSpecs(naming: asset).contains { spec in
            (spec.datasets + spec.models).contains { $0.asset == asset && (version == nil || $0.version == version) }
        }
    }

    /// Whether something that everybody in the workspace enters has it mounted.
    public func isMountedInShared(_ asset: Identifier<Asset>) throws -> Bool {
        try liveSpecs(naming: asset).contains { spec in
            spec.isShared && (spec.datasets + spec.models).contains { $0.asset == asset }
        }
    }

    private func liveSpecs(naming asset: Identifier<Asset>) throws -> [WorkloadSpec] {
        try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT spec FROM workload
                    WHERE state IN ('queued', 'deploying', 'running', 'stopping') AND instr(spec, ?)
                    """), arguments: [asset.text]
        ).map { try $0.json("spec") }
    }

    /// Who made a workload, deleted or not.
    public func maker(of workload: Identifier<Workload>) throws -> Identifier<Account>? {
        try Identifier<Account>.fetchOne(
            db.cachedStatement(sql: "SELECT created_by FROM workload WHERE id = ?"), arguments: [workload])
    }
}

extension Reading {
    /// The last 500, oldest first.
    public func transitions(of workload: Identifier<Workload>) throws -> [TransitionRecord] {
        try Row.fetchAll(
            db.cachedStatement(sql: "SELECT * FROM transition WHERE workload = ? ORDER BY sequence DESC LIMIT 500"),
            arguments: [workload]
        ).reversed().map(TransitionRecord.init)
    }

    /// All, newest first.
    public func transitions(of workload: Identifier<Workload>, _ page: PageRequest) throws -> Page<TransitionRecord> {
        let rows = try Row.fetchAll(
            db.cachedStatement(sql: "SELECT * FROM transition WHERE workload = ? AND sequence < ? ORDER BY sequence DESC LIMIT ?"),
            arguments: [workload, page.after.flatMap { Int64($0) } ?? .max, page.limit + 1])
        return Page(rows: try rows.map(TransitionRecord.init), request: page) { "\($0.sequence)" }
    }

    /// What happened in a workspace after a position in its stream of events.
    public func transitions(
        in workspace: Identifier<Workspace>, after sequence: Int64, limit: Int
    ) throws -> [TransitionRecord] {
        try Row.fetchAll(
            db.cachedStatement(sql: "SELECT * FROM transition WHERE workspace = ? AND sequence > ? ORDER BY sequence LIMIT ?"),
            arguments: [workspace, sequence, limit]
        ).map(TransitionRecord.init)
    }

    public func lastTransition() throws -> Int64 {
        try Int64.fetchOne(db.cachedStatement(sql: "SELECT max(sequence) FROM transition")) ?? 0
    }

    /// The last 500, newest first.
    public func runs(of workload: Identifier<Workload>) throws -> [RunRecord] {
        try Row.fetchAll(
            db.cachedStatement(sql: "SELECT * FROM run WHERE workload = ? ORDER BY number DESC LIMIT 500"), arguments: [workload]
        ).map(RunRecord.init)
    }

    /// All, newest first.
    public func runs(of workload: Identifier<Workload>, _ page: PageRequest) throws -> Page<RunRecord> {
        let rows = try Row.fetchAll(
            db.cachedStatement(sql: "SELECT * FROM run WHERE workload = ? AND number < ? ORDER BY number DESC LIMIT ?"),
            arguments: [workload, page.after.flatMap { Int64($0) } ?? .max, page.limit + 1])
        return Page(rows: try rows.map(RunRecord.init), request: page) { "\($0.number)" }
    }

    /// The newest attempts at each position, as many as it takes to decide about the next: a replica that is started again and again
    /// for weeks has thousands.
    public func instances(of workload: Identifier<Workload>, run: Int) throws -> [InstanceRecord] {
        try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    WITH RECURSIVE place (position) AS (
                        SELECT min(position) FROM instance WHERE workload = ?1 AND run = ?2
                        UNION ALL
                        SELECT (SELECT min(position) FROM instance
                            WHERE workload = ?1 AND run = ?2 AND position > place.position)
                        FROM place WHERE position IS NOT NULL
                    )
                    SELECT instance.* FROM place JOIN instance INDEXED BY instance_workload
                    ON instance.workload = ?1 AND instance.run = ?2 AND instance.position = place.position
                    AND instance.attempt >= (SELECT max(attempt) FROM instance AS newest
                        WHERE newest.workload = ?1 AND newest.run = ?2 AND newest.position = place.position) - ?3
                    ORDER BY instance.position, instance.attempt
                    """), arguments: [workload, run, RestartPolicy.mostInARow]
        ).map(InstanceRecord.init)
    }

    /// All of a run, newest first.
    public func instances(
        of workload: Identifier<Workload>, run: Int, _ page: PageRequest
    ) throws -> Page<InstanceRecord> {
        let rows = try Row.fetchAll(
            db.cachedStatement(sql: "SELECT * FROM instance WHERE workload = ? AND run = ? AND id < ? ORDER BY id DESC LIMIT ?"),
            arguments: [workload, run, page.bound, page.limit + 1])
        return Page(rows: try rows.map(InstanceRecord.init), request: page) { $0.id.text }
    }

    /// The instances whose containers may still be there.
    public func instancesPresent(of workload: Identifier<Workload>) throws -> [InstanceRecord] {
        try Row.fetchAll(
            db.cachedStatement(sql: "SELECT * FROM instance WHERE workload = ? AND removed_at IS NULL ORDER BY id"),
            arguments: [workload]
        ).map(InstanceRecord.init)
    }

    public func instance(_ id: Identifier<Instance>) throws -> InstanceRecord? {
        try Row.fetchOne(db.cachedStatement(sql: "SELECT * FROM instance WHERE id = ?"), arguments: [id]).map(InstanceRecord.init)
    }

    /// The workloads that are on their way from one state to the next.
    public func workloadsInTransit() throws -> [Identifier<Workload>] {
        try Identifier<Workload>.fetchAll(
            db,
            sql: """
                SELECT id FROM workload WHERE state IN ('deploying', 'stopping')
                AND state IN ('queued', 'deploying', 'running', 'stopping')
                """)
    }

    public func instancesPresent() throws -> [InstanceRecord] {
        try Row.fetchAll(db.cachedStatement(sql: "SELECT * FROM instance WHERE removed_at IS NULL")).map(InstanceRecord.init)
    }
}

/// What a look at all containers holds against those that the engine shows.
public struct PresentInstance: Hashable, Sendable {
    public let id: Identifier<Instance>
    public let workload: Identifier<Workload>
    public let startedAt: Timestamp?
    public let endedAt: Timestamp?
}

extension Reading {
    /// All whose containers may still be there.
    public func presentInstances() throws -> [PresentInstance] {
        var instances: [PresentInstance] = []
        let statement = try DirectStatement(
            db, sql: "SELECT id, workload, started_at, ended_at FROM instance INDEXED BY instance_present WHERE removed_at IS NULL")
        try statement.each {
            instances.append(
                PresentInstance(
                    id: try statement.id(0), workload: try statement.id(1), startedAt: statement.moment(2),
                    endedAt: statement.moment(3)))
        }
        return instances
    }
}

/// A container that runs, for whoever measures what it uses.
public struct RunningInstance: Hashable, Sendable {
    public var id: Identifier<Instance>
    public var workload: Identifier<Workload>
    public var devices: [String]
    public var startedAt: Timestamp
}

extension Reading {
    /// All that run, by workload.
    public func runningInstances() throws -> [RunningInstance] {
        try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT id, workload, devices, started_at FROM instance INDEXED BY instance_present
                    WHERE removed_at IS NULL AND started_at IS NOT NULL AND ended_at IS NULL ORDER BY workload
                    """)
        ).map { row in
            RunningInstance(id: row["id"], workload: row["workload"], devices: try row.json("devices"), startedAt: row["started_at"])
        }
    }
}
