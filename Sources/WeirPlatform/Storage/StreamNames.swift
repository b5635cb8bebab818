import WeirModel

/// The names in a stream that does not say in which charset they are: a tar, or what the program makes of a RAR. A name in UTF-8 stays as
/// it is. The others are read in the charset that was chosen; while none was, they are collected for the question which one it is.
struct StreamNames: Sendable {
    typealias Decoder = ([UInt8]) -> [UInt8]?

    /// So many bytes more are looked at for names once one is met: who is asked does not wait for the end of a large archive.
    static let farthest: Int64 = 256 << 20

    private let charset: ArchiveCharset?
    private let isOfRAR: Bool
    private var unknown: [[UInt8]] = []
    private var passed: Int64 = 0

    init(_ charset: ArchiveCharset?, isOfRAR: Bool) {
        self.charset = charset
        self.isOfRAR = isOfRAR
    }

    /// From then on nothing needs to be written: it is going to end with the question.
    var areUnknown: Bool { !unknown.isEmpty }

    /// - Parameter decoder: kept by the caller from one entry to the next.
    ///
    /// Throws `archive_charset`, `archive_charset_wrong`.
    mutating func read(_ entry: inout TarEntry, _ decoder: inout Decoder?) throws {
        let (name, target) = (entry.name, entry.target)
        entry.name = try read(name, &decoder)
        // A link leads to a name of the same archive.
        entry.target = try read(target, &decoder)
    }

    private mutating func read(_ name: [UInt8], _ decoder: inout Decoder?) throws -> [UInt8] {
        if name.allSatisfy({ $0 < 0x80 }) || String(validating: name, as: UTF8.self) != nil { return name }
        guard let charset else {
            unknown.append(name)
            if unknown.count == ArchiveCharset.mostGuessedFrom { throw question }
            return name
        }
        let decode = decoder ?? charset.decoder(ofRAR: isOfRAR)
        decoder = decode
        guard let read = decode(name) else { throw WeirError.archiveCharsetWrong(FileNameText.text(of: name), charset) }
        return read
    }

    /// To be told of each piece of the stream. Throws `archive_charset`.
    mutating func pass(_ count: Int) throws {
        guard areUnknown else { return }
        passed += Int64(count)
        if passed >= Self.farthest { throw question }
    }

    /// Throws `archive_charset`.
    func finish() throws { if areUnknown { throw question } }

    private var question: WeirError { ArchiveCharset.question(about: unknown, ofRAR: isOfRAR) }
}
