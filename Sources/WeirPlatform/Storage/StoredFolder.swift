public import WeirModel

/// A folder of files that people and containers know.
public enum StoredFolder: Hashable, Sendable {
    /// Immutable.
    case tree(TreeName, in: Identifier<Workspace>)
    /// Written by Weir alone.
    case draft(Identifier<Asset>, in: Identifier<Workspace>)
    /// The others are live: containers write into them at any moment.
    case code(Identifier<Project>, in: Identifier<Workspace>)
    case output(Identifier<Project>, in: Identifier<Workspace>)
    /// What jobs and services of the project wrote, each in a folder named by its workload. It stands beside the results of environments
    /// and not below them: who can write a folder could put a link in the place of one that is about to be mounted.
    case jobs(Identifier<Project>, in: Identifier<Workspace>)
    case workloadOutput(Identifier<Workload>, of: Identifier<Project>, in: Identifier<Workspace>)
    case home(Identifier<Account>)
    case netdisk(Identifier<Account>)
    /// The workspace's own, in place of a person's where others can reach in.
    case sharedHome(Identifier<Workspace>)
    case sharedNetdisk(Identifier<Workspace>)

    /// Where it lies: nothing in it has a second name outside.
    public var volume: StorageVolume {
        switch self {
        case .tree(_, let workspace), .draft(_, let workspace), .code(_, let workspace), .output(_, let workspace), .jobs(_, let workspace),
            .workloadOutput(_, _, let workspace), .sharedHome(let workspace), .sharedNetdisk(let workspace):
            .workspace(workspace)
        case .home(let account), .netdisk(let account): .account(account)
        }
    }

    /// The names on the way to it from the top of its volume.
    var place: [String] {
        switch self {
        case .tree(let tree, _): ["trees", tree.text]
        case .draft(let asset, _): ["drafts", asset.text]
        case .code(let project, _): ["projects", project.text, "code"]
        case .output(let project, _): ["projects", project.text, "output"]
        case .jobs(let project, _): ["projects", project.text, "jobs"]
        case .workloadOutput(let workload, let project, _): ["projects", project.text, "jobs", workload.text]
        case .home: ["home"]
        case .netdisk: ["netdisk"]
        case .sharedHome: ["shared", "home"]
        case .sharedNetdisk: ["shared", "netdisk"]
        }
    }

    /// Whether only Weir writes into it, so that a file in it can be shared by a hard link.
    var isOwn: Bool {
        switch self {
        case .tree, .draft: true
        default: false
        }
    }
}

/// An upload on its way into a folder of the workspace.
public struct StoredUpload: Hashable, Sendable {
    public let id: Identifier<Upload>
    public let workspace: Identifier<Workspace>

    public init(_ id: Identifier<Upload>, in workspace: Identifier<Workspace>) {
        self.id = id
        self.workspace = workspace
    }

    var volume: StorageVolume { .workspace(workspace) }
}
