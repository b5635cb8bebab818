/// The sentences that a person reads, one for each thing that is known.
extension WaitExplanation {
    /// What it waits for, without what the other members say: a page that shows those says each thing once.
    public var causes: [LocalizedText] { shortages.isEmpty ? Array(sentences.prefix(1)) : shortages.map(\.sentence) }

    func described(at now: Timestamp) -> [LocalizedText] {
        var sentences = shortages.map(\.sentence)
        if let held = heldBy { sentences.append(held) }
        if let place {
            sentences.append(
                LocalizedText("It is number \(place) of \(waiting) in the queue.", zh: "在队列中排第 \(place) 位，共 \(waiting) 个。"))
        }
        sentences.append(forecast.map { $0.sentence(at: now) } ?? unknown)
        sentences += advice.map(\.sentence)
        return sentences
    }

    private var unknown: LocalizedText {
        if shortages.contains(.never) {
            return LocalizedText("It will not start as it is.", zh: "按当前规格无法启动。")
        }
        return LocalizedText(
            "There is no telling when it starts: that depends on work without a known end.", zh: "无法预计启动时间：取决于没有已知结束时间的任务。")
    }

    private var heldBy: LocalizedText? {
        guard !holders.isEmpty || otherHolders > 0 else { return nil }
        let names = holders.prefix(5).map { $0.isViewers ? "\($0.name) (yours)" : $0.name }
        let namesZh = holders.prefix(5).map { $0.isViewers ? "\($0.name)（您的）" : $0.name }
        let more = holders.count - names.count
        var (en, zh) = (names, namesZh)
        if more > 0 {
            en.append("\(more) more of your workspace")
            zh.append("本空间另外 \(more) 个")
        }
        if otherHolders > 0 {
            en.append(otherHolders == 1 ? "1 workload of another workspace" : "\(otherHolders) workloads of other workspaces")
            zh.append("其他空间的 \(otherHolders) 个任务")
        }
        return LocalizedText("Held by: \(en.joined(separator: ", ")).", zh: "占用者：\(zh.joined(separator: "、"))。")
    }
}

extension WaitExplanation.Shortage {
    var sentence: LocalizedText {
        switch self {
        case .workspaceQuota(let dimension, let need, let held, let limit):
            Self.quota("The workspace's quota", "空间", dimension, need, held, limit)
        case .personQuota(let dimension, let need, let held, let limit):
            Self.quota("The personal quota", "个人", dimension, need, held, limit)
        case .quotaKept(let older):
            LocalizedText(
                "The free quota is kept for older work\(older.map { " (\($0))" } ?? "") that has waited very long.",
                zh: "空闲配额已为等待很久的更早任务\(older.map { "（\($0)）" } ?? "")保留。")
        case .resource(let dimension, let need, let free):
            LocalizedText(
                "There is too little \(dimension.name.en): it needs \(dimension.written(need)), \(dimension.written(free)) is free.",
                zh: "\(dimension.name.zh)不足：需要 \(dimension.written(need))，空闲 \(dimension.written(free))。")
        case .scattered(let dimension, let need, let largest):
            LocalizedText(
                "Enough \(dimension.name.en) is free, but not in one place: it needs \(dimension.written(need)), the most is \(dimension.written(largest)).",
                zh: "\(dimension.name.zh)总量足够但分散：需要 \(dimension.written(need))，单处最多 \(dimension.written(largest))。")
        case .kept(let own):
            LocalizedText(
                "What is free is kept for \(own.map { "\($0), which" } ?? "another workload that") stands before it in the queue.",
                zh: "空闲资源已为排在前面的\(own.map { " \($0) " } ?? "其他任务")保留。")
        case .never:
            LocalizedText("No node can ever hold it: choose a smaller flavor.", zh: "没有任何节点能够容纳：请选择更小的规格。")
        case .comingFree(let count):
            LocalizedText(
                count == 1 ? "One workload is stopping to make room for it." : "\(count) workloads are stopping to make room for it.",
                zh: "\(count) 个任务正在停止，为其腾出资源。")
        }
    }

    private static func quota(
        _ whose: String, _ whoseZh: String, _ dimension: QuotaDimension, _ need: Int64, _ held: Int64, _ limit: Int64
    ) -> LocalizedText {
        LocalizedText(
            "\(whose) of \(dimension.name.en) is full: it needs \(dimension.written(need)), \(dimension.written(held)) of \(dimension.written(limit)) is held.",
            zh:
                "\(whoseZh)\(dimension.name.zh)配额已满：需要 \(dimension.written(need))，已用 \(dimension.written(held))，上限 \(dimension.written(limit))。"
        )
    }
}

extension WaitExplanation.Advice {
    var sentence: LocalizedText {
        switch self {
        case .flavor(let name):
            LocalizedText("With the flavor \(name) it would start now.", zh: "改用规格 \(name) 可立即启动。")
        case .stop(_, let name):
            LocalizedText("If you stop \(name), it starts now.", zh: "停止 \(name) 后可立即启动。")
        case .shorterRun(let seconds):
            LocalizedText(
                "With a time limit of at most \(Wait.english(Int64(seconds))) it would start now, before what is reserved for others.",
                zh: "若将运行时长限制在 \(Wait.chinese(Int64(seconds))) 以内，可在他人预留之前立即启动。")
        case .raiseWorkspaceQuota(let dimension, let limit):
            LocalizedText(
                "If the operator raises the workspace's quota of \(dimension.name.en) to \(dimension.written(limit)), it starts now.",
                zh: "若运营管理员将空间的\(dimension.name.zh)配额提高到 \(dimension.written(limit))，可立即启动。")
        case .raisePersonQuota(let dimension, let limit):
            LocalizedText(
                "If the workspace's owner raises the personal quota of \(dimension.name.en) to \(dimension.written(limit)), it starts now.",
                zh: "若空间所有者将个人的\(dimension.name.zh)配额提高到 \(dimension.written(limit))，可立即启动。")
        }
    }
}

extension StartForecast {
    func sentence(at now: Timestamp) -> LocalizedText {
        func seconds(_ moment: Timestamp) -> Int64 { max(0, (moment.milliseconds - now.milliseconds) / 1000) }
        let (soon, likely) = (seconds(low), seconds(median))
        let (ground, groundZh) = basis.words
        let range =
            high.map { "between \(Wait.english(soon)) and \(Wait.english(seconds($0)))" }
            ?? "\(Wait.english(soon)) at the earliest, no latest"
        let rangeZh = high.map { "\(Wait.chinese(soon))至\(Wait.chinese(seconds($0)))" } ?? "最早\(Wait.chinese(soon))，最晚未知"
        return LocalizedText(
            "It is expected to start in \(Wait.english(likely)) (\(range)), going by \(ground).",
            zh: "预计 \(Wait.chinese(likely))后启动（\(rangeZh)），依据：\(groundZh)。")
    }
}

extension RunLengths.Basis {
    var words: (String, String) {
        switch self {
        case .person: ("how long such runs of the same people lasted", "相同用户同类任务的历史时长")
        case .flavor: ("how long runs with the same flavor lasted", "相同规格任务的历史时长")
        case .kind: ("how long runs of the same kind lasted", "同类任务的历史时长")
        case .limit: ("time limits only, as there is too little history", "仅依据时长上限（历史不足）")
        case .none: ("nothing certain", "无可靠依据")
        }
    }
}

/// A stretch of time as people say it: the two largest units.
enum Wait {
    static func english(_ seconds: Int64) -> String { written(seconds, [" days", " h", " min", " s"]) }

    static func chinese(_ seconds: Int64) -> String { written(seconds, [" 天", " 小时", " 分钟", " 秒"]) }

    private static func written(_ seconds: Int64, _ units: [String]) -> String {
        let parts = [seconds / 86_400, seconds % 86_400 / 3600, seconds % 3600 / 60, seconds % 60]
        guard let first = parts.firstIndex(where: { $0 > 0 }) else { return "0\(units[3])" }
        let second = first + 1
        guard second < 4, parts[second] > 0, parts[first] < 10 else { return "\(parts[first])\(units[first])" }
        return "\(parts[first])\(units[first]) \(parts[second])\(units[second])"
    }
}
