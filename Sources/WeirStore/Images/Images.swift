import GRDB
public import WeirModel

public struct ImageRecord: Hashable, Sendable {
    public var id: Identifier<Image>
    /// Nil for the official images, which every workspace sees (IMG-01).
    public var workspace: Identifier<Workspace>?
    public var reference: String
    public var digest: String
    public var labels: [String: String]
    public var size: Bytes
    public var createdAt: Timestamp

    public init(
        id: Identifier<Image>, workspace: Identifier<Workspace>?, reference: String, digest: String,
        labels: [String: String], size: Bytes, createdAt: Timestamp
    ) {
        self.id = id
        self.workspace = workspace
        self.reference = reference
        self.digest = digest
        self.labels = labels
        self.size = size
        self.createdAt = createdAt
    }

    init(_ row: Row) throws {
        id = row["id"]
        workspace = row["workspace"]
        reference = row["reference"]
        digest = row["digest"]
        labels = try row.json("labels")
        size = row["size"]
        createdAt = row["created_at"]
    }
}

extension Reading {
    /// The official images and the workspace's own (IMG-21), narrowed by a part of the reference and a tool (IMG-16).
    public func images(
        for workspace: Identifier<Workspace>?, named part: String? = nil, tool: String? = nil, _ page: PageRequest
    ) throws -> Page<ImageRecord> {
        let order = KeysetOrder(page, name: "reference")
        let (part, label) = (part?.lowercased(), tool.map { "\"weir.tool.\($0)." })
        let rows = try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT * FROM image WHERE (workspace IS NULL OR workspace = ?) AND \(order.condition)
                    AND (? IS NULL OR instr(lower(reference), ?)) AND (? IS NULL OR instr(labels, ?))
                    ORDER BY \(order.terms) LIMIT ?
                    """),
            arguments: [workspace] + order.arguments + [part, part, label, label, page.limit + 1])
        return try Page(rows: rows, request: page, in: order, ImageRecord.init)
    }

    public func image(_ id: Identifier<Image>) throws -> ImageRecord? {
        try Row.fetchOne(db.cachedStatement(sql: "SELECT * FROM image WHERE id = ?"), arguments: [id]).map(ImageRecord.init)
    }

    public func image(reference: String) throws -> ImageRecord? {
        try Row.fetchOne(db.cachedStatement(sql: "SELECT * FROM image WHERE reference = ?"), arguments: [reference])
            .map(ImageRecord.init)
    }

    public func image(reference: String, for workspace: Identifier<Workspace>) throws -> ImageRecord? {
        try Row.fetchOne(
            db.cachedStatement(sql: "SELECT * FROM image WHERE reference = ? AND (workspace IS NULL OR workspace = ?)"),
            arguments: [reference, workspace]
        ).map(ImageRecord.init)
    }
}

extension Writing {
    /// Adds the image, or gives the one of this reference its new content.
    public func put(_ image: ImageRecord) throws {
        try db.execute(
            sql: """
                INSERT INTO image (id, workspace, reference, digest, labels, size, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (reference) DO UPDATE SET digest = excluded.digest, labels = excluded.labels,
                size = excluded.size
                """,
            arguments: [
                image.id, image.workspace, image.reference, image.digest, try jsonText(image.labels), image.size,
                image.createdAt,
            ])
    }
}
