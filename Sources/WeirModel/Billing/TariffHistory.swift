/// All versions of the price list, the oldest first.
public struct TariffHistory: Hashable, Sendable {
    public let versions: [Tariff]

    /// Throws when a version is not sound by itself, or does not follow the one before it.
    public init(_ versions: [Tariff]) throws(WeirError) {
        for (index, version) in versions.enumerated() {
            try version.check()
            if index > 0 { try version.follows(versions[index - 1]) }
        }
        self.versions = versions
    }

    /// The prices for what starts at `moment`; a running workload keeps the version that it started under (BIL-06).
    /// Throws `no_tariff` before the first version.
    public func inForce(at moment: Timestamp) throws(WeirError) -> Tariff {
        guard let tariff = versions.last(where: { $0.startsAt <= moment }) else { throw .noTariff() }
        return tariff
    }

    /// The version of that number, which a charge names. Throws `no_tariff`.
    public subscript(number: Int) -> Tariff {
        get throws(WeirError) {
            guard let tariff = versions.first(where: { $0.number == number }) else { throw .noTariff() }
            return tariff
        }
    }

    /// This history with one more version. What has begun cannot be given another price, so its date may not be past (BIL-06).
    /// Throws `tariff_in_the_past`, `tariff_out_of_order`, and what `Tariff.check` throws.
    public func publishing(_ tariff: Tariff, now: Timestamp) throws(WeirError) -> TariffHistory {
        guard tariff.startsAt >= now else { throw .tariffInThePast() }
        return try TariffHistory(versions + [tariff])
    }
}

extension Tariff {
    fileprivate func follows(_ previous: Tariff) throws(WeirError) {
        guard number == previous.number + 1, startsAt > previous.startsAt else { throw .tariffOutOfOrder() }
    }
}

extension WeirError {
    public static func noTariff() -> WeirError {
        WeirError(
            "no_tariff", .notFound, subject: "tariff", rule: "BIL-06",
            LocalizedText("There is no price list for that time.", zh: "该时间没有生效的价格表。"),
            remedy: LocalizedText("Ask the operator to publish a price list.", zh: "请联系运营管理员发布价格表。"))
    }

    public static func tariffInThePast() -> WeirError {
        WeirError(
            "tariff_in_the_past", .invalid, subject: "startsAt", rule: "BIL-06",
            LocalizedText(
                "A price list cannot start in the past: what has begun keeps its price.",
                zh: "价格表的生效时间不能早于现在：已开始的任务保持原价。"))
    }

    public static func tariffOutOfOrder() -> WeirError {
        WeirError(
            "tariff_out_of_order", .conflict, subject: "number", rule: "BIL-06",
            LocalizedText(
                "A price list has the number after the last one's, and starts after it.",
                zh: "新价格表的版本号须紧接上一版，生效时间须晚于上一版。"))
    }
}
