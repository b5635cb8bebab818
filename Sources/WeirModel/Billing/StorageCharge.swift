/// The charge for what a meter held on one day: (daily mean − free) × price (BIL-13).
public struct StorageCharge: Hashable, Sendable, Codable {
    /// No change of time zone moves a midnight by more than 27 hours.
    static let mostHours = 52

    public let meter: StorageMeter
    public let day: BillDay
    /// The version of the price list that was in force when the day began (BIL-06).
    public let tariff: Int
    public let perGBDay: Points
    public let free: Bytes
    /// Hours that are charged: those that the day had, 24 but for changes of daylight saving.
    public let hours: Int
    /// After a change of time zone, the hours from the end of the last charged day to the end of this one are charged, so that none
    /// is lost or counts twice; these are the hours that the day had. Nil where it is all the same.
    public let dayHours: Int?
    /// Hours with a sample of their own; the others count what the last sample before them said.
    public let measured: Int
    /// The sum of the day's hourly samples by kind, in bytes × hours.
    public let byteHours: [StorageKind: Int64]

    public init(
        meter: StorageMeter, day: BillDay, tariff: Int, perGBDay: Points, free: Bytes, hours: Int, dayHours: Int? = nil,
        measured: Int, byteHours: [StorageKind: Int64]
    ) {
        self.meter = meter
        self.day = day
        self.tariff = tariff
        self.perGBDay = perGBDay
        self.free = free
        self.hours = hours
        self.dayHours = dayHours
        self.measured = measured
        self.byteHours = byteHours
    }

    /// The charge of a day that is over. An hour without a sample counts what the last sample before it said, also one of an earlier
    /// day: while Weir is down, nothing is deleted. Hours before the first sample ever count nothing.
    /// - Parameters:
    ///   - samples: those of the day, in any order; others are passed over.
    ///   - earlier: the last sample before the day.
    ///   - since: where the hours begin, when it is not with the day.
    /// Throws `malformed` for a negative size or a kind that the meter does not hold; `amount_too_large`.
    public init(
        meter: StorageMeter, day: BillDay, samples: some Sequence<StorageSample>, earlier: StorageSample?, tariff: Tariff,
        calendar: BillingCalendar, since: Timestamp? = nil
    ) throws(WeirError) {
        let own = try calendar.hours(of: day)
        var hours = own
        if let since { hours = BillingCalendar.hours(in: since..<max(since, try calendar.bounds(of: day).upperBound)) }
        var byHour: [Timestamp: StorageSample] = [:]
        for sample in samples {
            let hour = BillingCalendar.hourStart(sample.at)
            if let other = byHour[hour], other.at <= sample.at { continue }
            byHour[hour] = sample
        }
        var last = earlier
        var measured = 0
        var sums: [StorageKind: Int64] = [:]
        for hour in hours {
            if let sample = byHour[hour] {
                last = sample
                measured += 1
            }
            guard let last else { continue }
            for (kind, size) in last.bytes {
                guard size >= 0, meter.kinds.contains(kind) else {
                    throw .malformed("sample", "sizes of the meter's kinds", rule: "BIL-15")
                }
                let (sum, overflow) = sums[kind, default: 0].addingReportingOverflow(size.count)
                guard !overflow else { throw .amountTooLarge() }
                sums[kind] = sum
            }
        }
        self.init(
            meter: meter, day: day, tariff: tariff.number, perGBDay: tariff.storage.perGBDay, free: tariff.storage.free(of: meter),
            hours: hours.count, dayHours: hours.count == own.count ? nil : own.count, measured: measured, byteHours: sums)
    }

    /// Rounded once, down to the micro-point. Throws `amount_too_large`; `malformed` for negative values.
    public var amount: Points {
        get throws(WeirError) {
            guard hours > 0, (dayHours ?? hours) > 0, free >= 0, perGBDay >= 0, byteHours.values.allSatisfy({ $0 >= 0 }) else {
                throw .malformed("storage", "0 or more", rule: "BIL-13")
            }
            let charged = try chargedByteHours.times(Int128(perGBDay.micro))
            return try Points(exactly: charged / (Int128(dayHours ?? hours) << 30))
        }
    }

    /// Byte-hours above the free amount.
    var chargedByteHours: Int128 {
        get throws(WeirError) {
            let held = byteHours.values.reduce(Int128(0)) { $0 + Int128($1) }
            return max(0, held - Int128(free.count) * Int128(hours))
        }
    }
}

extension StoragePrices {
    public func free(of meter: StorageMeter) -> Bytes {
        switch meter {
        case .library: freeLibrary
        case .netdisk: freeNetdisk
        }
    }
}
