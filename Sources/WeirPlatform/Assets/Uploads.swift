public import NIOCore
public import WeirModel
public import WeirStore

/// Files on their way into a draft by the tus protocol (DAT-04, DAT-07).
public struct Uploads: Sendable {
    /// How many unfinished uploads one asset may have.
    static let mostPerAsset = 200
    let store: Store
    let clock: any WallClock
    let identifiers: any IdentifierSource
    let files: FileStore
    let assets: Assets
    /// Of one file.
    let sizeLimit: Bytes

    /// Begins an upload of `length` bytes to `path` in the asset's draft. Of length 0, it is there at once.
    public func create(
        into asset: Identifier<Asset>, path: String, length: Bytes, by caller: Caller
    ) async throws -> UploadRecord {
        let path = try FilePath(path)
        guard !path.isRoot else { throw WeirError.missing("filename") }
        guard length >= 0 else { throw WeirError.malformed("Upload-Length", "a number of bytes") }
        guard length <= sizeLimit else { throw WeirError.fileTooLarge(path.text, limit: sizeLimit) }
        _ = try await assets.draftForUpload(of: asset, for: caller)
        let now = clock.now()
        let upload = UploadRecord(
            id: identifiers.next(Upload.self, at: now), asset: asset, account: caller.id, path: path.text,
            length: length, createdAt: now)
        // The record comes first: a file without one could never be found again.
        try await store.write { db in
            try assets.requireUpload(of: length, into: db.read.asset(asset, for: caller, .changeAsset), by: caller, db.read)
            guard try db.read.uploads(into: asset).count < Self.mostPerAsset else {
                throw WeirError.tooManyUploads(Self.mostPerAsset)
            }
            try db.insert(upload)
            try db.expect(length, in: .asset(asset))
        }
        try await files.createUpload(upload.id, length: length)
        if length == 0 { try await finish(upload) }
        return upload
    }

    /// How far it has come. Asking also finishes one that was cut off after its last byte.
    public func progress(of id: Identifier<Upload>, by caller: Caller) async throws -> UploadProgress {
        let upload = try await upload(id, by: caller)
        let progress = try await files.progress(of: id)
        if progress.isComplete { try await finish(upload) }
        return progress
    }

    /// Takes one part; with the last one the file is in the draft. While the balance is used up a part is refused, and what has come so
    /// far is kept: the upload goes on after a recharge (BIL-18).
    public func append<Body: AsyncSequence & Sendable>(
        _ body: Body, to id: Identifier<Upload>, at offset: Bytes, checksum: TusChecksum?, by caller: Caller
    ) async throws -> UploadProgress where Body.Element == ByteBuffer {
        let upload = try await upload(id, by: caller)
        try await store.read { try assets.requireUpload(into: $0.asset(upload.asset, for: caller, .changeAsset), by: caller, $0) }
        let progress = try await files.changing(.draft(upload.asset)) {
            try await files.append(body, to: id, at: offset, checksum: checksum)
        }
        if progress.isComplete { try await finish(upload) }
        return progress
    }

    public func cancel(_ id: Identifier<Upload>, by caller: Caller) async throws {
        let upload = try await upload(id, by: caller)
        try await store.write { try $0.remove(upload.id) }
        try await files.discard(upload.id)
    }

    /// Others in the workspace do not see it: it is nobody's until it is in the draft.
    private func upload(_ id: Identifier<Upload>, by caller: Caller) async throws -> UploadRecord {
        try await store.read { db in
            guard let upload = try db.upload(id), upload.account == caller.id else { throw WeirError.notFound("upload") }
            _ = try db.asset(upload.asset, for: caller, .changeAsset)
            return upload
        }
    }

    private func finish(_ upload: UploadRecord) async throws {
        try await files.put(upload.id, into: .draft(upload.asset), at: FilePath(upload.path))
        try await store.write { try $0.remove(upload.id) }
    }
}

extension WeirError {
    static func tooManyUploads(_ most: Int) -> WeirError {
        WeirError(
            "too_many_uploads", .tooMany, subject: "upload", rule: "DAT-04",
            LocalizedText("This asset has \(most) unfinished uploads.", zh: "该数据有 \(most) 个未完成的上传。"),
            remedy: LocalizedText("Finish or cancel some of them.", zh: "请先完成或取消部分上传。"))
    }
}
