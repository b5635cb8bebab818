import Foundation
import WeirModel

/// The body of a request: a JSON object with these fields and no others.
protocol Input: Decodable, Sendable {
    associatedtype CodingKeys: CodingKey, CaseIterable
}

extension Input {
    /// Throws `malformed_json`, `unknown_field`, `missing_field` or `malformed`, each with the field's name.
    static func read(_ data: Data) throws -> Self {
        do {
            let decoder = JSONDecoder()
            let fields = try decoder.decode(FieldNames.self, from: data)
            try refuseUnknown(fields.names)
            return try decoder.decode(Self.self, from: data)
        } catch let error as DecodingError {
            throw WeirError(error)
        }
    }

    /// For an object inside of a body.
    static func refuseUnknownFields(in decoder: any Decoder) throws {
        try refuseUnknown(FieldNames(from: decoder).names)
    }

    private static func refuseUnknown(_ names: [String]) throws(WeirError) {
        let known = CodingKeys.allCases.map(\.stringValue)
        guard let stranger = names.first(where: { !known.contains($0) }) else { return }
        throw .unknownField(stranger, known: known)
    }
}

/// An object inside of a body, with its fields and no others.
struct Strict<Value: Input>: Decodable, Sendable {
    let value: Value

    init(from decoder: any Decoder) throws {
        try Value.refuseUnknownFields(in: decoder)
        value = try Value(from: decoder)
    }
}

private struct FieldNames: Decodable {
    let names: [String]

    init(from decoder: any Decoder) throws {
        names = try decoder.container(keyedBy: AnyKey.self).allKeys.map(\.stringValue).sorted()
    }

    private struct AnyKey: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }
}

extension WeirError {
    init(_ error: DecodingError) {
        func field(_ path: [any CodingKey]) -> String {
            let parts = path.map { $0.intValue.map(String.init) ?? $0.stringValue }
            return parts.isEmpty ? "body" : parts.joined(separator: ".")
        }
        switch error {
        case .keyNotFound(let key, let context): self = .missing(field(context.codingPath + [key]))
        case .valueNotFound(_, let context): self = .missing(field(context.codingPath))
        case .typeMismatch(let type, let context):
            self = .malformed(field(context.codingPath), Self.word(for: type))
        case .dataCorrupted(let context) where !context.codingPath.isEmpty:
            self = .malformed(field(context.codingPath), "one of the values that the API describes")
        case .dataCorrupted: self = .malformedJSON()
        @unknown default: self = .malformedJSON()
        }
    }

    private static func word(for type: any Any.Type) -> String {
        switch type {
        case is String.Type: "a text"
        case is Int.Type, is Int64.Type: "a whole number"
        case is Bool.Type: "true or false"
        case is [String: Any].Type: "an object"
        case is [Any].Type: "a list"
        default: "what the API describes"
        }
    }

    static func malformedJSON() -> WeirError {
        WeirError(
            "malformed_json", .invalid, subject: "body",
            LocalizedText("The body is not a JSON object.", zh: "请求体不是 JSON 对象。"))
    }

    static func unknownField(_ name: String, known: [String]) -> WeirError {
        WeirError(
            "unknown_field", .invalid, subject: String(name.prefix(64)),
            LocalizedText(
                "There is no field \"\(name.prefix(64))\" here.", zh: "不存在字段“\(name.prefix(64))”。"),
            remedy: LocalizedText(
                "The fields are: \(known.joined(separator: ", ")).", zh: "可用字段：\(known.joined(separator: "、"))。"))
    }
}
