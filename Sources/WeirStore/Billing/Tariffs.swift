import Foundation
import GRDB
public import WeirModel

extension Reading {
    /// The number of the price list that holds at `now`.
    public func tariffNumber(at now: Timestamp) throws -> Int? {
        try Int.fetchOne(
            db.cachedStatement(sql: "SELECT number FROM tariff WHERE starts_at <= ? ORDER BY starts_at DESC, number DESC LIMIT 1"),
            arguments: [now])
    }

    /// The version of that number; nil when there is none, or one from before billing.
    public func tariff(number: Int) throws -> Tariff? {
        try Row.fetchOne(db.cachedStatement(sql: "SELECT * FROM tariff WHERE number = ?"), arguments: [number]).flatMap(Self.tariff)
    }

    /// All versions, the oldest first.
    public func tariffs() throws -> [Tariff] {
        try Row.fetchAll(db.cachedStatement(sql: "SELECT * FROM tariff ORDER BY number")).compactMap(Self.tariff)
    }

    /// The number and date of the version published last, in force or not; nil when there is none.
    public func newestTariff() throws -> Tariff? {
        try Row.fetchOne(db.cachedStatement(sql: "SELECT * FROM tariff ORDER BY number DESC LIMIT 1")).flatMap(Self.tariff)
    }

    /// Lists from before billing have other members; nothing was ever charged by them.
    private static func tariff(_ row: Row) throws -> Tariff? {
        let text: String = row["document"]
        guard text.contains("\"environment\"") else { return nil }
        var tariff = try JSONDecoder().decode(Tariff.self, from: Data(text.utf8))
        tariff.number = row["number"]
        tariff.startsAt = row["starts_at"]
        return tariff
    }
}

extension Writing {
    /// Adds a version under the next number. Throws `tariff_in_the_past`, `tariff_out_of_order`, and what `Tariff.check` throws (BIL-06).
    public func publish(_ list: Tariff, at now: Timestamp) throws -> Tariff {
        var tariff = list
        tariff.number = try (Int.fetchOne(db.cachedStatement(sql: "SELECT max(number) FROM tariff")) ?? 0) + 1
        _ = try TariffHistory(read.newestTariff().map { [$0] } ?? []).publishing(tariff, now: now)
        try db.execute(
            sql: "INSERT INTO tariff (number, starts_at, document, created_at) VALUES (?, ?, ?, ?)",
            arguments: [tariff.number, tariff.startsAt, try jsonText(tariff), now])
        return tariff
    }
}

/// The price of a run, worked out before the one writer has to wait for it. It is used in the transaction if it still holds there.
public struct PreparedPrice: Sendable {
    private let kind: WorkloadKind
    private let flavor: Flavor
    private let replicas: Int
    private let tariff: Int
    let text: String
    /// The points that must be there when it is let in.
    public let firstHour: Points

    /// Throws `no_price`, `amount_too_large`.
    public init(_ spec: WorkloadSpec, _ tariff: Tariff) throws {
        (kind, flavor, replicas) = (spec.kind, spec.flavor, spec.replicas)
        self.tariff = tariff.number
        let price = try tariff.price(of: spec)
        // A price that cannot be computed for an hour could not be settled either.
        _ = try price.amount(minutes: 60)
        firstHour = try price.firstHour(limit: spec.runLimit)
        text = try quickJSON(price)
    }

    func holds(for spec: WorkloadSpec, under number: Int) -> Bool { tariff == number && holds(for: spec) }

    /// True for what has the kind, flavor and replicas that it was made for; another price list may be in force by now.
    public func holds(for spec: WorkloadSpec) -> Bool { kind == spec.kind && replicas == spec.replicas && flavor == spec.flavor }
}

extension Reading {
    /// For so long a program may come up without being charged (BIL-26).
    public func startGrace() throws -> Duration {
        try setting(StartGrace.setting).flatMap { Int64($0) }.map { .seconds($0) } ?? StartGrace.standard
    }

    /// True while the flavor's name still stands for the size that a workload has of it: a list has prices for names.
    func hasKeptItsSize(_ spec: WorkloadSpec) throws -> Bool {
        // Environments and boards pay for what they have, part by part.
        guard spec.kind == .job || spec.kind == .service else { return true }
        return try flavorRecord(spec.flavor.name).map { $0.flavor.isOfSameSize(as: spec.flavor) } ?? true
    }
}

extension Writing {
    public func setStartGrace(_ grace: Duration) throws {
        try setSetting(StartGrace.setting, to: "\(grace.components.seconds)")
    }

    /// The number of the list in force, and what a run costs under it, as it stands in the run's row. Throws `no_tariff`, `no_price`.
    func runPrice(of spec: WorkloadSpec, _ prepared: PreparedPrice?, at now: Timestamp) throws -> (tariff: Int, price: String) {
        guard let number = try read.tariffNumber(at: now) else { throw WeirError.noTariff() }
        if let prepared, prepared.holds(for: spec, under: number) { return (number, prepared.text) }
        guard let tariff = try read.tariff(number: number) else { throw WeirError.noTariff() }
        return (number, try PreparedPrice(spec, tariff).text)
    }
}
