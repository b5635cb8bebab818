import Crypto
import Glibc
public import WeirModel

/// An immutable tree that was made of a folder.
public struct FrozenTree: Hashable, Sendable {
    public let tree: TreeName
    /// The sum of the sizes of its files.
    public let size: Bytes
    /// What it takes on the disk beside everything that was there before.
    public let added: Bytes
    public let files: Int

    public init(tree: TreeName, size: Bytes, added: Bytes, files: Int) {
        self.tree = tree
        self.size = size
        self.added = added
        self.files = files
    }
}

/// What becomes of symbolic links in a tree. Weir itself never follows one.
public enum LinkRule: Sendable {
    /// A link that leads out of the folder is refused, and so are sockets, pipes and devices: for what others will mount.
    case inside
    /// Links stay as they are and sockets and the like are left out: for a snapshot of code, where `.venv/bin/python` or
    /// a link to `/gemini/data-1` means something in the container and nothing on the host.
    case kept
}

extension FileStore {
    /// Trees with fewer new files are made durable file by file, larger ones by one wait for the whole file system.
    static let fewFiles = 128
    static let hashers = 2

    /// Makes an immutable tree of a folder's content in a workspace (DAT-06). What is the same, down to its time, takes its space once in
    /// all versions of the workspace; whether another workspace has it, too, changes nothing.
    ///
    /// A folder that stays live is copied (by sharing blocks where the file system can); a file that is written meanwhile
    /// is taken in some state it had. From a draft the files are shared by hard links; it goes on with the same content.
    /// `admit` is asked before so many new bytes are copied, and may refuse them.
    /// Throws `link_leaves_folder`, `special_file`, `storage_full`, `not_found`; then no tree of that name exists.
    /// - Parameter keeper: who alone sees it: its content is shared with nothing of others, so that none of them learns from a size, a time or
    ///   a number of links that it is there, too.
    @discardableResult
    public func freeze(
        _ folder: StoredFolder, at path: FilePath = .root, as tree: TreeName, in workspace: Identifier<Workspace>, links: LinkRule? = nil,
        keeper: Identifier<Account>? = nil, admit: (@Sendable (Int64) throws -> Void)? = nil
    ) async throws -> FrozenTree {
        let rule: LinkRule = if let links { links } else if case .code = folder { .kept } else { .inside }
        let begun = try await blocking { try open(folder).folder(at: path) }
        let isOwn = folder.isOwn && folder.volume == .workspace(workspace)
        return try await freeze(begun, isOwn: isOwn, rule: rule, as: tree, in: workspace, keeper: keeper, admit: admit)
    }

    func freeze(
        _ source: OpenFolder, isOwn: Bool, rule: LinkRule, as tree: TreeName, in workspace: Identifier<Workspace>,
        keeper: Identifier<Account>? = nil, most: Int? = nil, admit: (@Sendable (Int64) throws -> Void)? = nil
    ) async throws -> FrozenTree {
        let volume = StorageVolume.workspace(workspace)
        let name = stagingName("freeze")
        do {
            let begun = try await blocking {
                let staging = try open(.staging, of: volume)
                try staging.makeFolder(name)
                return try FreezePlan(
                    source: source, target: staging.folder(name), blobs: BlobFolder(folder: contents(of: keeper, in: volume)),
                    isOwn: isOwn, rule: rule, most: most ?? limits.files, admit: admit)
            }
            let plan = try await inSlices(begun) { try $0.survey(Self.walkSlice) }
            let made = try await content(of: plan)
            return try await blocking {
                let shared = try plan.publish(made.new, syncEach: plan.isSmall)
                let trees = try open(.trees, of: volume)
                try open(.staging, of: volume).renameIfFree(name, to: trees, as: EntryName(tree.text))
                try trees.sync()
                return FrozenTree(
                    tree: tree, size: Bytes(made.size), added: Bytes(made.added - shared), files: made.files + plan.links)
            }
        } catch {
            await takeAway(name, in: volume)
            throw error
        }
    }

    /// The contents of what a workspace shares, or of what one person in it keeps alone.
    private func contents(of keeper: Identifier<Account>?, in volume: StorageVolume) throws -> OpenFolder {
        let all = try open(.blobs, of: volume)
        guard let keeper else { return all }
        let name = EntryName(Self.kept + keeper.text)
        try all.makeFolderIfAbsent(name)
        return try all.folder(name)
    }

    /// The beginning of the name of a contents folder that is one person's; others are shelves.
    static let kept = "of-"

    /// Hashes and places the files, on two threads.
    private func content(of plan: FreezePlan) async throws -> FreezeResult {
        try await withThrowingTaskGroup(of: FreezeResult.self) { group in
            var next = 0
            var total = FreezeResult()
            func start() {
                guard next < plan.items.count else { return }
                let item = plan.items[next]
                next += 1
                group.addTask { try await blocking { try plan.place(item) } }
            }
            for _ in 0..<Self.hashers { start() }
            while let result = try await group.next() {
                total.add(result)
                start()
            }
            return total
        }
    }

    /// A draft that begins with the content of a version; its files are the version's own until they are replaced.
    /// Throws `draft_exists` when the asset has a draft.
    public func seedDraft(of asset: Identifier<Asset>, from tree: TreeName, in workspace: Identifier<Workspace>) async throws {
        let volume = StorageVolume.workspace(workspace)
        let name = stagingName("seed")
        do {
            try await changing(.draft(asset, in: workspace)) {
                let mirror = try await blocking {
                    let source = try open(.tree(tree, in: workspace))
                    let staging = try open(.staging, of: volume)
                    try staging.makeFolder(name)
                    return try TreeMirror(source, into: staging.folder(name))
                }
                _ = try await inSlices(mirror) { try $0.advance(Self.walkSlice) }
                try await blocking {
                    do {
                        try open(.staging, of: volume).renameIfFree(name, to: open(.drafts, of: volume), as: EntryName(asset.text))
                    } catch let error as WeirError where error.code == "path_taken" {
                        throw WeirError.draftExists()
                    }
                }
            }
        } catch {
            await takeAway(name, in: volume)
            throw error
        }
    }

    /// Nothing happens when there is none.
    public func discardDraft(of asset: Identifier<Asset>, in workspace: Identifier<Workspace>) async throws {
        try await remove(.draft(asset, in: workspace))
    }
}

/// The making of a second tree of the same files: second names of them, and copies where one has no room for another name.
private struct TreeMirror: Sendable {
    private var descent: FolderDescent
    private var targets: [OpenFolder]

    init(_ source: OpenFolder, into target: OpenFolder) throws {
        descent = try FolderDescent(source)
        targets = [target]
    }

    /// Takes `count` more entries over. False at the end.
    mutating func advance(_ count: Int) throws -> Bool {
        for _ in 0..<count {
            guard let (name, status) = try descent.next() else { return false }
            targets.removeLast(targets.count - 1 - descent.depth)
            guard let target = targets.last else { return false }
            switch status.kind {
            case .folder:
                guard try descent.enter(name) else { continue }
                try target.makeFolder(name)
                targets.append(try target.folder(name))
            case .link:
                try target.makeLink(name, to: descent.folder.target(ofLink: name))
            case .file:
                switch descent.folder.link(name, to: target, as: name) {
                case 0: break
                case EMLINK:
                    let copy = try descent.folder.openPlain(name).0.copy(to: target, as: name, mode: status.raw.st_mode & 0o777)
                    copy.setModified(status)
                case let code: throw SystemFault.current("link", target.path + "/" + name.text, code: code)
                }
            case .special: throw WeirError.specialFile(name.text)
            }
        }
        return true
    }
}

extension WeirError {
    static func draftExists() -> WeirError {
        WeirError(
            "draft_exists", .conflict, subject: "draft", rule: "DAT-06",
            LocalizedText("The asset has a draft already.", zh: "已存在草稿。"),
            remedy: LocalizedText("Confirm it to a version or discard it.", zh: "请先确认为版本或丢弃。"))
    }
}
