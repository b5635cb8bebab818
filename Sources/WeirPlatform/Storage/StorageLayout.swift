public import WeirModel

/// Where each thing lies on the disk of the zone. All folders stand on one file system: files move between them by
/// renaming and are shared by hard links.
public struct StorageLayout: Hashable, Sendable {
    public let root: String

    /// `root` is absolute.
    public init(root: String) { self.root = root }

    public var trees: String { root + "/trees" }
    /// Contents of immutable files, named by their SHA-256.
    public var blobs: String { root + "/blobs" }
    public var drafts: String { root + "/drafts" }
    public var uploads: String { root + "/uploads" }
    public var projects: String { root + "/projects" }
    public var accounts: String { root + "/accounts" }
    public var workspaces: String { root + "/workspaces" }
    static let stagingName = "staging"
    /// What is being made; what an earlier start left goes to the graves.
    public var staging: String { root + "/" + Self.stagingName }
    /// What was deleted and still takes space.
    public var graves: String { root + "/graves" }
    /// What was deleted and cannot be removed, for a person to look at.
    public var lost: String { root + "/lost" }
    public var logs: String { root + "/logs" }

    var all: [String] { [trees, blobs, drafts, uploads, projects, accounts, workspaces, staging, graves, lost, logs] }

    public func tree(_ name: TreeName) -> String { trees + "/" + name.text }
    public func draft(of asset: Identifier<Asset>) -> String { drafts + "/" + asset.text }
    public func upload(_ upload: Identifier<Upload>) -> String { uploads + "/" + upload.text }
    public func code(of project: Identifier<Project>) -> String { projects + "/" + project.text + "/code" }
    public func output(of project: Identifier<Project>) -> String { projects + "/" + project.text + "/output" }
    /// What jobs and services wrote. It stands beside the results of environments and not below them: who can write a
    /// folder could put a link in the place of one that is about to be mounted.
    public func jobs(of project: Identifier<Project>) -> String { projects + "/" + project.text + "/jobs" }
    public func output(of workload: Identifier<Workload>, in project: Identifier<Project>) -> String {
        jobs(of: project) + "/" + workload.text
    }
    public func home(of account: Identifier<Account>) -> String { accounts + "/" + account.text + "/home" }
    public func netdisk(of account: Identifier<Account>) -> String { accounts + "/" + account.text + "/netdisk" }
    /// The workspace's own folders, which shared environments see in place of somebody's home and netdisk.
    private func shared(of workspace: Identifier<Workspace>) -> String { workspaces + "/" + workspace.text + "/shared" }
    public func logs(of workload: Identifier<Workload>) -> String { logs + "/" + workload.text }

    public func path(of folder: StoredFolder) -> String {
        switch folder {
        case .tree(let tree): self.tree(tree)
        case .draft(let asset): draft(of: asset)
        case .code(let project): code(of: project)
        case .output(let project): output(of: project)
        case .jobs(let project): jobs(of: project)
        case .workloadOutput(let workload, let project): output(of: workload, in: project)
        case .home(let account): home(of: account)
        case .netdisk(let account): netdisk(of: account)
        case .sharedHome(let workspace): shared(of: workspace) + "/home"
        case .sharedNetdisk(let workspace): shared(of: workspace) + "/netdisk"
        }
    }
}

/// A folder of files that people and containers know.
public enum StoredFolder: Hashable, Sendable {
    /// Immutable.
    case tree(TreeName)
    /// Written by Weir alone.
    case draft(Identifier<Asset>)
    /// The others are live: containers write into them at any moment.
    case code(Identifier<Project>)
    case output(Identifier<Project>)
    /// The outputs of all jobs and services of the project, each in a folder named by its workload.
    case jobs(Identifier<Project>)
    case workloadOutput(Identifier<Workload>, Identifier<Project>)
    case home(Identifier<Account>)
    case netdisk(Identifier<Account>)
    /// The workspace's own, in place of a person's where others can reach in.
    case sharedHome(Identifier<Workspace>)
    case sharedNetdisk(Identifier<Workspace>)

    /// Whether only Weir writes into it, so that a file in it can be shared by a hard link.
    var isOwn: Bool {
        switch self {
        case .tree, .draft: true
        default: false
        }
    }
}
