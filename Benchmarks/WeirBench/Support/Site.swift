import Foundation
import Logging
import TestSupport
import WeirHTTP
import WeirModel
import WeirPlatform
import WeirStore

/// Weir's API on a folder of its own, with an engine that pretends. The Reconciler does not run: nothing is launched.
struct Site: Sendable {
    let test: TestPlatform
    let platform: Platform
    let tenant: TestPlatform.Tenant
    /// The header that lets a request in.
    let authorization: String
    let port: Int

    static func with<Result: Sendable>(_ body: @Sendable (Site) async throws -> Result) async throws -> Result {
        let test = try TestPlatform()
        let platform = try await test.start()
        let tenant = try await test.tenant(on: platform)
        let token = try await platform.accounts.createToken(named: "bench", expiresAt: nil, by: tenant.caller)
        let (ports, portKnown) = AsyncStream<Int>.makeStream()
        let server = try WeirServer(
            HTTPSettings(port: 0), platform, health: Health(problems: { [] }, gauges: { [] }),
            logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() }
        ) { port in portKnown.yield(port) }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            var iterator = ports.makeAsyncIterator()
            guard let port = await iterator.next() else { throw CancellationError() }
            defer { group.cancelAll() }
            return try await body(
                Site(
                    test: test, platform: platform, tenant: tenant, authorization: "Authorization: Bearer \(token.secret)",
                    port: port))
        }
    }

    /// The record of a job as a submission makes it.
    func job(_ spec: WorkloadSpec? = nil) throws -> (WorkloadRecord, Name) {
        let now = test.clock.now()
        let id = RandomIdentifiers().next(Workload.self, at: now)
        let name = try Name("job-\(id)")
        let record = WorkloadRecord(
            id: id, workspace: tenant.workspace, project: tenant.project, name: name, description: "",
            createdBy: tenant.caller.id, createdAt: now, spec: spec ?? jobSpec(), secret: "weiri_" + id.text.suffix(26))
        return (record, name)
    }

    var image: PinnedImage {
        PinnedImage(reference: "weir/notebook", digest: "sha256:" + String(repeating: "a", count: 64))
    }

    func jobSpec() -> WorkloadSpec {
        let tree = TreeName(RandomIdentifiers().next(Tree.self, at: test.clock.now()))
        return WorkloadSpec(
            image: image, flavor: TestPlatform.small, variables: ["EPOCHS": "10"],
            detail: .job(JobDetail(command: "python train.py --epochs 10", code: tree, timeLimit: 3600)))
    }
}
