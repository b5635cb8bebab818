import Foundation
import NIOHTTP1
import TestSupport
import Testing
import WeirEngine
import WeirModel

@Suite("A full queue outlives kills")
struct QueueKillTests {
    @Test(
        "a machine is filled, more waits, Weir is killed again and again: nothing that runs is touched, the right one starts within a second, every decision can be made again (QUO-05, X22)",
        .timeLimit(.minutes(4)))
    func fullQueue() async throws {
        let seed = UInt64.random(in: 0...999_999_999)
        try await WeirProcess.with { weir in
            var person = Conversation(weir: weir)
            try await person.logInForTheFirstTime()
            var story = try await FullQueue(person, seed: seed)
            try await story.fill()
            for _ in 0..<6 { try await story.killAndFreeOne() }
            try await story.finish()
        }
    }
}

/// Jobs of a third of the machine's memory each, so that three run and the others wait.
struct FullQueue: Sendable {
    private static let places = 3
    private static let jobs = 10

    private let person: Conversation
    private let project: String
    private let seed: UInt64
    private var random: SeededRandom
    /// In the order in which they were submitted: nobody else is there, so in this order they start.
    private var order: [String] = []
    private var ended: Set<String> = []

    init(_ person: Conversation, seed: UInt64) async throws {
        self.person = person
        self.seed = seed
        random = SeededRandom(seed: seed)
        let workspace = try await person.done(.POST, "/api/v1/workspaces", json: #"{"name":"queue"}"#).json["id"].text
        project = try await person.done(.POST, "/api/v1/workspaces/\(workspace)/projects", json: #"{"name":"full"}"#).json["id"].text
    }

    mutating func fill() async throws {
        for number in 0..<Self.jobs {
            let job = try await person.done(
                .POST, "/api/v1/projects/\(project)/jobs",
                json: #"{"name":"j\#(number)","image":"\#(TestImage.reference)","flavor":"third","command":"sleep 600"}"#,
                key: "queue-\(seed)-\(number)"
            ).json["id"].text
            order.append(job)
        }
        for job in order.prefix(Self.places) { _ = try await person.workload(job) { $0["state"].text == "running" } }
        let why = try await person.done(.GET, "/api/v1/workloads/\(order[Self.places])/why").json
        #expect(why["reason"].text == "resources")
        #expect(why["place"].int == 1)
        #expect(!why["sentences"].list.isEmpty)
    }

    /// Kills Weir at a random moment around the end of one job, and sees that the first that waits comes in its place.
    mutating func killAndFreeOne() async throws {
        let running = order.filter { !ended.contains($0) }.prefix(Self.places)
        let before = try await starts(of: running)
        guard let next = order.filter({ !ended.contains($0) }).dropFirst(Self.places).first,
            let leaving = running.randomElement(using: &random)
        else { return }
        let killsFirst = Bool.random(using: &random)
        if killsFirst { try await killAndStart() }
        let answer = try await person.send(.POST, "/api/v1/workloads/\(leaving)/stop")
        #expect([200, 409].contains(answer.status))
        ended.insert(leaving)
        if !killsFirst {
            try await Task.sleep(for: .milliseconds(Int.random(in: 0...300, using: &random)))
            try await killAndStart()
        }
        _ = try await person.workload(next) { $0["state"].text == "running" }
        for job in order.filter({ !ended.contains($0) }).dropFirst(Self.places) {
            let state = try await person.done(.GET, "/api/v1/workloads/\(job)").json["state"].text
            #expect(state == "queued", "\(job) went before its turn, with seed \(seed)")
        }
        let after = try await starts(of: running.filter { $0 != leaving })
        for (instance, start) in after { #expect(before[instance] == start, "what ran was started again, with seed \(seed)") }
        if killsFirst {
            let (freed, admitted) = (try await moment(of: leaving, "freed"), try await moment(of: next, "admitted"))
            #expect(admitted >= freed)
            #expect(admitted.timeIntervalSince(freed) < 1, "the next waited \(admitted.timeIntervalSince(freed)) s, with seed \(seed)")
        }
    }

    mutating func finish() async throws {
        let replay = try await person.done(.POST, "/api/v1/operator/scheduling/replay").json
        #expect(replay["is_same"].bool == true, "\(replay["difference"]), with seed \(seed)")
        #expect((replay["decisions"].int ?? 0) > 0)
        for job in order { _ = try await person.send(.DELETE, "/api/v1/workloads/\(job)") }
        let deadline = ContinuousClock.now + .seconds(60)
        while try await !person.weir.engine.observe().isEmpty {
            guard ContinuousClock.now < deadline else { throw WeirProcess.Failure("containers are left, with seed \(seed)") }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    private func killAndStart() async throws {
        await person.weir.kill()
        try await person.weir.start()
        try await person.weir.untilReady()
    }

    private func starts(of jobs: some Sequence<String>) async throws -> [Identifier<Instance>: Timestamp] {
        let wanted = Set(jobs)
        let observations = try await person.weir.engine.observe().filter { wanted.contains($0.workload.text) && $0.phase == .running }
        return Dictionary(uniqueKeysWithValues: observations.compactMap { seen in seen.startedAt.map { (seen.instance, $0) } })
    }

    private func moment(of job: String, _ cause: String) async throws -> Date {
        let history = try await person.done(.GET, "/api/v1/workloads/\(job)/history").json["items"].list
        let text = history.first { $0["cause"].text == cause }?["at"].text ?? ""
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        guard let date = try? style.parse(text) else { throw WeirProcess.Failure("\(job) has no \(cause): \(history)") }
        return date
    }
}
