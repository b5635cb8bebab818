import ArgumentParser
import Foundation
import Testing
import WeirModel

@testable import weir

@Suite("weir simulate")
struct SimulateCommandTests {
    private static let nodes = "sn,cpu_milli,memory_mib,gpu,model\nn1,16000,65536,1,T4\n"
    private static let pods = """
        name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time
        a,1000,1024,1,500,,LS,Succeeded,0,100,0
        b,1000,1024,1,500,,BE,Succeeded,0,100,0
        """

    private func withFiles(_ body: (_ nodes: String, _ pods: String, _ folder: URL) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "weir-simulate-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (nodes, pods) = (folder.appending(path: "nodes.csv"), folder.appending(path: "pods.csv"))
        try Self.nodes.write(to: nodes, atomically: true, encoding: .utf8)
        try Self.pods.write(to: pods, atomically: true, encoding: .utf8)
        try await body(nodes.path(), pods.path(), folder)
    }

    private func report(_ arguments: [String]) throws -> SimulationReport {
        let command = try #require(try Weir.parseAsRoot(["simulate"] + arguments) as? SimulateCommand)
        let input = try SimulationInput(history: command.history, pods: command.pods, nodes: command.nodes)
        return SimulationReport(scenarios: command.scenarios(of: input))
    }

    @Test("pooled stands beside whole GPUs and more GPUs, in both languages and as JSON (QUO-08)")
    func scenarios() async throws {
        try await withFiles { nodes, pods, _ in
            let report = try report(["--nodes", nodes, "--pods", pods, "--add-gpus", "1"])
            #expect(report.scenarios.map(\.kind) == [.pooled, .whole, .more(1)])
            #expect(report.scenarios.map(\.result.waits.longest) == [0, 100, 0])
            #expect(report.text(.english).contains("waited, longest"))
            #expect(report.text(.english).contains("1 min 40 s"))
            #expect(report.text(.chinese).contains("最长等待"))
            let scenarios = try #require(report.json["scenarios"]?.items)
            #expect(scenarios[1]["waited"]?["max"] == .integer(100) && scenarios[2]["gpus"] == .integer(2))
        }
    }

    @Test("the plot is written as SVG with a line for each scenario")
    func plot() async throws {
        try await withFiles { nodes, pods, folder in
            let svg = folder.appending(path: "plot.svg").path()
            let command = try #require(
                try Weir.parseAsRoot(["simulate", "--nodes", nodes, "--pods", pods, "--svg", svg, "--json"]) as? SimulateCommand)
            try await command.run()
            let text = try String(contentsOfFile: svg, encoding: .utf8)
            #expect(text.hasPrefix("<svg ") && text.components(separatedBy: "<polyline").count == 5)
            #expect(XMLParserCheck.isWellFormed(text))
        }
    }

    @Test("a command line that tells too little or too much is refused")
    func usage() {
        for arguments in [[], ["--pods", "p"], ["--pods", "p", "--nodes", "n", "--history", "h"], ["--history", "h", "--scale", "0"]] {
            #expect(throws: (any Error).self) { try Weir.parseAsRoot(["simulate"] + arguments) }
        }
    }

    @Test("a history that is wrong is named with the place in it")
    func history() async throws {
        try await withFiles { _, _, folder in
            let file = folder.appending(path: "h.json")
            try #"{"runs": [{"name": "a", "workspace": "w", "account": "x"}]}"#.write(to: file, atomically: true, encoding: .utf8)
            #expect {
                _ = try SimulationInput(history: file.path(), pods: nil, nodes: nil)
            } throws: {
                ($0 as? WeirError)?.message.en.contains(".runs[0]: \"demand\" is missing") == true
            }
        }
    }
}

/// Tags that are opened are closed, in turn.
private enum XMLParserCheck {
    static func isWellFormed(_ text: String) -> Bool {
        var open: [Substring] = []
        for piece in text.split(separator: "<").dropFirst(text.hasPrefix("<") ? 0 : 1) {
            let tag = piece.prefix { $0 != ">" }
            if tag.hasSuffix("/") { continue }
            if tag.hasPrefix("/") {
                guard open.popLast() == tag.dropFirst() else { return false }
            } else {
                open.append(tag.prefix { $0 != " " })
            }
        }
        return open.isEmpty
    }
}
