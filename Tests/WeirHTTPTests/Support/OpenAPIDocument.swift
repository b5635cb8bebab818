import Foundation
import Yams

@testable import WeirHTTP

/// The document that the tests hold the routes against.
struct OpenAPIDocument: Sendable {
    struct Operation: Sendable {
        let method: String
        let path: String
        let id: String
        let who: String
        /// Whether it says that no login is needed.
        let isOpen: Bool
        let describesErrors: Bool
        /// A JSON body that the description allows; nil when the operation takes none.
        let exampleBody: [UInt8]?
        /// What the operation takes in the query.
        let query: Set<String>

        var parameters: [String] {
            path.split(separator: "/").filter { $0.hasPrefix("{") }.map { String($0.dropFirst().dropLast()) }
        }
    }

    let operations: [Operation]

    init() throws {
        let text = String(decoding: PackageResources.openapi_yaml, as: UTF8.self)
        let root = try Yams.load(yaml: text) as? [String: Any] ?? [:]
        let paths = root["paths"] as? [String: [String: Any]] ?? [:]
        operations = try paths.flatMap { path, item in
            try item.compactMap { method, value in
                guard method != "parameters", let fields = value as? [String: Any] else { return nil }
                return Operation(
                    method: method.uppercased(), path: path, id: fields["operationId"] as? String ?? "",
                    who: fields["x-who"] as? String ?? "", isOpen: (fields["security"] as? [Any])?.isEmpty == true,
                    describesErrors: (fields["responses"] as? [String: Any])?["default"] != nil,
                    exampleBody: try Self.example(of: fields["requestBody"], in: root).map { example in
                        Array(try JSONSerialization.data(withJSONObject: example))
                    },
                    query: Self.query(item["parameters"], in: root).union(Self.query(fields["parameters"], in: root)))
            }
        }.sorted { ($0.path, $0.method) < ($1.path, $1.method) }
    }

    private static func query(_ parameters: Any?, in root: [String: Any]) -> Set<String> {
        let all = (parameters as? [Any] ?? []).map { resolved($0, in: root) }
        return Set(all.filter { $0["in"] as? String == "query" }.compactMap { $0["name"] as? String })
    }

    /// The example of a JSON body, or an object made of its required texts.
    private static func example(of body: Any?, in root: [String: Any]) -> Any? {
        let content = resolved(body, in: root)["content"] as? [String: Any] ?? [:]
        guard let json = content["application/json"] as? [String: Any] else { return nil }
        if let example = json["example"] { return example }
        let schema = resolved(json["schema"], in: root)
        let properties = schema["properties"] as? [String: Any] ?? [:]
        return Dictionary(
            uniqueKeysWithValues: (schema["required"] as? [String] ?? []).map { name in
                let isList = resolved(properties[name], in: root)["type"] as? String == "array"
                return (name, isList ? ["x"] as Any : "correct horse battery")
            })
    }

    /// Follows a `$ref`.
    private static func resolved(_ value: Any?, in root: [String: Any]) -> [String: Any] {
        guard let object = value as? [String: Any] else { return [:] }
        guard let reference = object["$ref"] as? String else { return object }
        var current: Any = root
        for part in reference.dropFirst(2).split(separator: "/") {
            current = (current as? [String: Any])?[String(part)] ?? [:]
        }
        return resolved(current, in: root)
    }
}
