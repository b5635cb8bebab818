import WeirModel
import WeirStore

extension RuleChange {
    var words: (action: String, text: LocalizedText) {
        switch (workspace == nil, after == nil) {
        case (false, false): ("quota_set", LocalizedText("quota set", zh: "设置配额"))
        case (false, true): ("quota_removed", LocalizedText("quota removed", zh: "移除配额"))
        case (true, false): ("flavor_set", LocalizedText("flavor set", zh: "设置规格"))
        case (true, true): ("flavor_removed", LocalizedText("flavor retired", zh: "停用规格"))
        }
    }
}

extension EntryKind {
    var text: LocalizedText {
        switch self {
        case .recharge: LocalizedText("recharge", zh: "充值")
        case .charge: LocalizedText("charge", zh: "扣费")
        case .refund: LocalizedText("refund", zh: "退款")
        case .grant: LocalizedText("grant", zh: "赠送")
        case .correction: LocalizedText("correction", zh: "更正")
        }
    }
}

extension AuditEvent {
    /// The kind of thing that `subject` is.
    var subjectKind: String {
        switch action {
        case .projectCreated, .projectChanged, .projectDeleted, .outputDeleted: "project"
        case .assetCreated, .assetChanged, .assetDeleted, .assetHandedOver, .draftDiscarded, .versionConfirmed, .versionDeleted: "asset"
        case .workspaceCreated, .workspaceRenamed, .workspaceClosing, .workspaceReopened, .workspaceClosed, .deletionApproved,
            .deletionWithdrawn, .idlePolicySet, .sshPolicySet, .warningsSet:
            "workspace"
        case .memberAdded, .roleChanged, .memberRemoved, .storagePayerChosen, .commitmentSigned, .accountCreated, .passwordReset,
            .accountDisabled, .accountEnabled, .personalStorageDeleted:
            "account"
        case .portOpened, .portClosed: "service"
        case .budgetSet, .budgetRemoved:
            switch SpendingScope(subject) {
            case .project: "project"
            case .account: "account"
            case .workspace, nil: "workspace"
            }
        case .invoiceRequested, .invoiceIssued, .invoiceRejected: "invoice"
        case .vouchersMade, .voucherRevoked: "voucher"
        case .tariffPublished: "tariff"
        case .imageBuilt: "official_image"
        }
    }
}

extension AuditEvent.Action {
    var text: LocalizedText {
        switch self {
        case .projectCreated: LocalizedText("project created", zh: "新建项目")
        case .projectChanged: LocalizedText("project changed", zh: "修改项目")
        case .projectDeleted: LocalizedText("project deleted", zh: "删除项目")
        case .outputDeleted: LocalizedText("results deleted", zh: "删除训练结果")
        case .assetCreated: LocalizedText("data created", zh: "新建数据")
        case .assetChanged: LocalizedText("data changed", zh: "修改数据信息")
        case .assetDeleted: LocalizedText("data deleted", zh: "删除数据")
        case .assetHandedOver: LocalizedText("data handed over by who left", zh: "移交离开成员的数据")
        case .draftDiscarded: LocalizedText("draft discarded", zh: "放弃草稿")
        case .versionConfirmed: LocalizedText("version made", zh: "生成版本")
        case .versionDeleted: LocalizedText("version deleted", zh: "删除版本")
        case .workspaceCreated: LocalizedText("workspace created", zh: "新建空间")
        case .workspaceRenamed: LocalizedText("workspace renamed", zh: "空间改名")
        case .workspaceClosing: LocalizedText("workspace to be closed", zh: "申请关闭空间")
        case .workspaceReopened: LocalizedText("closing taken back", zh: "撤销关闭空间")
        case .workspaceClosed: LocalizedText("workspace closed", zh: "关闭空间")
        case .memberAdded: LocalizedText("member added", zh: "添加成员")
        case .roleChanged: LocalizedText("role changed", zh: "变更角色")
        case .memberRemoved: LocalizedText("member removed", zh: "移除成员")
        case .storagePayerChosen: LocalizedText("payer of home and netdisk chosen", zh: "选择个人存储付费空间")
        case .commitmentSigned: LocalizedText("open-port commitment signed", zh: "签署端口开放承诺书")
        case .portOpened: LocalizedText("external port opened", zh: "开放外部端口")
        case .portClosed: LocalizedText("external port closed", zh: "关闭外部端口")
        case .sshPolicySet: LocalizedText("SSH rules of the workspace set", zh: "设置空间 SSH 规则")
        case .idlePolicySet: LocalizedText("stop of idle environments set", zh: "设置空闲回收")
        case .budgetSet: LocalizedText("budget set", zh: "设置预算")
        case .budgetRemoved: LocalizedText("budget removed", zh: "移除预算")
        case .warningsSet: LocalizedText("warnings of the balance set", zh: "设置余额提醒")
        case .invoiceRequested: LocalizedText("invoice requested", zh: "申请发票")
        case .invoiceIssued: LocalizedText("invoice issued", zh: "开具发票")
        case .invoiceRejected: LocalizedText("invoice rejected", zh: "驳回发票申请")
        case .deletionApproved: LocalizedText("deletion in arrears approved", zh: "批准欠费清理")
        case .deletionWithdrawn: LocalizedText("approval of a deletion withdrawn", zh: "撤回欠费清理批准")
        case .vouchersMade: LocalizedText("codes made", zh: "生成兑换码")
        case .voucherRevoked: LocalizedText("code revoked", zh: "撤销兑换码")
        case .accountCreated: LocalizedText("account created", zh: "新建账户")
        case .passwordReset: LocalizedText("password reset", zh: "重置密码")
        case .accountDisabled: LocalizedText("account disabled", zh: "停用账户")
        case .accountEnabled: LocalizedText("account enabled", zh: "启用账户")
        case .personalStorageDeleted: LocalizedText("home and netdisk deleted that nobody paid for", zh: "清理无人付费的个人存储")
        case .tariffPublished: LocalizedText("price list published", zh: "发布价格表")
        case .imageBuilt: LocalizedText("image built", zh: "构建镜像")
        }
    }
}
