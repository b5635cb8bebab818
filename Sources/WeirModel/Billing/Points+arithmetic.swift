/// Arithmetic on money never wraps and never traps: what does not fit is an error (BIL-02).
extension Points {
    /// Amounts stay below this, in either direction, so that each of them can be written down and read back.
    public static let most = Points(micro: 999_999_999_999_999_999)

    /// Throws `amount_too_large`.
    public init(exactly micro: Int128) throws(WeirError) {
        guard micro.magnitude <= Self.most.micro.magnitude else { throw .amountTooLarge() }
        self.init(micro: Int64(micro))
    }

    /// Throws `amount_too_large`.
    public func adding(_ other: Points) throws(WeirError) -> Points {
        try Points(exactly: Int128(micro) + Int128(other.micro))
    }

    /// Throws `amount_too_large`.
    public func subtracting(_ other: Points) throws(WeirError) -> Points {
        try Points(exactly: Int128(micro) - Int128(other.micro))
    }

    /// Throws `amount_too_large`.
    public static func sum(_ amounts: some Sequence<Points>) throws(WeirError) -> Points {
        var total: Int128 = 0
        for amount in amounts { total += Int128(amount.micro) }
        return try Points(exactly: total)
    }
}

/// The products on the way to an amount: price × quantity × minutes leaves 64 bits behind, and could leave 128.
extension Int128 {
    func times(_ other: Int128) throws(WeirError) -> Int128 {
        let (product, overflow) = multipliedReportingOverflow(by: other)
        guard !overflow else { throw .amountTooLarge() }
        return product
    }

    func plus(_ other: Int128) throws(WeirError) -> Int128 {
        let (sum, overflow) = addingReportingOverflow(other)
        guard !overflow else { throw .amountTooLarge() }
        return sum
    }
}

extension WeirError {
    public static func amountTooLarge() -> WeirError {
        WeirError(
            "amount_too_large", .invalid, subject: "amount", rule: "BIL-02",
            LocalizedText(
                "The amount is larger than Weir can account for (\(Points.most) points); nothing was changed.",
                zh: "金额超出 Weir 可记账的范围（\(Points.most) 算力点），未做任何更改。"))
    }
}
