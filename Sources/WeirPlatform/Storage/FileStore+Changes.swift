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
        try await write(body, to: folder, at: path, limit: limit, owner: owner, if: condition, holding: nil)
    }

    /// The same, against a quota.
    @discardableResult
    func write<Body: AsyncSequence>(
        _ body: Body, to folder: StoredFolder, at path: FilePath, limit: Bytes? = nil, owner: UInt32 = 0,
        if condition: FileCondition? = nil, holding hold: StorageHold?
    ) async throws -> Bytes where Body.Element == ByteBuffer {
        try requireChangeable(folder, path)
        let limit = limit ?? webLimits.size
        let temporary = stagingName("file")
        let file = try await blocking { try open(.staging, of: folder.volume).open(temporary, O_WRONLY | O_CREAT | O_EXCL, mode: 0o644) }
        do {
            var writer = PartWriter(file: file, at: 0, room: limit.count, digest: .none, pool: pool)
            if let hold { writer.admit = { total in try await hold.reach(Bytes(total)) } }
            let outcome = try await writer.take(body)
            hold?.settle(at: Bytes(outcome.written))
            switch outcome.end {
            case .finished: break
            case .noRoom: throw WeirError.fileTooLarge(path.text, limit: limit)
            case .broken(let error): throw error
            }
            try await changing(folder) {
                try await blocking {
                    try file.sync()
                    if owner != 0 { try file.setOwner(owner, owner) }
                    guard let condition else {
                        return try move(temporary, from: open(.staging, of: folder.volume), to: folder, at: path, owner: owner)
                    }
                    try conditionalWrites.with {
                        let old = try require(condition, of: path, in: folder)
                        if old?.isExecutable == true { try file.setMode(0o755) }
                        try move(temporary, from: open(.staging, of: folder.volume), to: folder, at: path, owner: owner)
                    }
                }
            }
            return Bytes(outcome.written)
        } catch {
            await takeAway(temporary, in: folder.volume)
            throw error
        }
    }

    /// A new name that was typed, or uploaded in the web, has 1 to 64 characters (DAT-02, MOD-02, X20); one that is there may have
    /// come another way. Throws `bad_file_name`.
    public func requireTyped(_ path: FilePath, in folder: StoredFolder) async throws {
        try await blocking {
            var here: OpenFolder?
            do { here = try open(folder) } catch let error as WeirError where error.code == "not_found" {}
            for (depth, component) in path.components.enumerated() {
                let status = try here?.status(EntryName(component))
                if status == nil { _ = try FileName(component) }
                if depth < path.components.count - 1 {
                    if status?.kind == .link { throw WeirError.linkInPath(component) }
                    // What is sent would find no place at its end.
                    if let status, status.kind != .folder { throw WeirError.pathTaken(component) }
                }
                here = status?.kind == .folder ? try here?.folder(EntryName(component)) : nil
            }
        }
    }

    /// As `rename`, to a path that was typed.
    public func rename(_ folder: StoredFolder, from old: FilePath, toTyped new: FilePath) async throws {
        try await requireTyped(new, in: folder)
        try await rename(folder, from: old, to: new)
    }

    /// As `makeFolder`, at a path that was typed.
    public func makeFolder(_ folder: StoredFolder, atTyped path: FilePath) async throws {
        try await requireTyped(path, in: folder)
        try await makeFolder(folder, at: path)
    }

    /// Makes a folder and those on the way. Throws `path_taken` when a file stands there.
    public func makeFolder(_ folder: StoredFolder, at path: FilePath) async throws {
        try requireChangeable(folder, path)
        try await blocking { _ = try open(folder, making: true).folder(making: path) }
    }

    /// Throws `path_taken` when the new path exists, `not_found` when the old one does not (DAT-05), `path_too_deep` when something in a
    /// folder would come to lie deeper than Weir lets in (X20).
    public func rename(_ folder: StoredFolder, from old: FilePath, to new: FilePath) async throws {
        try requireChangeable(folder, old)
        try requireChangeable(folder, new)
        guard let oldName = old.name, let newName = new.name else { return }
        guard old == new || !old.contains(new) else { throw WeirError.pathTaken(new.text) }
        if new.components.count > old.components.count { try await requireHeight(of: folder, at: old, to: new) }
        try await blocking {
            let root = try open(folder)
            let from = try root.folder(at: old.parent)
            guard try from.status(EntryName(oldName)) != nil else { throw WeirError.notFound("file") }
            let to = try root.folder(making: new.parent)
            try from.renameIfFree(EntryName(oldName), to: to, as: EntryName(newName))
        }
    }

    private func requireHeight(of folder: StoredFolder, at old: FilePath, to new: FilePath) async throws {
        let top: FolderDescent? = try await blocking {
            guard let name = old.name else { return nil }
            let parent = try open(folder).folder(at: old.parent)
            guard try parent.status(EntryName(name))?.kind == .folder else { return nil }
            return try FolderDescent(parent.folder(EntryName(name)))
        }
        guard let top else { return }
        let most = FilePath.depthLimit - new.components.count
        _ = try await inSlices(top) { descent in
            for _ in 0..<Self.walkSlice {
                guard let (name, status) = try descent.next() else { return false }
                guard descent.depth < most else { throw WeirError.pathTooDeep(new.text) }
                if status.kind == .folder { _ = try descent.enter(name) }
            }
            return true
        }
    }

    /// Removes a file, or a folder with all that is in it (DAT-05). Throws `not_found`.
    public func delete(_ folder: StoredFolder, at path: FilePath) async throws {
        try requireChangeable(folder, path)
        guard let last = path.name else { return }
        let name = EntryName(last)
        let grave: Grave? = try await changing(folder) {
            try await blocking {
                let parent = try open(folder).folder(at: path.parent)
                guard let status = try parent.status(name) else { throw WeirError.notFound("file") }
                if status.kind == .folder { return try bury(name, of: parent, in: folder.volume) }
                try parent.remove(name)
                return nil
            }
        }
        if let grave { await clear(grave) }
    }

    /// Removes the whole folder; nothing happens when there is none.
    public func remove(_ folder: StoredFolder) async throws {
        let grave: Grave? = try await changing(folder) {
            try await blocking {
                guard isThere(folder.volume) else { return nil }
                var parent = try open(folder.volume)
                for component in folder.place.dropLast() {
                    guard try parent.status(EntryName(component)) != nil else { return nil }
                    parent = try parent.folder(EntryName(component))
                }
                guard let last = folder.place.last, try parent.status(EntryName(last)) != nil else { return nil }
                return try bury(EntryName(last), of: parent, in: folder.volume)
            }
        }
        if let grave { await clear(grave) }
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
