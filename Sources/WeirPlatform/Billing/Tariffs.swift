import Foundation
import Synchronization
public import WeirModel
import WeirStore

/// The price lists: what holds now, what will, and the publishing of the next (BIL-06).
public final class Tariffs: Sendable {
    private struct Known {
        var versions: [Tariff]?
        /// Counts the publications, so that a reading that began before one is not kept after it.
        var generation = 0
    }

    private let store: Store
    private let clock: any WallClock
    private let known = Mutex(Known())

    init(store: Store, clock: any WallClock) {
        self.store = store
        self.clock = clock
    }

    /// All versions, the oldest first.
    public func history() async throws -> TariffHistory {
        let (versions, generation) = known.withLock { ($0.versions, $0.generation) }
        if let versions { return try TariffHistory(versions) }
        let read = try await store.read { try $0.tariffs() }
        known.withLock { if $0.generation == generation { $0.versions = read } }
        return try TariffHistory(read)
    }

    /// The list for what starts now. Throws `no_tariff`.
    public func inForce() async throws -> Tariff { try await inForce(at: clock.now()) }

    /// The list for what starts at `moment`. Throws `no_tariff`.
    public func inForce(at moment: Timestamp) async throws -> Tariff {
        if let versions = known.withLock({ $0.versions }) {
            guard let tariff = versions.last(where: { $0.startsAt <= moment }) else { throw WeirError.noTariff() }
            return tariff
        }
        return try await history().inForce(at: moment)
    }

    /// What a run of `spec` costs that starts at `moment`, ready to be written. Throws `no_tariff`, `no_price`.
    func prepared(_ spec: WorkloadSpec, at moment: Timestamp) async throws -> PreparedPrice {
        try PreparedPrice(spec, try await inForce(at: moment))
    }

    /// The operator's next list, from its date on; its number is given here. Throws `tariff_in_the_past`, `tariff_out_of_order`.
    public func publish(_ list: Tariff, by caller: Caller) async throws -> Tariff {
        try caller.requireOperator()
        let now = clock.now()
        return try await publishing { db in
            let tariff = try db.publish(list, at: now)
            try db.record(
                AuditEvent(
                    .tariffPublished, of: "\(tariff.number)", named: "\(tariff.number)", after: "\(tariff.startsAt)", in: nil,
                    by: caller.id,
                    at: now))
            return tariff
        }
    }

    /// Publishes the list of the configuration when it is another one than at the start before: so what the operator publishes later
    /// holds until the file says something new. Its number and date are given here.
    ///
    /// Returns what was published, or nil. Throws `tariff_waits` when a list with a later date waits: it would be undone.
    @discardableResult
    func publish(fromFile list: Tariff, at now: Timestamp) async throws -> Tariff? {
        var bare = list
        (bare.number, bare.startsAt) = (1, Timestamp(milliseconds: 0))
        try bare.check()
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        let (hash, next) = (Secrets.hash(String(decoding: try encoder.encode(bare), as: UTF8.self)), bare)
        return try await publishing { db in
            guard try db.read.setting("tariff.file") != hash else { return nil }
            var tariff = next
            tariff.startsAt = now
            if let newest = try db.read.newestTariff() {
                guard newest.startsAt <= now else { throw WeirError.tariffWaits(newest) }
                // Flavors that people made are not in the file, and keep their prices.
                let made = try db.read.flavorRecords().filter { !$0.isFromFile }.map(\.flavor.name)
                let named = tariff.flavors.map(\.flavor)
                tariff.flavors += newest.flavors.filter { made.contains($0.flavor) && !named.contains($0.flavor) }
                tariff.startsAt = max(now, newest.startsAt + .milliseconds(1))
            }
            try db.setSetting("tariff.file", to: hash)
            return try db.publish(tariff, at: now)
        }
    }

    /// Publishes the list in force with one more price, from `now` on, in one transaction with `body`. Throws `tariff_waits` when a list
    /// with a later date waits: it would undo the price.
    func publish(
        adding price: FlavorPrice, at now: Timestamp, with body: @escaping @Sendable (Writing) throws -> Void
    ) async throws {
        try await publishing { db in
            try body(db)
            guard var tariff = try db.read.newestTariff() else { throw WeirError.noTariff() }
            guard tariff.startsAt <= now else { throw WeirError.tariffWaits(tariff) }
            tariff.flavors.removeAll { $0.flavor == price.flavor }
            tariff.flavors.append(price)
            tariff.startsAt = max(now, tariff.startsAt + .milliseconds(1))
            _ = try db.publish(tariff, at: now)
        }
    }

    private func publishing<Result: Sendable>(
        _ body: @escaping @Sendable (Writing) throws -> Result
    ) async throws -> Result {
        let result = try await store.write(body)
        known.withLock {
            $0.versions = nil
            $0.generation += 1
        }
        return result
    }
}

extension WeirError {
    static func tariffWaits(_ tariff: Tariff) -> WeirError {
        WeirError(
            "tariff_waits", .conflict, subject: "tariff", rule: "BIL-06",
            LocalizedText(
                "Price list \(tariff.number) was published for \(tariff.startsAt); the list of the configuration file would undo it.",
                zh: "价格表第 \(tariff.number) 版已定于 \(tariff.startsAt) 生效，配置文件中的价格表将使其失效。"),
            remedy: LocalizedText(
                "Publish a list with a later date, or start Weir again after that one has begun.",
                zh: "请发布日期更晚的价格表，或在其生效后重新启动 Weir。"))
    }
}
