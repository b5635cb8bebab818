import NIOCore
import TestSupport
import Testing
import WeirEngine
import WeirModel
import WeirStore

@testable import WeirPlatform

@Suite("A balance that is used up refuses, and stops at the full hour")
struct LimitTests: MoneyScene {
    @Test("at zero nothing of any kind starts, and what exists can be entered, stopped and deleted (BIL-18)")
    func refused() async throws {
        let test = try TestPlatform(clock: ManualClock())
        try await test.running { platform in
            let tenant = try await test.tenant(on: platform)
            _ = try await platform.commitment.sign(version: PortCommitment.version, in: tenant.workspace, by: tenant.caller)
            let lab = try await platform.environments.create(
                tenant.submission("lab"), tool: nil, autoStop: nil, in: tenant.project, by: tenant.caller)
            let old = try await platform.environments.create(
                tenant.submission("old"), tool: nil, autoStop: nil, in: tenant.project, by: tenant.caller)
            try await platform.wait(for: lab, toBe: .running)
            _ = try await platform.workloads.stop(old.id, by: tenant.caller)
            try await platform.wait(for: old, toBe: .stopped)
            try await test.setBalance(0, of: tenant.workspace)

            let refusals = [
                try await code { _ = try await tenant.job("train", on: platform) },
                try await code {
                    _ = try await platform.environments.create(
                        tenant.submission("new"), tool: nil, autoStop: nil, in: tenant.project, by: tenant.caller)
                },
                try await code {
                    _ = try await platform.services.create(
                        tenant.submission("serve"), Services.Program(command: "serve", port: 8000), in: tenant.project, by: tenant.caller)
                },
                try await code {
                    _ = try await platform.boards.create(tenant.submission("board"), path: nil, in: tenant.project, by: tenant.caller)
                },
                try await code { _ = try await platform.workloads.start(old.id, by: tenant.caller) },
                try await code { _ = try await platform.projects.codeForUpload(of: tenant.project, for: tenant.caller) },
            ]
            #expect(refusals == Array(repeating: "balance_used_up", count: 6))
            let quote = try await platform.quotes.quote(
                Quotes.Request(kind: .job, flavor: "small"), in: tenant.project, for: tenant.caller)
            #expect(quote.refusal?.code == "balance_used_up")

            _ = try await platform.entries.enter(lab.id, tool: nil, by: tenant.caller)
            _ = try await platform.projects.code(of: tenant.project, for: tenant.caller, .seeWorkspace)
            try await platform.workloads.delete(old.id, by: tenant.caller)
            _ = try await platform.workloads.stop(lab.id, by: tenant.caller)
            try await platform.wait(for: lab, toBe: .stopped)
        }
    }

    @Test("an upload under way is refused at its next part, kept, and goes on after a recharge (BIL-18)")
    func upload() async throws {
        let test = try TestPlatform(clock: ManualClock())
        let platform = try await test.start()
        let tenant = try await test.tenant(on: platform)
        let asset = try await platform.assets.create(
            .dataset, in: tenant.workspace, Assets.Description(name: "digits"), by: tenant.caller)
        let upload = try await platform.uploads.create(into: .draft(asset.id), path: "a.txt", length: 8, by: tenant.caller)
        _ = try await platform.uploads.append(body("abcd"), to: upload.id, at: 0, checksum: nil, by: tenant.caller)
        try await test.setBalance(0, of: tenant.workspace)
        let error = await #expect(throws: WeirError.self) {
            _ = try await platform.uploads.append(body("efgh"), to: upload.id, at: 4, checksum: nil, by: tenant.caller)
        }
        #expect(error?.code == "balance_used_up")
        #expect(error?.remedy?.en.contains("Recharge") == true)
        #expect(
            try await code { _ = try await platform.uploads.create(into: .draft(asset.id), path: "b.txt", length: 8, by: tenant.caller) }
                == "balance_used_up")
        #expect(try await platform.uploads.progress(of: upload.id, by: tenant.caller).offset == 4)
        try await test.setBalance(1, of: tenant.workspace)
        let progress = try await platform.uploads.append(body("efgh"), to: upload.id, at: 4, checksum: nil, by: tenant.caller)
        #expect(progress.isComplete)
    }

    @Test("at zero no draft becomes a version and no output is exported; what is there stays, and goes on after a recharge (BIL-18)")
    func versions() async throws {
        let test = try TestPlatform(clock: ManualClock())
        let platform = try await test.start()
        let tenant = try await test.tenant(on: platform)
        let asset = try await platform.assets.create(
            .dataset, in: tenant.workspace, Assets.Description(name: "digits"), by: tenant.caller)
        let draft = try await platform.assets.draft(of: asset.id, for: tenant.caller, .changeDraft)
        try await platform.files.write(body("data"), to: draft, at: FilePath("a.txt"))
        let job = try await tenant.job("train", on: platform)
        _ = try await platform.files.make(.workloadOutput(job.id, of: job.project, in: job.workspace))
        try await platform.files.write(
            body("net"), to: .workloadOutput(job.id, of: job.project, in: job.workspace), at: FilePath("net.bin"))
        func export() async throws {
            _ = try await platform.exports.export(of: job.id, to: .named("net", .model), by: tenant.caller)
        }
        try await test.setBalance(0, of: tenant.workspace)
        #expect(try await code { _ = try await platform.assets.confirm(asset.id, by: tenant.caller) } == "balance_used_up")
        #expect(try await code { try await export() } == "balance_used_up")
        #expect(try await platform.assets.versions(of: asset.id, PageRequest(), for: tenant.caller).items.isEmpty)
        #expect(
            try await platform.store.read { try $0.asset(named: Name("net"), kind: .model, in: tenant.workspace, seenBy: tenant.caller.id) }
                == nil)
        try await test.setBalance(1, of: tenant.workspace)
        #expect(try await platform.assets.confirm(asset.id, by: tenant.caller).number == 1)
        try await export()
    }

    @Test("what runs and waits is stopped at the full hour after the balance was used up, with a notice (BIL-19)", arguments: TestDay.all)
    func arrears(day: TestDay) async throws {
        let clock = day.clock(after: .seconds(20 * 60))
        let test = try TestPlatform(clock: clock, timeZone: day.zone)
        try await test.running { platform in
            let tenant = try await test.tenant(on: platform)
            let other = try await test.tenant("eve", on: platform)
            var jobs: [WorkloadRecord] = []
            for number in 0..<3 { jobs.append(try await tenant.job("train-\(number)", on: platform)) }
            let theirs = try await other.job("theirs", on: platform)
            for job in jobs + [theirs] { try await platform.wait(for: job, toBe: .running) }
            // Of what is submitted in the same millisecond any may be the first.
            let waits = try await tenant.job("waits", on: platform)
            try await test.setBalance(0, of: tenant.workspace)

            clock.advance(by: .seconds(39 * 60 + 59))
            try await platform.settlement.settleHour()
            #expect(try await state(of: jobs[0], test) == .running)
            clock.advance(by: .seconds(1))
            try await platform.settlement.settleHour()
            for job in jobs + [waits] {
                try await platform.wait(for: job, toBe: .stopped)
                #expect(try await causes(of: job, test).contains("balance_used_up"))
            }
            #expect(try await state(of: theirs, test) == .running)
            try await platform.settlement.settleHour()
            let notices = try await notices(tenant, platform)
            #expect(notices.filter { $0 == "stopped_for_arrears" }.count == 1)
            #expect(notices.filter { $0 == "balance_used_up" }.count == 1)
            // People read the installation's time (faults G5).
            let told = try await platform.notices.list(in: tenant.workspace, PageRequest(limit: 50), for: tenant.caller).items
            let usedUp = try #require(told.first { $0.code == "balance_used_up" })
            let time = platform.calendar.minuteText(clock.now())
            #expect(usedUp.text.en.contains("is stopped at \(time),") && usedUp.text.zh.contains("将于 \(time) 停止"))
            #expect(try await self.notices(other, platform) == [])
            try await platform.wait(for: jobs[0].id) { _ in try await platform.store.read { try $0.unsettledEnds(limit: 1) }.isEmpty }
            // The hour up to the stop is charged, and the debt stands.
            #expect(try await test.charged(jobs[0].id) == Points(micro: 666_666))
            #expect(try await platform.moneyViolations(of: jobs.map(\.id)) == [])
        }
    }

    @Test(
        "a recharge one minute before the full hour prevents the stop; a stop that Weir missed is made up for (BIL-19)",
        arguments: TestDay.all
    )
    func recharge(day: TestDay) async throws {
        let clock = day.clock(after: .seconds(20 * 60))
        let test = try TestPlatform(clock: clock, timeZone: day.zone)
        let (tenant, job) = try await test.running { platform in
            let tenant = try await test.tenant(on: platform)
            let job = try await tenant.job("train", on: platform)
            try await platform.wait(for: job, toBe: .running)
            try await test.setBalance(0, of: tenant.workspace)
            clock.advance(by: .seconds(39 * 60))
            try await test.setBalance(5, of: tenant.workspace)
            clock.advance(by: .seconds(60))
            try await platform.settlement.settleHour()
            #expect(try await state(of: job, test) == .running)
            clock.advance(by: .seconds(600))
            try await test.setBalance(0, of: tenant.workspace)
            return (tenant, job)
        }
        clock.advance(by: .seconds(3 * 3600))
        try await test.running { platform in
            try await platform.wait(for: job, toBe: .stopped)
            _ = tenant
        }
    }

    @Test("with enforcement off nothing is refused or stopped, and everything is charged", arguments: TestDay.all)
    func notEnforced(day: TestDay) async throws {
        let clock = day.clock(after: .seconds(20 * 60))
        let test = try TestPlatform(clock: clock, timeZone: day.zone, billingIsEnforced: false)
        try await test.running { platform in
            let tenant = try await test.tenant(on: platform)
            try await test.setBalance(0, of: tenant.workspace)
            let job = try await tenant.job("train", on: platform)
            try await platform.wait(for: job, toBe: .running)
            clock.advance(by: .seconds(3 * 3600))
            try await platform.settlement.settleHour()
            #expect(try await state(of: job, test) == .running)
            #expect(try await test.balance(of: tenant.workspace) < -2)
        }
    }
}
