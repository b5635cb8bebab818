extension LocalizedText {
    /// Why a workload changed its state, in words. A code that is not known here is shown as it is.
    public static func cause(_ code: String) -> LocalizedText {
        causes[code] ?? LocalizedText(code, zh: code)
    }

    private static let causes: [String: LocalizedText] = [
        "submitted": LocalizedText("submitted", zh: "已提交"),
        "start_requested": LocalizedText("asked to start", zh: "请求启动"),
        "admitted": LocalizedText("has its resources", zh: "已分配资源"),
        "ready": LocalizedText("came up", zh: "已就绪"),
        "charged_unready": LocalizedText(
            "does not answer yet, and is charged from the end of its grace on", zh: "尚无响应，宽限期后开始计费"),
        "stop_requested": LocalizedText("asked to stop", zh: "请求停止"),
        "restart_requested": LocalizedText("asked to start again when it has stopped", zh: "请求停止后重新启动"),
        "restart_refused": LocalizedText("it was not started again: its start was refused", zh: "重新启动被拒绝"),
        "operator_stop": LocalizedText("stopped by the operator", zh: "已由运营管理员停止"),
        "workspace_closing": LocalizedText("its workspace is being closed", zh: "所在空间正在关闭"),
        "member_left": LocalizedText("who made it left", zh: "创建者已离开"),
        "starter_left": LocalizedText("who started it left", zh: "启动者已离开"),
        "delete_requested": LocalizedText("asked to be deleted", zh: "请求删除"),
        "auto_stop": LocalizedText("its time was over (auto-stop)", zh: "自动停止时间已到"),
        "time_limit": LocalizedText("its time limit was reached", zh: "已达时长上限"),
        "balance_used_up": LocalizedText("the balance of the workspace was used up", zh: "空间余额已用尽"),
        "budget_reached": LocalizedText("a budget was used up", zh: "预算已用尽"),
        "program_ended": LocalizedText("the program ended", zh: "程序已结束"),
        "exited": LocalizedText("the program ended by itself", zh: "程序自行退出"),
        "unhealthy": LocalizedText("it did not answer its health check", zh: "健康检查无响应"),
        "restarted_too_often": LocalizedText("it was started again too often", zh: "重启次数过多"),
        "lost": LocalizedText("its container was gone", zh: "容器已丢失"),
        "idle": LocalizedText("it was idle", zh: "长时间空闲"),
        "preempted": LocalizedText("it gave way to a workload that may not wait for it", zh: "为不可抢占的任务让出资源"),
        "priority_low": LocalizedText("its priority was set to low", zh: "优先级设为低"),
        "priority_normal": LocalizedText("its priority was set to normal", zh: "优先级设为普通"),
        "priority_high": LocalizedText("its priority was set to high", zh: "优先级设为高"),
        "port_released": LocalizedText(
            "its external port was released, since nobody called it for long", zh: "外部端口长时间无访问，已释放"),
        "requeued": LocalizedText("it waits for its turn again", zh: "重新排队"),
        "freed": LocalizedText("its resources are free", zh: "资源已释放"),
    ]

    /// The remedy for a stop by Weir itself or by the operator; nil for others, and where there is nothing to do.
    public static func remedy(ofStop code: String) -> LocalizedText? { remedies[code] }

    private static let remedies: [String: LocalizedText] = [
        "balance_used_up": LocalizedText(
            "Recharge the workspace under ¥ (fee centre), then start or submit it again.", zh: "请通过右上角 ¥（费用中心）充值后重新启动或提交。"),
        "budget_reached": LocalizedText(
            "Ask an administrator of the workspace to raise the budget, or wait for the next month; then start or submit it again.",
            zh: "请联系空间管理员提高预算，或等到下个月后重新启动或提交。"),
        "starter_left": LocalizedText("Start it yourself: then it runs on your account.", zh: "请自行启动，之后由您的账户承担费用。"),
        "auto_stop": LocalizedText("Start it again, or set a longer time.", zh: "请重新启动，或设置更长的时间。"),
        "idle": LocalizedText("Start it again when you need it.", zh: "需要时请重新启动。"),
        "restart_refused": LocalizedText("Start it: the answer says what is missing.", zh: "请点击启动，系统会提示缺少什么。"),
        "operator_stop": LocalizedText("Ask the operator why.", zh: "请联系运营管理员了解原因。"),
    ]
}
