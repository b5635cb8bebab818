public import WeirModel

/// The host's nftables, without which no workspace can be kept apart from another, so that nothing is started.
public actor HostFirewall {
    public static let finding = LocalizedText(
        "nftables cannot be used: workspaces would not be kept apart.", zh: "无法使用 nftables：空间之间将无法隔离。")
    public static let remedy = LocalizedText("Install nftables and run Weir as root.", zh: "请安装 nftables 并以 root 运行 Weir。")

    /// Everybody may ask whether Weir is ready, and each look runs a program.
    private static let trust = Duration.seconds(10)

    private let program: String
    private var isUsable = true
    private var lookedAt: ContinuousClock.Instant?

    public init(program: String = "nft") { self.program = program }

    /// The complaint that the operator reads. It is looked at anew after a while, for nftables may be installed while Weir runs.
    public func complaints() async -> [Complaint] {
        if lookedAt.map({ ContinuousClock.now - $0 >= Self.trust }) ?? true {
            // Whoever asks meanwhile gets what was known before.
            lookedAt = .now
            isUsable = await look()
        }
        return isUsable ? [] : [Complaint("firewall_missing", Self.finding)]
    }

    func look() async -> Bool {
        guard let answer = try? await HostCommand.run([program, "list", "tables"]) else { return false }
        return answer.status == 0
    }

    /// Throws where the program is missing: whoever waits for a start is told so, for trying again would not help.
    static func require(_ program: String = "nft") throws(WeirError) {
        guard HostCommand.find(program) == nil else { return }
        throw WeirError("firewall_missing", .failed, subject: program, rule: "IDW-02", finding, remedy: remedy)
    }
}
