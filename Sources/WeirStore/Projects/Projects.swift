import GRDB
public import WeirModel

public struct ProjectRecord: Hashable, Sendable {
    public var id: Identifier<Project>
    public var workspace: Identifier<Workspace>
    public var name: String
    public var description: String
    public var tags: [String]
    public var createdBy: Identifier<Account>
    public var createdAt: Timestamp
    public var changedAt: Timestamp

    public init(
        id: Identifier<Project>, workspace: Identifier<Workspace>, name: Name, description: String, tags: [String],
        createdBy: Identifier<Account>, createdAt: Timestamp
    ) {
        self.id = id
        self.workspace = workspace
        self.name = name.text
        self.description = description
        self.tags = tags
        self.createdBy = createdBy
        self.createdAt = createdAt
        changedAt = createdAt
    }

    init(_ row: Row) throws {
        id = row["id"]
        workspace = row["workspace"]
        name = row["name"]
        description = row["description"]
        tags = try row.json("tags")
        createdBy = row["created_by"]
        createdAt = row["created_at"]
        changedAt = row["changed_at"]
    }
}

extension Reading {
    public func project(_ id: Identifier<Project>) throws -> ProjectRecord? {
        try Row.fetchOne(db.cachedStatement(sql: "SELECT * FROM project WHERE id = ? AND deleted_at IS NULL"), arguments: [id])
            .map(ProjectRecord.init)
    }

    public func projectCount(in workspace: Identifier<Workspace>) throws -> Int {
        try Int.fetchOne(
            db.cachedStatement(sql: "SELECT count(*) FROM project INDEXED BY project_list WHERE workspace = ? AND deleted_at IS NULL"),
            arguments: [workspace]) ?? 0
    }

    /// Those that a person made since then in all workspaces, deleted ones, too.
    public func projectsMade(by account: Identifier<Account>, since moment: Timestamp) throws -> Int {
        try Int.fetchOne(
            db.cachedStatement(sql: "SELECT count(*) FROM project INDEXED BY project_maker WHERE created_by = ? AND created_at > ?"),
            arguments: [account, moment]) ?? 0
    }

    public func projects(
        in workspace: Identifier<Workspace>, named part: String? = nil, _ page: PageRequest
    ) throws -> Page<ProjectRecord> {
        let order = KeysetOrder(page, name: "name_key")
        return try Page(
            of: db.cachedStatement(
                sql: """
                    SELECT * FROM project WHERE workspace = ? AND deleted_at IS NULL AND \(order.condition)
                    AND (? IS NULL OR instr(name_key, ?)) ORDER BY \(order.terms) LIMIT ?
                    """),
            arguments: [workspace] + order.arguments + [part, part?.lowercased(), page.limit + 1], request: page, in: order,
            ProjectRecord.init)
    }
}

extension Writing {
    public func insert(_ project: ProjectRecord, name: Name) throws {
        try requireFree(name, in: project.workspace, except: nil)
        try db.execute(
            sql: """
                INSERT INTO project
                (id, workspace, name, name_key, description, tags, created_by, created_at, changed_at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                project.id, project.workspace, name.text, name.key, project.description, try jsonText(project.tags),
                project.createdBy, project.createdAt, project.changedAt,
            ])
        try insertStorageUnit(.code(project.id), of: project.workspace, in: project.id, kind: .code)
        try insertStorageUnit(.output(project.id), of: project.workspace, in: project.id, kind: .outputs)
    }

    public func update(_ project: ProjectRecord, name: Name) throws {
        try requireFree(name, in: project.workspace, except: project.id)
        try db.execute(
            sql: "UPDATE project SET name = ?, name_key = ?, description = ?, tags = ?, changed_at = ? WHERE id = ?",
            arguments: [
                name.text, name.key, project.description, try jsonText(project.tags), project.changedAt, project.id,
            ])
    }

    public func markDeleted(_ project: Identifier<Project>, at now: Timestamp) throws {
        try db.execute(sql: "UPDATE project SET deleted_at = ? WHERE id = ?", arguments: [now, project])
        try removeStorageUnits(of: project)
    }

    /// Unique in the workspace among what is not deleted, whatever the case (PRJ-03, X17).
    private func requireFree(_ name: Name, in workspace: Identifier<Workspace>, except own: Identifier<Project>?) throws {
        let taken = try Bool.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT EXISTS (SELECT 1 FROM project
                    WHERE workspace = ? AND name_key = ? AND deleted_at IS NULL AND id IS NOT ?)
                    """), arguments: [workspace, name.key, own])
        if taken == true { throw WeirError.nameTaken("project", name.text) }
    }
}
