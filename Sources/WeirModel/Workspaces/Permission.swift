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

/// To whom a thing belongs, as somebody in its workspace sees it.
public enum Ownership: String, Sendable, CaseIterable {
    /// The person made it; also what has no maker, as the workspace itself.
    case own
    /// Another made it, for everybody in the workspace.
    case shared
    /// Another made it for themselves alone (IDW-07).
    case personal
}

/// Everything that somebody may be let do in a workspace: with `grant`, the one permission table.
public enum Permission: String, Sendable, CaseIterable {
    case seeWorkspace, seeBilling, signCommitment, createProject, createAsset, createWorkload
    case pay, setLimits, changeWorkspace, changeMembers, changeOwners, deleteWorkspace
    case changeCode, deleteOutput, changeProject, deleteProject
    case changeDraft, changeAsset, deleteAsset
    case enter, startWorkload, readLog
    case stopWorkload, prioritize, changeWorkload, deleteWorkload

    /// The least role that may do it, by whose the thing is (IDW-03, IDW-07, IDW-08).
    public var grant: Grant {
        switch self {
        // Of the workspace itself.
        case .seeWorkspace, .seeBilling, .signCommitment, .createProject, .createAsset, .createWorkload: Grant(.member)
        case .pay, .setLimits, .changeWorkspace, .changeMembers: Grant(.administrator)
        case .changeOwners, .deleteWorkspace: Grant(.owner)
        // Of a project. Its code and its environments' results are everybody's; a job's results are its maker's to delete.
        case .changeCode: Grant(.member, shared: .member, personal: nil)
        case .deleteOutput: Grant(.member, shared: .member, personal: .administrator)
        case .changeProject, .deleteProject: Grant(.member, shared: .administrator, personal: nil)
        // Of an asset. What somebody keeps to themselves is not there for others.
        case .changeDraft: Grant(.member, shared: .member, personal: nil)
        case .changeAsset, .deleteAsset: Grant(.member, shared: .administrator, personal: nil)
        // Of a workload. Nobody comes into what is personal, whatever the role; administrators end what others left running.
        case .enter, .startWorkload, .readLog: Grant(.member, shared: .member, personal: nil)
        case .stopWorkload, .prioritize: Grant(.member, shared: .member, personal: .administrator)
        case .changeWorkload, .deleteWorkload: Grant(.member, shared: .administrator, personal: .administrator)
        }
    }
}

/// One line of the permission table: the least role for one's own, for what others share and for what is others' alone; nil is nobody.
public struct Grant: Hashable, Sendable {
    public let own: Role
    public let shared: Role?
    public let personal: Role?

    init(_ own: Role, shared: Role?, personal: Role?) {
        self.own = own
        self.shared = shared
        self.personal = personal
    }

    /// Of what belongs to the workspace and to nobody in it.
    init(_ role: Role) { self.init(role, shared: role, personal: role) }

    public func leastRole(for ownership: Ownership) -> Role? {
        switch ownership {
        case .own: own
        case .shared: shared
        case .personal: personal
        }
    }
}

extension Role {
    public func may(_ permission: Permission, _ ownership: Ownership = .own) -> Bool {
        permission.grant.leastRole(for: ownership).map { self >= $0 } ?? false
    }
}

extension WeirError {
    /// - Parameter ownership: of the thing that it was asked for.
    public static func forbidden(_ permission: Permission, _ ownership: Ownership = .own) -> WeirError {
        let role = (permission.grant.leastRole(for: ownership) ?? permission.grant.own).rawValue
        let message =
            ownership == .own
            ? LocalizedText("This needs the role \(role) in the workspace.", zh: "此操作需要空间角色 \(role)。")
            : LocalizedText(
                "Another person made this: it needs the role \(role) in the workspace.", zh: "此资源由他人创建，操作需要空间角色 \(role)。")
        return WeirError(
            "forbidden", .forbidden, subject: permission.rawValue, rule: "IDW-03", message,
            remedy: LocalizedText("Ask an owner of the workspace.", zh: "请联系空间所有者。"))
    }

    /// Nobody but its maker may, whatever the role.
    public static func personal(_ permission: Permission, of login: String) -> WeirError {
        WeirError(
            "forbidden", .forbidden, subject: permission.rawValue, rule: "IDW-07",
            LocalizedText(
                "This is personal: only \(login), who made it, may do this, because it has \(login)'s home and netdisk in it.",
                zh: "此资源为个人所有：其中挂载了 \(login) 的个人目录与网盘，仅创建者 \(login) 可以执行此操作。"),
            remedy: LocalizedText(
                "Ask \(login), or make one that is shared with the workspace.", zh: "请联系 \(login)，或新建与空间共享的资源。"))
    }

    public static func operatorOnly() -> WeirError {
        WeirError(
            "operator_only", .forbidden, subject: "account",
            LocalizedText("Only the operator may do this.", zh: "只有运营管理员可以执行此操作。"))
    }
}
