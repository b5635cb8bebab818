import WeirModel
import WeirPlatform
import WeirStore

/// What the caller may do with a workload, whatever its state: pages and programs offer no more than that.
enum WorkloadRight: String, CaseIterable, JSONConvertible {
    case enter, start, stop, prioritize, change, delete
    case readLog = "read_log"

    private var permission: Permission {
        switch self {
        case .enter: .enter
        case .start: .startWorkload
        case .stop: .stopWorkload
        case .prioritize: .prioritize
        case .change: .changeWorkload
        case .delete: .deleteWorkload
        case .readLog: .readLog
        }
    }

    static func of(_ caller: Caller, _ role: Role?, to workload: WorkloadRecord) -> [WorkloadRight] {
        guard let role else { return [] }
        return allCases.filter { workload.allows($0.permission, to: caller.id, role) }
    }
}

/// What the caller may do with a project or an asset itself, beside looking at it and working with its files.
enum ThingRight: String, CaseIterable, JSONConvertible {
    case change, delete
    /// It is another person's: its name has to be typed.
    case deleteByName = "delete_by_name"

    static func of(_ caller: Caller, _ role: Role?, to project: ProjectRecord) -> [ThingRight] {
        guard let role else { return [] }
        return all(isOwn: project.createdBy == caller.id) {
            project.allows($0 == .change ? .changeProject : .deleteProject, to: caller, role)
        }
    }

    static func of(_ caller: Caller, _ role: Role?, to asset: AssetRecord) -> [ThingRight] {
        guard let role else { return [] }
        return all(isOwn: asset.createdBy == caller.id) { asset.allows($0 == .change ? .changeAsset : .deleteAsset, to: caller, role) }
    }

    private static func all(isOwn: Bool, allowed: (ThingRight) -> Bool) -> [ThingRight] {
        allCases.filter { allowed($0) && ($0 != .deleteByName || !isOwn) }
    }
}

extension WorkloadAccess: JSONConvertible {}
