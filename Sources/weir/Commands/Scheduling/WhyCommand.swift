import ArgumentParser
import WeirModel

struct WhyCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "why", abstract: "Why a workload waits, when it is expected to start, and what would start sooner (DEV-26).",
        discussion: "EXAMPLES:\n  weir why train\n  weir why wld_01k8x2m4d5e6f7g8h9jkmnpqrs --json")

    @Argument(help: "Name or id.") var name: String
    @OptionGroup var choice: ProjectOptions
    @OptionGroup var global: GlobalOptions

    func perform(in session: ClientSession) async throws {
        let id = try await session.workload(nil, name, in: choice).id
        let answer = try await session.api.answer(.get("/api/v1/workloads/\(id)/why"), as: Records.Why.self)
        let why = answer.value
        guard !session.output.json, !session.output.quiet else {
            return try session.output.done("", json: answer.json, identifier: why.workload)
        }
        for text in Self.texts(why) { print(text[session.output.language]) }
    }

    private static func texts(_ why: Records.Why) -> [LocalizedText] {
        let state = why.state.rawValue
        var texts = why.sentences.map { LocalizedText($0, zh: $0) }
        if texts.isEmpty { texts.append(LocalizedText("It does not wait: its state is \(state).", zh: "未在排队：状态为 \(state)。")) }
        if let score = why.score, !why.sentences.isEmpty {
            let (count, held, error) = (score.forecasts, score.withinPercent, score.medianErrorSeconds)
            texts.append(
                LocalizedText(
                    "Of the last \(count) forecasts, \(held) % held; half were off by at most \(error) s.",
                    zh: "最近 \(count) 次预测中，\(held)% 落在范围内；半数误差不超过 \(error) 秒。"))
        }
        for preemption in why.preemptions {
            let (run, at, flavor) = (preemption.run, preemption.at.short, preemption.flavor)
            let (price, regular) = (preemption.pricePerHour ?? "0", preemption.regularPricePerHour ?? "–")
            texts.append(
                LocalizedText(
                    "Run \(run) gave way at \(at): \(flavor) costs \(price) an hour in place of \(regular).",
                    zh: "第 \(run) 次运行于 \(at) 让出资源：\(flavor) 每小时 \(price)，常规价格为 \(regular)。"))
        }
        return texts
    }
}

struct ReplayCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay-queue", abstract: "Make every decision of the queue again from its record, and compare (operator).",
        discussion: "EXAMPLES:\n  weir replay-queue")

    @OptionGroup var global: GlobalOptions

    func perform(in session: ClientSession) async throws {
        let answer = try await session.api.answer(.send(.post, "/api/v1/operator/scheduling/replay"), as: Records.Replay.self)
        let replay = answer.value
        try session.output.done(
            replay.isSame
                ? "\(replay.decisions) decisions in \(replay.lines) lines came out as recorded."
                : "Line \(replay.difference?.line ?? 0) differs: recorded \(replay.difference?.recorded ?? []), made \(replay.difference?.made ?? []).",
            json: answer.json, identifier: "\(replay.decisions)")
        guard replay.isSame else { throw ExitCode(ExitStatus.failed.rawValue) }
    }
}
