import NIOCore
import TestSupport
import Testing
import WeirEngine
import WeirModel
import WeirStore

@testable import WeirPlatform

/// What the tests of balances and budgets look at.
protocol MoneyScene {}

extension MoneyScene {
    func code(_ body: () async throws -> Void) async throws -> String? {
        do {
            try await body()
            return nil
        } catch let error as WeirError {
            return error.code
        }
    }

    func body(_ text: String) -> AsyncStream<ByteBuffer> {
        AsyncStream { continuation in
            continuation.yield(ByteBuffer(string: text))
            continuation.finish()
        }
    }

    func causes(of job: WorkloadRecord, _ test: TestPlatform) async throws -> [String] {
        try await test.store.read { try $0.transitions(of: job.id) }.map(\.cause)
    }

    func state(of job: WorkloadRecord, _ test: TestPlatform) async throws -> WorkloadState? {
        let id = job.id
        return try await test.store.read { try $0.workload(id)?.state }
    }

    /// Lets a workload in, as far as a launch: its instance and itself as they stand then.
    func letIn(_ workload: WorkloadRecord, _ platform: Platform, _ test: TestPlatform) async throws -> (InstanceRecord, WorkloadRecord) {
        try await platform.reconciler.tellQueue(workload)
        await platform.reconciler.admit()
        return try await test.store.read { db in
            (try #require(try db.instancesPresent(of: workload.id).first), try #require(try db.workload(workload.id)))
        }
    }

    /// The container is there, and nobody has written down that it started.
    func launchUnseen(_ workload: WorkloadRecord, _ platform: Platform, _ test: TestPlatform) async throws {
        let (instance, letIn) = try await letIn(workload, platform, test)
        _ = try await test.engine.launch(try await platform.reconciler.plan(instance, letIn))
    }

    /// As they stand now.
    func records(of workloads: [WorkloadRecord], _ test: TestPlatform) async throws -> [WorkloadRecord] {
        try await test.store.read { db in try workloads.compactMap { try db.workload($0.id) } }
    }

    func notices(_ tenant: TestPlatform.Tenant, _ platform: Platform) async throws -> [String] {
        try await platform.notices.list(in: tenant.workspace, PageRequest(limit: 200), for: tenant.caller).items.reversed().map(\.code)
    }
}
