/// JSON of a value, its keys in the order in which the type names them.
///
/// For what the one writer's clients write often. `JSONEncoder` builds a tree and then writes it, which took half of the time of a
/// job's creation; this writes as it goes. Where texts are compared or hashed, `jsonText` with its sorted keys is the one to use.
func quickJSON(_ value: some Encodable) throws -> String {
    let output = Output()
    try output.encode(value)
    return String(decoding: output.bytes, as: UTF8.self)
}

/// The text so far, and the brackets that are open. Belongs to one call.
private final class Output {
    private enum Bracket { case object, array }

    var bytes: [UInt8] = []
    private var open: [(bracket: Bracket, isEmpty: Bool)] = []

    init() { bytes.reserveCapacity(1024) }

    /// What a value opened is closed behind it.
    func encode(_ value: some Encodable) throws {
        let depth = open.count
        try value.encode(to: QuickEncoder(output: self))
        close(to: depth)
    }

    func openObject() -> Int {
        bytes.append(UInt8(ascii: "{"))
        open.append((.object, true))
        return open.count
    }

    func openArray() -> Int {
        bytes.append(UInt8(ascii: "["))
        open.append((.array, true))
        return open.count
    }

    /// The place of the next element of the container at that depth: those inside of it are at their end.
    func next(in depth: Int) {
        close(to: depth)
        if !open[depth - 1].isEmpty { bytes.append(UInt8(ascii: ",")) }
        open[depth - 1].isEmpty = false
    }

    private func close(to depth: Int) {
        while open.count > depth {
            bytes.append(open.removeLast().bracket == .object ? UInt8(ascii: "}") : UInt8(ascii: "]"))
        }
    }

    func raw(_ text: String) { bytes.append(contentsOf: text.utf8) }

    func number(_ value: Double) throws {
        guard value.isFinite else {
            throw EncodingError.invalidValue(value, .init(codingPath: [], debugDescription: "not a number of JSON"))
        }
        raw("\(value)")
    }

    func string(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0..<0x20:
                raw("\\u00")
                for digit in [byte >> 4, byte & 15] { bytes.append(digit < 10 ? 48 + digit : 87 + digit) }
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}

private struct QuickEncoder: Encoder {
    let output: Output
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        KeyedEncodingContainer(QuickObject(output: output, depth: output.openObject()))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer { QuickArray(output: output, depth: output.openArray()) }

    func singleValueContainer() -> any SingleValueEncodingContainer { QuickValue(output: output) }
}

private struct QuickObject<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let output: Output
    let depth: Int
    var codingPath: [any CodingKey] { [] }

    private func at(_ key: Key) -> QuickValue {
        output.next(in: depth)
        output.string(key.stringValue)
        output.bytes.append(UInt8(ascii: ":"))
        return QuickValue(output: output)
    }

    func encodeNil(forKey key: Key) throws { try at(key).encodeNil() }
    func encode(_ value: Bool, forKey key: Key) throws { try at(key).encode(value) }
    func encode(_ value: String, forKey key: Key) throws { try at(key).encode(value) }
    func encode(_ value: Double, forKey key: Key) throws { try at(key).encode(value) }
    func encode(_ value: Int, forKey key: Key) throws { try at(key).encode(value) }
    func encode(_ value: Int64, forKey key: Key) throws { try at(key).encode(value) }
    func encode<T: Encodable>(_ value: T, forKey key: Key) throws { try at(key).encode(value) }

    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type, forKey key: Key) -> KeyedEncodingContainer<Nested> {
        _ = at(key)
        return QuickEncoder(output: output).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        _ = at(key)
        return QuickEncoder(output: output).unkeyedContainer()
    }

    func superEncoder() -> any Encoder {
        output.next(in: depth)
        output.raw("\"super\":")
        return QuickEncoder(output: output)
    }

    func superEncoder(forKey key: Key) -> any Encoder {
        _ = at(key)
        return QuickEncoder(output: output)
    }
}

private struct QuickArray: UnkeyedEncodingContainer {
    let output: Output
    let depth: Int
    private(set) var count = 0
    var codingPath: [any CodingKey] { [] }

    init(output: Output, depth: Int) {
        self.output = output
        self.depth = depth
    }

    private mutating func element() -> QuickValue {
        output.next(in: depth)
        count += 1
        return QuickValue(output: output)
    }

    mutating func encodeNil() throws { try element().encodeNil() }
    mutating func encode<T: Encodable>(_ value: T) throws { try element().encode(value) }

    mutating func nestedContainer<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        _ = element()
        return QuickEncoder(output: output).container(keyedBy: type)
    }

    mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
        _ = element()
        return QuickEncoder(output: output).unkeyedContainer()
    }

    mutating func superEncoder() -> any Encoder {
        _ = element()
        return QuickEncoder(output: output)
    }
}

private struct QuickValue: SingleValueEncodingContainer {
    let output: Output
    var codingPath: [any CodingKey] { [] }

    func encodeNil() throws { output.raw("null") }
    func encode(_ value: Bool) throws { output.raw(value ? "true" : "false") }
    func encode(_ value: String) throws { output.string(value) }
    func encode(_ value: Double) throws { try output.number(value) }
    func encode(_ value: Float) throws { try output.number(Double(value)) }
    func encode(_ value: Int) throws { output.raw(String(value)) }
    func encode(_ value: Int8) throws { output.raw(String(value)) }
    func encode(_ value: Int16) throws { output.raw(String(value)) }
    func encode(_ value: Int32) throws { output.raw(String(value)) }
    func encode(_ value: Int64) throws { output.raw(String(value)) }
    func encode(_ value: UInt) throws { output.raw(String(value)) }
    func encode(_ value: UInt8) throws { output.raw(String(value)) }
    func encode(_ value: UInt16) throws { output.raw(String(value)) }
    func encode(_ value: UInt32) throws { output.raw(String(value)) }
    func encode(_ value: UInt64) throws { output.raw(String(value)) }
    func encode<T: Encodable>(_ value: T) throws { try output.encode(value) }
}
