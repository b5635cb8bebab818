public import WeirModel
import WeirStore

/// What every kind of workload is asked with.
public struct Submission: Sendable {
    public var name: String
    public var description: String
    /// An image's identifier or its reference.
    public var image: String
    public var flavor: String
    public var datasets: [Mount]
    public var models: [Mount]
    public var variables: [String: String]
    /// Nil is normal (QUO-07).
    public var priority: PriorityClass?
    public var access: WorkloadAccess

    public init(
        name: String, description: String = "", image: String, flavor: String, datasets: [Mount] = [],
        models: [Mount] = [], variables: [String: String] = [:], priority: PriorityClass? = nil, access: WorkloadAccess = .personal
    ) {
        self.name = name
        self.description = description
        self.image = image
        self.flavor = flavor
        self.datasets = datasets
        self.models = models
        self.variables = variables
        self.priority = priority
        self.access = access
    }

    /// A version of an asset; the latest one when no number is given.
    public struct Mount: Hashable, Sendable {
        public var asset: Identifier<Asset>
        public var version: Int?

        public init(asset: Identifier<Asset>, version: Int? = nil) {
            self.asset = asset
            self.version = version
        }
    }
}

/// The way in for every workload: check, freeze what it runs on, write what is wanted, tell the Reconciler.
struct Submissions: Sendable {
    let store: Store
    let clock: any WallClock
    let identifiers: any IdentifierSource
    let zones: Zones
    let files: FileStore
    let signals: WorkloadSignals
    let ports: ClosedRange<Int>
    let tariffs: Tariffs
    let limits: Limits
    let reservations: StorageReservations

    /// What a submission has come to after every name in it was looked up.
    struct Resolved: Sendable {
        let project: ProjectRecord
        let image: ImageRecord
        let flavor: Flavor
        let datasets: [MountedVersion]
        let models: [MountedVersion]

        func spec(_ submission: Submission, _ detail: WorkloadSpec.Detail) -> WorkloadSpec {
            WorkloadSpec(
                image: PinnedImage(reference: image.reference, digest: image.digest), flavor: flavor,
                datasets: datasets, models: models, variables: submission.variables, detail: detail,
                priority: submission.priority, access: submission.access == .shared ? .shared : nil)
        }
    }

    enum Code: Sendable {
        case live
        /// Frozen at submission: later changes do not reach the workload (TRN-11, PRJ-09).
        case snapshot
    }

    func submit(
        _ submission: Submission, kind: WorkloadKind, in project: Identifier<Project>, code: Code, exposed: Bool = false,
        key: IdempotencyKey?, by caller: Caller, detail: @Sendable (Resolved, TreeName) throws -> WorkloadSpec.Detail
    ) async throws -> WorkloadRecord {
        let name = try Name(submission.name)
        let description = try Note.checked(submission.description)
        _ = try WorkloadRules.variables(submission.variables)
        try WorkloadRules.checkMounts(submission.datasets.map(\.asset), field: "datasets")
        try WorkloadRules.checkMounts(submission.models.map(\.asset), field: "models")

        if let made = try await store.read({ try made($0, by: caller, key: key) }) { return made }
        let resolved = try await store.read { try resolve(submission, kind: kind, name: name, in: project, $0, caller) }

        let now = clock.now()
        let tree = TreeName(identifiers.next(Tree.self, at: now))
        let spec = resolved.spec(submission, try detail(resolved, tree))
        try await zones.requireRoom(for: spec)
        try await store.read { db in
            // Asked again in the transaction; here, so that nothing is frozen for what is refused.
            try db.requireQuota(of: spec, in: resolved.project.workspace, by: caller.id)
        }

        let workload = WorkloadRecord(
            id: identifiers.next(Workload.self, at: now), workspace: resolved.project.workspace, project: project,
            name: name, description: description, createdBy: caller.id, createdAt: now, spec: spec,
            secret: Secrets.make(prefix: "weiri"))
        guard case .snapshot = code else { return try await insert(workload, name: name, exposed: exposed, key: key, by: caller) }
        let place = StoragePlace(unit: .frozen(project), workspace: workload.workspace, account: nil, caller: caller.id)
        _ = try await files.make(resolved.project.code)
        return try await reservations.holding(place) { hold in
            _ = try await reservations.freeze(resolved.project.code, as: tree, for: hold, in: files)
            return try await insert(workload, name: name, exposed: exposed, key: key, by: caller)
        }
    }

    /// Writes the workload, its port and its key in one transaction.
    func insert(
        _ workload: WorkloadRecord, name: Name, exposed: Bool, key: IdempotencyKey?, by caller: Caller
    ) async throws -> WorkloadRecord {
        let now = workload.createdAt
        let ports = ports
        let price = try await tariffs.prepared(workload.spec, at: now)
        let new = try NewWorkload(workload, name: name, price: price)
        let result = try await store.write { db -> WorkloadRecord in
            if let made = try made(db.read, by: caller, key: key) { return made }
            _ = try db.read.project(workload.project, for: caller, .createWorkload)
            try db.read.requireVersions(of: workload.spec, madeBy: workload.createdBy, for: caller)
            try limits.check(starting: workload, firstHour: price.firstHour, db.read)
            try db.read.requireQuota(of: workload)
            try db.insert(new, cause: Cause("submitted", by: caller.id))
            if exposed {
                try db.read.requireCommitment(of: caller, in: workload.workspace)
                _ = try db.openPort(for: workload.id, in: ports, at: now)
            }
            if let key {
                try db.remember(
                    workload.id.text, madeBy: caller.id, key: key.key, requestHash: key.requestHash, at: now)
            }
            return workload
        }
        signals.send(.workload(result.id))
        signals.changed(in: result.workspace)
        return result
    }

    private func made(_ db: Reading, by caller: Caller, key: IdempotencyKey?) throws -> WorkloadRecord? {
        guard let key, let made = try db.made(by: caller.id, key: key.key, requestHash: key.requestHash) else {
            return nil
        }
        return try Identifier<Workload>(made).flatMap { try db.workload($0, for: caller, .seeWorkspace) }
    }

    private func resolve(
        _ submission: Submission, kind: WorkloadKind, name: Name, in id: Identifier<Project>, _ db: Reading,
        _ caller: Caller
    ) throws -> Resolved {
        let project = try db.project(id, for: caller, .createWorkload)
        guard try db.workload(named: name, kind: kind, in: project.workspace) == nil else {
            throw WeirError.nameTaken(kind.rawValue, name.text)
        }
        // Asked again in the transaction; here, so that nothing is frozen for what is refused.
        try limits.check(.starting(kind), in: project.workspace, project: id, by: caller.id, db)
        guard let flavor = try db.flavor(submission.flavor) else { throw WeirError.notFound("flavor") }
        func versions(_ mounts: [Submission.Mount], _ kind: AssetKind) throws -> [MountedVersion] {
            try mounts.map { try db.version($0, kind, in: project.workspace, isShared: submission.access == .shared, for: caller) }
        }
        return Resolved(
            project: project, image: try image(submission.image, for: project.workspace, db), flavor: flavor,
            datasets: try versions(submission.datasets, .dataset), models: try versions(submission.models, .model))
    }

    private func image(_ text: String, for workspace: Identifier<Workspace>, _ db: Reading) throws -> ImageRecord {
        if let id = Identifier<Image>(text), let image = try db.image(id),
            image.workspace == nil || image.workspace == workspace
        {
            return image
        }
        guard let image = try db.image(reference: text, for: workspace) else { throw WeirError.notFound("image") }
        return image
    }
}

extension WeirError {
    static func noVersion(_ name: String, _ kind: AssetKind) -> WeirError {
        WeirError(
            "no_version", .conflict, subject: kind.rawValue, rule: "DAT-06",
            LocalizedText("\"\(name)\" has no such version.", zh: "“\(name)”没有该版本。"),
            remedy: LocalizedText("Upload files and confirm them to a version first.", zh: "请先上传文件并确认为版本。"))
    }
}
