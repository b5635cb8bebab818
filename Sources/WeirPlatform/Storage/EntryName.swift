import WeirModel

/// A name in a folder as the file system has it: any bytes but NUL and "/". Tenants make names that are no text; as text they are written
/// by `FileNameText`, there and back.
struct EntryName: Hashable, Sendable, Comparable {
    /// Ends with NUL, so that it can be handed to the C library as it is.
    let c: [CChar]

    init(_ text: String) { self.init(bytes: FileNameText.bytes(of: text)) }

    init(bytes: some Sequence<UInt8>) { c = bytes.map { CChar(bitPattern: $0) } + [0] }

    init(c pointer: UnsafePointer<CChar>) {
        var length = 0
        while pointer[length] != 0 { length += 1 }
        c = Array(UnsafeBufferPointer(start: pointer, count: length + 1))
    }

    var bytes: [UInt8] { c.dropLast().map { UInt8(bitPattern: $0) } }
    var text: String { FileNameText.text(of: bytes) }
    var length: Int { c.count - 1 }
    var isDot: Bool { c == [46, 0] || c == [46, 46, 0] }

    static func < (a: Self, b: Self) -> Bool {
        a.c.lexicographicallyPrecedes(b.c) { UInt8(bitPattern: $0) < UInt8(bitPattern: $1) }
    }
}
