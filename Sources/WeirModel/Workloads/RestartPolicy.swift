/// When a replica of a service that ended is started again.
public enum RestartPolicy {
    /// A replica that ran this long is taken to have been well, and its count of failures begins anew.
    public static let wellAfter = Duration.seconds(60)
    public static let mostInARow = 6

    /// How long to wait after the failure with this number in a row, from 1; nil gives up.
    public static func delay(afterFailure number: Int) -> Duration? {
        number > mostInARow ? nil : .seconds(min(1 << max(number - 1, 0), 30))
    }
}
