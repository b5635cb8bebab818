public import NIOCore
public import WeirModel
public import WeirStore

/// Where an upload goes.
public enum UploadTarget: Hashable, Sendable {
    case draft(Identifier<Asset>)
    case code(Identifier<Project>)

    init?(_ unit: StorageUnit) {
        switch unit {
        case .asset(let asset): self = .draft(asset)
        case .code(let project): self = .code(project)
        default: return nil
        }
    }

    var unit: StorageUnit {
        switch self {
        case .draft(let asset): .asset(asset)
        case .code(let project): .code(project)
        }
    }

    func folder(in workspace: Identifier<Workspace>) -> StoredFolder {
        switch self {
        case .draft(let asset): .draft(asset, in: workspace)
        case .code(let project): .code(project, in: workspace)
        }
    }
}

/// Files on their way into a draft or into a project's code by the tus protocol (DAT-04, DAT-07, PRJ-08).
public struct Uploads: Sendable {
    /// How many unfinished uploads each person may have in one asset or one project: nobody uses up what colleagues need.
    static let mostPerTarget = 200
    let store: Store
    let clock: any WallClock
    let identifiers: any IdentifierSource
    let files: FileStore
    let assets: Assets
    let projects: Projects
    let turns = UploadTurns()
    let reservations: StorageReservations
    /// Of one file.
    let sizeLimit: Bytes

    /// Begins an upload of `length` bytes to `path` in the target. Of length 0, it is there at once.
    public func create(
        into target: UploadTarget, path: String, length: Bytes, by caller: Caller
    ) async throws -> UploadRecord {
        let path = try FilePath(path)
        guard !path.isRoot else { throw WeirError.missing("filename") }
        guard length >= 0 else { throw WeirError.malformed("Upload-Length", "a number of bytes") }
        guard length <= sizeLimit else { throw WeirError.uploadTooLarge(path.text, limit: sizeLimit) }
        let place = try await place(of: target, by: caller)
        try await files.requireTyped(path, in: target.folder(in: place.workspace))
        let now = clock.now()
        let upload = UploadRecord(
            id: identifiers.next(Upload.self, at: now), unit: target.unit, account: caller.id, path: path.text,
            length: length, createdAt: now)
        try await reservations.holding(place) { hold in
            try await hold.grow(by: length)
            // The record comes first: a file without one could never be found again.
            try await store.write { db in
                try require(target, by: caller, db.read)
                guard try db.read.uploadCount(into: upload.unit, of: caller.id) < Self.mostPerTarget else {
                    throw WeirError.tooManyUploads(Self.mostPerTarget)
                }
                try db.insert(upload)
            }
            // From here on its record holds its length.
            hold.settle(at: 0)
        }
        do {
            try await files.createUpload(StoredUpload(upload.id, in: place.workspace), length: length)
        } catch {
            // Nobody learns its identifier, so that nobody else could end it.
            try await store.write { try $0.remove(upload.id) }
            throw error
        }
        if length == 0 { try await finish(upload, target, in: place.workspace) }
        return upload
    }

    /// Throws `balance_used_up`, `budget_reached`, `storage_quota`.
    private func place(of target: UploadTarget, by caller: Caller) async throws -> StoragePlace {
        switch target {
        case .draft(let asset): try await assets.intake(of: asset, for: caller).place
        case .code(let project): try await projects.intake(of: project, for: caller).place
        }
    }

    /// How far it has come. Asking also finishes one that was cut off after its last byte.
    public func progress(of id: Identifier<Upload>, by caller: Caller) async throws -> UploadProgress {
        if let done = try await finished(id, by: caller) {
            // An end of Weir may have left its empty folder.
            try await files.discard(done.stored)
            return UploadProgress(offset: done.length, length: done.length)
        }
        do {
            let (upload, target, workspace) = try await upload(id, by: caller)
            let progress = try await files.progress(of: StoredUpload(id, in: workspace))
            if progress.isComplete { try await finish(upload, target, in: workspace) }
            return progress
        } catch let error as WeirError where error.code == "not_found" {
            // Another request may have finished it since.
            guard let done = try await finished(id, by: caller) else { throw error }
            return UploadProgress(offset: done.length, length: done.length)
        }
    }

    /// Takes one part; with the last one the file is in its place. While the balance is used up a part is refused, and what has come so
    /// far is kept: the upload goes on after a recharge (BIL-18).
    public func append<Body: AsyncSequence & Sendable>(
        _ body: Body, to id: Identifier<Upload>, at offset: Bytes, checksum: TusChecksum?, by caller: Caller
    ) async throws -> UploadProgress where Body.Element == ByteBuffer {
        if let done = try await finished(id, by: caller) { throw WeirError.uploadOffsetMismatch(wanted: done.length) }
        let (upload, target, workspace) = try await upload(id, by: caller)
        let folder = target.folder(in: workspace)
        try await store.read { try require(target, by: caller, $0) }
        let turn = UploadTurns.Turn(account: caller.id, target: target)
        try turns.begin(id, in: turn)
        defer { turns.end(id, in: turn) }
        let progress = try await files.changing(folder) {
            try await files.append(body, to: StoredUpload(id, in: workspace), at: offset, checksum: checksum)
        }
        if progress.isComplete { try await finish(upload, target, in: workspace) }
        return progress
    }

    /// One that has not come to its end.
    public struct Unfinished: Sendable {
        public let upload: UploadRecord
        /// How far it has come.
        public let offset: Bytes
        public let login: String
    }

    /// The first of them, the oldest first: one's own, and everybody's for those who may cancel them.
    public func unfinished(into target: UploadTarget, by caller: Caller) async throws -> [Unfinished] {
        let (workspace, records, logins) = try await store.read { db in
            let workspace = try allow(target, for: caller, db)
            let isForAll = try mayCancelAll(into: target, caller, db)
            let records = try isForAll ? db.uploads(into: target.unit) : db.uploads(into: target.unit, of: caller.id)
            return (workspace, records, try db.logins(of: Set(records.map(\.account))))
        }
        var found: [Unfinished] = []
        // One that ends meanwhile is none of them any more.
        for record in records {
            if let progress = try? await files.progress(of: StoredUpload(record.id, in: workspace)) {
                found.append(Unfinished(upload: record, offset: progress.offset, login: logins[record.account] ?? ""))
            }
        }
        return found
    }

    /// One's own, and anybody's into what one may change (DAT-07).
    public func cancel(_ id: Identifier<Upload>, by caller: Caller) async throws {
        // Its file is in its place: there is nothing left to end.
        if try await finished(id, by: caller) != nil { return }
        let (upload, _, workspace) = try await upload(id, by: caller, isCancelling: true)
        try await store.write { try $0.remove(upload.id) }
        try await files.discard(StoredUpload(upload.id, in: workspace))
    }

    /// Nobody goes on with another's; others than those who may cancel it do not know it.
    private func upload(
        _ id: Identifier<Upload>, by caller: Caller, isCancelling: Bool = false
    ) async throws -> (UploadRecord, UploadTarget, Identifier<Workspace>) {
        try await store.read { db in
            guard let upload = try db.upload(id), let target = UploadTarget(upload.unit),
                try upload.account == caller.id || isCancelling && mayCancelAll(into: target, caller, db)
            else { throw WeirError.notFound("upload") }
            return (upload, target, try allow(target, for: caller, db))
        }
    }

    /// Administrators, owners and who made it; false of what the caller may not see.
    private func mayCancelAll(into target: UploadTarget, _ caller: Caller, _ db: Reading) throws -> Bool {
        do {
            switch target {
            case .draft(let asset): _ = try db.asset(asset, for: caller, .changeAsset)
            case .code(let project): _ = try db.project(project, for: caller, .changeProject)
            }
            return true
        } catch is WeirError {
            return false
        }
    }

    /// One whose file is in its place; nil of any other. A client whose last answer was lost begins nothing anew.
    private func finished(_ id: Identifier<Upload>, by caller: Caller) async throws -> (length: Bytes, stored: StoredUpload)? {
        try await store.read { db in
            guard let upload = try db.finishedUpload(id), upload.account == caller.id, let target = UploadTarget(upload.unit) else {
                return nil
            }
            return (upload.length, StoredUpload(id, in: try allow(target, for: caller, db)))
        }
    }

    /// Gives the workspace of the target.
    private func allow(_ target: UploadTarget, for caller: Caller, _ db: Reading) throws -> Identifier<Workspace> {
        switch target {
        case .draft(let asset): try db.asset(asset, for: caller, .changeDraft).workspace
        case .code(let project): try db.project(project, for: caller, .changeCode).workspace
        }
    }

    /// Throws `balance_used_up`, `budget_reached`.
    private func require(_ target: UploadTarget, by caller: Caller, _ db: Reading) throws {
        switch target {
        case .draft(let asset): try assets.requireMoney(in: db.asset(asset, for: caller, .changeDraft).workspace, by: caller, db)
        case .code(let id): try projects.requireMoney(for: db.project(id, for: caller, .changeCode), by: caller, db)
        }
    }

    /// Into the draft that is there by now: one that was made a version, or discarded, since the upload began is begun again. Cut off
    /// wherever it may be, it can be done again.
    private func finish(_ upload: UploadRecord, _ target: UploadTarget, in workspace: Identifier<Workspace>) async throws {
        let (folder, stored, path) = (target.folder(in: workspace), StoredUpload(upload.id, in: workspace), try FilePath(upload.path))
        do {
            switch target {
            case .draft(let id):
                guard let asset = try await store.read({ try $0.asset(id) }) else { throw WeirError.notFound("asset") }
                try await DraftTurn(asset: asset, assets: assets).placing { try await files.put(stored, into: folder, at: path) }
            case .code: try await files.put(stored, into: folder, at: path)
            }
        } catch let error as WeirError where error.code == "not_found" {
            // Another request may have done it all since this one looked.
            guard try await store.read({ try $0.finishedUpload(upload.id) }) != nil else { throw error }
            return
        }
        let now = clock.now()
        try await store.write { try $0.finish(upload, at: now) }
        try await files.discard(stored)
    }
}

extension WeirError {
    static func tooManyUploads(_ most: Int) -> WeirError {
        WeirError(
            "too_many_uploads", .tooMany, subject: "upload", rule: "DAT-04",
            LocalizedText("You have \(most) unfinished uploads here.", zh: "您在此处已有 \(most) 个未完成的上传。"),
            remedy: LocalizedText("Finish or cancel some of them.", zh: "请先完成或取消部分上传。"))
    }
}
