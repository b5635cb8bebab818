import Foundation
import TestSupport
import Testing
import WeirEngine
import WeirModel
import WeirStore

@testable import WeirPlatform

@Suite("The Reconciler makes wanted and observed the same")
struct ReconcilerTests {
    @Test("a job runs without anybody looking on, completes and frees what it held (TRN-02)")
    func jobCompletes() async throws {
        let test = try TestPlatform()
        try await test.running { platform in
            let tenant = try await test.tenant(on: platform)
            let job = try await tenant.job("train", on: platform)
            try await platform.wait(for: job, toBe: .running)
            test.engine.endInstances(of: job.id, .succeeded)
            try await platform.wait(for: job, toBe: .completed)
            try await platform.wait(for: job.id) { _ in test.engine.present.isEmpty }

            let history = try await test.store.read { try $0.transitions(of: job.id) }
            #expect(history.map(\.state) == [.queued, .deploying, .running, .completed])
            #expect(history.map(\.cause) == ["submitted", "admitted", "ready", "exited"])
            #expect(history.first?.actor == tenant.caller.id)
            #expect(try await platform.zones.held() == .none)
        }
    }

    @Test("what a job runs on is mounted at the fixed paths, its code read-only (TRN-11, PRJ-09)")
    func jobMounts() async throws {
        let test = try TestPlatform()
        try await test.running { platform in
            let tenant = try await test.tenant(on: platform)
            let job = try await tenant.job("train", on: platform)
            try await platform.wait(for: job, toBe: .running)
            let launch = try #require(test.engine.launches.first)
            let mounts = Dictionary(uniqueKeysWithValues: launch.mounts.map { ($0.target, $0.writable) })
            #expect(
                mounts == [
                    "/gemini/code": false, "/gemini/output": true, "/home/user": true, "/ark-contexts/data": true,
                ])
            #expect(!launch.isEntered)
            #expect(launch.workingDirectory == "/gemini/code")
        }
    }

    @Test(
        "a tool has its secret in its environment, where no other user of the machine reads it, and its port for the gateway alone (hostile 11)"
    )
    func toolSecret() async throws {
        let test = try TestPlatform()
        try await test.running { platform in
            let tenant = try await test.tenant(on: platform)
            let image = EngineImage(
                reference: "weir/desk", digest: "sha256:" + String(repeating: "b", count: 64),
                labels: [
                    "weir.tool.desk.command": "desk --key={secret}", "weir.tool.desk.port": "9000", "weir.tool.desk.secret": "DESK_KEY",
                    "weir.tool.desk.authorization": "Bearer {secret}", "weir.tool.view.command": "view", "weir.tool.view.port": "9001",
                ], size: 1)
            test.engine.add(image)
            _ = try await platform.images.register(image, for: nil)
            var submission = Submission(name: "desk", image: image.reference, flavor: "small")
            submission.variables = ["DESK_KEY": "mine", "OTHER": "mine"]
            let made = try await platform.environments.create(
                submission, tool: "desk", autoStop: nil, in: tenant.project, by: tenant.caller)
            try await platform.wait(for: made, toBe: .running)
            let launch = try #require(test.engine.launches.first)
            #expect(launch.command?.joined(separator: " ").contains(made.secret) == false)
            #expect(launch.command?.last == "exec desk --key=${DESK_KEY}")
            #expect(launch.environment["DESK_KEY"] == made.secret && launch.environment["OTHER"] == "mine")
            #expect(launch.gatewayPorts == [9000, 9001])
            let job = try await tenant.job("train", on: platform)
            try await platform.wait(for: job, toBe: .running)
            #expect(test.engine.launches.last?.gatewayPorts == [])
            #expect(test.engine.launches.last?.environment.values.contains(job.secret) == false)
        }
    }

    @Test(
        "a failed program is told apart by its reason, and the reason stays (TRN-13)",
        arguments: [
            FailureReason.exit(code: 3), .outOfMemory(limit: .gib(8)), .signal(11),
        ])
    func jobFails(_ reason: FailureReason) async throws {
        let test = try TestPlatform()
        try await test.running { platform in
            let tenant = try await test.tenant(on: platform)
            let job = try await tenant.job("train", on: platform)
            try await platform.wait(for: job, toBe: .running)
            test.engine.endInstances(of: job.id, .failed(reason))
            try await platform.wait(for: job, toBe: .failed)
            #expect(try await platform.workloads.workload(job.id, for: tenant.caller).failure == reason)
        }
    }

    @Test("a container that cannot start fails the workload with the engine's reason (TRN-13, INF-10)")
    func launchRefused() async throws {
        let test = try TestPlatform()
        let platform = try await test.start()
        let tenant = try await test.tenant(on: platform)
        let job = try await tenant.job("train", on: platform)
        test.engine.refuse(job.id, .startRefused(detail: "no such command"))
        try await test.running { platform in
            try await platform.wait(for: job, toBe: .failed)
            let failed = try await platform.workloads.workload(job.id, for: tenant.caller)
            #expect(failed.failure == .startRefused(detail: "no such command"))
        }
    }

    @Test("an environment runs only when its tool answers; then it can be entered, and stopping frees it (DEV-07, DEV-25)")
    func environmentBecomesReady() async throws {
        let test = try TestPlatform()
        test.health.set(false)
        try await test.running { platform in
            let tenant = try await test.tenant(on: platform)
            let environment = try await platform.environments.create(
                tenant.submission("lab"), tool: nil, autoStop: nil, in: tenant.project, by: tenant.caller)
            try await platform.wait(for: environment, toBe: .deploying)
            await #expect(throws: WeirError.self) {
                try await platform.entries.enter(environment.id, tool: nil, by: tenant.caller)
            }
            test.health.set(true)
            try await platform.wait(for: environment, toBe: .running)
            try await platform.wait(for: environment.id) { _ in
                platform.routes.tool("jupyterlab", of: environment.id, for: tenant.caller.id)?.destination
                    == .backend(Backend(host: "127.0.0.1", port: 8888))
            }
            _ = try await platform.entries.enter(environment.id, tool: nil, by: tenant.caller)
            _ = try await platform.entries.enter(environment.id, tool: "terminal", by: tenant.caller)

            _ = try await platform.workloads.stop(environment.id, by: tenant.caller)
            try await platform.wait(for: environment, toBe: .stopped)
            try await platform.wait(for: environment.id) { _ in test.engine.present.isEmpty }
            guard case .down = platform.routes.tool("jupyterlab", of: environment.id, for: tenant.caller.id)?.destination
            else {
                Issue.record("the address of a stopped environment says why it is down")
                return
            }
        }
    }

    @Test("what does not fit waits with its reason and starts by itself; nothing overtakes it for ever (QUO-05, X22)")
    func queue() async throws {
        let test = try TestPlatform()
        try await test.running { platform in
            let tenant = try await test.tenant(on: platform)
            var jobs: [WorkloadRecord] = []
            for number in 1...6 { jobs.append(try await tenant.job("train-\(number)", on: platform)) }
            for job in jobs.prefix(4) { try await platform.wait(for: job, toBe: .running) }
            try await platform.wait(for: jobs[5].id) { $0?.queueReason == .resources }
            #expect(test.engine.present.count == 4)
            test.engine.endInstances(of: jobs[0].id, .succeeded)
            try await platform.wait(for: jobs[4], toBe: .running)
            let last = try await platform.workloads.workload(jobs[5].id, for: tenant.caller)
            #expect(last.state == .queued)
        }
    }

    @Test("after a kill, what runs is adopted and not started again; what ended meanwhile is seen")
    func adoption() async throws {
        let test = try TestPlatform()
        let (tenant, environment, job) = try await test.running { platform in
            let tenant = try await test.tenant(on: platform)
            let environment = try await platform.environments.create(
                tenant.submission("lab"), tool: nil, autoStop: nil, in: tenant.project, by: tenant.caller)
            let job = try await tenant.job("train", on: platform)
            try await platform.wait(for: environment, toBe: .running)
            try await platform.wait(for: job, toBe: .running)
            return (tenant, environment, job)
        }
        test.engine.endInstances(of: job.id, .succeeded)
        try await test.running { platform in
            try await platform.wait(for: job, toBe: .completed)
            let adopted = try await platform.workloads.workload(environment.id, for: tenant.caller)
            #expect(adopted.state == .running)
            #expect(
                platform.routes.tool("jupyterlab", of: environment.id, for: tenant.caller.id)?.destination
                    == .backend(Backend(host: "127.0.0.1", port: 8888)))
            #expect(test.engine.launches.count == 2)
        }
    }

    @Test("a container that no record knows is removed at the start")
    func orphan() async throws {
        let test = try TestPlatform()
        let platform = try await test.start()
        let tenant = try await test.tenant(on: platform)
        let ids = RandomIdentifiers()
        let now = test.clock.now()
        _ = try await test.engine.launch(
            Launch(
                instance: ids.next(Instance.self, at: now), workload: ids.next(Workload.self, at: now),
                workspace: tenant.workspace, image: "x", command: nil, workingDirectory: "/", environment: [:],
                mounts: [], flavor: TestPlatform.small, hostName: "x", isEntered: false, logFile: "/dev/null"))
        try await test.running { platform in
            let job = try await tenant.job("train", on: platform)
            try await platform.wait(for: job, toBe: .running)
            #expect(test.engine.present.map(\.workload) == [job.id])
        }
    }

    @Test("a container that is gone without anybody asking fails the workload as lost")
    func lost() async throws {
        let test = try TestPlatform()
        try await test.running { platform in
            let tenant = try await test.tenant(on: platform)
            let job = try await tenant.job("train", on: platform)
            try await platform.wait(for: job, toBe: .running)
            test.engine.lose(job.id)
            platform.signals.send(.workload(job.id))
            try await platform.wait(for: job, toBe: .failed)
            #expect(try await platform.workloads.workload(job.id, for: tenant.caller).failure == .lost)
        }
    }

    @Test("an environment is stopped when its time is over, with the timer as the cause (DEV-24)")
    func autoStop() async throws {
        let clock = ManualClock()
        let test = try TestPlatform(clock: clock)
        try await test.running { platform in
            let tenant = try await test.tenant(on: platform)
            let environment = try await platform.environments.create(
                tenant.submission("lab"), tool: nil, autoStop: 3600, in: tenant.project, by: tenant.caller)
            try await platform.wait(for: environment, toBe: .running)
            clock.advance(by: .seconds(3599))
            _ = try await platform.reconciler.reconcile(environment.id)
            #expect(try await platform.workloads.workload(environment.id, for: tenant.caller).state == .running)
            clock.advance(by: .seconds(1))
            platform.signals.send(.workload(environment.id))
            try await platform.wait(for: environment, toBe: .stopped)
            let history = try await test.store.read { try $0.transitions(of: environment.id) }
            #expect(history.contains { $0.cause == "auto_stop" })
        }
    }

    @Test("a new timer holds for what runs, and for the next run; none takes it away (bugs R6, review 12)")
    func changedAutoStop() async throws {
        let clock = ManualClock()
        let test = try TestPlatform(clock: clock)
        try await test.running { platform in
            let tenant = try await test.tenant(on: platform)
            let lab = try await platform.environments.create(
                tenant.submission("lab"), tool: nil, autoStop: 3600, in: tenant.project, by: tenant.caller)
            try await platform.wait(for: lab, toBe: .running)
            clock.advance(by: .seconds(3000))
            let later = try await platform.workloads.edit(lab.id, autoStop: 7200, by: tenant.caller)
            #expect(later.stopAt == clock.now() + .seconds(7200))
            clock.advance(by: .seconds(3600))
            // A whole pass after the end of the old timer.
            _ = try await platform.reconciler.reconcile(lab.id)
            #expect(try await platform.workloads.workload(lab.id, for: tenant.caller).state == .running)
            #expect(try await platform.workloads.edit(lab.id, autoStop: 0, by: tenant.caller).stopAt == nil)
            await #expect(throws: WeirError.self) { try await platform.workloads.edit(lab.id, autoStop: 30, by: tenant.caller) }
            _ = try await platform.workloads.edit(lab.id, autoStop: 60, by: tenant.caller)
            clock.advance(by: .seconds(60))
            platform.signals.send(.workload(lab.id))
            try await platform.wait(for: lab, toBe: .stopped)
            // The next run has as long.
            _ = try await platform.workloads.start(lab.id, by: tenant.caller)
            try await platform.wait(for: lab, toBe: .running)
            let again = try await platform.workloads.workload(lab.id, for: tenant.caller)
            #expect(again.stopAt == again.runningSince.map { $0 + .seconds(60) })
            let job = try await tenant.job("train", on: platform)
            await #expect(throws: WeirError.self) { try await platform.workloads.edit(job.id, autoStop: 600, by: tenant.caller) }
        }
    }

    @Test("deleting what runs stops it, frees it and takes it from the list (DEV-30)")
    func delete() async throws {
        let test = try TestPlatform()
        try await test.running { platform in
            let tenant = try await test.tenant(on: platform)
            let job = try await tenant.job("train", on: platform)
            try await platform.wait(for: job, toBe: .running)
            try await platform.workloads.delete(job.id, by: tenant.caller)
            try await platform.wait(for: job.id) { $0 == nil }
            #expect(test.engine.present.isEmpty)
            _ = try await tenant.job("train", on: platform)
        }
    }

    @Test("a name is free as soon as its holder is to be deleted, however long its end takes (X17, DEV-30)")
    func deletedName() async throws {
        let test = try TestPlatform()
        // Nobody ends anything here: no Reconciler runs.
        let platform = try await test.start()
        let tenant = try await test.tenant(on: platform)
        let first = try await tenant.job("train", on: platform)
        await #expect(throws: WeirError.self) { try await tenant.job("Train", on: platform) }
        try await platform.workloads.delete(first.id, by: tenant.caller)
        let second = try await tenant.job("Train", on: platform)
        await #expect(throws: WeirError.self) { try await tenant.job("train", on: platform) }
        try await test.running { platform in
            try await platform.wait(for: first.id) { $0 == nil }
            try await platform.wait(for: second, toBe: .running)
        }
    }

    @Test("a service whose containers somebody removed by hand is deleted and made anew in one go")
    func removedByHand() async throws {
        let test = try TestPlatform()
        let (tenant, first) = try await test.running { platform in
            let tenant = try await test.tenant(on: platform)
            _ = try await platform.commitment.sign(version: PortCommitment.version, in: tenant.workspace, by: tenant.caller)
            let service = try await Self.service("digits", of: tenant, on: platform)
            try await platform.wait(for: service, toBe: .running)
            return (tenant, service)
        }
        test.engine.lose(first.id)
        try await test.running { platform in
            try await platform.workloads.delete(first.id, by: tenant.caller)
            let second = try await Self.service("digits", of: tenant, on: platform)
            try await platform.wait(for: second, toBe: .running)
            try await platform.wait(for: first.id) { $0 == nil }
            #expect(test.engine.present.map(\.workload) == [second.id])
        }
    }

    private static func service(
        _ name: String, of tenant: TestPlatform.Tenant, on platform: Platform
    ) async throws -> WorkloadRecord {
        try await platform.services.create(
            tenant.submission(name), Services.Program(command: "python serve.py", port: 8000), in: tenant.project, by: tenant.caller)
    }
}
