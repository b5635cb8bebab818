import WeirModel

/// What an answer is made of. Keys keep their order, and a null is written out: an answer always has all its fields.
indirect enum JSON: Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    case text(String)
    case array([JSON])
    case object([(key: String, value: JSON)])
}

/// A value that an answer shows.
protocol JSONConvertible {
    var json: JSON { get }
}

extension JSON: ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral, JSONConvertible {
    init(dictionaryLiteral elements: (String, any JSONConvertible)...) {
        self = .object(elements.map { ($0.0, $0.1.json) })
    }

    init(nilLiteral: ()) { self = .null }

    var json: JSON { self }

    /// This object with the fields of another behind its own.
    func adding(_ other: JSON) -> JSON {
        guard case .object(let own) = self, case .object(let more) = other else { return self }
        return .object(own + more)
    }
}

extension String: JSONConvertible { var json: JSON { .text(self) } }
extension Int: JSONConvertible { var json: JSON { .integer(Int64(self)) } }
extension Int64: JSONConvertible { var json: JSON { .integer(self) } }
extension Bool: JSONConvertible { var json: JSON { .bool(self) } }
extension Bytes: JSONConvertible { var json: JSON { .integer(count) } }
extension Timestamp: JSONConvertible { var json: JSON { .text(description) } }
extension Points: JSONConvertible { var json: JSON { .text(description) } }
extension Identifier: JSONConvertible { var json: JSON { .text(text) } }
extension TreeName: JSONConvertible { var json: JSON { .text(text) } }

extension Optional: JSONConvertible where Wrapped: JSONConvertible {
    var json: JSON { self?.json ?? .null }
}

extension Array: JSONConvertible where Element: JSONConvertible {
    var json: JSON { .array(map(\.json)) }
}

extension Dictionary: JSONConvertible where Key == String, Value: JSONConvertible {
    var json: JSON { .object(sorted { $0.key < $1.key }.map { ($0.key, $0.value.json) }) }
}

extension RawRepresentable where RawValue == String {
    var json: JSON { .text(rawValue) }
}

extension Role: JSONConvertible {}
extension AssetKind: JSONConvertible {}
extension Visibility: JSONConvertible {}
extension DataType: JSONConvertible {}
extension Scenario: JSONConvertible {}
extension WorkloadKind: JSONConvertible {}
extension WorkloadState: JSONConvertible {}
extension WorkspaceStage: JSONConvertible {}
extension WorkloadOperation: JSONConvertible {}
extension PortMode: JSONConvertible {}
extension QueueReason: JSONConvertible {}
