import Glibc
public import NIOCore
public import WeirModel

/// How far an upload has come.
public struct UploadProgress: Hashable, Sendable {
    public let offset: Bytes
    public let length: Bytes

    public var isComplete: Bool { offset == length }
}

/// Files on their way in by the tus protocol, one folder each: `data`, and `progress` which says how many of its bytes
/// are durable. After a kill or a loss of power, what lies behind that point is cut off: one part at most is lost.
extension FileStore {
    /// A body without a checksum is made durable each time that this much has arrived, so that a large one that breaks
    /// is not sent again from its beginning.
    static let checkpoint: Int64 = 64 << 20

    /// Throws `storage_full`.
    public func createUpload(_ upload: StoredUpload, length: Bytes) async throws {
        try await blocking {
            let staging = try open(.staging, of: upload.volume)
            let name = stagingName("upload")
            try staging.makeFolder(name, mode: 0o700)
            let folder = try staging.folder(name)
            _ = try folder.open(UploadFile.data, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
            let progress = try folder.open(UploadFile.progress, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
            try UploadFile.write(UploadProgress(offset: 0, length: length), to: progress)
            try folder.sync()
            let uploads = try open(.uploads, of: upload.volume)
            do {
                try staging.renameIfFree(name, to: uploads, as: EntryName(upload.id.text))
            } catch {
                try staging.remove(name)
                throw error
            }
            try uploads.sync()
        }
    }

    /// Throws `not_found`.
    public func progress(of upload: StoredUpload) async throws -> UploadProgress {
        try await blocking { try UploadFile.reached(in: self.folder(of: upload)) }
    }

    /// Writes one part and gives how far the upload has come; what it answers is on the disk.
    ///
    /// Throws `upload_offset_mismatch`, `upload_too_long`, `upload_busy`, `upload_checksum_mismatch` (the whole part is
    /// discarded), `storage_full`. When the body breaks off, what came of a part without a checksum is kept, and the
    /// body's error is thrown on.
    public func append<Body: AsyncSequence>(
        _ body: Body, to upload: StoredUpload, at offset: Bytes, checksum: TusChecksum? = nil
    ) async throws -> UploadProgress where Body.Element == ByteBuffer {
        let file = try await blocking {
            guard let file = try self.file(of: upload) else {
                let reached = try UploadFile.reached(in: self.folder(of: upload))
                throw WeirError.uploadOffsetMismatch(wanted: reached.offset)
            }
            guard file.data.lock() else { throw WeirError.uploadBusy() }
            do {
                // Read again: between opening and locking, another part may have come in.
                let progress = try file.readProgress()
                guard progress.offset == offset else { throw WeirError.uploadOffsetMismatch(wanted: progress.offset) }
                try file.data.truncate(to: offset.count)
                return UploadFile(data: file.data, progressFile: file.progressFile, progress: progress)
            } catch {
                file.data.unlock()
                throw error
            }
        }
        defer { file.data.unlock() }
        let length = file.progress.length
        let writer = PartWriter(
            file: file.data, at: offset.count, room: length.count - offset.count, digest: PartDigest(checksum),
            pool: pool
        ) { written in
            guard checksum == nil, written % Self.checkpoint < Int64(PartWriter.batch) else { return }
            try file.data.sync()
            try UploadFile.write(UploadProgress(offset: offset + Bytes(written), length: length), to: file.progressFile)
        }
        let outcome = try await writer.take(body)
        if case .noRoom = outcome.end {
            // A checkpoint may have been written meanwhile; an upload that is too long is wrong from its part's beginning.
            try await settle(file, UploadProgress(offset: offset, length: length))
            throw WeirError.uploadTooLong(length: length)
        }
        if case .broken(let error) = outcome.end {
            let kept = checksum == nil ? Bytes(outcome.written) : 0
            try await settle(file, UploadProgress(offset: offset + kept, length: length))
            throw error
        }
        guard outcome.digest.matches(checksum) else {
            try await settle(file, UploadProgress(offset: offset, length: length))
            throw WeirError.uploadChecksumMismatch()
        }
        let reached = UploadProgress(offset: offset + Bytes(outcome.written), length: length)
        try await settle(file, reached)
        return reached
    }

    /// Moves a complete upload to its place (DAT-05). Nothing happens when it is there already, so that whoever was ended before the record
    /// said so can do it again; to be followed by `discard`. Throws `upload_incomplete`, `path_taken`, `not_found`.
    public func put(
        _ upload: StoredUpload, into folder: StoredFolder, at path: FilePath, owner: UInt32 = 0
    ) async throws {
        try requireChangeable(folder, path)
        try await changing(folder) {
            try await blocking { try place(upload, in: folder, at: path, owner: owner) }
        }
    }

    private func place(
        _ upload: StoredUpload, in folder: StoredFolder, at path: FilePath, owner: UInt32
    ) throws {
        guard let file = try self.file(of: upload) else { return }
        guard file.data.lock() else { throw WeirError.uploadBusy() }
        defer { file.data.unlock() }
        let own = try self.folder(of: upload)
        // Between opening and locking, another may have moved it.
        guard try own.status(UploadFile.data) != nil else { return }
        let progress = try file.readProgress()
        guard progress.isComplete else {
            throw WeirError.uploadIncomplete(missing: progress.length - progress.offset)
        }
        try file.data.setMode(0o644)
        if owner != 0 { try file.data.setOwner(owner, owner) }
        try move(UploadFile.data, from: own, to: folder, at: path, owner: owner)
    }

    /// Ends an upload without a trace; nothing happens when there is none.
    public func discard(_ upload: StoredUpload) async throws {
        try await blocking {
            if isThere(upload.volume) { try open(.uploads, of: upload.volume).remove(EntryName(upload.id.text)) }
        }
    }

    private func folder(of upload: StoredUpload) throws -> OpenFolder {
        guard isThere(upload.volume) else { throw WeirError.notFound("upload") }
        let uploads = try open(.uploads, of: upload.volume)
        guard try uploads.status(EntryName(upload.id.text)) != nil else { throw WeirError.notFound("upload") }
        return try uploads.folder(EntryName(upload.id.text))
    }

    /// Nil when all of it has come and its data is in its place.
    private func file(of upload: StoredUpload) throws -> UploadFile? {
        let own = try folder(of: upload)
        do {
            return try UploadFile(in: own)
        } catch let error as WeirError where error.code == "not_found" {
            guard try UploadFile.reached(in: own).isComplete, try own.status(UploadFile.data) == nil else { throw error }
            return nil
        }
    }

    private func settle(_ file: UploadFile, _ progress: UploadProgress) async throws {
        try await blocking {
            try file.data.truncate(to: progress.offset.count)
            try file.data.sync()
            try UploadFile.write(progress, to: file.progressFile)
        }
    }
}

/// The open files of one upload.
struct UploadFile: Sendable {
    static let data = EntryName("data")
    static let progress = EntryName("progress")

    let data: OpenFile
    let progressFile: OpenFile
    let progress: UploadProgress

    init(data: OpenFile, progressFile: OpenFile, progress: UploadProgress) {
        self.data = data
        self.progressFile = progressFile
        self.progress = progress
    }

    init(in folder: OpenFolder) throws {
        data = try folder.open(Self.data, O_RDWR)
        progressFile = try folder.open(Self.progress, O_RDWR)
        progress = try Self.read(progressFile)
    }

    func readProgress() throws -> UploadProgress { try Self.read(progressFile) }

    /// It stays readable when the data is in its place.
    static func reached(in folder: OpenFolder) throws -> UploadProgress { try read(folder.open(Self.progress)) }

    /// Two numbers in one sector: the disk writes both or none.
    private static func read(_ file: OpenFile) throws -> UploadProgress {
        var numbers: [Int64] = [0, 0]
        let count = try numbers.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }
        guard count == 16, numbers[0] >= 0, numbers[0] <= numbers[1] else { throw WeirError.notFound("upload") }
        return UploadProgress(offset: Bytes(numbers[0]), length: Bytes(numbers[1]))
    }

    static func write(_ progress: UploadProgress, to file: OpenFile) throws {
        let numbers = [progress.offset.count, progress.length.count]
        try numbers.withUnsafeBytes { try file.write($0, at: 0) }
        try file.sync()
    }
}
