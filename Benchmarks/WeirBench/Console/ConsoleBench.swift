import ArgumentParser
import Foundation
import TestSupport

/// What the console's pages take on the server, and what pages that stay open cost.
struct ConsoleBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "console", abstract: "The console's pages with many rows in the workspace, and pages that stay open.")

    @Option(help: "Rounds; the median counts.") var rounds = 5
    @Option(help: "Requests of each page in a round.") var requests = 100
    @Option(help: "Workloads, projects, datasets and models, each, in the workspace.") var rows = 1000
    @Option(help: "Pages that stay open.") var pages = 500

    @Option(name: .customLong("page"), help: "Only this page; may be given several times.") var only: [String] = []

    private static let lists = [
        "/", "/projects", "/environments", "/jobs", "/services", "/boards", "/datasets", "/models", "/images", "/queue", "/members",
        "/quotas", "/money",
    ]

    func run() async throws {
        Build.warn()
        try await Site.with { site in
            try await Population(site: site).addRunning(rows)
            try await Threads.run { try fill(site) }
            try await pages(of: site)
            if only.isEmpty { try await openPages(of: site) }
        }
    }

    @Sendable private func fill(_ site: Site) throws {
        let wire = try Wire(port: site.port)
        let workspace = "/api/v1/workspaces/\(site.tenant.workspace)"
        for number in 0..<rows {
            try wire.need("POST", workspace + "/projects", [site.authorization], json: #"{"name":"project \#(number)"}"#)
            for kind in ["dataset", "model"] {
                try wire.need(
                    "POST", workspace + "/assets", [site.authorization], json: #"{"kind":"\#(kind)","name":"\#(kind) \#(number)"}"#)
            }
        }
    }

    private func pages(of site: Site) async throws {
        for path in only.isEmpty ? Self.lists : only {
            var comparison = Comparison(
                title: "the page \(path) with \(rows) rows of each kind, p99", unit: "ms", contenders: ["weir", "median", "KiB"],
                goals: [.absolute(atMost: 50)])
            for _ in 0..<rounds {
                let (times, size) = try await Threads.run { try measure(path, site) }
                comparison.add([Comparison.p99(times), Comparison.median(times), Double(size) / 1024])
            }
            comparison.show()
        }
    }

    @Sendable private func measure(_ path: String, _ site: Site) throws -> ([Double], Int) {
        let wire = try Wire(port: site.port)
        var times: [Double] = []
        var size = 0
        for _ in 0..<requests {
            let watch = Stopwatch()
            size = try wire.need("GET", path, [site.authorization, "Accept: text/html"]).body.count
            times.append(watch.milliseconds)
        }
        return (times, size)
    }

    /// A page that stays open holds one stream of events.
    private func openPages(of site: Site) async throws {
        var comparison = Comparison(
            title: "\(pages) open pages", unit: "MiB", contenders: ["weir"], goals: [.absolute(atMost: 50)])
        let (count, path) = (pages, "/api/v1/workspaces/\(site.tenant.workspace)/events")
        let (before, after) = try await Threads.run {
            let before = try Self.residentMiB()
            let wires = try (0..<count).map { _ in
                let wire = try Wire(port: site.port)
                try wire.send("GET", path, [site.authorization])
                guard try wire.head().status == 200, try wire.wait(for: [": weir"]) != nil else {
                    throw Tool.Failure(description: "a stream was refused")
                }
                return wire
            }
            return try withExtendedLifetime(wires) { (before, try Self.residentMiB()) }
        }
        comparison.add([after - before])
        comparison.show()
    }

    /// Of this process, in which both the server and the readers are.
    private static func residentMiB() throws -> Double {
        let status = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
        guard status.count > 1, let pages = Double(status[1]) else { throw Tool.Failure(description: "no /proc/self/statm") }
        return pages * 4096 / 1_048_576
    }
}
