public import WeirEngine
public import WeirModel
public import WeirStore

/// The images that workloads can be made from (IMG-01, IMG-20, IMG-21).
public struct Images: Sendable {
    private let store: Store
    private let clock: any WallClock
    private let identifiers: any IdentifierSource

    private let build: OfficialBuild
    private let turn = BuildTurn()

    /// Builds what is missing of the official images of these names, or of all, told line by line, and gives them.
    public typealias OfficialBuild =
        @Sendable (_ names: [String], _ progress: @escaping @Sendable (String) -> Void) async throws -> [EngineImage]

    init(
        store: Store, clock: any WallClock, identifiers: any IdentifierSource, build: @escaping OfficialBuild
    ) {
        self.store = store
        self.clock = clock
        self.identifiers = identifiers
        self.build = build
    }

    /// Builds the official images, and puts them into every workspace's list (IMG-01). Throws `build_running`.
    public func buildOfficial(
        _ names: [String] = [], by caller: Caller, progress: @escaping @Sendable (String) -> Void
    ) async throws -> [ImageRecord] {
        try caller.requireOperator()
        var records: [ImageRecord] = []
        let built = try await turn.with { try await build(names, progress) }
        for image in built { records.append(try await register(image, for: nil, by: caller)) }
        return records
    }

    public func list(
        for workspace: Identifier<Workspace>?, named part: String? = nil, tool: String? = nil, _ page: PageRequest, by caller: Caller
    ) async throws -> Page<ImageRecord> {
        try await store.read { db in
            if let workspace { try db.role(of: caller, in: workspace, for: .seeWorkspace) }
            return try db.images(for: workspace, named: part, tool: tool, page)
        }
    }

    public func image(_ id: Identifier<Image>, for caller: Caller) async throws -> ImageRecord {
        try await store.read { db in
            guard let image = try db.image(id) else { throw WeirError.notFound("image") }
            if let workspace = image.workspace {
                try db.role(of: caller, in: workspace, for: .seeWorkspace, thing: "image")
            }
            return image
        }
    }

    /// Puts an image that the engine has into the list; of an official one, every workspace's. What a person built is recorded.
    public func register(
        _ image: EngineImage, for workspace: Identifier<Workspace>?, by caller: Caller? = nil
    ) async throws -> ImageRecord {
        let now = clock.now()
        let record = ImageRecord(
            id: identifiers.next(Image.self, at: now), workspace: workspace, reference: image.reference,
            digest: image.digest, labels: image.labels, size: image.size, createdAt: now)
        return try await store.write { db in
            let before = try db.read.image(reference: image.reference)?.digest
            try db.put(record)
            if let caller, before != image.digest {
                try db.record(
                    AuditEvent(
                        .imageBuilt, of: record.id.text, named: image.reference, before: before.map(Self.short),
                        after: Self.short(image.digest),
                        in: workspace, by: caller.id, at: now))
            }
            return try db.read.image(reference: image.reference) ?? record
        }
    }

    /// Enough of a digest to tell two apart.
    private static func short(_ digest: String) -> String { String(digest.prefix("sha256:".count + 12)) }
}
