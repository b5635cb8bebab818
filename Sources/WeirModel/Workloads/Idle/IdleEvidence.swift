/// The evidence on which an environment was stopped for idleness, as it is kept with the stop (X18).
public struct IdleEvidence: Hashable, Sendable, Codable {
    public var sample: ActivitySample
    /// True when the tool told of its kernels and terminals; nil when it has no address that does.
    public var toolAnswered: Bool?

    public init(_ sample: ActivitySample, toolAnswered: Bool?) {
        self.sample = sample
        self.toolAnswered = toolAnswered
    }

    private enum CodingKeys: String, CodingKey {
        case version, at, cpu, network, disk, seen
        case gpuPercent = "gpu_percent"
        case toolAnswered = "tool_answered"
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        sample = ActivitySample(
            at: try values.decode(Timestamp.self, forKey: .at), cpu: try values.decode(Int.self, forKey: .cpu),
            gpuPercent: try values.decodeIfPresent(Int.self, forKey: .gpuPercent),
            network: try values.decodeIfPresent(Int64.self, forKey: .network), disk: try values.decodeIfPresent(Int64.self, forKey: .disk),
            seen: try values.decode([Presence: Timestamp].self, forKey: .seen))
        toolAnswered = try values.decodeIfPresent(Bool.self, forKey: .toolAnswered)
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(1, forKey: .version)
        try values.encode(sample.at, forKey: .at)
        try values.encode(sample.cpu, forKey: .cpu)
        try values.encodeIfPresent(sample.gpuPercent, forKey: .gpuPercent)
        try values.encodeIfPresent(sample.network, forKey: .network)
        try values.encodeIfPresent(sample.disk, forKey: .disk)
        try values.encode(sample.seen, forKey: .seen)
        try values.encodeIfPresent(toolAnswered, forKey: .toolAnswered)
    }

    /// Every signal, with what it said at the last look.
    public var text: LocalizedText {
        let parts = [processor, accelerators, rate("network", "网络", sample.network), rate("disk", "磁盘", sample.disk)] + people
        return LocalizedText(
            "Looked at: " + parts.map(\.en).joined(separator: "; ") + ".", zh: "检查项：" + parts.map(\.zh).joined(separator: "；") + "。")
    }

    private var processor: LocalizedText {
        let cores = "\(sample.cpu / 1000).\(String(1000 + sample.cpu % 1000).dropFirst())"
        return LocalizedText("processor \(cores) cores", zh: "处理器 \(cores) 核")
    }

    private var accelerators: LocalizedText {
        guard let percent = sample.gpuPercent else { return LocalizedText("no accelerator", zh: "无加速卡") }
        return LocalizedText("accelerators \(percent) %", zh: "加速卡 \(percent)%")
    }

    private func rate(_ en: String, _ zh: String, _ rate: Int64?) -> LocalizedText {
        guard let rate else { return LocalizedText("\(en) not countable here", zh: "\(zh)无法统计") }
        return LocalizedText("\(en) \(rate) B/s", zh: "\(zh) \(rate) B/s")
    }

    private var people: [LocalizedText] {
        Presence.allCases.map { presence in
            let name = presence.name
            if presence == .tool {
                guard let toolAnswered else { return LocalizedText("the tool does not tell of its kernels", zh: "工具不提供内核状态") }
                guard toolAnswered else { return LocalizedText("\(name.en) did not answer", zh: "\(name.zh)无响应") }
            }
            guard let last = sample.seen[presence] else { return LocalizedText("\(name.en) not seen", zh: "\(name.zh)未见活动") }
            return LocalizedText("\(name.en) last \(last)", zh: "\(name.zh)最近于 \(last)")
        }
    }
}

extension Presence {
    public var name: LocalizedText {
        switch self {
        case .requests: LocalizedText("requests and websockets", zh: "请求与 WebSocket")
        case .keyboard: LocalizedText("web terminal", zh: "网页终端")
        case .ssh: LocalizedText("SSH and SFTP", zh: "SSH 与 SFTP")
        case .tool: LocalizedText("kernels and terminals of the tool", zh: "工具的内核与终端")
        }
    }
}
