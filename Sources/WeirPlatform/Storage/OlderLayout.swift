import Glibc
import Logging
import WeirModel
import WeirStore

/// Brings what an older version kept in one place for all workspaces into the volumes, at the first start with them.
///
/// Each thing is in its old place or whole in its new one, whenever the process is killed; the next start goes on. What several workspaces
/// shared is copied, so that none of them sees another one's file.
struct OlderLayout: Sendable {
    /// The last one says that there is something to bring over.
    private static let parts = ["trees", "drafts", "uploads", "projects", "accounts", "staging", "graves", "lost", "blobs"].map {
        EntryName($0)
    }
    private static let begun = EntryName("older.begun")
    private static let older = EntryName("older")
    /// Nobody's any more.
    static let done = EntryName("older.done")
    /// What could not be copied as it is, for a person to look at.
    private static let lost = EntryName("older.lost")

    let store: Store
    let files: FileStore
    let logger: Logger

    /// Puts the old folders together, before the new ones are made.
    func putTogether() async throws {
        let layout = files.layout
        try await files.blocking {
            guard access(layout.root, F_OK) == 0 else { return }
            let root = try OpenFolder(trusted: layout.root)
            guard try root.status(Self.older) == nil else { return }
            let isBegun = try root.status(Self.begun) != nil
            guard try isBegun || root.status(EntryName("blobs")) != nil else { return }
            try root.makeFolderIfAbsent(Self.begun)
            let place = try root.folder(Self.begun)
            for part in Self.parts where try root.status(part) != nil { try root.renameIfFree(part, to: place, as: part) }
            try root.rename(Self.begun, to: root, as: Self.older)
            try root.sync()
        }
    }

    /// Brings everything over. Throws `storage_full`; then nothing is lost, and the next start goes on.
    func bringOver() async throws {
        let layout = files.layout
        guard try await files.blocking({ try OpenFolder(trusted: layout.root).status(Self.older) }) != nil else { return }
        logger.notice("files of an older version are brought into a folder for each workspace and person")
        // The store of contents first: it is nothing but second names, and each tree that has been brought over frees its space then.
        try await clear(EntryName("blobs"))
        let trees = try await store.read { try $0.workspacesOfTrees() }
        for name in try await names("trees") {
            guard let tree = TreeName(name.text), let workspace = trees[tree] else { continue }
            do {
                let source = try await files.blocking { try part("trees").folder(name) }
                _ = try await files.freeze(source, isOwn: false, rule: .kept, as: tree, in: workspace, most: .max)
            } catch let error as WeirError where error.code == "path_taken" {
                // Brought over before a kill.
            }
            try await done(name, of: "trees")
        }
        for name in try await names("drafts") {
            guard let id = Identifier<Asset>(name.text), let workspace = try await workspace(of: .asset(id)) else { continue }
            // Its files may be those of other workspaces, too.
            try await move(name, from: "drafts", to: .drafts, of: .workspace(workspace), isShared: true)
        }
        for name in try await names("uploads") {
            guard let id = Identifier<Upload>(name.text), let upload = try await store.read({ try $0.upload(id) }),
                let workspace = try await workspace(of: upload.unit)
            else { continue }
            try await move(name, from: "uploads", to: .uploads, of: .workspace(workspace))
        }
        for name in try await names("projects") {
            guard let id = Identifier<Project>(name.text), let workspace = try await workspace(of: .code(id)) else { continue }
            try await move(name, from: "projects", to: .projects, of: .workspace(workspace))
        }
        for name in try await names("accounts") {
            guard let id = Identifier<Account>(name.text) else { continue }
            for inner in try await names("accounts/\(name.text)") {
                try await move(inner, from: "accounts/\(name.text)", to: nil, of: .account(id))
            }
        }
        try await files.blocking {
            let root = try OpenFolder(trusted: layout.root)
            try root.rename(Self.older, to: root, as: Self.done)
            try root.sync()
        }
        files.bell.ring()
    }

    private func workspace(of unit: StorageUnit) async throws -> Identifier<Workspace>? {
        try await store.read { try $0.workspace(keeping: unit) }
    }

    private func part(_ path: String) throws -> OpenFolder {
        try OpenFolder(trusted: files.layout.older).folder(at: path.split(separator: "/").map { EntryName(String($0)) })
    }

    private func names(_ path: String) async throws -> [EntryName] {
        try await files.blocking {
            do { return try part(path).names() } catch let error as WeirError where error.code == "not_found" { return [] }
        }
    }

    /// Into a part of a volume, or to its top.
    private func move(
        _ name: EntryName, from path: String, to part: VolumePart?, of volume: StorageVolume, isShared: Bool = false
    ) async throws {
        try Task.checkCancellation()
        @Sendable func target() throws -> OpenFolder { try part.map { try files.open($0, of: volume) } ?? files.open(volume) }
        let isRenamed = try await files.blocking {
            guard try target().status(name) == nil, !isShared else { return false }
            do {
                try self.part(path).renameIfFree(name, to: target(), as: name)
                return true
            } catch let fault as SystemFault where fault.code == EXDEV {
                return false
            }
        }
        if isRenamed { return }
        var isWhole = true
        if try await files.blocking({ try target().status(name) == nil }) {
            let copy = files.stagingName("older")
            let staging = files.layout.path(of: .staging, in: volume)
            let program = ChildProgram(
                path: "/bin/cp",
                arguments: ["-a", "--reflink=auto", "--", "\(files.layout.older)/\(path)/\(name.text)", "\(staging)/\(copy.text)"],
                environment: ["LC_ALL": "C"], folder: try await files.blocking { try files.open(.staging, of: volume) },
                timeLimit: .seconds(86_400))
            let outcome = try await ChildProcess(program: program, pool: files.tools).run()
            if outcome.errors.contains("No space left") { throw WeirError.storageFull() }
            isWhole = outcome.status == 0
            if !isWhole {
                logger.error(
                    "not all of an older folder could be copied; it is put aside",
                    metadata: ["folder": "\(files.layout.root)/\(Self.lost.text)/\(name.text)", "error": "\(outcome.errors.prefix(500))"])
            }
            try await files.blocking {
                let staging = try files.open(.staging, of: volume)
                try staging.folder(copy).syncAll()
                try staging.renameIfFree(copy, to: target(), as: name)
            }
        }
        if isWhole { return try await done(name, of: path) }
        try await files.blocking {
            let root = try OpenFolder(trusted: files.layout.root)
            try root.makeFolderIfAbsent(Self.lost)
            try self.part(path).renameIfFree(name, to: root.folder(Self.lost), as: name)
        }
    }

    /// What has been brought over goes from its old place.
    private func done(_ name: EntryName, of path: String) async throws {
        try Task.checkCancellation()
        while try await files.blocking({ try part(path).removeSome(of: name, most: FileStore.walkSlice) }) {}
    }

    private func clear(_ name: EntryName) async throws {
        while try await files.blocking({ try OpenFolder(trusted: files.layout.older).removeSome(of: name, most: FileStore.walkSlice) }) {
            try Task.checkCancellation()
        }
    }
}

extension FileStore {
    /// Removes what is left of an older version's files, once all has been brought over.
    func clearOlder() async throws {
        while try await blocking({ try OpenFolder(trusted: layout.root).removeSome(of: OlderLayout.done, most: Self.walkSlice) }) {
            try Task.checkCancellation()
        }
    }
}
