/// Errors that no one capability owns. The others stand beside the rule that they guard.
extension WeirError {
    public static func malformed(_ field: String, _ expected: String, rule: String? = nil) -> WeirError {
        WeirError(
            "malformed", .invalid, subject: field, rule: rule,
            LocalizedText("\(field) is not valid: expected \(expected).", zh: "\(field) 无效：应为 \(expected)。"))
    }

    public static func malformedIdentifier(_ text: String) -> WeirError {
        malformed("id", "an identifier that Weir gave")
    }

    public static func missing(_ field: String) -> WeirError {
        WeirError(
            "missing_field", .invalid, subject: field,
            LocalizedText("\(field) is required.", zh: "缺少必填项 \(field)。"))
    }

    public static func tooLong(_ field: String, limit: Int, rule: String? = nil) -> WeirError {
        WeirError(
            "too_long", .invalid, subject: field, rule: rule,
            LocalizedText("\(field) has more than \(limit) characters.", zh: "\(field) 超过 \(limit) 个字符。"))
    }

    /// Also the answer to a member of another workspace: what exists elsewhere cannot be told from what does not.
    public static func notFound(_ thing: String) -> WeirError {
        WeirError(
            "not_found", .notFound, subject: thing, rule: "IDW-02",
            LocalizedText(
                "There is no such \(thing.replacing("_", with: " ")), or it is not yours to see.",
                zh: "\(chinese[thing] ?? thing)不存在，或您无权查看。"))
    }

    /// What things are called in Chinese that may not be there.
    private static let chinese = [
        "account": "账户", "asset": "数据集或模型", "budget": "预算", "charge": "扣费记录", "entry": "账目", "environment": "开发环境", "file": "文件",
        "flavor": "规格", "folder": "文件夹", "image": "镜像", "instance": "实例", "invoice": "发票", "job": "离线训练", "member": "成员",
        "page": "页面", "port": "端口", "process": "进程", "project": "项目", "run": "运行记录", "scope": "范围", "service": "推理服务",
        "ssh_key": "SSH 公钥", "terminal": "终端", "token": "令牌", "tool": "工具", "upload": "上传", "version": "版本", "voucher": "兑换码",
        "workload": "任务", "workspace": "工作空间",
    ]

    public static func nameTaken(_ kind: String, _ name: String) -> WeirError {
        WeirError(
            "name_taken", .conflict, subject: "name", rule: "X17",
            LocalizedText(
                "Another \(kind) in this workspace is called \"\(name)\" (upper and lower case count as the same).",
                zh: "空间内已有同名的 \(kind)“\(name)”（不区分大小写）。"),
            remedy: LocalizedText("Choose another name.", zh: "请换一个名称。"))
    }

    /// Workspaces are told apart by their names on the whole platform.
    public static func workspaceNameTaken(_ name: String) -> WeirError {
        WeirError(
            "name_taken", .conflict, subject: "name", rule: "X17",
            LocalizedText("The name \"\(name)\" is not free on this platform.", zh: "名称“\(name)”在本平台不可用。"),
            remedy: LocalizedText("Choose another name.", zh: "请换一个名称。"))
    }

    public static func idempotencyKeyReused() -> WeirError {
        WeirError(
            "idempotency_key_reused", .conflict, subject: "Idempotency-Key",
            LocalizedText(
                "This key was used before with another request.", zh: "此幂等键已用于另一个不同的请求。"),
            remedy: LocalizedText("Use a new key for a new request.", zh: "新的请求请使用新的幂等键。"))
    }

    public static func internalFailure() -> WeirError {
        WeirError(
            "internal", .failed, subject: "server",
            LocalizedText(
                "Weir failed on this request; nothing was changed. The log has the details under the request's id.",
                zh: "Weir 处理此请求时出错，未做任何更改。日志中可按请求编号查到详情。"))
    }
}
