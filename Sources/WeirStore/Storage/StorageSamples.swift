import GRDB
public import WeirModel

/// A meter, and the last day that was charged for it.
public struct StorageMeterRecord: Hashable, Sendable {
    public let meter: StorageMeter
    public let chargedDay: BillDay
    /// When that day ended; nil where it was charged before this was kept.
    public let chargedUntil: Timestamp?

    init(_ row: Row) throws {
        meter = try row.meter()
        let text: String = row["charged_day"]
        guard let day = BillDay(text) else { throw CorruptColumn(column: "charged_day", value: text) }
        chargedDay = day
        chargedUntil = row["charged_until"]
    }
}

extension StorageMeter {
    /// Empty for a workspace's libraries.
    fileprivate var owner: String {
        switch self {
        case .library: ""
        case .netdisk(_, let account): account.text
        }
    }
}

extension Row {
    /// The meter of a row with its workspace and its account.
    func meter() throws -> StorageMeter {
        let owner: String = self["account"]
        if owner.isEmpty { return .library(self["workspace"]) }
        guard let account = Identifier<Account>(owner) else { throw CorruptColumn(column: "account", value: owner) }
        return .netdisk(self["workspace"], account)
    }

    fileprivate func sample() -> StorageSample {
        var bytes: [StorageKind: Bytes] = [:]
        for kind in StorageKind.allCases {
            let size: Bytes = self[kind.rawValue]
            if size != 0 { bytes[kind] = size }
        }
        return StorageSample(at: self["at"], bytes: bytes)
    }
}

extension Reading {
    /// The samples of a meter in some hours, by their time.
    public func storageSamples(of meter: StorageMeter, in hours: Range<Timestamp>) throws -> [StorageSample] {
        try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT * FROM storage_sample WHERE workspace = ? AND account = ? AND hour >= ? AND hour < ? ORDER BY hour
                    """), arguments: [meter.workspace, meter.owner, hours.lowerBound, hours.upperBound]
        ).map { $0.sample() }
    }

    /// The last sample before an hour.
    public func storageSample(of meter: StorageMeter, before hour: Timestamp) throws -> StorageSample? {
        try Row.fetchOne(
            db.cachedStatement(
                sql: "SELECT * FROM storage_sample WHERE workspace = ? AND account = ? AND hour < ? ORDER BY hour DESC LIMIT 1"),
            arguments: [meter.workspace, meter.owner, hour]
        ).map { $0.sample() }
    }

    /// The meters for which a day before `day` is the last one charged, after `cursor` in their order.
    public func storageMeters(
        chargedBefore day: BillDay, after cursor: StorageMeter? = nil, limit: Int = 200
    ) throws -> [StorageMeterRecord] {
        try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT * FROM storage_meter WHERE (workspace, account) > (?, ?) AND charged_day < ?
                    ORDER BY workspace, account LIMIT ?
                    """), arguments: [cursor?.workspace.text ?? "", cursor?.owner ?? "", day.description, limit]
        ).map(StorageMeterRecord.init)
    }

    /// All meters, after `cursor` in their order.
    public func storageMeters(after cursor: StorageMeter?, limit: Int) throws -> [StorageMeterRecord] {
        try Row.fetchAll(
            db.cachedStatement(sql: "SELECT * FROM storage_meter WHERE (workspace, account) > (?, ?) ORDER BY workspace, account LIMIT ?"),
            arguments: [cursor?.workspace.text ?? "", cursor?.owner ?? "", limit]
        ).map(StorageMeterRecord.init)
    }

    /// The last day that is charged for every meter; nil when there is none.
    public func storageChargedDay() throws -> BillDay? {
        try String.fetchOne(db.cachedStatement(sql: "SELECT min(charged_day) FROM storage_meter")).flatMap { BillDay($0) }
    }
}

extension Writing {
    /// Takes the sample of the hour around `now` of every meter, unless there is one (BIL-15). A meter that is new is charged from
    /// the end of the day `before` on, which is `today`. Gives how many samples were taken.
    public func addStorageSamples(at now: Timestamp, chargedBefore before: BillDay, today: Timestamp) throws -> Int {
        let hour = BillingCalendar.hourStart(now)
        try db.cachedStatement(
            sql: """
                INSERT INTO storage_meter (workspace, account, charged_day, charged_until)
                SELECT id, '', :day, :today FROM workspace WHERE true
                UNION SELECT workspace, account, :day, :today FROM storage_held WHERE account <> '' ON CONFLICT DO NOTHING
                """
        ).execute(arguments: ["day": before.description, "today": today])
        try db.cachedStatement(
            sql: """
                INSERT INTO storage_sample (workspace, account, hour, at, code, datasets, models, images, outputs, netdisk, shared)
                SELECT storage_meter.workspace, storage_meter.account, :hour, :now,
                coalesce(sum(bytes) FILTER (WHERE kind = 'code'), 0), coalesce(sum(bytes) FILTER (WHERE kind = 'datasets'), 0),
                coalesce(sum(bytes) FILTER (WHERE kind = 'models'), 0),
                CASE storage_meter.account WHEN '' THEN coalesce((SELECT sum(size) FROM (
                    SELECT max(size) AS size FROM image WHERE image.workspace = storage_meter.workspace GROUP BY digest)), 0) ELSE 0 END,
                coalesce(sum(bytes) FILTER (WHERE kind = 'outputs'), 0), coalesce(sum(bytes) FILTER (WHERE kind = 'netdisk'), 0),
                coalesce(sum(bytes) FILTER (WHERE kind = 'shared'), 0)
                FROM storage_meter LEFT JOIN storage_held
                ON storage_held.workspace = storage_meter.workspace AND storage_held.account = storage_meter.account
                GROUP BY storage_meter.workspace, storage_meter.account
                ON CONFLICT (workspace, account, hour) DO NOTHING
                """
        ).execute(arguments: ["hour": hour, "now": now])
        return db.changesCount
    }

    /// Notes that a day was charged, and when it ended. False when it was before: then nothing may be entered.
    public func setCharged(_ record: StorageMeterRecord, until day: BillDay, end: Timestamp) throws -> Bool {
        try db.cachedStatement(
            sql: """
                UPDATE storage_meter SET charged_day = ?, charged_until = ? WHERE workspace = ? AND account = ? AND charged_day = ?
                """
        ).execute(arguments: [day.description, end, record.meter.workspace, record.meter.owner, record.chargedDay.description])
        return db.changesCount == 1
    }

    /// Removes a day's worth of the oldest samples before `hour`, but none that the days from `uncharged` on still build on.
    public func removeStorageSamples(before hour: Timestamp, uncharged: Timestamp) throws -> Int {
        guard let oldest = try Timestamp.fetchOne(db.cachedStatement(sql: "SELECT min(hour) FROM storage_sample")), oldest < hour
        else { return 0 }
        try db.cachedStatement(
            sql: """
                DELETE FROM storage_sample WHERE hour < ? AND EXISTS (
                    SELECT 1 FROM storage_sample AS later WHERE later.workspace = storage_sample.workspace
                    AND later.account = storage_sample.account AND later.hour > storage_sample.hour AND later.hour < ?)
                """
        ).execute(arguments: [min(hour, oldest + .seconds(86_400)), min(hour, uncharged)])
        return db.changesCount
    }
}
