/// What is measured as one: a folder of a project, the output of a job, an asset with its versions, draft and uploads. Its figure
/// stays as it is until something in it may have changed.
public enum StorageUnit: Hashable, Sendable {
    /// The project's code, as environments have it, and unfinished uploads into it.
    case code(Identifier<Project>)
    /// The code that was frozen for the project's jobs and services, as long as they are kept; a content that several of them have
    /// counts once.
    case frozen(Identifier<Project>)
    /// The results of the project's environments.
    case output(Identifier<Project>)
    /// What one job or service wrote.
    case result(Identifier<Workload>)
    /// All versions of a dataset or a model, its draft and its unfinished uploads; a content that several of them have counts once.
    case asset(Identifier<Asset>)
    /// A person's home folder, which is counted with the netdisk.
    case home(Identifier<Account>)
    case netdisk(Identifier<Account>)
    /// A workspace's own, which stand in the place of a person's where everybody enters; they count with its libraries.
    case sharedHome(Identifier<Workspace>)
    case sharedNetdisk(Identifier<Workspace>)
}

extension StorageUnit {
    /// `code`, `frozen`, `output`, `result`, `asset`, `home`, `netdisk`, `shared-home` or `shared-netdisk`.
    public var part: String { String(description.prefix { $0 != "/" }) }
    /// The identifier of the project, workload, asset, account or workspace that it is of.
    public var owner: String { String(description.drop { $0 != "/" }.dropFirst()) }
}

extension StorageUnit: CustomStringConvertible {
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 else { return nil }
        let unit: StorageUnit? =
            switch parts[0] {
            case "code": Identifier(parts[1]).map(StorageUnit.code)
            case "frozen": Identifier(parts[1]).map(StorageUnit.frozen)
            case "output": Identifier(parts[1]).map(StorageUnit.output)
            case "result": Identifier(parts[1]).map(StorageUnit.result)
            case "asset": Identifier(parts[1]).map(StorageUnit.asset)
            case "home": Identifier(parts[1]).map(StorageUnit.home)
            case "netdisk": Identifier(parts[1]).map(StorageUnit.netdisk)
            case "shared-home": Identifier(parts[1]).map(StorageUnit.sharedHome)
            case "shared-netdisk": Identifier(parts[1]).map(StorageUnit.sharedNetdisk)
            default: nil
            }
        guard let unit else { return nil }
        self = unit
    }

    public var description: String {
        switch self {
        case .code(let project): "code/\(project)"
        case .frozen(let project): "frozen/\(project)"
        case .output(let project): "output/\(project)"
        case .result(let workload): "result/\(workload)"
        case .asset(let asset): "asset/\(asset)"
        case .home(let account): "home/\(account)"
        case .netdisk(let account): "netdisk/\(account)"
        case .sharedHome(let workspace): "shared-home/\(workspace)"
        case .sharedNetdisk(let workspace): "shared-netdisk/\(workspace)"
        }
    }
}
