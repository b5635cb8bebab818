import Foundation
import TestSupport
import Testing
import WeirModel
import WeirStore

@testable import WeirPlatform

@Suite("Who leaves strands nothing")
struct DepartureTests {
    @Test("what somebody kept to themselves is listed without names, and an owner's after the grace time (DAT-14, audit-a 4)")
    func handedOver() async throws {
        let scene = try await LeavingScene()
        let (platform, ada, workspace) = (scene.platform, scene.ada, scene.workspace)
        let bob = try await scene.member("bob")
        _ = try await scene.dataset("grades", .owner, of: 100, by: ada.caller)
        let hidden = try await scene.dataset("grades", .owner, of: 5000, by: bob)
        try await platform.storageAccounting.measureChanged()
        try await platform.workspaces.remove(login: "bob", from: workspace, by: ada.caller)

        let left = try #require(try await platform.departures.leftBehind(in: workspace, for: ada.caller).first)
        #expect(left.login == "bob" && left.things.map(\.kind) == [.dataset] && left.things.map(\.bytes) == [5000])
        #expect(left.record.dueAt == scene.clock.now() + .seconds(7 * 86_400) && left.heir == nil)
        let notice = try await platform.notices.list(in: workspace, PageRequest(), for: ada.caller).items.first
        #expect(notice?.code == "member_left" && notice?.text.en.contains("grades") == false)

        scene.clock.advance(by: .seconds(86_400))
        try await platform.departures.tick()
        #expect(await scene.code { _ = try await platform.assets.asset(hidden.id, for: ada.caller) } == "not_found")
        #expect(await scene.code { _ = try await platform.assets.asset(hidden.id, for: bob) } == "not_found")

        scene.passGrace()
        try await platform.departures.tick()
        let handed = try await platform.assets.asset(hidden.id, for: ada.caller)
        #expect(handed.name == "grades (bob)" && handed.keeper == ada.caller.id && handed.createdBy == bob.id)
        #expect(handed.visibility == .owner)
        let after = try #require(try await platform.departures.leftBehind(in: workspace, for: ada.caller).first)
        #expect(after.heir == "ada" && after.things.isEmpty)
        let record = try await platform.audit.operations(in: workspace, of: .data, PageRequest(limit: 1), for: ada.caller).items.first
        guard case .event(let event)? = record else {
            Issue.record("no such record")
            return
        }
        #expect(event.action == .assetHandedOver && event.before == "bob" && event.after == "ada")

        // Nothing is charged that nobody can delete, and what is back later stays with its new keeper.
        _ = try await platform.workspaces.setRole(.member, ofLogin: "bob", in: workspace, by: ada.caller)
        #expect(await scene.code { _ = try await platform.assets.asset(hidden.id, for: bob) } == "not_found")
        _ = try await platform.assets.edit(hidden.id, Assets.Description(visibility: .workspace), by: ada.caller)
        // It is bob's still: nobody deletes that in passing (hostile 11).
        #expect(await scene.code { try await platform.assets.delete(hidden.id, typed: nil, by: ada.caller) } == "name_not_typed")
        #expect(await scene.code { try await platform.assets.delete(hidden.id, typed: "wrong", by: ada.caller) } == "name_not_typed")
        let name = try await platform.assets.asset(hidden.id, for: ada.caller).name
        try await platform.assets.delete(hidden.id, typed: name, by: ada.caller)
    }

    @Test("who is back within the grace time finds everything as it was; a disabled account is away, too")
    func back() async throws {
        let scene = try await LeavingScene()
        let (platform, ada, workspace) = (scene.platform, scene.ada, scene.workspace)
        let bob = try await scene.member("bob")
        let hidden = try await scene.dataset("grades", .owner, of: 5000, by: bob)
        try await platform.workspaces.remove(login: "bob", from: workspace, by: bob)
        _ = try await platform.workspaces.setRole(.member, ofLogin: "bob", in: workspace, by: ada.caller)
        #expect(try await platform.departures.leftBehind(in: workspace, for: ada.caller).isEmpty)
        scene.passGrace()
        try await platform.departures.tick()
        #expect(try await platform.assets.asset(hidden.id, for: bob).keeper == bob.id)

        try await platform.accounts.setDisabled(bob.id, true, by: scene.root)
        #expect(try await platform.departures.leftBehind(in: workspace, for: ada.caller).map(\.login) == ["bob"])
        try await platform.accounts.setDisabled(bob.id, false, by: scene.root)
        #expect(try await platform.departures.leftBehind(in: workspace, for: ada.caller).isEmpty)
        try await platform.accounts.setDisabled(bob.id, true, by: scene.root)
        scene.passGrace()
        try await platform.departures.tick()
        #expect(try await platform.assets.asset(hidden.id, for: ada.caller).keeper == ada.caller.id)
    }

    @Test("a workspace whose only owner is disabled goes to its oldest administrator after the grace time, and nobody is stranded (IDW-03)")
    func followed() async throws {
        let scene = try await LeavingScene()
        let (platform, ada, workspace) = (scene.platform, scene.ada, scene.workspace)
        _ = try await scene.member("bob")
        let carol = try await scene.member("carol")
        _ = try await platform.workspaces.setRole(.administrator, ofLogin: "carol", in: workspace, by: ada.caller)
        let hidden = try await scene.dataset("grades", .owner, of: 5000, by: ada.caller)
        try await platform.accounts.setDisabled(ada.caller.id, true, by: scene.root)
        try await platform.departures.tick()
        #expect(try await platform.workspaces.workspace(workspace, for: carol).1 == .administrator)
        scene.passGrace()
        try await platform.departures.tick()
        #expect(try await platform.workspaces.workspace(workspace, for: carol).1 == .owner)
        #expect(try await platform.assets.asset(hidden.id, for: carol).keeper == carol.id)
        let notice = try await platform.notices.list(in: workspace, PageRequest(limit: 1), for: carol).items.first
        #expect(notice?.code == "owner_followed" && notice?.text.en.contains("carol") == true)
        _ = try await platform.workspaces.rename(workspace, to: "after", by: carol)
    }

    @Test("environments of who leaves are stopped and listed, jobs go on")
    func environments() async throws {
        let scene = try await LeavingScene()
        let (platform, ada, workspace) = (scene.platform, scene.ada, scene.workspace)
        let bob = try await scene.member("bob")
        let lab = try await platform.environments.create(
            ada.submission("lab"), tool: "jupyterlab", autoStop: nil, in: ada.project, by: bob)
        let job = try await platform.jobs.create(ada.submission("train"), command: "true", timeLimit: nil, in: ada.project, by: bob)
        try await platform.workspaces.remove(login: "bob", from: workspace, by: ada.caller)
        #expect(try await platform.store.read { try $0.workload(lab.id)?.state } == .stopped)
        #expect(try await platform.store.read { try $0.transitions(of: lab.id).last?.cause } == "member_left")
        #expect(try await platform.store.read { try $0.workload(job.id)?.state } == .queued)
        let left = try #require(try await platform.departures.leftBehind(in: workspace, for: ada.caller).first)
        #expect(left.environments.map(\.id) == [lab.id])
    }

    @Test("a colleague's environment that somebody started stops when they leave or are disabled (IDW-03)", arguments: [false, true])
    func started(isDisabled: Bool) async throws {
        let scene = try await LeavingScene()
        let (platform, ada, workspace) = (scene.platform, scene.ada, scene.workspace)
        let bob = try await scene.member("bob")
        func environment(_ name: String, by caller: Caller) async throws -> WorkloadRecord {
            var submission = ada.submission(name)
            submission.access = .shared
            return try await platform.environments.create(submission, tool: "jupyterlab", autoStop: nil, in: ada.project, by: caller)
        }
        let (lab, theirs) = (try await environment("lab", by: ada.caller), try await environment("theirs", by: bob))
        for (workload, starter) in [(lab, bob), (theirs, ada.caller)] {
            _ = try await platform.workloads.stop(workload.id, by: ada.caller)
            _ = try await platform.workloads.start(workload.id, by: starter)
        }
        if isDisabled {
            try await platform.accounts.setDisabled(bob.id, true, by: scene.root)
        } else {
            try await platform.workspaces.remove(login: "bob", from: workspace, by: ada.caller)
        }
        #expect(try await platform.store.read { try $0.workload(lab.id)?.state } == .stopped)
        #expect(try await platform.store.read { try $0.transitions(of: lab.id).last?.cause } == "starter_left")
        // It is shared, and on ada's account.
        #expect(try await platform.store.read { try $0.workload(theirs.id)?.state } == .queued)
    }

    @Test("a home of who left is paid for by another workspace of theirs, else by nobody, and then the operator's to delete (audit-c F7)")
    func homes() async throws {
        let scene = try await LeavingScene()
        let (platform, ada, workspace) = (scene.platform, scene.ada, scene.workspace)
        let bob = try await scene.member("bob")
        let carol = try await scene.member("carol")
        let own = try await platform.workspaces.create(name: "bobs", by: bob).id
        let now = scene.clock.now()
        for person in [bob, carol] {
            try await platform.store.write { db in
                try db.openPersonalStorage(of: person.id, in: workspace)
                try db.setMeasured(.home(person.id), bytes: 900, files: 1, changes: nil, at: now)
            }
            let home = try await platform.files.make(.home(person.id))
            try Data([1]).write(to: URL(fileURLWithPath: home + "/x"))
            try await platform.workspaces.remove(login: person.account.login, from: workspace, by: ada.caller)
        }
        func paid(_ by: Identifier<Workspace>) async throws -> [Identifier<Account>: Bytes] {
            Dictionary(uniqueKeysWithValues: try await platform.store.read { try $0.personalStorage(paidBy: by, most: 10) })
        }
        #expect(try await paid(workspace) == [bob.id: 900, carol.id: 900])
        #expect(try await platform.departures.leftBehind(in: workspace, for: ada.caller).map(\.personal) == [900, 900])
        scene.passGrace()
        try await platform.departures.tick()
        #expect(try await paid(workspace) == [:])
        #expect(try await paid(own) == [bob.id: 900])

        let unpaid = try await platform.personalStorage.unpaid(PageRequest(), by: scene.root).items
        #expect(unpaid.map(\.account) == [carol.id] && unpaid.map(\.bytes) == [900] && unpaid.map(\.workspace) == [workspace])
        #expect(await scene.code { try await platform.personalStorage.deleteUnpaid(of: carol.id, by: scene.root) } == "too_early")
        #expect(await scene.code { try await platform.personalStorage.deleteUnpaid(of: carol.id, by: ada.caller) } == "operator_only")
        scene.passGrace()
        try await platform.personalStorage.deleteUnpaid(of: carol.id, by: scene.root)
        #expect(!FileManager.default.fileExists(atPath: platform.files.layout.path(of: .home(carol.id))))
        #expect(try await platform.personalStorage.unpaid(PageRequest(), by: scene.root).items.isEmpty)
        #expect(await scene.code { try await platform.personalStorage.deleteUnpaid(of: carol.id, by: scene.root) } == "not_found")
        let records = try await platform.audit.all(of: .account, PageRequest(limit: 1), for: scene.root).items
        guard case .event(let event)? = records.first else {
            Issue.record("no such record")
            return
        }
        #expect(event.action == .personalStorageDeleted && event.name == "carol")
    }

    @Test("what nobody paid for is somebody's again when it is used again")
    func usedAgain() async throws {
        let scene = try await LeavingScene()
        let (platform, ada, workspace) = (scene.platform, scene.ada, scene.workspace)
        let bob = try await scene.member("bob")
        try await platform.store.write { try $0.openPersonalStorage(of: bob.id, in: workspace) }
        try await platform.workspaces.remove(login: "bob", from: workspace, by: ada.caller)
        scene.passGrace()
        try await platform.departures.tick()
        #expect(try await platform.personalStorage.unpaid(PageRequest(), by: scene.root).items.count == 1)
        _ = try await platform.workspaces.setRole(.member, ofLogin: "bob", in: workspace, by: ada.caller)
        try await platform.store.write { try $0.openPersonalStorage(of: bob.id, in: workspace) }
        #expect(try await platform.personalStorage.unpaid(PageRequest(), by: scene.root).items.isEmpty)
        #expect(try await platform.store.read { try $0.storagePayer(of: bob.id).payer } == workspace)
    }

    @Test("the payer of a home and a netdisk is chosen by the person, from the next day on, and no hour is charged twice (BIL-28)")
    func payer() async throws {
        let scene = try await LeavingScene()
        let (platform, workspace) = (scene.platform, scene.workspace)
        let bob = try await scene.member("bob")
        let own = try await platform.workspaces.create(name: "bobs", by: bob).id
        let now = scene.clock.now()
        try await platform.store.write { db in
            try db.openPersonalStorage(of: bob.id, in: workspace)
            try db.setMeasured(.home(bob.id), bytes: 900, files: 1, changes: 1, at: now)
            try db.setMeasured(.netdisk(bob.id), bytes: 0, files: 0, changes: 1, at: now)
        }
        #expect(await scene.code { _ = try await platform.personalStorage.choose(workspace, by: scene.root) } == "not_found")
        try await platform.meter.tick()
        let chosen = try await platform.personalStorage.choose(own, by: bob)
        #expect(chosen.payer.payer == workspace && chosen.payer.chosen == own && chosen.from == Timestamp("2026-03-03T00:00:00Z"))
        var hours: [Timestamp: Int] = [:]
        for _ in 0..<30 {
            scene.clock.advance(by: .seconds(3600))
            try await platform.meter.tick()
        }
        for payer in [workspace, own] {
            let samples = try await platform.store.read {
                try $0.storageSamples(of: .netdisk(payer, bob.id), in: now..<(now + .seconds(10 * 86_400)))
            }
            for sample in samples where sample.bytes[.netdisk] ?? 0 > 0 { hours[BillingCalendar.hourStart(sample.at), default: 0] += 1 }
        }
        #expect(hours.count == 31 && hours.values.allSatisfy { $0 == 1 })
        let standing = try await platform.personalStorage.standing(of: bob)
        #expect(standing.payer.payer == own && standing.from == nil && standing.payer.held == 900)
        #expect(try await platform.store.read { try $0.personalStorage(paidBy: workspace, most: 9) }.isEmpty)
        // Chosen before it is used for the first time, it pays from the beginning.
        let carol = try await scene.member("carol")
        let hers = try await platform.workspaces.create(name: "carols", by: carol).id
        _ = try await platform.personalStorage.choose(hers, by: carol)
        try await platform.store.write { try $0.openPersonalStorage(of: carol.id, in: workspace) }
        #expect(try await platform.store.read { try $0.storagePayer(of: carol.id).payer } == hers)
    }
}
