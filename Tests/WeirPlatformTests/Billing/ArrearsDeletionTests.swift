import Foundation
import NIOCore
import TestSupport
import Testing
import WeirEngine
import WeirModel
import WeirStore

@testable import WeirPlatform

@Suite("Data above the free amount after 60 days in arrears")
struct ArrearsDeletionTests {
    /// 30,000 bytes of everything that may go, of which 10,000 are free, and a balance that is used up.
    private struct Scene: Sendable {
        let clock: ManualClock
        let test: TestPlatform
        let platform: Platform
        let tenant: TestPlatform.Tenant
        let root: Caller
        let asset: Identifier<Asset>

        init(_ day: TestDay = .ordinary) async throws {
            clock = day.clock()
            test = try TestPlatform(clock: clock, timeZone: day.zone)
            platform = try await test.start()
            tenant = try await test.tenant(on: platform)
            let account = AccountRecord(
                id: RandomIdentifiers().next(Account.self, at: clock.now()), login: "root", displayName: "root", passwordHash: "none",
                isOperator: true, mustChangePassword: false, createdAt: clock.now())
            try await test.store.write { try $0.insert(account) }
            root = Caller(account)
            clock.advance(by: .seconds(1))
            var list = try await platform.tariffs.inForce()
            list.startsAt = clock.now()
            list.storage.freeLibrary = 10_000
            _ = try await platform.tariffs.publish(list, by: root)
            asset = try await platform.assets.create(
                .dataset, in: tenant.workspace, Assets.Description(name: "set"), by: tenant.caller
            ).id
        }

        private func body(_ size: Int, _ byte: UInt8) -> AsyncStream<ByteBuffer> {
            StorageBench.stream([ByteBuffer(repeating: byte, count: size)])
        }

        /// Three versions of 5,000 bytes each, a draft with 2,000 more, an upload with 3,000, two results with 4,000 and 6,000.
        func fill() async throws {
            for number in 1...3 {
                let draft = try await platform.assets.draft(of: asset, for: tenant.caller, .changeDraft)
                if number > 1 { try await platform.files.delete(draft, at: FilePath("f")) }
                try await platform.files.write(body(5000, UInt8(number)), to: draft, at: FilePath("f"))
                _ = try await platform.assets.confirm(asset, by: tenant.caller)
                clock.advance(by: .seconds(60))
            }
            let draft = try await platform.assets.draft(of: asset, for: tenant.caller, .changeDraft)
            try await platform.files.write(body(2000, 7), to: draft, at: FilePath("new"))
            let upload = try await platform.uploads.create(into: .draft(asset), path: "u", length: 9000, by: tenant.caller)
            _ = try await platform.uploads.append(body(3000, 1), to: upload.id, at: 0, checksum: nil, by: tenant.caller)
            for size in [4000, 6000] { try await result(size) }
        }

        func result(_ size: Int) async throws {
            let job = try await tenant.job("job-\(size)", on: platform)
            let cause = Cause("test")
            let folder = StoredFolder.workloadOutput(job.id, of: tenant.project, in: tenant.workspace)
            let now = clock.now()
            try await test.store.write { db in
                let queued = try #require(try db.read.workload(job.id))
                let instance = InstanceRecord(
                    id: RandomIdentifiers().next(Instance.self, at: now), workload: job.id, run: 1, position: 0, attempt: 0, devices: [],
                    createdAt: now)
                let admitted = try db.apply(.admitted, to: queued, cause: cause, at: now)
                try db.insert(instance)
                let running = try db.apply(.ready, to: admitted, cause: cause, at: now)
                try db.apply(.succeeded, to: running, cause: cause, at: now)
                try db.setRemoved(instance.id, at: now)
            }
            try await platform.files.write(body(size, 9), to: folder, at: FilePath("out"))
            clock.advance(by: .seconds(60))
        }

        func useUp() async throws {
            try await test.store.write { db in
                let left = try db.read.balance(of: tenant.workspace).balance
                try db.post(
                    Posting(
                        workspace: tenant.workspace, kind: .correction, counter: .grants, amount: Points(micro: -left.micro),
                        key: "use-up", note: "test"), at: clock.now())
            }
        }

        var held: Bytes { get async throws { try await test.store.read { try $0.libraryHeld(by: tenant.workspace) } } }
        var record: ArrearsDeletionRecord? {
            get async throws { try await platform.arrearsDeletions.record(of: tenant.workspace, for: tenant.caller) }
        }
        var deleted: [String] {
            get async throws {
                try await platform.arrearsDeletions.deleted(of: tenant.workspace, PageRequest(), for: tenant.caller).items.reversed()
                    .map { "\($0.item.prefix(while: { $0 != "/" })) \($0.name) \($0.bytes.count)" }
            }
        }
        var notices: [String] {
            get async throws {
                try await test.store.read { try $0.notices(of: tenant.workspace, PageRequest()).items.reversed().map(\.code) }
                    .filter { $0.hasPrefix("d") }
            }
        }
    }

    @Test(
        "announced 14, 7 and 1 days before, approved, deleted in a known order down to the free amount, and recorded (BIL-20)",
        arguments: TestDay.all)
    func whole(day: TestDay) async throws {
        let scene = try await Scene(day)
        try await scene.fill()
        try await scene.platform.meter.tick()
        #expect(try await scene.held == 30_000)
        #expect(try await scene.record == nil)
        let none = await #expect(throws: WeirError.self) {
            try await scene.platform.arrearsDeletions.approve(scene.tenant.workspace, by: scene.root)
        }
        #expect(none?.code == "no_deletion_pending")
        try await scene.useUp()
        try await scene.platform.meter.tick()
        let since = try #require(try await scene.record).since
        var announced: [Int] = []
        for day in 1...60 {
            scene.clock.advance(by: .seconds(86_400))
            try await scene.platform.meter.tick()
            if try await scene.notices.count > announced.count { announced.append(60 - day) }
            if day == 50 { _ = try await scene.platform.arrearsDeletions.approve(scene.tenant.workspace, by: scene.root) }
            if day == 55 { _ = try await scene.platform.arrearsDeletions.withdraw(scene.tenant.workspace, by: scene.root) }
        }
        #expect(announced == [14, 7, 1])
        #expect(try await scene.record?.since == since)
        #expect(try await scene.held == 30_000)
        let refused = await #expect(throws: WeirError.self) {
            try await scene.platform.arrearsDeletions.approve(scene.tenant.workspace, by: scene.tenant.caller)
        }
        #expect(refused?.category == .forbidden)
        _ = try await scene.platform.arrearsDeletions.approve(scene.tenant.workspace, by: scene.root)
        try await scene.platform.meter.tick()
        #expect(
            try await scene.deleted == [
                "upload u 3000", "draft set 2000", "result job-4000 4000", "result job-6000 6000", "version set v1 5000",
            ])
        #expect(try await scene.held == 10_000)
        #expect(try await scene.notices == ["deletion_announced", "deletion_announced", "deletion_announced", "data_deleted"])
        #expect(try await scene.record == nil)
        let versions = try await scene.platform.assets.versions(of: scene.asset, PageRequest(), for: scene.tenant.caller).items
        #expect(versions.map(\.number) == [3, 2])
    }

    @Test("what is larger than what is too much is passed over: never less than the free amount is left (X04)")
    func neverBelow() async throws {
        let scene = try await Scene()
        try await scene.result(9000)
        try await scene.result(2500)
        try await scene.useUp()
        try await scene.platform.meter.tick()
        #expect(try await scene.held == 11_500)
        _ = try await scene.platform.arrearsDeletions.approve(scene.tenant.workspace, by: scene.root)
        scene.clock.advance(by: .seconds(80 * 86_400))
        for _ in 0..<4 {
            try await scene.platform.meter.tick()
            scene.clock.advance(by: .seconds(20 * 86_400))
        }
        #expect(try await scene.deleted == [])
        #expect(try await scene.held == 11_500)
    }

    @Test("a recharge ends it at any point, and the 60 days begin anew (BIL-20)", arguments: TestDay.all)
    func recharge(day: TestDay) async throws {
        let scene = try await Scene(day)
        try await scene.fill()
        try await scene.useUp()
        try await scene.platform.meter.tick()
        _ = try await scene.platform.arrearsDeletions.approve(scene.tenant.workspace, by: scene.root)
        for _ in 0..<59 {
            scene.clock.advance(by: .seconds(86_400))
            try await scene.platform.meter.tick()
        }
        _ = try await scene.platform.ledger.recharge(
            scene.tenant.workspace, by: 1, reference: "bank", key: IdempotencyKey("k", request: "r"), caller: scene.root)
        scene.clock.advance(by: .seconds(2 * 86_400))
        try await scene.platform.meter.tick()
        #expect(try await scene.record == nil)
        #expect(try await scene.held == 30_000)
    }
}
