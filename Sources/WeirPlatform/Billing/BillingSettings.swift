public import WeirModel

/// What an operator decides about billing.
public struct BillingSettings: Sendable {
    /// The days and months of bills (BIL-07).
    public var calendar: BillingCalendar
    /// Off, everything is metered and billed, and nothing is refused or stopped for money.
    public var enforce: Bool
    /// What a new workspace is given.
    public var startingGrant: Points

    public init(calendar: BillingCalendar, enforce: Bool = true, startingGrant: Points = 1000) {
        self.calendar = calendar
        self.enforce = enforce
        self.startingGrant = startingGrant
    }
}
