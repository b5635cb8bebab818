import Glibc
import WeirModel

extension FileStore {
    /// Makes a user of the host the owner of a folder and of all folders in it, so that it can add and replace there. Files stay whose
    /// they are: those that are shared with immutable trees must not become its own.
    func giveFolders(of folder: StoredFolder, to user: UInt32) async throws {
        try await blocking { try open(folder).giveFolders(to: user) }
    }
}

extension OpenFolder {
    fileprivate func giveFolders(to user: UInt32) throws {
        try setOwner(user, user)
        for name in try names() where try status(name)?.kind == .folder { try folder(name).giveFolders(to: user) }
    }
}
