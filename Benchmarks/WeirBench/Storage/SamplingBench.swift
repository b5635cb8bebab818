import ArgumentParser
import Foundation
import TestSupport
import WeirModel
import WeirPlatform
import WeirStore

/// The hourly sample of what is kept: its cost must be that of what changed, not of what there is (BIL-15).
struct SamplingBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sampling", abstract: "The hourly sample of storage over many projects of which one changed.")

    @Option(help: "Rounds; the median counts.") var rounds = 5
    @Option(help: "Projects.") var projects = 1000
    @Option(help: "Files in each.") var files = 100

    func run() async throws {
        Build.warn()
        let clock = ManualClock("2026-01-01T00:00:00Z")
        let test = try TestPlatform(clock: clock)
        let platform = try await test.start()
        let tenant = try await test.tenant(on: platform)
        var made: [Identifier<Project>] = []
        for number in 0..<projects {
            let project = try await platform.projects.create(in: tenant.workspace, name: "project-\(number)", by: tenant.caller)
            let path = try await platform.files.make(.code(project.id, in: tenant.workspace))
            for file in 0..<files { try Data(repeating: 7, count: 1000).write(to: URL(fileURLWithPath: "\(path)/\(file).py")) }
            made.append(project.id)
        }
        var comparison = Comparison(
            title: "the hourly sample of \(projects) projects with \(files) files each", unit: "ms",
            contenders: ["one changed", "all changed", "none changed"], goals: [.atMost(0.1)])
        for round in 0..<rounds {
            var figures: [Double] = []
            for changed in [Array(made[round..<(round + 1)]), made, []] {
                clock.advance(by: .seconds(3600))
                try await test.store.write { db in
                    for project in changed { try db.markChanged(.code(project)) }
                }
                let watch = Stopwatch()
                try await platform.meter.tick()
                figures.append(watch.milliseconds)
            }
            comparison.add(figures)
        }
        comparison.show()
    }
}
