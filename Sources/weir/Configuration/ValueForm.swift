import Foundation
import WeirModel
import Yams

/// How values of one type look in a configuration: for people, to be read, to be written.
struct ValueForm<Value: Sendable>: Sendable {
    let expected: String
    /// Nil when the node is no such value; throws when a part of a structured value is wrong.
    let read: @Sendable (Node) throws(ConfigurationProblem) -> Value?
    let write: @Sendable (Value) -> String
    var isStructured = false

    /// A form whose values are one word or text.
    init(
        _ expected: String, parse: @escaping @Sendable (String) -> Value?,
        write: @escaping @Sendable (Value) -> String = { "\($0)" }
    ) {
        self.expected = expected
        self.read = { node in
            guard case .scalar(let scalar) = node else { return nil }
            return parse(scalar.string)
        }
        self.write = write
    }

    init(
        structured expected: String, read: @escaping @Sendable (Node) throws(ConfigurationProblem) -> Value?,
        write: @escaping @Sendable (Value) -> String
    ) {
        self.expected = expected
        self.read = read
        self.write = write
        self.isStructured = true
    }

    /// The same, or nothing: an empty text.
    static func optional<Wrapped>(_ form: ValueForm<Wrapped>) -> ValueForm<Wrapped?> where Value == Wrapped? {
        ValueForm<Wrapped?>(
            "\(form.expected), or empty",
            parse: { text -> Wrapped?? in
                guard !text.isEmpty else { return .some(nil) }
                // A plain form never throws: its reader only parses a text.
                guard let value = try? form.read(Node(text)) else { return nil }
                return .some(value)
            },
            write: { $0.map(form.write) ?? "" })
    }
}

extension ValueForm where Value == String {
    static let path = ValueForm("an absolute path") { $0.hasPrefix("/") && !$0.contains("\0") ? $0 : nil }

    static let word = ValueForm("1 to 32 of a-z, 0-9 and \"-\"") { text in
        (1...32).contains(text.utf8.count)
            && text.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 } ? text : nil
    }

    static let host = ValueForm("a host name or address, with a port if it needs one") { text in
        !text.isEmpty && !text.contains { $0.isWhitespace || $0 == "/" || $0 == "@" } ? text : nil
    }

    static let url = ValueForm("an http or https address without a path") { text in
        guard let parts = URLComponents(string: text), parts.scheme == "http" || parts.scheme == "https",
            let host = parts.host, !host.isEmpty, parts.query == nil, parts.user == nil,
            parts.path.isEmpty || parts.path == "/"
        else { return nil }
        return text.hasSuffix("/") ? String(text.dropLast()) : text
    }

    static let timeZone = ValueForm("a time zone's name, as Europe/Berlin or UTC") {
        TimeZone(identifier: $0) == nil ? nil : $0
    }
}

extension ValueForm where Value == [String] {
    static let names = ValueForm(
        "host names without ports, with commas between them, or empty",
        parse: { text in
            let names = text.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces).lowercased() }
            let areValid = names.allSatisfy { name in
                (1...253).contains(name.utf8.count)
                    && name.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 || $0 == 46 || $0 == 95 }
            }
            return areValid ? names : nil
        }, write: { $0.joined(separator: ", ") })

    /// IPv4 or IPv6 networks: an address and the length of its prefix.
    static let networks = ValueForm(
        "networks as 10.1.2.0/24, with commas between them, or empty",
        parse: { text in
            let networks = text.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
            let areValid = networks.allSatisfy { network in
                let parts = network.split(separator: "/")
                guard parts.count == 2, let length = Int(parts[1]) else { return false }
                var address = in6_addr()
                return (inet_pton(AF_INET, String(parts[0]), &address) == 1 && (0...32).contains(length))
                    || (inet_pton(AF_INET6, String(parts[0]), &address) == 1 && (0...128).contains(length))
            }
            return areValid ? networks : nil
        }, write: { $0.joined(separator: ", ") })
}

extension ValueForm where Value == [GitDestinations.PrivateHost] {
    static let privateHosts = ValueForm(
        "host names in small letters, addresses or networks as 10.1.2.0/24, with commas between them, or empty",
        parse: { text in
            let hosts = text.split(separator: ",").map { GitDestinations.PrivateHost($0.trimmingCharacters(in: .whitespaces)) }
            return hosts.contains(nil) ? nil : hosts.compactMap(\.self)
        }, write: { $0.map(\.description).joined(separator: ", ") })
}

extension ValueForm where Value == Int {
    static func count(_ range: ClosedRange<Int>) -> ValueForm {
        ValueForm("a whole number from \(range.lowerBound) to \(range.upperBound)") { text in
            Int(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }
}

extension ValueForm where Value == Double {
    static func number(_ range: ClosedRange<Double>) -> ValueForm {
        ValueForm("a number from \(range.lowerBound) to \(range.upperBound)") { text in
            Double(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }
}

extension ValueForm where Value == Bytes {
    static let size = ValueForm("a size as 512MiB or 2GiB", parse: { Bytes($0) }) { bytes in
        "\(bytes)".filter { $0 != " " }
    }
}

extension ValueForm where Value == Points {
    static let points = ValueForm("points, a number with at most six decimal places") { text in
        Points(text).flatMap { $0 >= 0 ? $0 : nil }
    }
}

extension ValueForm where Value == ListenAddress {
    static let address = ValueForm(
        "an address and a port, as 127.0.0.1:8080 or [::1]:8080", parse: { ListenAddress($0) })
}

extension ValueForm where Value == PortRange {
    static let portRange = ValueForm("two ports, as 31000-31999", parse: { PortRange($0) })
}

extension ValueForm where Value == Duration {
    static let duration = ValueForm("a duration as 90s, 30m, 12h or 7d", parse: { Duration(brief: $0) }) { $0.brief }
}

extension ValueForm where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    static func choice() -> ValueForm {
        let names = Value.allCases.map(\.rawValue)
        return ValueForm(
            "one of \(names.joined(separator: ", "))",
            parse: { Value(rawValue: $0) }, write: { $0.rawValue })
    }
}
