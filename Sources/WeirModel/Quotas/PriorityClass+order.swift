extension PriorityClass: Comparable {
    /// The one that goes later is the smaller.
    public static func < (a: Self, b: Self) -> Bool { a.turn > b.turn }
}
