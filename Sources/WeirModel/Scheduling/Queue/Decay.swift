/// Powers of one half with a fraction in the exponent, in integers only: every machine gets the same bits.
enum Decay {
    /// 1 in the fixed point of the factors.
    static let one: UInt64 = 1 << 63

    /// 2 to the power of −1/2, −1/4, −1/8 …
    private static let roots: [UInt64] = {
        var root = one / 2
        return (0..<32).map { _ in
            root = squareRoot(UInt128(root) << 63)
            return root
        }
    }()

    /// What is left of 1 after `elapsed`, when half is left after `halfLife`.
    /// - Parameters:
    ///   - elapsed: milliseconds, at least 0.
    ///   - halfLife: milliseconds, 1 to 2³².
    static func factor(_ elapsed: Int64, halfLife: Int64) -> UInt64 {
        let (halves, rest) = elapsed.quotientAndRemainder(dividingBy: halfLife)
        guard halves < 63 else { return 0 }
        var factor = one
        var fraction = UInt32(truncatingIfNeeded: (UInt64(rest) << 32) / UInt64(halfLife))
        while fraction != 0 {
            let bit = fraction.leadingZeroBitCount
            let product = factor.multipliedFullWidth(by: roots[bit])
            factor = product.high << 1 | product.low >> 63
            fraction &= ~(1 << (31 - UInt32(bit)))
        }
        return factor >> UInt64(halves)
    }

    /// The time that a steady use of `elapsed` counts as at its end, in 2⁻²⁰ milliseconds: its beginning has decayed already.
    static func weightedTime(_ factor: UInt64, halfLife: Int64) -> Int128 {
        // halfLife / ln 2 × (1 − factor)
        (Int128(one - factor) * Int128(halfLife) * 1_442_695_041 / 1_000_000_000) >> 43
    }

    private static func squareRoot(_ value: UInt128) -> UInt64 {
        var root = UInt128(1) << 64
        while true {
            let next = (root + value / root) >> 1
            if next >= root { return UInt64(root) }
            root = next
        }
    }
}
