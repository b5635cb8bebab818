public struct TerminalSize: Hashable, Sendable, Codable {
    public var columns: Int
    public var rows: Int

    public init(columns: Int, rows: Int) {
        self.columns = min(max(columns, 2), 1000)
        self.rows = min(max(rows, 2), 1000)
    }
}

/// A command with a terminal in an instance. Closing it hangs the terminal up.
public protocol TerminalSession: Sendable {
    /// What the terminal shows, until the command ends. To be iterated once.
    var output: AsyncThrowingStream<[UInt8], any Error> { get }
    func write(_ bytes: [UInt8]) async throws
    func resize(_ size: TerminalSize) async throws
    func close() async
}
