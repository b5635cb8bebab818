/// The tenant: members, projects, assets; nothing of it can be seen from another (IDW-01, IDW-02).
public struct Workspace: Identified, Sendable {
    public static let identifierPrefix = "wsp"
}

/// What a member is in a workspace (IDW-03).
public enum Role: String, Sendable, Codable, CaseIterable, Comparable {
    case member, administrator, owner

    public static func < (a: Role, b: Role) -> Bool { a.rank < b.rank }

    private var rank: Int { Self.allCases.firstIndex(of: self)! }
}

/// Everything that somebody may be let do in a workspace, with the least role that may do it: the one permission table.
public enum Permission: String, Sendable, CaseIterable {
    case seeWorkspace, createProject, changeProject, deleteProject
    case changeCode, createAsset, changeAsset, deleteAsset
    case runWorkload, enterTool, stopOthersWorkload
    case signCommitment
    case seeBilling, pay, setLimits
    case changeWorkspace, changeMembers, changeOwners, deleteWorkspace

    public var leastRole: Role {
        switch self {
        case .seeWorkspace, .createProject, .changeProject, .changeCode, .createAsset, .changeAsset: .member
        case .runWorkload, .enterTool, .signCommitment: .member
        case .deleteProject, .deleteAsset, .stopOthersWorkload: .member
        case .seeBilling: .member
        case .pay, .setLimits: .administrator
        case .changeWorkspace, .changeMembers: .administrator
        case .changeOwners, .deleteWorkspace: .owner
        }
    }
}

extension Role {
    public func may(_ permission: Permission) -> Bool { self >= permission.leastRole }

    public func require(_ permission: Permission) throws(WeirError) {
        guard may(permission) else { throw .forbidden(permission) }
    }
}

extension WeirError {
    public static func forbidden(_ permission: Permission) -> WeirError {
        WeirError(
            "forbidden", .forbidden, subject: permission.rawValue, rule: "IDW-03",
            LocalizedText(
                "This needs the role \(permission.leastRole.rawValue) in the workspace.",
                zh: "此操作需要空间角色 \(permission.leastRole.rawValue)。"),
            remedy: LocalizedText("Ask an owner of the workspace.", zh: "请联系空间所有者。"))
    }

    public static func operatorOnly() -> WeirError {
        WeirError(
            "operator_only", .forbidden, subject: "account",
            LocalizedText("Only the operator may do this.", zh: "只有运营管理员可以执行此操作。"))
    }
}
