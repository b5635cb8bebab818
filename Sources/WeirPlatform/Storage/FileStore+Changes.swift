import Glibc
public import NIOCore
public import WeirModel

/// Changes to drafts and to live folders. No file is ever written in place: a new one is made beside and renamed over the
/// old, so what shares its bytes with a version keeps them (DAT-06), and a crash leaves the old file or the new.
extension FileStore {
    /// Streams a body into a file, at most `limit` bytes (the web's limit when nil, DAT-04). Folders on the way are made.
    /// With a condition, what is there must be as it says, else `changed_meanwhile` is thrown; the new file may be run if the old one could.
    /// Throws `file_too_large`, `storage_full`, `path_taken` (the path is a folder); on any error nothing is changed.
    @discardableResult
    public func write<Body: AsyncSequence>(
        _ body: Body, to folder: StoredFolder, at path: FilePath, limit: Bytes? = nil, owner: UInt32 = 0,
        if condition: FileCondition? = nil
    ) async throws -> Bytes where Body.Element == ByteBuffer {
        try requireChangeable(folder, path)
        let limit = limit ?? webLimits.size
        let temporary = stagingName("file")
        let file = try await blocking { try staging().open(temporary, O_WRONLY | O_CREAT | O_EXCL, mode: 0o644) }
        do {
            let writer = PartWriter(file: file, at: 0, room: limit.count, digest: .none, pool: pool)
            let outcome = try await writer.take(body)
            switch outcome.end {
            case .finished: break
            case .noRoom: throw WeirError.fileTooLarge(path.text, limit: limit)
            case .broken(let error): throw error
            }
            try await changing(folder) {
                try await blocking {
                    try file.sync()
                    if owner != 0 { try file.setOwner(owner, owner) }
                    guard let condition else { return try move(temporary, from: staging(), to: folder, at: path, owner: owner) }
                    try conditionalWrites.with {
                        let old = try require(condition, of: path, in: folder)
                        if old?.isExecutable == true { try file.setMode(0o755) }
                        try move(temporary, from: staging(), to: folder, at: path, owner: owner)
                    }
                }
            }
            return Bytes(outcome.written)
        } catch {
            try? await blocking { try staging().remove(temporary) }
            throw error
        }
    }

    /// Makes a folder and those on the way. Throws `path_taken` when a file stands there.
    public func makeFolder(_ folder: StoredFolder, at path: FilePath) async throws {
        try requireChangeable(folder, path)
        try await blocking { _ = try open(folder, making: true).folder(making: path) }
    }

    /// Throws `path_taken` when the new path exists, `not_found` when the old one does not (DAT-05).
    public func rename(_ folder: StoredFolder, from old: FilePath, to new: FilePath) async throws {
        try requireChangeable(folder, old)
        try requireChangeable(folder, new)
        guard let oldName = old.name, let newName = new.name else { return }
        guard old == new || !old.contains(new) else { throw WeirError.pathTaken(new.text) }
        try await blocking {
            let root = try open(folder)
            let from = try root.folder(at: old.parent)
            guard try from.status(EntryName(oldName)) != nil else { throw WeirError.notFound("file") }
            let to = try root.folder(making: new.parent)
            try from.renameIfFree(EntryName(oldName), to: to, as: EntryName(newName))
        }
    }

    /// Removes a file, or a folder with all that is in it (DAT-05). Throws `not_found`.
    public func delete(_ folder: StoredFolder, at path: FilePath) async throws {
        try requireChangeable(folder, path)
        guard let name = path.name else { return }
        try await changing(folder) {
            try await blocking {
                let parent = try open(folder).folder(at: path.parent)
                guard try parent.status(EntryName(name)) != nil else { throw WeirError.notFound("file") }
                try parent.remove(EntryName(name))
            }
        }
    }

    /// Removes the whole folder; nothing happens when there is none.
    public func remove(_ folder: StoredFolder) async throws {
        try await changing(folder) { try await blocking { try bury(folder) } }
    }

    private func bury(_ folder: StoredFolder) throws {
        let path = layout.path(of: folder).dropFirst(layout.root.utf8.count + 1).split(separator: "/")
        var parent = try OpenFolder(trusted: layout.root)
        for component in path.dropLast() {
            guard try parent.status(EntryName(String(component))) != nil else { return }
            parent = try parent.folder(EntryName(String(component)))
        }
        guard let last = path.last, try parent.status(EntryName(String(last))) != nil else { return }
        // Renamed first: a crash in the middle leaves a whole folder or none, and the rest goes at the next start.
        let grave = stagingName("removed")
        try parent.rename(EntryName(String(last)), to: staging(), as: grave)
        try staging().remove(grave)
    }

    /// Moves a plain file from staging or an upload to its path, over a file that stands there.
    func move(
        _ name: EntryName, from source: OpenFolder, to folder: StoredFolder, at path: FilePath, owner: UInt32 = 0
    ) throws {
        guard let last = path.name else { throw WeirError.missing("path") }
        let parent = try open(folder, making: true, owner: owner).folder(making: path.parent)
        if let status = try parent.status(EntryName(last)), status.kind == .folder {
            throw WeirError.pathTaken(path.text)
        }
        try source.rename(name, to: parent, as: EntryName(last))
        try parent.sync()
    }

    func requireChangeable(_ folder: StoredFolder, _ path: FilePath) throws(WeirError) {
        if case .tree = folder { throw .versionImmutable() }
        guard !path.isRoot else { throw .missing("path") }
    }
}

extension WeirError {
    static func versionImmutable() -> WeirError {
        WeirError(
            "version_immutable", .forbidden, subject: "version", rule: "DAT-06",
            LocalizedText("A version cannot be changed.", zh: "版本不可更改。"),
            remedy: LocalizedText("Change the draft and confirm it to a new version.", zh: "请修改草稿并确认为新版本。"))
    }
}
