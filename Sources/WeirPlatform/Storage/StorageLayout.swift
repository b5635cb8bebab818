public import WeirModel

/// Where each thing lies on the disk of the zone. What belongs to one workspace or to one person is a volume, which may be a file system of
/// its own: within it files move by renaming and are shared by hard links, and nothing in it tells of another one.
public struct StorageLayout: Hashable, Sendable {
    public let root: String

    /// `root` is absolute.
    public init(root: String) { self.root = root }

    public var workspaces: String { root + "/workspaces" }
    public var accounts: String { root + "/accounts" }
    public var logs: String { root + "/logs" }
    /// What an older version kept in one place for all, on its way into the volumes.
    var older: String { root + "/older" }

    var all: [String] { [workspaces, accounts, logs] }

    public func path(of volume: StorageVolume) -> String {
        switch volume {
        case .workspace(let workspace): workspaces + "/" + workspace.text
        case .account(let account): accounts + "/" + account.text
        }
    }

    public func path(of folder: StoredFolder) -> String {
        ([path(of: folder.volume)] + folder.place).joined(separator: "/")
    }

    public func path(of part: VolumePart, in volume: StorageVolume) -> String { path(of: volume) + "/" + part.rawValue }

    /// The log of a workload lies in its workspace's volume: nobody fills the machine's own disk by talking.
    func logs(of workload: Identifier<Workload>, in workspace: Identifier<Workspace>) -> String {
        path(of: .logs, in: .workspace(workspace)) + "/" + workload.text
    }

    /// The folder in which an older version kept a workload's logs; those stay there as long as it does.
    func olderLogs(of workload: Identifier<Workload>) -> String { logs + "/" + workload.text }
}

/// A folder at the top of a volume that Weir itself works in.
public enum VolumePart: String, CaseIterable, Sendable {
    case trees
    /// Contents of immutable files, named by their SHA-256.
    case blobs
    case drafts
    case uploads
    /// What people and containers write, live.
    case projects
    /// The logs of workloads, a folder for each.
    case logs
    /// What is being made; what an earlier start left goes to the graves.
    case staging
    /// What was deleted and still takes space.
    case graves
    /// What was deleted and cannot be removed, for a person to look at.
    case lost

    var name: EntryName { EntryName(rawValue) }

    static func parts(of volume: StorageVolume) -> [VolumePart] {
        switch volume {
        case .workspace: allCases
        case .account: [.staging, .graves, .lost]
        }
    }
}
