import TestSupport
import Testing
import WeirModel
import WeirStore

@testable import WeirPlatform

@Suite("A restart stops, and starts when it has stopped (bugs R13)")
struct RestartTests: MoneyScene {
    /// An environment that runs, and whose Weir was killed.
    private func lab(_ test: TestPlatform) async throws -> (TestPlatform.Tenant, WorkloadRecord) {
        try await test.running { platform in
            let tenant = try await test.tenant(on: platform)
            let lab = try await platform.environments.create(
                tenant.submission("lab"), tool: nil, autoStop: nil, in: tenant.project, by: tenant.caller)
            try await platform.wait(for: lab, toBe: .running)
            return (tenant, lab)
        }
    }

    @Test("what runs stops and runs again as a run of its own, also when Weir is killed in between (bugs R13)")
    func killed() async throws {
        let test = try TestPlatform()
        let (tenant, lab) = try await lab(test)
        let platform = try await test.start()
        let asked = try await platform.workloads.restart(lab.id, by: tenant.caller)
        #expect(asked.state == .stopping && asked.startsAgain && asked.run == 1)
        // Who asks twice, or for a start, has asked.
        #expect(try await platform.workloads.restart(lab.id, by: tenant.caller).startsAgain)
        #expect(try await platform.workloads.start(lab.id, by: tenant.caller).startsAgain)
        try await test.running { platform in
            try await platform.wait(for: lab.id) { $0?.run == 2 && $0?.state == .running }
        }
        let history = try await causes(of: lab, test)
        #expect(history.suffix(5) == ["restart_requested", "freed", "start_requested", "admitted", "ready"])
        #expect(history.filter { $0 == "restart_requested" }.count == 1)
        let runs = try await test.store.read { try $0.runs(of: lab.id) }
        #expect(runs.map(\.outcome) == [nil, .stopped])
        #expect(runs.allSatisfy { $0.startedBy == tenant.caller.id })
    }

    @Test("a start is remembered while it stops, and a stop takes it back (bugs R13)")
    func remembered() async throws {
        let test = try TestPlatform()
        let (tenant, lab) = try await lab(test)
        let platform = try await test.start()
        #expect(try await platform.workloads.stop(lab.id, by: tenant.caller).startsAgain == false)
        #expect(try await platform.workloads.start(lab.id, by: tenant.caller).startsAgain)
        let back = try await platform.workloads.stop(lab.id, by: tenant.caller)
        #expect(back.state == .stopping && !back.startsAgain)
        #expect(try await code { _ = try await platform.workloads.stop(lab.id, by: tenant.caller) } == "wrong_state")
        try await test.running { platform in
            try await platform.wait(for: lab, toBe: .stopped)
            // What is stopped is started at once.
            #expect(try await platform.workloads.restart(lab.id, by: tenant.caller).run == 2)
            try await platform.wait(for: lab.id) { $0?.run == 2 && $0?.state == .running }
        }
    }

    @Test("nothing is stopped that cannot be started again, and what is refused later stays stopped and says why (bugs R13, BIL-18)")
    func refused() async throws {
        let test = try TestPlatform()
        let (tenant, lab) = try await lab(test)
        let platform = try await test.start()
        try await test.setBalance(0, of: tenant.workspace)
        #expect(try await code { _ = try await platform.workloads.restart(lab.id, by: tenant.caller) } == "balance_used_up")
        #expect(try await state(of: lab, test) == .running)
        try await test.setBalance(100, of: tenant.workspace)
        _ = try await platform.workloads.restart(lab.id, by: tenant.caller)
        try await test.setBalance(0, of: tenant.workspace)
        try await test.running { platform in try await platform.wait(for: lab, toBe: .stopped) }
        let stopped = try await platform.workloads.workload(lab.id, for: tenant.caller)
        #expect(stopped.run == 1 && stopped.stopCause == "restart_refused" && !stopped.startsAgain)
        let last = try #require(try await test.store.read { try $0.transitions(of: lab.id).last })
        #expect(last.cause == "restart_refused" && last.reason?.isEmpty == false)
        #expect(LocalizedText.remedy(ofStop: "restart_refused") != nil)
    }

    @Test("the operator's stop holds also against a restart, and a service restarts with a new port (bugs R13, INF-07)")
    func operatorAndPort() async throws {
        let test = try TestPlatform()
        let platform = try await test.start()
        let tenant = try await test.tenant(on: platform)
        _ = try await platform.commitment.sign(version: PortCommitment.version, in: tenant.workspace, by: tenant.caller)
        let service = try await platform.services.create(
            tenant.submission("api"), Services.Program(command: "serve", port: 80), in: tenant.project, by: tenant.caller)
        try await test.running { platform in try await platform.wait(for: service, toBe: .running) }
        let first = try #require(try await platform.workloads.port(of: service.id, for: tenant.caller))
        _ = try await platform.workloads.restart(service.id, by: tenant.caller)
        try await test.running { platform in
            try await platform.wait(for: service.id) { $0?.run == 2 && $0?.state == .running }
        }
        let second = try #require(try await platform.workloads.port(of: service.id, for: tenant.caller))
        #expect(second.number != first.number)

        _ = try await platform.workloads.restart(service.id, by: tenant.caller)
        _ = try await platform.allWorkloads.stop(service.id, reason: "maintenance", by: .testOperator)
        try await test.running { platform in try await platform.wait(for: service, toBe: .stopped) }
        #expect(try await test.store.read { try $0.workload(service.id)?.stopCause } == "operator_stop")
        #expect(try await platform.workloads.port(of: service.id, for: tenant.caller) == nil)
    }

    @Test("whoever may not start it restarts nothing, and what is deleted meanwhile does not come back (IDW-03, DEV-30)")
    func rights() async throws {
        let test = try TestPlatform()
        let (tenant, lab) = try await lab(test)
        let platform = try await test.start()
        let stranger = try await test.tenant("eve", on: platform)
        #expect(try await code { _ = try await platform.workloads.restart(lab.id, by: stranger.caller) } == "not_found")
        _ = try await platform.workloads.restart(lab.id, by: tenant.caller)
        try await platform.workloads.delete(lab.id, by: tenant.caller)
        try await test.running { platform in try await platform.wait(for: lab.id) { $0 == nil } }
        #expect(test.engine.launches.count == 1)
    }

    @Test("a job is run again as a new one, and what waits has nothing to restart (DEV-27)")
    func others() async throws {
        let test = try TestPlatform()
        let platform = try await test.start()
        let tenant = try await test.tenant(on: platform)
        let waiting = try await platform.environments.create(
            tenant.submission("lab"), tool: nil, autoStop: nil, in: tenant.project, by: tenant.caller)
        #expect(try await code { _ = try await platform.workloads.restart(waiting.id, by: tenant.caller) } == "wrong_state")
        let job = try await tenant.job("train", on: platform)
        let (_, letIn) = try await letIn(job, platform, test)
        #expect(letIn.state == .deploying)
        #expect(try await code { _ = try await platform.workloads.restart(job.id, by: tenant.caller) } == "wrong_state")
        #expect(try await state(of: job, test) == .deploying)
    }
}
