import Foundation
import WeirModel

/// A form's fields, and the body of the API's request that they stand for.
///
/// A field's name is the path of the body's field, then how it is read: `time_limit:hours`, `gpu.compute:thousandths`,
/// `datasets[]:json`, and `datasets[1].asset` where the fields of an item of a list stand apart. Text is read where nothing is said. A
/// field that is left empty is left out; with `!` it becomes null, with `:list!` the empty list, with `:keep` the empty text. A name
/// that begins with `_` is for the console itself.
struct FormFields: Sendable {
    let pairs: [(name: String, value: String)]

    init(_ text: String) { pairs = Self.pairs(in: text) }

    private init(pairs: [(name: String, value: String)]) { self.pairs = pairs }

    /// Those for the console itself.
    var ofConsole: FormFields { FormFields(pairs: pairs.filter { $0.name.hasPrefix("_") }) }

    func behind(_ other: FormFields) -> FormFields { FormFields(pairs: other.pairs + pairs) }

    /// The last value of that name.
    func value(_ name: String) -> String? { pairs.last { $0.name == name }?.value }

    /// By the name without how it is read, for a form that is shown again; `a.b` is called `a_b` and
    /// `a[1].b` `a_1_b`, since a template reads a point as a way.
    var values: [String: String] {
        var values: [String: String] = [:]
        for (name, value) in pairs where !name.hasPrefix("_") {
            let path = name.split(separator: ":").first.map(String.init) ?? ""
            values[path.hasSuffix("[]") ? path : path.replacing(/[\[\].]+/, with: "_")] = value
        }
        return values
    }

    /// For the rows of a form that is shown again: of `a[].price` and, behind it, `_of` with `small`, `["price": ["small": …]]`.
    var rows: [String: [String: String]] {
        zip(pairs, pairs.dropFirst()).reduce(into: [:]) { rows, pair in
            guard pair.1.name == "_of", let field = pair.0.name.split(separator: ":").first?.split(separator: ".").last else { return }
            rows[String(field), default: [:]][pair.1.value] = pair.0.value
        }
    }

    /// - Parameters:
    ///   - leavingOut: names that stand in the path already.
    ///   - zone: in which times are meant.
    func body(leavingOut used: Set<String> = [], zone: TimeZone = .gmt) -> JSON {
        var object = JSON.object([])
        var wasLeftOut = false
        for (name, text) in pairs where !name.hasPrefix("_") && !used.contains(name) {
            let parts = name.split(separator: ":", maxSplits: 1)
            let kind = parts.count > 1 ? parts[1] : ""
            if kind == "also", wasLeftOut { continue }
            let value = kind == "time" ? Self.time(text, in: zone) : Self.read(text, as: kind)
            wasLeftOut = value == nil
            guard let path = parts.first, let value else { continue }
            object = Self.put(value, at: path.split(separator: ".")[...], in: object)
        }
        return Self.gathered(object)
    }

    /// The fields `datasets[1]` and `datasets[3]` become a list of two.
    private static func gathered(_ object: JSON) -> JSON {
        guard case .object(let fields) = object, fields.contains(where: { $0.key.hasSuffix("]") }) else { return object }
        var result = JSON.object([])
        for (name, value) in fields {
            let bracket = name.hasSuffix("]") ? name.firstIndex(of: "[") : nil
            result = put(value, at: [bracket.map { name[..<$0] + "[]" } ?? name[...]], in: result)
        }
        return result
    }

    /// What can't be read is passed on as the text that it is: the API says what is wrong with it, and how it should be.
    private static func read(_ text: String, as kind: Substring) -> JSON? {
        let text = text.replacing("\r\n", with: "\n")
        if kind == "keep" { return .text(text) }
        let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines)
        if trimmed.isEmpty, kind != "flag" { return kind == "list!" ? .array([]) : kind.hasSuffix("!") ? .null : nil }
        let asIs = JSON.text(trimmed)
        switch kind.hasSuffix("!") ? kind.dropLast() : kind {
        case "number": return Int64(trimmed).map { .integer($0) } ?? asIs
        case "minutes": return scaled(trimmed, 60) ?? asIs
        case "hours": return scaled(trimmed, 3600) ?? asIs
        case "days": return scaled(trimmed, 86_400) ?? asIs
        case "thousandths": return scaled(trimmed, 1000) ?? asIs
        case "gib": return scaled(trimmed, 1_073_741_824) ?? asIs
        case "gb": return scaled(trimmed, 1_000_000_000) ?? asIs
        case "flag": return .bool(trimmed == "on" || trimmed == "true")
        case "list": return .array(parts(trimmed).map { .text($0) })
        case "numbers": return .array(words(trimmed).map { word in Int64(word).map { .integer($0) } ?? .text(String(word)) })
        case "pairs": return pairs(ofLines: trimmed)
        case "json": return (try? JSONDecoder().decode(JSON.self, from: Data(trimmed.utf8))) ?? asIs
        default: return .text(text)
        }
    }

    /// Only commas part them: a tag may have spaces in it.
    private static func parts(_ text: String) -> [String] {
        text.split { $0 == "," || $0 == "，" || $0 == "、" || $0.isNewline }.map { $0.trimmingCharacters(in: .whitespaces) }
            .filter { !$0.isEmpty }
    }

    private static func words(_ text: String) -> [Substring] { text.split { $0 == "," || $0 == "，" || $0.isWhitespace } }

    /// A day, or a day and a time of day, as browsers' fields give them; anything else as it is.
    static func time(_ text: String, in zone: TimeZone) -> JSON? {
        let text = text.trimmingCharacters(in: .whitespaces)
        if text.isEmpty { return nil }
        let utc = text.count == 10 ? text + "T00:00:00.000Z" : text.count == 16 ? text + ":00.000Z" : text
        guard utc != text, let local = Format.seconds(of: utc) else { return .text(text) }
        let offset = zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(local) - Double(zone.secondsFromGMT())))
        return .text(Timestamp(milliseconds: (local - Int64(offset)) * 1000).description)
    }

    private static func scaled(_ text: String, _ unit: Double) -> JSON? {
        guard let number = Double(text), number.isFinite, abs(number * unit) < 9e15 else { return nil }
        return .integer(Int64((number * unit).rounded()))
    }

    /// `NAME=value`, a line each.
    private static func pairs(ofLines text: String) -> JSON {
        .object(
            text.split(separator: "\n").map { line in
                let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                return (parts[0].trimmingCharacters(in: .whitespaces), .text(parts.count > 1 ? String(parts[1]) : ""))
            })
    }

    private static func put(_ value: JSON, at path: ArraySlice<Substring>, in object: JSON) -> JSON {
        guard let first = path.first, case .object(var fields) = object else { return value }
        let isList = first.hasSuffix("[]")
        let name = String(isList ? first.dropLast(2) : first)
        let position = fields.firstIndex { $0.key == name }
        let old = position.map { fields[$0].value }
        let new: JSON
        if isList {
            var items: [JSON] = if case .array(let items)? = old { items } else { [] }
            let rest = path.dropFirst()
            if rest.isEmpty {
                items.append(value)
            } else if let last = items.last, !last.holds(rest) {
                items[items.count - 1] = put(value, at: rest, in: last)
            } else {
                items.append(put(value, at: rest, in: .object([])))
            }
            new = .array(items)
        } else if path.count > 1 {
            if case .object? = old {
                new = put(value, at: path.dropFirst(), in: old ?? [:])
            } else {
                new = put(value, at: path.dropFirst(), in: .object([]))
            }
        } else {
            new = value
        }
        if let position { fields[position].value = new } else { fields.append((name, new)) }
        return .object(fields)
    }

    /// `application/x-www-form-urlencoded`, as browsers send it.
    static func pairs(in text: String) -> [(name: String, value: String)] {
        text.split(separator: "&").prefix(1000).map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (plain(parts[0]), parts.count > 1 ? plain(parts[1]) : "")
        }
    }

    private static func plain(_ text: Substring) -> String {
        let spaced = text.replacing("+", with: " ")
        return spaced.removingPercentEncoding ?? String(spaced)
    }
}

extension JSON {
    /// Whether something stands there already.
    fileprivate func holds(_ path: ArraySlice<Substring>) -> Bool {
        path.reduce(self as JSON?) { $0?[String($1)] } != nil
    }
}

extension JSON: Decodable {
    init(from decoder: any Decoder) throws {
        if let object = try? decoder.container(keyedBy: AnyName.self) {
            self = .object(try object.allKeys.map { ($0.stringValue, try object.decode(JSON.self, forKey: $0)) })
        } else if var list = try? decoder.unkeyedContainer() {
            var items: [JSON] = []
            while !list.isAtEnd { items.append(try list.decode(JSON.self)) }
            self = .array(items)
        } else {
            let value = try decoder.singleValueContainer()
            if value.decodeNil() {
                self = .null
            } else if let bool = try? value.decode(Bool.self) {
                self = .bool(bool)
            } else if let number = try? value.decode(Int64.self) {
                self = .integer(number)
            } else {
                self = .text(try value.decode(String.self))
            }
        }
    }

    private struct AnyName: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }
}
