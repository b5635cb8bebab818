import WeirModel

/// Reads `bsdtar -tvf`, line by line as it comes, and refuses what must not be unpacked before a byte of it is.
struct ArchiveListing {
    let limits: UnpackLimits
    let archive: Bytes
    private(set) var size: Int64 = 0
    private(set) var entries = 0
    /// The paths of what is no folder. An archive may hold one path twice; unpacking gives one file.
    private(set) var paths: Set<String> = []
    /// Names that are no UTF-8 are shown with escapes of three octal digits.
    private(set) var hasEscapedNames = false
    private var rest: [UInt8] = []

    init(limits: UnpackLimits, archive: Bytes) {
        self.limits = limits
        self.archive = archive
    }

    static let lineLimit = 32 << 10

    mutating func take(_ bytes: UnsafeRawBufferPointer) throws {
        var start = 0
        while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
            rest += bytes[start..<end]
            try line(String(decoding: rest, as: UTF8.self))
            rest.removeAll(keepingCapacity: true)
            start = end + 1
        }
        rest += bytes[start...]
        guard rest.count <= Self.lineLimit else { throw WeirError.archiveDamaged("a name is too long") }
    }

    /// `-rw-r--r--  0 user group 1234 Jan  1  2020 name`; links end with ` -> target` or ` link to target`.
    private mutating func line(_ text: String) throws {
        guard !text.isEmpty else { return }
        let fields = text.split(separator: " ", maxSplits: 8, omittingEmptySubsequences: true)
        guard fields.count == 9, let kind = fields[0].first else { throw WeirError.archiveDamaged(text) }
        var name = String(fields[8])
        entries += 1
        switch kind {
        case "-", "d": break
        case "l": name = Self.cut(name, before: " -> ")
        case "h":
            let target = name.firstRange(of: " link to ").map { String(name[$0.upperBound...]) } ?? name
            name = Self.cut(name, before: " link to ")
            guard !Self.leaves(target) else { throw WeirError.linkLeaves(name) }
        default: throw WeirError.specialFile(name)
        }
        if kind == "-" { name = Self.cut(name, before: " link to ") }
        if kind != "d", kind != "l" {
            guard !fields[0].dropFirst().prefix(9).contains(where: { "sS".contains($0) }) else {
                throw WeirError.specialFile(name)
            }
            guard let count = Int64(fields[4]), count >= 0 else { throw WeirError.archiveDamaged(text) }
            let (sum, overflow) = size.addingReportingOverflow(count)
            size = overflow ? .max : sum
        }
        try limits.check(size: Bytes(size), files: entries, from: archive)
        if !hasEscapedNames, name.contains(/\\[0-3][0-7][0-7]/) { hasEscapedNames = true }
        guard !Self.leaves(name) else { throw WeirError.pathLeaves(name) }
        let parts = Self.parts(name)
        guard parts.count <= FilePath.depthLimit else { throw WeirError.pathTooDeep(name) }
        if kind != "d" { paths.insert(parts.filter { $0 != "." }.joined(separator: "/")) }
    }

    private static func parts(_ name: String) -> [String] {
        name.utf8.split(separator: UInt8(ascii: "/")).map { String(decoding: $0, as: UTF8.self) }
    }

    private static func leaves(_ name: String) -> Bool {
        name.utf8.first == UInt8(ascii: "/") || parts(name).contains("..")
    }

    private static func cut(_ text: String, before mark: String) -> String {
        text.firstRange(of: mark).map { String(text[..<$0.lowerBound]) } ?? text
    }
}
