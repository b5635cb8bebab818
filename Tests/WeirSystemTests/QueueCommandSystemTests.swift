import Foundation
import NIOHTTP1
import TestSupport
import Testing
import WeirModel

@Suite("The commands about the queue, against a server that runs")
struct QueueCommandSystemTests {
    @Test(
        "what waits is given another priority, idle environments a time, and the history of the month is simulated (QUO-07, QUO-08, X18)",
        .timeLimit(.minutes(3)))
    func commands() async throws {
        try await WeirProcess.with { weir in
            var person = Conversation(weir: weir)
            try await person.logInForTheFirstTime()
            let cli = Commands(weir: weir, token: person.token)
            _ = try await cli.made("workspace", "create", "vision", "--use")
            _ = try await cli.done("project", "create", "digits", "--use")
            func job(_ name: String) async throws -> String {
                try await cli.made(
                    "job", "submit", name, "--flavor", "third", "--image", TestImage.reference, "--", "sleep", "600")
            }
            var running: [String] = []
            for number in 1...3 { running.append(try await job("long-\(number)")) }
            for id in running { _ = try await person.workload(id) { $0["state"].text == "running" } }
            let (first, second) = (try await job("first"), try await job("second"))
            _ = try await person.workload(second) { $0["queue"]["reason"].text == "resources" || $0["state"].text != "queued" }
            #expect(try await cli.done("queue", "priority", "second", "high").contains("high"))
            #expect(try await cli.done("job", "show", "second").contains("its priority was set to high"))
            #expect(try await cli.run("queue", "priority", "long-1", "low").error.contains("running"))

            _ = try await person.done(.POST, "/api/v1/workloads/\(running[0])/stop")
            _ = try await person.workload(second) { $0["state"].text == "running" }
            #expect(try await cli.json("queue")["items"].list.map { $0["name"].text } == ["first"])
            #expect(try await person.done(.GET, "/api/v1/workloads/\(first)").json["state"].text == "queued")

            let history = try await cli.done("history")
            let path = weir.folder.path + "/history.json"
            try history.write(toFile: path, atomically: true, encoding: .utf8)
            // Without a server and without a login.
            let simulated = try await Commands(weir: weir, token: nil).run("simulate", "--history", path)
            #expect(simulated.status == 0 && simulated.output.contains("waited, longest"), "\(simulated)")
            let runs = try TestSupport.JSON(Data(history.utf8))["runs"].list
            #expect(runs.map { $0["name"].text } == ["long-1", "long-2", "long-3", "second"])

            #expect(try await cli.done("idle", "set", "--after", "2h").contains("2"))
            #expect(try await cli.run("idle", "saved").status == 0)
            #expect(try await cli.done("replay-queue").contains("came out as recorded"))
        }
    }
}
