import Foundation
import TestSupport
import Testing
import WeirEngine
import WeirModel
import WeirStore

@testable import WeirPlatform

@Suite("Logs are followed from before there is an instance")
struct LogStreamTests {
    @Test("a log that is followed while the job waits begins with the job's first line, and ends with it (TRN-10)", .timeLimit(.minutes(5)))
    func waits() async throws {
        let test = try TestPlatform()
        // Submitted before any loop runs: nobody lets it in yet.
        let platform = try await test.start()
        let tenant = try await test.tenant(on: platform)
        let job = try await tenant.job("train", on: platform)
        let lines = try await platform.logs.follow(of: job.id, from: 0, for: tenant.caller)
        let read = Task { try await lines.reduce(into: [String]()) { $0 += $1.map(\.text) } }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await platform.reconciler.run() }
            defer { group.cancelAll() }
            try await platform.wait(for: job, toBe: .running)
            let log = try #require(test.engine.launches.first).logFile
            // It stands behind the wall of its workspace (hostile 6).
            #expect(log.hasPrefix(platform.files.layout.path(of: .workspace(tenant.workspace)) + "/logs/"))
            try "2026-11-21T07:54:29.863678313+00:00 stdout F epoch 1\n".write(toFile: log, atomically: true, encoding: .utf8)
            test.engine.endInstances(of: job.id, .succeeded)
            let texts = try await read.value
            #expect(texts == ["epoch 1"])
        }
    }

    @Test("the log of a job that was stopped before it was let in ends at once", .timeLimit(.minutes(5)))
    func neverStarted() async throws {
        let test = try TestPlatform()
        let platform = try await test.start()
        let tenant = try await test.tenant(on: platform)
        let job = try await tenant.job("train", on: platform)
        let lines = try await platform.logs.follow(of: job.id, from: 0, for: tenant.caller)
        async let count = lines.reduce(0) { $0 + $1.count }
        _ = try await platform.workloads.stop(job.id, by: tenant.caller)
        let total = try await count
        #expect(total == 0)
    }

    @Test("a log where an older version kept it is read to its end, and goes with its workload (hostile 6)")
    func older() async throws {
        let test = try TestPlatform()
        try await test.running { platform in
            let tenant = try await test.tenant(on: platform)
            let job = try await tenant.job("train", on: platform)
            try await platform.wait(for: job, toBe: .running)
            let log = try #require(test.engine.launches.first).logFile
            let folder = platform.files.layout.logs + "/" + job.id.text
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
            let older = folder + "/" + (log as NSString).lastPathComponent
            try "2026-11-21T07:54:29.863678313+00:00 stdout F before\n".write(toFile: older, atomically: true, encoding: .utf8)
            let part = try await platform.logs.read(of: job.id, from: 0, limit: 10, for: tenant.caller)
            #expect(part.records.map(\.text) == ["before"])
            test.engine.endInstances(of: job.id, .succeeded)
            try await platform.wait(for: job, toBe: .completed)
            try await platform.workloads.delete(job.id, by: tenant.caller)
            try await platform.wait(for: job.id) { $0 == nil && !FileManager.default.fileExists(atPath: folder) }
            #expect(!FileManager.default.fileExists(atPath: (log as NSString).deletingLastPathComponent))
        }
    }
}
