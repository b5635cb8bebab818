public import WeirModel
import WeirStore

/// The rules for making workspaces: nobody gets round a quota or an empty balance by making another one (BIL-18, QUO-06).
public struct NewWorkspaces: Hashable, Sendable {
    /// A person who made so many workspaces that are not closed makes no further one, whoever owns them by now; nobody is counted for what
    /// another made them an owner of. With 0 only the operator makes them.
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
        let made = try madeWorkspaces(by: caller.id)
        guard made.count < rules.most else { throw WeirError.tooManyWorkspaces(most: rules.most) }
        guard isEnforced, let debtor = made.first(where: { $0.isOwned && $0.balance < 0 }) else { return }
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
            LocalizedText(
                "You have made \(most) workspaces that are not closed, and nobody makes more.", zh: "您创建且未关闭的工作空间已达上限（\(most) 个）。"),
            remedy: LocalizedText(
                "Close one that is not needed (it counts until its data is deleted), or ask the operator for another.",
                zh: "请关闭不需要的空间（数据删除前仍计入），或联系运营管理员。"))
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
