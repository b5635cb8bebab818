import Foundation
import TestSupport
import Testing
import WeirEngine
import WeirModel
import WeirPlatform
import WeirStore

@Suite("Logs by HTTP")
struct LogRouteTests {
    @Test("a log is given back byte for byte; what is left out of it is told by the API and in the file (F3, F8, R1)")
    func whole() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let (_, project) = try await server.project(of: ada)
            let job = try await server.api(
                ada, "POST", "projects/\(project)/jobs",
                ["name": "train", "image": "weir/notebook", "flavor": "cpu-small", "command": "python train.py"])["id"].text
            let id = try #require(Identifier<Workload>(job))
            try await server.platform.wait(for: id) { $0?.state == .running }
            let log = try #require(server.engine.launches.first { $0.workload == id }).logFile
            func line(_ bytes: [UInt8], _ tag: String) -> [UInt8] {
                Array("2026-11-21T07:54:29.863678313+00:00 stdout \(tag) ".utf8) + bytes + [10]
            }
            let (first, second) = (Array("\u{1B}[32m中".utf8), Array("文\r完\u{1B}[0m".utf8))
            let begun = line(first + second.prefix(1), "P") + line(Array(second.dropFirst()), "F")
            try Data(begun).write(to: URL(fileURLWithPath: log + ".0"))
            try Data(line([0xFF, 0xFE], "F")).write(to: URL(fileURLWithPath: "\(log).\(begun.count + 5000)"))

            let part = try await server.api(ada, "GET", "workloads/\(job)/logs")
            #expect(part["lines"][0]["text"].text == "\u{1B}[32m中文\r完\u{1B}[0m")
            guard case .null = part["lines"][0]["gap"] else {
                Issue.record("a gap where there is none")
                return
            }
            let place = try #require(part["next_offset"].int)
            let next = try await server.api(
                ada, "GET", "workloads/\(job)/logs?offset=\(place)", headers: [("Accept-Language", "zh-CN")])
            #expect(next["lines"][0]["gap"]["bytes"].int == 5000)
            #expect(next["lines"][0]["gap"]["message"].text.contains("5000 字节"))
            let file = try await server.client.send("GET", "/api/v1/workloads/\(job)/logs/file", secret: ada.secret)
            let gap = Array("\n[5000 bytes of the log are left out here: its beginning and its newest part are kept]\n".utf8)
            #expect(file.bytes == first + second + [10] + gap + [0xFF, 0xFE, 10])
        }
    }
}
