extension Charge {
    /// What was charged, from when to when, and the arithmetic: enough to compute the amount by hand (BIL-22, BIL-27).
    public func explained(calendar: BillingCalendar) throws(WeirError) -> LocalizedText {
        let span = "\(calendar.text(from)) – \(calendar.text(to)) (\(calendar.zone))"
        switch basis {
        case .run(let charge): return try explain(charge, span: span)
        case .storage(let charge): return explain(charge)
        }
    }

    private func explain(_ charge: RunCharge, span: String) throws(WeirError) -> LocalizedText {
        let rate = charge.price.formula
        let before = try charge.price.amount(minutes: charge.before.minutes)
        let after = try charge.price.amount(minutes: charge.after.minutes)
        let (from, to) = (charge.before.minutes, charge.after.minutes)
        var en = "Run \(charge.run), \(span), \(charge.minutes) min, price list \(charge.price.tariff): "
        var zh = "运行 \(charge.run)，\(span)，\(charge.minutes) 分钟，价格表第 \(charge.price.tariff) 版："
        if from == 0 {
            en += "\(rate.en) per hour × \(to) min ÷ 60 = \(amount) points."
            zh += "每小时 \(rate.zh) × \(to) 分钟 ÷ 60 = \(amount) 算力点。"
        } else {
            en += "\(rate.en) per hour; \(to) min of the run cost \(after), of which \(from) min were settled with \(before): "
            zh += "每小时 \(rate.zh)；本次运行 \(to) 分钟共 \(after)，其中 \(from) 分钟已结算 \(before)："
            en += "\(after) − \(before) = \(amount) points."
            zh += "\(after) − \(before) = \(amount) 算力点。"
        }
        if to < from {
            en += " The run ended earlier than was known when it was settled; what was too much is given back."
            zh += "运行的实际结束时间早于结算时所知，多扣部分已退回。"
        }
        return LocalizedText(en, zh: zh)
    }

    private func explain(_ charge: StorageCharge) -> LocalizedText {
        let kinds = charge.byteHours.filter { $0.value > 0 }.sorted { $0.key.rawValue < $1.key.rawValue }
        let total = kinds.reduce(Int128(0)) { $0 + Int128($1.value) }
        let parts = kinds.map { "\($0.key.rawValue) \(Decimal6.gib($0.value))" }.joined(separator: " + ")
        let partsZH = kinds.map { "\($0.key.chinese) \(Decimal6.gib($0.value))" }.joined(separator: " + ")
        let (sum, free) = (Decimal6.gib(total), Decimal6.gib(charge.free.count))
        // After a change of time zone it is the part of a day, or more than one.
        let part = charge.dayHours.map { " × \(charge.hours) ÷ \($0)" } ?? ""
        let formula = "(\(sum) ÷ \(charge.hours) − \(free)) × \(charge.perGBDay)\(part)"
        let nothing = total <= Int128(charge.free.count) * Int128(charge.hours)
        return LocalizedText(
            "Storage on \(charge.day), price list \(charge.tariff), \(charge.measured) of \(charge.hours) hours measured: "
                + "\(parts.isEmpty ? "0" : parts) = \(sum) GB·h; "
                + (nothing ? "the mean is not above the free \(free) GB: \(amount) points." : "\(formula) = \(amount) points."),
            zh: "\(charge.day) 存储，价格表第 \(charge.tariff) 版，\(charge.hours) 小时中采样 \(charge.measured) 小时："
                + "\(partsZH.isEmpty ? "0" : partsZH) = \(sum) GB·小时；"
                + (nothing ? "日均值未超过免费额度 \(free) GB：\(amount) 算力点。" : "\(formula) = \(amount) 算力点。"))
    }
}

extension RunPrice {
    /// `(2 cores × 0.060000 + 4 GiB memory × 0.015000) × 3`.
    var formula: LocalizedText {
        func joined(_ texts: [String]) -> String {
            let sum = texts.joined(separator: " + ")
            let grouped = texts.count > 1 ? "(\(sum))" : sum
            return instances == 1 ? grouped : "\(grouped) × \(instances)"
        }
        return LocalizedText(
            joined(items.map { "\($0.amountText)\($0.unit.en) × \($0.price)" }),
            zh: joined(items.map { "\($0.amountText)\($0.unit.zh) × \($0.price)" }))
    }
}

extension PricedItem {
    fileprivate var amountText: String {
        switch part {
        case .flavor, .gpu: "\(quantity)"
        case .cpu: Decimal6.exact(quantity, per: part.perUnit) ?? "\(quantity) ÷ \(part.perUnit)"
        case .memory, .gpuMemory, .scratch: Decimal6.gib(quantity)
        }
    }

    fileprivate var unit: LocalizedText {
        let name = name.map { " \($0)" } ?? ""
        return switch part {
        case .flavor: LocalizedText(name, zh: name)
        case .cpu: LocalizedText(" cores", zh: " 核 CPU")
        case .memory: LocalizedText(" GiB memory", zh: " GiB 内存")
        case .gpu: LocalizedText(" thousandths of\(name)", zh: " 千分之一\(name)")
        case .gpuMemory: LocalizedText(" GiB memory of\(name)", zh: " GiB\(name) 显存")
        case .scratch: LocalizedText(" GiB scratch", zh: " GiB 临时存储")
        }
    }
}

extension StorageKind {
    public var chinese: String {
        switch self {
        case .code: "代码"
        case .datasets: "数据集"
        case .models: "模型"
        case .images: "镜像"
        case .outputs: "输出"
        case .netdisk: "网盘"
        case .shared: "共享目录"
        }
    }
}

/// Quotients in texts: as a decimal number where it ends within six places, else as the division itself, so that no text is less exact
/// than the charge that it explains.
enum Decimal6 {
    static func gib(_ bytes: some BinaryInteger) -> String { exact(bytes, per: 1 << 30) ?? "\(bytes)/2^30" }

    static func exact(_ value: some BinaryInteger, per unit: Int64) -> String? {
        let (wide, divisor) = (Int128(value), Int128(unit))
        let (scaled, overflow) = (wide % divisor).multipliedReportingOverflow(by: 1_000_000)
        guard !overflow, scaled % divisor == 0 else { return nil }
        var digits = String((scaled / divisor).magnitude)
        digits = String(repeating: "0", count: 6 - digits.count) + digits
        while digits.last == "0" { digits.removeLast() }
        return "\(wide / divisor)" + (digits.isEmpty ? "" : ".\(digits)")
    }
}
