public import WeirModel
import WeirStore

/// The rules for making workspaces: nobody gets round a quota or an empty balance by making another one (BIL-18, QUO-06).
public struct NewWorkspaces: Hashable, Sendable {
    /// A person who owns so many open workspaces makes no further one; with 0 only the operator makes them.
    public var most: Int
    /// The most that a new one may hold at once, until the operator says something else.
    public var quota: Quota

    public init(most: Int = 10, quota: Quota = .unlimited) {
        self.most = most
        self.quota = quota
    }
}

extension Reading {
    /// Throws `workspaces_by_operator`, `too_many_workspaces`, `debts_elsewhere`. The operator may always.
    func requireNewWorkspace(by caller: Caller, _ rules: NewWorkspaces, isEnforced: Bool) throws {
        guard !caller.isOperator else { return }
        guard rules.most > 0 else { throw WeirError.workspacesByOperator() }
        let owned = try ownedWorkspaces(of: caller.id)
        guard owned.count < rules.most else { throw WeirError.tooManyWorkspaces(most: rules.most) }
        guard isEnforced, let debtor = owned.first(where: { $0.balance < 0 }) else { return }
        throw WeirError.debtsElsewhere(debtor.name, debtor.balance)
    }
}

extension WeirError {
    static func workspacesByOperator() -> WeirError {
        WeirError(
            "workspaces_by_operator", .forbidden, subject: "workspace", rule: "QUO-06",
            LocalizedText("The operator makes the workspaces of this installation.", zh: "本平台的工作空间由运营管理员创建。"),
            remedy: LocalizedText("Ask the operator for one.", zh: "请联系运营管理员。"))
    }

    static func tooManyWorkspaces(most: Int) -> WeirError {
        WeirError(
            "too_many_workspaces", .conflict, subject: "workspace", rule: "QUO-06",
            LocalizedText("You own \(most) workspaces, and nobody makes more.", zh: "您已拥有 \(most) 个工作空间，达到上限。"),
            remedy: LocalizedText(
                "Close one that is not needed, or ask the operator for another.", zh: "请关闭不需要的空间，或联系运营管理员。"))
    }

    static func debtsElsewhere(_ name: String, _ balance: Points) -> WeirError {
        WeirError(
            "debts_elsewhere", .conflict, subject: "workspace", rule: "BIL-18",
            LocalizedText(
                "Your workspace \"\(name)\" owes \(Points(micro: -balance.micro)) points: that is paid before another one is made.",
                zh: "您的工作空间“\(name)”欠费 \(Points(micro: -balance.micro)) 算力点，结清后方可创建新空间。"),
            remedy: LocalizedText("Recharge it under ¥ (fee centre).", zh: "请通过右上角 ¥（费用中心）充值。"))
    }
}
