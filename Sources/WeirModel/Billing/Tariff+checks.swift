extension Tariff {
    /// Bounds within which every product of price, quantity and time of a sane installation can be computed.
    public enum Limit {
        /// No price is higher than a million points.
        public static let price = Points(micro: 1_000_000_000_000)
        public static let flavors = 1000
        public static let gpus = 64
        public static let free = Bytes.gib(1 << 30)
    }

    /// All that is wrong with the list by itself; empty when it can be published.
    public var problems: [WeirError] {
        var found: [WeirError] = []
        if number < 1 { found.append(.malformed("number", "1 or more", rule: "BIL-06")) }
        if flavors.count > Limit.flavors {
            found.append(.malformed("flavors", "at most \(Limit.flavors) flavors", rule: "BIL-03"))
        }
        if environment.gpus.count > Limit.gpus {
            found.append(.malformed("environment.gpus", "at most \(Limit.gpus) kinds", rule: "BIL-08"))
        }
        for name in flavors.map(\.flavor).repeated {
            found.append(.pricedTwice("flavors", name, rule: "BIL-03"))
        }
        for kind in environment.gpus.map(\.kind).repeated {
            found.append(.pricedTwice("environment.gpus", kind, rule: "BIL-08"))
        }
        for (field, names, rule) in [
            ("flavors", flavors.map(\.flavor), "BIL-03"), ("environment.gpus", environment.gpus.map(\.kind), "BIL-08"),
        ] where !names.allSatisfy({ (1...Name.limit).contains($0.unicodeScalars.count) }) {
            found.append(.malformed(field, "a name of 1 to \(Name.limit) characters for each price", rule: rule))
        }
        for (field, price, rule) in prices where !(0...Limit.price).contains(price) {
            found.append(.priceOutOfRange(field, rule: rule))
        }
        for (field, size, rule) in [
            ("storage.freeLibrary", storage.freeLibrary, "BIL-16"), ("storage.freeNetdisk", storage.freeNetdisk, "BIL-28"),
        ] where !(0...Limit.free).contains(size) {
            found.append(.malformed(field, "a size from 0 to \(Limit.free)", rule: rule))
        }
        return found
    }

    /// Throws the first of `problems`.
    public func check() throws(WeirError) {
        if let problem = problems.first { throw problem }
    }

    private var prices: [(field: String, price: Points, rule: String)] {
        flavors.map { ("flavors.\($0.flavor)", $0.perHour, "BIL-03") }
            + [
                ("environment.cpuCore", environment.cpuCore, "BIL-08"),
                ("environment.memoryGiB", environment.memoryGiB, "BIL-08"),
                ("environment.scratchGiB", environment.scratchGiB, "BIL-08"),
            ]
            + environment.gpus.flatMap {
                [
                    ("environment.gpus.\($0.kind).thousandth", $0.thousandth, "BIL-08"),
                    ("environment.gpus.\($0.kind).memoryGiB", $0.memoryGiB, "BIL-08"),
                ]
            }
            + [
                ("board.cpuCore", board.cpuCore, "BIL-11"), ("board.memoryGiB", board.memoryGiB, "BIL-11"),
                ("storage.perGBDay", storage.perGBDay, "BIL-14"),
            ]
    }
}

extension [String] {
    /// Each text that stands here more than once, in order.
    fileprivate var repeated: [String] {
        Dictionary(grouping: self) { $0 }.filter { $0.value.count > 1 }.keys.sorted()
    }
}

extension WeirError {
    public static func pricedTwice(_ field: String, _ name: String, rule: String) -> WeirError {
        WeirError(
            "priced_twice", .invalid, subject: field, rule: rule,
            LocalizedText("The price list names \"\(name)\" twice.", zh: "价格表中“\(name)”出现两次。"))
    }

    public static func priceOutOfRange(_ field: String, rule: String) -> WeirError {
        WeirError(
            "price_out_of_range", .invalid, subject: field, rule: rule,
            LocalizedText(
                "\(field): a price is between 0 and \(Tariff.Limit.price) points.",
                zh: "\(field)：价格须在 0 至 \(Tariff.Limit.price) 算力点之间。"))
    }
}
