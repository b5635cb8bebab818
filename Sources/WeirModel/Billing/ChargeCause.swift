/// What people usually overlook when an amount is larger than they thought (BIL-27).
public enum ChargeCause: Hashable, Sendable {
    /// An environment that ran for hours with nothing to end it.
    case forgottenEnvironment(hours: Int64)
    /// Nothing ends it by itself, and it still runs (BIL-29).
    case noAutoStop(perDay: Points)
    /// A service that is charged for each replica while nobody calls it (BIL-10).
    case serviceWithoutRequests(replicas: Int)
    /// It went on for minutes after it was told to stop: it is charged until its resources are free (X03).
    case endedLaterThanAsked(minutes: Int64)
    /// It was charged from the start of its container on, or from soon after: too many programs before it never answered (BIL-26).
    case freeStartsUsed
    /// It was busy lately, whoever works in it: processes that were left behind keep an environment busy.
    case orphanProcesses(thousandths: Int)
    /// More is kept than is free, also while nothing runs (BIL-13).
    case storageAboveFree

    /// An environment that ran longer than this without a timer counts as forgotten.
    static let forgottenAfter: Int64 = 8 * 60
    /// What ends within it ended as it was asked to.
    static let stopTime: Int64 = 2 * 60_000

    /// An environment that used less of a core over the last hour has no work of its own.
    public static let busyFrom = 50

    /// Stable for programs.
    public var code: String {
        switch self {
        case .orphanProcesses: "orphan_processes"
        case .forgottenEnvironment: "forgotten_environment"
        case .noAutoStop: "no_auto_stop"
        case .serviceWithoutRequests: "service_without_requests"
        case .endedLaterThanAsked: "ended_later_than_asked"
        case .freeStartsUsed: "free_starts_used"
        case .storageAboveFree: "storage_above_free"
        }
    }

    public var text: LocalizedText {
        switch self {
        case .forgottenEnvironment(let hours):
            LocalizedText(
                "This environment ran for \(hours) h and had no auto-stop: was it forgotten? Set auto_stop when you create one, and stop what you do not use.",
                zh: "该开发环境运行了 \(hours) 小时且未设置自动停止，可能忘记关闭。创建时请设置自动停止，不用时请及时停止。")
        case .noAutoStop(let perDay):
            LocalizedText(
                "It still runs and nothing stops it by itself: \(perDay) points a day.",
                zh: "仍在运行且未设置自动停止：每天 \(perDay) 算力点。")
        case .serviceWithoutRequests(let replicas):
            LocalizedText(
                "This service has had no request since its port was opened, and each of its \(replicas) replicas is charged while it runs.",
                zh: "该推理服务自开放端口以来没有任何请求，其 \(replicas) 个实例在运行期间均计费。")
        case .endedLaterThanAsked(let minutes):
            LocalizedText(
                "It ended \(minutes) min after it was told to stop; a run is charged until its resources are free.",
                zh: "下达停止指令后 \(minutes) 分钟才结束；运行计费至资源释放为止。")
        case .freeStartsUsed:
            LocalizedText(
                "It was charged before its program answered: the free time of programs that were stopped or failed before they answered was used up in the hour before.",
                zh: "该运行在程序就绪前即开始计费：此前一小时内，未就绪即停止或失败的程序已用完免费启动时间。")
        case .orphanProcesses(let thousandths):
            LocalizedText(
                "It used \(Self.cores(thousandths)) cores over the last hour. If nobody works in it, processes that were left behind (orphans) keep it busy: look at its processes, end them, or stop it.",
                zh: "过去一小时平均使用 \(Self.cores(thousandths)) 核。若无人使用，可能有遗留的孤立进程：请查看进程并清理，或停止该开发环境。")
        case .storageAboveFree:
            LocalizedText(
                "More is kept than the free amount, which is charged each day, also while nothing runs. Delete what is not needed.",
                zh: "存储超出免费额度，即使没有任务运行也按日计费。请清理不需要的数据。")
        }
    }

    private static func cores(_ thousandths: Int) -> String {
        "\(thousandths / 1000).\(String(thousandths % 1000 / 10 + 100).dropFirst())"
    }

    /// What may be told of a run.
    /// - Parameters:
    ///   - minutes: charged, of this run in the month that is asked for.
    ///   - end: nil while it runs.
    ///   - stopAsked: when it was told to stop; nil when it was not.
    ///   - requests: to its open port; nil where none is open.
    ///   - hadNoGrace: it was charged sooner than a program that does not answer is.
    public static func causes(
        of spec: WorkloadSpec, price: RunPrice, minutes: Int64, end: Timestamp?, stopAsked: Timestamp?, requests: Int64?,
        hadNoGrace: Bool = false
    ) throws(WeirError) -> [ChargeCause] {
        var causes: [ChargeCause] = hadNoGrace ? [.freeStartsUsed] : []
        if spec.runLimit == nil {
            if spec.kind == .environment, minutes >= forgottenAfter { causes.append(.forgottenEnvironment(hours: minutes / 60)) }
            if spec.kind == .environment || spec.kind == .board, end == nil {
                causes.append(.noAutoStop(perDay: try price.amount(minutes: 24 * 60)))
            }
        }
        if spec.kind == .service, requests == 0 { causes.append(.serviceWithoutRequests(replicas: spec.replicas)) }
        if let end, let stopAsked, (end - stopAsked).milliseconds > stopTime {
            causes.append(.endedLaterThanAsked(minutes: (end - stopAsked).milliseconds / 60_000))
        }
        return causes
    }
}
