public import WeirModel
import WeirStore

/// What a workspace keeps now, and what that costs.
public struct StorageUsage: Sendable {
    public let byKind: [StorageKind: Bytes]
    public let held: Bytes
    public let free: Bytes
    public let perGBDay: Points
    /// What a day costs on which all stays as it is now.
    public let perDay: Points
    /// What the hours of today that have been sampled come to; it is charged when the day is over.
    public let today: Points
    /// Of what the viewer may know of, the largest first.
    public let largest: [Item]
    /// People whose homes and netdisks the workspace pays for, each with a free amount of its own; those that keep most. Who does not
    /// answer for the workspace's money sees nobody but themselves.
    public let people: [Person]
    /// What each person keeps to themselves of the libraries, in sum, for who answers for the workspace's money: what it is, and how
    /// many things, nobody else learns (DAT-14).
    public let ownOnly: [(account: Identifier<Account>, held: Bytes)]

    public struct Person: Hashable, Sendable {
        public let account: Identifier<Account>
        public let held: Bytes
        public let free: Bytes
        public let perDay: Points
    }

    public struct Item: Hashable, Sendable {
        public let unit: StorageUnit
        public let kind: StorageKind
        public let name: String
        public let bytes: Bytes
        public let files: Int
        public let measuredAt: Timestamp?
    }
}

/// What is kept, for those who want to know what it costs.
public struct StorageUsages: Sendable {
    public static let mostItems = 50

    let store: Store
    let clock: any WallClock
    let calendar: BillingCalendar
    let tariffs: Tariffs

    /// As it was measured last: at most an hour ago.
    public func usage(
        of workspace: Identifier<Workspace>, largest: Int = 20, for caller: Caller
    ) async throws -> StorageUsage {
        let seesPeople = try await store.read { db in
            try db.requireBilling(of: workspace, for: caller, .seeBilling)
            return try db.seesPeople(of: workspace, caller)
        }
        return try await usage(of: workspace, largest: largest, viewer: caller.id, seesPeople: seesPeople)
    }

    /// - Parameter viewer: nil for what Weir itself reckons with, which is all people and none of the things.
    func usage(
        of workspace: Identifier<Workspace>, largest: Int = 0, viewer: Identifier<Account>? = nil, seesPeople: Bool = true
    ) async throws -> StorageUsage {
        let now = clock.now()
        let day = try calendar.day(of: now)
        let hours = try calendar.hours(of: day)
        let elapsed = hours.filter { $0 <= now }
        let tariff = try await tariffs.inForce(at: now)
        let meter = StorageMeter.library(workspace)
        let first = hours.first ?? now
        let (held, samples, earlier, items, people, own) = try await store.read { db in
            (
                try db.storageHeld(by: workspace), try db.storageSamples(of: meter, in: first..<(now + .milliseconds(1))),
                try db.storageSample(of: meter, before: first),
                try viewer.map { viewer in
                    try db.largestStorageUnits(of: workspace, seenBy: viewer, most: max(0, min(largest, Self.mostItems))).map { record in
                        StorageUsage.Item(
                            unit: record.unit, kind: record.kind, name: try db.name(of: record.unit), bytes: record.bytes,
                            files: record.files, measuredAt: record.measuredAt)
                    }
                } ?? [], try db.personalStorage(paidBy: workspace, of: seesPeople ? nil : viewer, most: Self.mostItems),
                viewer != nil && seesPeople ? try db.privateStorage(in: workspace, most: Self.mostItems) : []
            )
        }
        let sum = held.values.reduce(Bytes(0), +)
        return StorageUsage(
            byKind: held, held: sum, free: tariff.storage.freeLibrary, perGBDay: tariff.storage.perGBDay,
            perDay: try amount(meter, day, [held], of: 1, tariff),
            today: try amount(meter, day, Self.hourly(elapsed, samples, earlier), of: hours.count, tariff), largest: items,
            people: try people.map { account, held in
                StorageUsage.Person(
                    account: account, held: held, free: tariff.storage.freeNetdisk,
                    perDay: try amount(.netdisk(workspace, account), day, [[.netdisk: held]], of: 1, tariff))
            }, ownOnly: own.map { (account: $0, held: $1) })
    }

    private static func hourly(
        _ hours: [Timestamp], _ samples: [StorageSample], _ earlier: StorageSample?
    ) -> [[StorageKind: Bytes]] {
        let byHour = Dictionary(samples.map { (BillingCalendar.hourStart($0.at), $0) }) { first, _ in first }
        var last = earlier
        return hours.compactMap { hour in
            last = byHour[hour] ?? last
            return last?.bytes
        }
    }

    /// The part of a day's price that some of its `hours` come to, each with a free amount of its own.
    private func amount(
        _ meter: StorageMeter, _ day: BillDay, _ hourly: [[StorageKind: Bytes]], of hours: Int, _ tariff: Tariff
    ) throws -> Points {
        guard !hourly.isEmpty, hours > 0 else { return 0 }
        var sums: [StorageKind: Int64] = [:]
        for hour in hourly {
            for (kind, size) in hour {
                let (sum, overflow) = sums[kind, default: 0].addingReportingOverflow(size.count)
                guard !overflow else { throw WeirError.amountTooLarge() }
                sums[kind] = sum
            }
        }
        let mean = StorageCharge(
            meter: meter, day: day, tariff: tariff.number, perGBDay: tariff.storage.perGBDay, free: tariff.storage.free(of: meter),
            hours: hourly.count, measured: hourly.count, byteHours: sums)
        return try mean.amount.times(hourly.count, dividedBy: hours)
    }
}

extension Points {
    fileprivate func times(_ count: Int, dividedBy divisor: Int) throws -> Points {
        try Points(exactly: Int128(micro) * Int128(count) / Int128(divisor))
    }
}
