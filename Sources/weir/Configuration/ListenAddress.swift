/// Where a server listens: `127.0.0.1:8080`, `[::1]:8080`, `0.0.0.0:80`.
struct ListenAddress: Sendable, Equatable, CustomStringConvertible {
    var host: String
    var port: Int

    init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (0...65_535).contains(port)
        else { return nil }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = String(host.dropFirst().dropLast())
        } else if host.contains(":") {
            return nil
        }
        guard !host.isEmpty, !host.contains(where: { $0.isWhitespace || $0 == "/" }) else { return nil }
        self.host = host
        self.port = port
    }

    var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// A host by which a program on this machine reaches the server.
    var reachedHost: String {
        switch host {
        case "0.0.0.0", "::": "127.0.0.1"
        default: host.contains(":") ? "[\(host)]" : host
        }
    }

    var asReached: String { "\(reachedHost):\(port)" }
}

/// A range of TCP ports, both ends in it: `31000-31999`.
struct PortRange: Sendable, Equatable, CustomStringConvertible {
    var lowest: Int
    var highest: Int

    init(lowest: Int, highest: Int) {
        self.lowest = lowest
        self.highest = highest
    }

    init?(_ text: String) {
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        guard ends.count == 2, let lowest = ends[0], let highest = ends[1], lowest >= 1, lowest <= highest,
            highest <= 65_535
        else { return nil }
        self.init(lowest: lowest, highest: highest)
    }

    var description: String { "\(lowest)-\(highest)" }

    func contains(_ port: Int) -> Bool { (lowest...highest).contains(port) }
}
