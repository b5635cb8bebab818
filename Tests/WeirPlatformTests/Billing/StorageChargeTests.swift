import Foundation
import GRDB
import NIOCore
import TestSupport
import Testing
import WeirEngine
import WeirModel
import WeirStore

@testable import WeirPlatform

@Suite("Storage is sampled each hour and charged each day")
struct StorageChargeTests {
    @Test("60 GB for a day cost 0.033330 points, entered at midnight by the loop itself (BIL-13..16)")
    func workedExample() async throws {
        let midnight = try moment("2026-11-20T00:00:00+08:00")
        let clock = LeapingClock(from: midnight, until: midnight + .seconds(86_400 + 90))
        let test = try TestPlatform(clock: clock)
        let platform = try await test.start()
        let tenant = try await test.tenant("ada", on: platform)
        _ = try await test.tenant("bob", on: platform)
        let asset = try await platform.assets.create(
            .dataset, in: tenant.workspace, Assets.Description(name: "big"), by: tenant.caller)
        let draft = try await platform.assets.draft(of: asset.id, for: tenant.caller, .changeDraft)
        try await platform.files.changing(draft) {
            let file = open(platform.files.layout.path(of: draft) + "/big", O_CREAT | O_WRONLY, 0o644)
            defer { close(file) }
            #expect(posix_fallocate(file, 0, 1 << 30) == 0)
        }
        try await own(.gib(59), of: tenant, on: platform)
        let key = "storage/\(tenant.workspace)/library/2026-11-20"
        let entry = try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await platform.meter.run() }
            defer { group.cancelAll() }
            return try await eventually { try await test.store.read { try $0.entry(key: key) } }
        }
        #expect(entry.posting.amount == Points(micro: -33_330))
        #expect(entry.at >= midnight + .seconds(86_400))
        let basis = try #require(try entry.posting.storageCharge())
        #expect(basis.byteHours == [.datasets: 24 << 30, .images: 24 * 59 << 30])
        #expect(basis.hours == 24 && basis.measured == 24)
        #expect(try await test.store.read { try $0.balance(of: tenant.workspace).balance } == Points(micro: 999_966_670))
        #expect(try await platform.ledger.verify(by: .testOperator).difference == nil)
        let usage = try await platform.storage.usage(of: tenant.workspace, for: tenant.caller)
        #expect(usage.byKind == [.datasets: .gib(1), .images: .gib(59)] && usage.free == .gib(50))
        #expect(usage.perDay == Points(micro: 33_330))
        #expect(usage.today == Points(micro: 33_330 / 24))
        #expect(usage.largest.map(\.name) == ["big"])
    }

    @Test(
        "over days of 23 to 25 hours, gaps and restarts, each day costs the mean that a walk over its hours gives (BIL-15)",
        arguments: [
            ("Europe/Berlin", "2026-03-27T22:40:00Z"), ("Europe/Berlin", "2026-10-23T20:10:00Z"), ("UTC", "2026-02-27T12:00:00Z"),
            ("Asia/Kolkata", "2026-12-30T18:29:59Z"), ("America/New_York", "2026-10-30T05:00:00Z"),
        ])
    func mean(zone: String, start: String) async throws {
        var random = SeededRandom()
        let clock = ManualClock(start)
        let calendar = try BillingCalendar(zone: zone)
        let test = try TestPlatform(clock: clock, timeZone: zone)
        var platform = try await test.start()
        let tenant = try await test.tenant(on: platform)
        var sizes: [Timestamp: Int64] = [:]
        for _ in 0..<130 {
            let hour = BillingCalendar.hourStart(clock.now())
            let size = Int64.random(in: 0...120, using: &random) << 30 + Int64.random(in: 0...5, using: &random)
            try await own(Bytes(size), of: tenant, on: platform)
            try await platform.meter.tick()
            if sizes[hour] == nil { sizes[hour] = size }
            if Int.random(in: 0..<8, using: &random) == 0 { platform = try await test.start() }
            // The same hour again, the next one, or a gap of up to two days.
            switch Int.random(in: 0..<20, using: &random) {
            case 0: clock.advance(by: .seconds(600))
            case 1: clock.advance(by: .seconds(3600 * Int64.random(in: 2...48, using: &random)))
            default: clock.advance(by: BillingCalendar.nextHour(after: clock.now()) - clock.now())
            }
        }
        try await platform.meter.tick()
        let first = try calendar.day(of: try moment(start))
        let history = try await platform.tariffs.history()
        for day in try calendar.daysOver(after: first, by: clock.now()) {
            let hours = try calendar.hours(of: day)
            let before = sizes.keys.filter { $0 < hours[0] }.max()
            var (sum, last) = (Int128(0), before.flatMap { sizes[$0] } ?? 0)
            for hour in hours {
                last = sizes[hour] ?? last
                sum += Int128(last)
            }
            let expected = max(0, sum - Int128(hours.count) * Int128(50 << 30)) * 3333 / (Int128(hours.count) << 30)
            let entry = try await test.store.read { try $0.entry(key: "storage/\(tenant.workspace)/library/\(day)") }
            #expect(Int128(-(entry?.amount.micro ?? 0)) == expected, "seed \(random.seed), \(day)")
            #expect((entry == nil) == (expected == 0), "seed \(random.seed), \(day)")
        }
        let wrong = try await platform.ledger.verify(by: .testOperator).difference
        #expect(wrong == nil, "seed \(random.seed), \(wrong?.text.en ?? "")")
        #expect(history.versions.count == 1)
        // The first day began before there was a price list: it is free.
        #expect(try await test.store.read { try $0.entry(key: "storage/\(tenant.workspace)/library/\(first)") } == nil)
    }

    @Test(
        "after a change of time zone every hour is charged once: the first day has the hours since the last charged one (BIL-15)",
        arguments: [("Asia/Shanghai", "UTC"), ("UTC", "Asia/Shanghai"), ("Asia/Kolkata", "America/New_York"), ("UTC", "UTC")])
    func zoneChange(before: String, after: String) async throws {
        let clock = ManualClock("2026-11-19T01:00:00Z")
        let folder = try TemporaryFolder("weir-zone")
        let first = try TestPlatform(clock: clock, timeZone: before, folder: folder)
        var platform = try await first.start()
        let tenant = try await first.tenant(on: platform)
        try await own(.gib(150), of: tenant, on: platform)
        func pass(hours: Int) async throws {
            for _ in 0..<hours {
                try await platform.meter.tick()
                clock.advance(by: .seconds(3600))
            }
        }
        try await pass(hours: 60)
        try first.store.close()
        let second = try TestPlatform(clock: clock, timeZone: after, folder: folder)
        platform = try await second.start()
        try await pass(hours: 75)
        try await platform.meter.tick()
        let entries = try await second.store.read { db in
            try db.entries(of: tenant.workspace, EntryFilter(kind: .charge), PageRequest(limit: 100)).items
        }
        // From the midnight after the first price list to the last midnight: one hundredth of a day's hundred GB in each hour.
        let calendar = try BillingCalendar(zone: before)
        let begin = try calendar.dayBounds(around: moment("2026-11-19T01:00:00Z")).upperBound
        let end = try BillingCalendar(zone: after).dayBounds(around: clock.now()).lowerBound
        let hours = (end - begin).milliseconds / 3_600_000
        let sum = entries.reduce(Int64(0)) { $0 - $1.amount.micro }
        let exact = hours * 100 * 3333 / 24
        #expect(sum <= exact && sum >= exact - Int64(entries.count), "\(entries.map(\.key)): \(sum), not \(exact)")
        let charged = try entries.map { try #require(try $0.posting.storageCharge()).hours }.reduce(0, +)
        #expect(Int64(charged) == hours)
        let wrong = try await platform.ledger.verify(by: .testOperator).difference
        #expect(wrong == nil, "\(wrong?.text.en ?? "")")
    }

    @Test("a day that is charged otherwise than its samples say, or not at all, is found by the ledger's verification (BIL-27)")
    func samplesVerified() async throws {
        for sql in [
            "UPDATE storage_sample SET images = images + 1073741824 WHERE hour = 1795186800000",
            "DELETE FROM storage_sample WHERE hour = 1795230000000",
        ] {
            let clock = ManualClock("2026-11-19T00:00:00Z")
            let test = try TestPlatform(clock: clock, timeZone: "UTC")
            let platform = try await test.start()
            let tenant = try await test.tenant(on: platform)
            try await own(.gib(80), of: tenant, on: platform)
            for hour in 0..<80 {
                if hour == 30 { try await own(.gib(90), of: tenant, on: platform) }
                try await platform.meter.tick()
                clock.advance(by: .seconds(3600))
            }
            try await platform.meter.tick()
            #expect(try await platform.ledger.verify(by: .testOperator).difference == nil)
            try await DatabaseQueue(path: test.folder.path + "/weir.sqlite").write { try $0.execute(sql: sql) }
            let difference = try #require(try await platform.ledger.verify(by: .testOperator).difference, "\(sql)")
            #expect(difference.subject.hasPrefix("storage/\(tenant.workspace)/library/2026-11-2"), "\(difference.text.en)")
        }
    }

    @Test("the price is the one in force when the day began; arrears change nothing; a day is entered once (BIL-06, BIL-17)")
    func pricesAndArrears() async throws {
        let clock = ManualClock("2026-11-19T16:00:00Z")
        let test = try TestPlatform(clock: clock)
        let platform = try await test.start()
        let tenant = try await test.tenant(on: platform)
        try await own(.gib(150), of: tenant, on: platform)
        try await platform.meter.tick()
        _ = try await test.store.write { db in
            try db.post(
                Posting(workspace: tenant.workspace, kind: .correction, counter: .grants, amount: -1000, key: "test", note: "none left"),
                at: clock.now())
        }
        clock.advance(by: .seconds(3600))
        var dearer = try await platform.tariffs.inForce()
        dearer.startsAt = clock.now()
        dearer.storage.perGBDay = Points(micro: 10_000)
        let list = dearer
        _ = try await test.store.write { try $0.publish(list, at: clock.now()) }
        let again = try await test.start()
        clock.advance(by: .seconds(2 * 86_400))
        // Two at once, and once more.
        async let one: Void = again.meter.tick()
        async let two: Void = again.meter.tick()
        _ = try await (one, two)
        try await again.meter.tick()
        let entries = try await test.store.read { db in
            try db.entries(of: tenant.workspace, EntryFilter(kind: .charge), PageRequest()).items
        }
        #expect(entries.map(\.amount) == [Points(micro: -1_000_000), Points(micro: -333_300)])
        #expect(try await test.store.read { try $0.balance(of: tenant.workspace).balance } == Points(micro: -1_333_300))
    }

    @Test("samples of charged days go after three months, but the last one, on which later days build, stays")
    func oldSamples() async throws {
        let clock = ManualClock("2026-01-01T00:30:00Z")
        let test = try TestPlatform(clock: clock, timeZone: "UTC")
        let platform = try await test.start()
        let tenant = try await test.tenant(on: platform)
        try await own(.gib(60), of: tenant, on: platform)
        for _ in 0..<30 {
            try await platform.meter.tick()
            clock.advance(by: .seconds(3600))
        }
        func samples() async throws -> Int {
            let all = Timestamp(milliseconds: 0)..<clock.now()
            return try await test.store.read { try $0.storageSamples(of: .library(tenant.workspace), in: all).count }
        }
        #expect(try await samples() == 30)
        clock.advance(by: .seconds(120 * 86_400))
        for _ in 0..<4 { try await platform.meter.tick() }
        // Of the thirty the last, and the one of now.
        clock.advance(by: .milliseconds(1))
        #expect(try await samples() == 2)
        let days = try platform.calendar.daysOver(after: nil, by: clock.now())
        let key = "storage/\(tenant.workspace)/library/\(try #require(days.last))"
        #expect(try await test.store.read { try $0.entry(key: key)?.amount } == Points(micro: -33_330))
    }
}

/// An image of the workspace's own: the quickest way to hold many bytes.
private func own(_ size: Bytes, of tenant: TestPlatform.Tenant, on platform: Platform) async throws {
    let image = EngineImage(
        reference: "own/\(tenant.workspace)", digest: "sha256:" + String(repeating: "e", count: 64), labels: [:], size: size)
    _ = try await platform.images.register(image, for: tenant.workspace)
}

func moment(_ text: String) throws -> Timestamp { try #require(Timestamp(text)) }

/// Waits until there is something.
func eventually<Value>(_ look: () async throws -> Value?) async throws -> Value {
    for _ in 0..<3000 {
        if let value = try await look() { return value }
        try await Task.sleep(for: .milliseconds(20))
    }
    return try #require(try await look())
}
