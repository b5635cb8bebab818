import Glibc
import WeirModel

extension FileStore {
    /// Makes a user of the host the owner of a folder and of all folders in it, so that it can add and replace there. Files stay whose
    /// they are: those that are shared with immutable trees must not become its own.
    func giveFolders(of folder: StoredFolder, to user: UInt32) async throws {
        let descent = try await blocking {
            let root = try open(folder)
            try root.give(to: user)
            return try FolderDescent(root)
        }
        _ = try await inSlices(descent) { descent in
            for _ in 0..<Self.walkSlice {
                guard let (name, status) = try descent.next() else { return false }
                if status.kind == .folder, try descent.enter(name) { try descent.folder.give(to: user) }
            }
            return true
        }
    }

    /// Puts a file of the user's own in the place of one that is not, as those that a draft shares with versions: a copy, or an empty
    /// file where the old bytes are about to be thrown away. The version's file stays as it is (DAT-06).
    ///
    /// Nothing happens where there is no plain file. Blocks for as long as copying takes. Throws `storage_full`.
    func takeOver(_ path: FilePath, of folder: StoredFolder, for user: UInt32, isEmptied: Bool) throws {
        guard folder.isOwn, let last = path.name else { return }
        let name = EntryName(last)
        let parent = try open(folder).folder(at: path.parent)
        guard let status = try parent.status(name), status.kind == .file, status.raw.st_uid != user else { return }
        let (source, known) = try parent.openPlain(name)
        let temporary = stagingName("own")
        let staging = try open(.staging, of: folder.volume)
        let copy = try staging.open(temporary, O_WRONLY | O_CREAT | O_EXCL, mode: 0o644)
        do {
            if !isEmptied { try copy.fill(from: source) }
            try copy.setOwner(user, user)
            try copy.setMode(known.isExecutable ? 0o755 : 0o644)
            try staging.rename(temporary, to: parent, as: name)
        } catch {
            try? staging.remove(temporary)
            throw error
        }
    }
}

extension OpenFile {
    /// Shares the blocks of the source where the file system can.
    fileprivate func fill(from source: OpenFile) throws {
        let isShared = source.descriptor.use { from in descriptor.use { to in Kernel.clone(from, to: to) } }
        if isShared { return }
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
        defer { block.deallocate() }
        var offset: Int64 = 0
        while case let count = try source.read(into: block, at: offset), count > 0 {
            try write(UnsafeRawBufferPointer(rebasing: block[..<count]), at: offset)
            offset += Int64(count)
        }
    }
}

extension OpenFolder {
    /// Whatever rights somebody gave it, it lends none: neither its group nor its owner goes over to what is put into it.
    fileprivate func give(to user: UInt32) throws {
        try setOwner(user, user)
        let mode = try status().raw.st_mode
        if mode & 0o7000 != 0 { try setMode(mode & 0o777) }
    }
}
