/// Why a workload waits: one queue with two reasons (X22, QUO-04, QUO-05).
public enum QueueReason: String, Sendable, Codable {
    case quota, resources

    public var message: LocalizedText {
        switch self {
        case .quota:
            LocalizedText(
                "Waits for quota; it starts by itself when other workloads free some.", zh: "配额不足，其他任务释放后自动启动。")
        case .resources:
            LocalizedText(
                "Waits for free resources; it starts by itself when there are some. A smaller flavor may start sooner.",
                zh: "资源不足，释放后自动启动；可尝试切换更小的规格或停止其他实例。")
        }
    }
}
