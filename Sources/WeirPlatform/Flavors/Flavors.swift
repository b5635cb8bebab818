public import WeirModel
public import WeirStore

/// The resource specifications that people choose from, and the operator's changes to them (QUO-01, QUO-02, QUO-14, QUO-15).
///
/// What runs or waits holds a copy of its flavor, so that no change here reaches it; prices are the tariff's.
public struct Flavors: Sendable {
    let store: Store
    let clock: any WallClock
    let tariffs: Tariffs
    let zones: Zones
    let signals: WorkloadSignals

    /// A flavor with its price and what keeps it from being started.
    public struct Offer: Hashable, Sendable {
        public let record: FlavorRecord
        /// An hour of an instance of a job or service; nil when the list in force has none.
        public let pricePerHour: Points?
        /// The kinds of workload that `no_price` refuses.
        public var unpriced: [WorkloadKind] { WorkloadKind.allCases.filter { prices[$0] == nil } }
        /// An hour of one instance of each kind: environments and boards are priced by their parts (ux 11).
        public let prices: [WorkloadKind: Points]

        public var flavor: Flavor { record.flavor }
    }

    /// What flavors are narrowed to.
    public struct Filter: Hashable, Sendable {
        /// CDI kind.
        public var kind: String?
        /// Accelerator class: `P1`.
        public var accelerator: String?
        public var group: String?
        /// A part of the name, whatever the case.
        public var name: String?
        /// Also those that were retired.
        public var withRetired: Bool

        public init(kind: String? = nil, accelerator: String? = nil, group: String? = nil, name: String? = nil, withRetired: Bool = false) {
            self.name = name?.lowercased()
            self.kind = kind
            self.accelerator = accelerator
            self.group = group
            self.withRetired = withRetired
        }

        func takes(_ record: FlavorRecord) -> Bool {
            let flavor = record.flavor
            return (withRetired || record.retiredAt == nil) && (kind == nil || flavor.gpu?.kind == kind)
                && (accelerator == nil || flavor.gpu?.accelerator == accelerator)
                && (name.map { flavor.name.lowercased().contains($0) } ?? true)
                && (group == nil || (flavor.group ?? Node.commonGroup) == group)
        }
    }

    // MARK: Looking

    public func list(_ filter: Filter = Filter()) async throws -> [Offer] {
        let records = try await store.read { try $0.flavorRecords() }.filter(filter.takes)
        return try await offers(records)
    }

    /// Also one that was retired. Throws `not_found`.
    public func flavor(_ name: String) async throws -> Offer {
        guard let record = try await store.read({ try $0.flavorRecord(name) }), let offer = try await offers([record]).first else {
            throw WeirError.notFound("flavor")
        }
        return offer
    }

    private func offers(_ records: [FlavorRecord]) async throws -> [Offer] {
        let tariff = try? await tariffs.inForce()
        return records.map { record in
            let price = tariff?.flavors.first { $0.flavor == record.flavor.name }?.perHour
            let prices = WorkloadKind.allCases.reduce(into: [:]) { prices, kind in
                prices[kind] = try? tariff?.price(kind: kind, flavor: record.flavor, replicas: 1).amount(minutes: 60)
            }
            return Offer(record: record, pricePerHour: price, prices: prices)
        }
    }

    /// Who changed a flavor, the newest first.
    public func changes(of name: String, _ page: PageRequest) async throws -> Page<RuleChange> {
        try await store.read { db in
            guard try db.flavorRecord(name) != nil else { throw WeirError.notFound("flavor") }
            return try db.ruleChanges(ofFlavor: name, page)
        }
    }

    /// The flavors that will do for a purpose, the cheapest first, with the arithmetic (QUO-14).
    public func suggestions(for purpose: SizingPurpose) async throws -> (need: SizingNeed, flavors: [(Offer, LocalizedText)]) {
        let offers = try await list()
        let prices = Dictionary(offers.map { ($0.flavor.name, $0.pricePerHour) }, uniquingKeysWith: { first, _ in first })
        let suggestions = purpose.suggestions(among: offers.map(\.flavor)) { prices[$0.name] ?? nil }
        return (
            purpose.need,
            suggestions.compactMap { suggestion in
                offers.first { $0.flavor.name == suggestion.flavor.name }.map { ($0, suggestion.reason) }
            }
        )
    }

    // MARK: Changing

    /// Adds a flavor behind the others. With a price, it is priced from now on; without one, `no_price` refuses what is started under it
    /// until a list names it. Throws `name_taken`, `tariff_waits`, and what `Flavor.check` throws.
    public func create(_ flavor: Flavor, pricePerHour: Points?, by caller: Caller) async throws -> Offer {
        try caller.requireOperator()
        try flavor.check()
        let now = clock.now()
        let save: @Sendable (Writing) throws -> Void = { db in
            guard try db.read.flavorRecord(flavor.name) == nil else { throw WeirError.flavorTaken(flavor.name) }
            guard try db.read.flavors().count < Flavor.Limit.flavors else { throw WeirError.tooManyFlavors() }
            try db.save(flavor, by: caller.id, at: now)
        }
        if let pricePerHour {
            try await tariffs.publish(adding: FlavorPrice(flavor: flavor.name, perHour: pricePerHour), at: now, with: save)
        } else {
            try await store.write(save)
        }
        return try await changed(flavor.name)
    }

    /// Changes what the next start under this name gets. What runs or waits keeps its copy, and the price is the tariff's.
    public func change(
        _ name: String, by caller: Caller, _ change: @escaping @Sendable (Flavor) throws -> Flavor
    ) async throws -> Offer {
        try caller.requireOperator()
        let now = clock.now()
        try await store.write { db in
            guard let record = try db.read.flavorRecord(name), record.retiredAt == nil else { throw WeirError.notFound("flavor") }
            let flavor = try change(record.flavor)
            try flavor.check()
            try db.save(flavor, by: caller.id, at: now)
        }
        return try await changed(name)
    }

    /// Takes it from the list; what runs, waits or is stopped under it goes on with its copy.
    public func retire(_ name: String, by caller: Caller) async throws -> Offer {
        try await set(name, isRetired: true, by: caller)
    }

    public func restore(_ name: String, by caller: Caller) async throws -> Offer {
        try await set(name, isRetired: false, by: caller)
    }

    private func set(_ name: String, isRetired: Bool, by caller: Caller) async throws -> Offer {
        try caller.requireOperator()
        let now = clock.now()
        try await store.write { db in
            guard try db.read.flavorRecord(name) != nil else { throw WeirError.notFound("flavor") }
            try db.setFlavor(name, isRetired: isRetired, by: caller.id, at: now)
        }
        return try await changed(name)
    }

    /// These first, in this order; the others behind them as they were.
    public func order(_ names: [String], by caller: Caller) async throws -> [Offer] {
        try caller.requireOperator()
        guard Set(names).count == names.count else { throw WeirError.malformed("names", "each flavor once") }
        try await store.write { db in
            for name in names {
                guard try db.read.flavorRecord(name) != nil else { throw WeirError.notFound("flavor") }
            }
            try db.orderFlavors(names)
        }
        return try await list(Filter(withRetired: true))
    }

    private func changed(_ name: String) async throws -> Offer {
        signals.send(.rules)
        return try await flavor(name)
    }
}

extension WeirError {
    static func flavorTaken(_ name: String) -> WeirError {
        WeirError(
            "name_taken", .conflict, subject: "name", rule: "QUO-02",
            LocalizedText("There is a flavor called \"\(name)\", or there was one.", zh: "已存在或曾存在名为“\(name)”的规格。"),
            remedy: LocalizedText("Change that one, restore it, or choose another name.", zh: "请修改或恢复该规格，或换一个名称。"))
    }

    static func tooManyFlavors() -> WeirError {
        WeirError(
            "too_many_flavors", .conflict, subject: "flavors",
            LocalizedText(
                "There are \(Flavor.Limit.flavors) flavors to choose from already.", zh: "可选规格已达 \(Flavor.Limit.flavors) 个。"),
            remedy: LocalizedText("Retire some of them first.", zh: "请先停用部分规格。"))
    }
}
