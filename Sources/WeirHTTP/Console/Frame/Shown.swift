import Foundation
import Mustache
import WeirModel

/// How values are shown to one visitor. One for a whole page: each value refers to it, and so fits into an `Any` without memory of its own.
final class Look: Sendable {
    let language: Language
    let zone: TimeZone
    let texts: Texts
    /// What those are called whom the page's answers name by their identifiers.
    let names: [String: String]
    /// What is chosen in the page's filters and forms, so that lists know what to mark.
    let chosen: [String: String]
    /// What is in the answers' lists of texts, by the list's name, so that another list knows what to mark.
    let listed: [String: Set<String>]
    /// What was typed in a form's rows, by the field's name and what the row is of.
    let typed: [String: [String: String]]

    init(
        language: Language, zone: TimeZone, texts: Texts, names: [String: String], chosen: [String: String],
        listed: [String: Set<String>], typed: [String: [String: String]]
    ) {
        (self.language, self.zone, self.texts, self.names) = (language, zone, texts, names)
        (self.chosen, self.listed, self.typed) = (chosen, listed, typed)
    }

    /// Whether a name such as `asked_as_delete` or `chosen_as_flavor` is of this value; nil for any other name.
    func isMarked(_ text: String, by name: String) -> Bool? {
        if name.hasPrefix("asked_as_") { return chosen[PageAnswer.ask] == name.dropFirst("asked_as_".count) + "-" + text }
        if name.hasPrefix("chosen_as_") { return chosen[String(name.dropFirst("chosen_as_".count))] == text }
        if name.hasPrefix("listed_in_") { return listed[String(name.dropFirst("listed_in_".count))]?.contains(text) ?? false }
        return nil
    }
}

/// A value of the API as templates see it.
enum Shown {
    static func value(_ json: JSON, _ look: Look) -> Any {
        switch json {
        case .null: Nothing()
        case .bool(let bool): bool
        case .integer(let number): Number(number: number, look: look)
        case .text(let text): Text(text: text, look: look)
        case .array(let items): Items(items: items, look: look)
        case .object(let fields): Fields(fields: fields, look: look)
        }
    }

    /// A null: it is shown as nothing, and what is asked of it is nothing. A name that holds it hides those farther out.
    struct Nothing: MustacheCustomRenderable, MustacheParent, MustacheTransformable {
        var renderText: String { "" }
        var isNull: Bool { true }
        func child(named: String) -> Any? { nil }
        func transform(_ name: String) -> Any? { name == "any" ? false : Nothing() }
    }

    /// Values by their names. As a dictionary they would be asked each time whether their names are texts.
    struct Group: MustacheParent {
        var values: [String: Any]

        func child(named name: String) -> Any? { values[name] }
    }

    struct Fields: MustacheParent, MustacheTransformable {
        let fields: [(key: String, value: JSON)]
        let look: Look

        func child(named name: String) -> Any? {
            fields.first { $0.key.utf8.count == name.utf8.count && $0.key == name }.map { Shown.value($0.value, look) }
                ?? (name == "pairs" ? pairs : nil)
        }

        /// `plots`: of what a workload used; `bars`: of what was spent by day.
        func transform(_ name: String) -> Any? {
            switch name {
            case "plots": Plot.all(of: .object(fields), look)
            case "bars": Bars.all(of: .object(fields), look)
            default: nil
            }
        }

        /// The fields as a list of `name` and `value`, where names are data.
        private var pairs: [Group] {
            fields.map { Group(values: ["name": Text(text: $0.key, look: look), "value": Shown.value($0.value, look)]) }
        }
    }

    /// `{{#items.any}}`, `{{items.count}}`, `{{#operations.has_stop}}`.
    struct Items: MustacheSequence, MustacheParent, MustacheTransformable {
        let items: [JSON]
        let look: Look

        func makeIterator() -> AnyIterator<Any> {
            var rest = items.makeIterator()
            return AnyIterator { rest.next().map { Shown.value($0, look) } }
        }

        func child(named name: String) -> Any? {
            switch name {
            case "any": !items.isEmpty
            case "count": Number(number: Int64(items.count), look: look)
            case let name where name.hasPrefix("has_"): has(name.dropFirst(4))
            default: nil
            }
        }

        private func has(_ wanted: Substring) -> Bool {
            items.contains { if case .text(let text) = $0 { text == wanted } else { false } }
        }

        /// `first`, `list`: the texts in one line.
        func transform(_ name: String) -> Any? {
            switch name {
            case "first": items.first.map { Shown.value($0, look) } ?? Nothing()
            case "list":
                Text(
                    text: items.compactMap { if case .text(let text) = $0 { look.texts.word(for: text, look.language) } else { nil } }
                        .joined(separator: look.language == .chinese ? "、" : ", "),
                    look: look)
            default: nil
            }
        }
    }
}

extension Shown {
    /// `{{#state.is_running}}`; `{{#id.chosen_as_flavor}}`: whether it is what the field `flavor` holds; `{{#id.asked_as_delete}}`: whether
    /// the page's address asks for that; `{{name.typed_price}}`: what was typed for it in a row of the form that failed;
    /// `{{#id.listed_in_exempt_accounts}}`: whether that list of an answer has it.
    struct Text: MustacheCustomRenderable, MustacheParent, MustacheTransformable {
        let text: String
        let look: Look

        var renderText: String { text }
        var isNull: Bool { false }

        func child(named name: String) -> Any? {
            if name == "is_zero" { return text.allSatisfy { $0 == "0" || $0 == "." } }
            if name.hasPrefix("is_") { return text == name.dropFirst(3) }
            if name == "any" { return !text.isEmpty }
            if name.hasPrefix("typed_") { return look.typed[String(name.dropFirst("typed_".count))]?[text] }
            return look.isMarked(text, by: name)
        }

        /// `word`, `named`, `time`, `when`, `day`, `clock`, `points`, `url`, `short`, `json`, `any`; of a path `crumbs`, its folders from
        /// the top, each with `name` and `path`, its `folder` and its `last` part; of a file's name whether it is an `archive`.
        func transform(_ name: String) -> Any? {
            switch name {
            case "word": Text(text: look.texts.word(for: text, look.language), look: look)
            case "named": Text(text: look.names[text] ?? look.texts.word(for: text, look.language), look: look)
            case "json": (try? JSONDecoder().decode(JSON.self, from: Data(text.utf8))).map { Shown.value($0, look) } ?? Nothing()
            case "clock": Text(text: Format.time(text, in: look.zone).map { String($0.prefix(16)) } ?? text, look: look)
            case "time": Text(text: Format.time(text, in: look.zone) ?? text, look: look)
            case "when": Format.timeElement(text, in: look.zone)
            case "day": Text(text: Format.time(text, in: look.zone).map { String($0.prefix(10)) } ?? text, look: look)
            case "points": Text(text: Format.points(text), look: look)
            case "low": Text(text: Format.share(text, 0.8), look: look)
            case "high": Text(text: Format.share(text, 0.9999), look: look)
            case "url": Text(text: Address.escaped(text), look: look)
            case "short": Text(text: text.count > 60 ? text.prefix(59) + "…" : text, look: look)
            case "any": !text.isEmpty
            case "crumbs": Items(items: crumbs, look: look)
            case "folder": Text(text: text.split(separator: "/").dropLast().joined(separator: "/"), look: look)
            case "last": Text(text: text.split(separator: "/").last.map(String.init) ?? text, look: look)
            case "archive": [".tar", ".zip", ".tar.gz", ".tgz", ".rar"].contains { text.lowercased().hasSuffix($0) }
            default: nil
            }
        }

        private var crumbs: [JSON] {
            let parts = text.split(separator: "/")
            return parts.indices.map { ["name": String(parts[$0]), "path": parts[...$0].joined(separator: "/")] }
        }
    }

    struct Number: MustacheCustomRenderable, MustacheParent, MustacheTransformable {
        let number: Int64
        let look: Look

        var renderText: String { String(number) }
        var isNull: Bool { false }

        func child(named name: String) -> Any? {
            if name.hasPrefix("is_") { return renderText == name.dropFirst(3) }
            if name == "any" { return number != 0 }
            return look.isMarked(renderText, by: name)
        }

        /// `count`, `size` of bytes, `duration` of seconds, `thousandths` as decimals, `gib`, `hours` and `minutes` as a
        /// form's field has them, `any`.
        func transform(_ name: String) -> Any? {
            switch name {
            case "count": Format.count(number)
            case "size": Format.size(number)
            case "duration": Format.duration(number)
            case "milliseconds": Format.duration(number / 1000)
            case "thousandths": Format.decimal(number, 1000)
            case "percent": Format.decimal(number, 10) + " %"
            // Of a limit: from where a bar warns, and from where it says that nothing is left (ux 16).
            case "low": Format.share(String(number), 0.8)
            case "high": Format.share(String(number), 0.9999)
            case "gib": Format.decimal(number / 1_048_576 * 1000 / 1024, 1000)
            case "hours": Format.hours(number)
            case "minutes": Format.decimal(number * 1000 / 60, 1000)
            case "any": number != 0
            default: nil
            }
        }
    }
}
