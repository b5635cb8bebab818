import ArgumentParser
import Foundation
import TestSupport
import WeirModel
import WeirPlatform
import WeirStore

/// What a long history costs those who list and look: the same requests with and without 100,000 finished workloads.
struct ListsBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lists", abstract: "List and get with many finished workloads against the same without.")

    @Option(help: "Rounds; the median counts.") var rounds = 5
    @Option(help: "Requests of each kind in a round.") var requests = 600
    @Option(help: "Finished workloads in the large store.") var finished = 100_000
    @Option(help: "Live workloads in both stores.") var live = 1000

    func run() async throws {
        Build.warn()
        try await Site.with { large in
            try await Site.with { small in
                try await Population(site: large).addFinished(finished)
                for site in [large, small] { try await Population(site: site).addRunning(live) }
                try await compare(large, small)
            }
        }
    }

    private enum Kind: String, CaseIterable {
        case first = "the first page of all"
        case running = "the first page of those that run"
        case deep = "a page from anywhere"
        case project = "the first page of a project's jobs"
        case get = "get one"
    }

    private func compare(_ large: Site, _ small: Site) async throws {
        let sets = (try await ids(of: large), try await ids(of: small))
        var comparisons = Kind.allCases.map { kind in
            Comparison(
                title: "\(kind.rawValue), p99", unit: "ms",
                contenders: ["\(finished + live)", "\(live)", "median of \(finished + live)", "median of \(live)"],
                goals: [.atMost(2)])
        }
        for _ in 0..<rounds {
            for (index, kind) in Kind.allCases.enumerated() {
                let (a, b) = try await measure(kind, large, sets.0, small, sets.1)
                comparisons[index].add([
                    Comparison.p99(a), Comparison.p99(b), Comparison.median(a), Comparison.median(b),
                ])
            }
        }
        for comparison in comparisons { comparison.show() }
    }

    /// Requests to both in turn, so that a busy moment hits both.
    private func measure(
        _ kind: Kind, _ large: Site, _ largeIDs: [String], _ small: Site, _ smallIDs: [String]
    ) async throws -> ([Double], [Double]) {
        let requests = requests
        return try await Threads.run {
            let (one, other) = (try Wire(port: large.port), try Wire(port: small.port))
            var times: ([Double], [Double]) = ([], [])
            for _ in 0..<requests {
                times.0.append(try time(one, kind, large, largeIDs))
                times.1.append(try time(other, kind, small, smallIDs))
            }
            return times
        }
    }

    @Sendable private func time(_ wire: Wire, _ kind: Kind, _ site: Site, _ ids: [String]) throws -> Double {
        let list = "/api/v1/workspaces/\(site.tenant.workspace)/workloads?limit=50"
        let any = ids.randomElement() ?? ""
        let path =
            switch kind {
            case .first: list
            case .running: list + "&state=running"
            case .deep: list + "&cursor=\(any)"
            case .project: list + "&kind=job&project=\(site.tenant.project)"
            case .get: "/api/v1/workloads/\(any)"
            }
        let watch = Stopwatch()
        try wire.need("GET", path, [site.authorization])
        return watch.milliseconds
    }

    private func ids(of site: Site) async throws -> [String] {
        var ids: [String] = []
        var next: String?
        repeat {
            let after = next
            let page = try await site.platform.store.read {
                try $0.workloads(in: site.tenant.workspace, WorkloadFilter(), PageRequest(limit: 200, after: after))
            }
            ids += page.items.map(\.id.text)
            next = page.next
        } while next != nil
        return ids
    }
}
