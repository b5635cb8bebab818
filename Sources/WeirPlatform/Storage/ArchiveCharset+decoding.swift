import Glibc
import WeirModel

extension ArchiveCharset {
    /// So many names say which charset an archive is in.
    static let mostGuessedFrom = 1000

    /// Its name in the C library: the charset that programs of the country really write, which is more than the standard.
    private var library: String? {
        switch self {
        case .gbk: "GB18030"
        case .big5: "BIG5-HKSCS"
        case .shiftJIS: "CP932"
        case .eucKR: "CP949"
        case .cp850: "CP850"
        case .cp437: "CP437"
        case .raw: nil
        }
    }

    /// Gives names in UTF-8, and nil for one that is not in this charset. One for all names: to find a charset takes far longer than to use it.
    func decoder(ofRAR isOfRAR: Bool = false) -> ([UInt8]) -> [UInt8]? {
        guard let library else { return { $0 } }
        guard let conversion = Conversion(from: library) else { return { _ in nil } }
        if isOfRAR { return { conversion.utf8(restoringBackslashes($0)) } }
        return { conversion.utf8($0) }
    }

    /// The program makes a separator of each byte of a RAR's name that looks like a backslash. Some are the second byte of a character,
    /// and a separator never is.
    private func restoringBackslashes(_ name: [UInt8]) -> [UInt8] {
        var name = name
        var position = 0
        while position < name.count - 1 {
            guard isFirstOfTwo(name[position]) else {
                position += 1
                continue
            }
            if name[position + 1] == UInt8(ascii: "/") { name[position + 1] = UInt8(ascii: "\\") }
            position += 2
        }
        return name
    }

    private func isFirstOfTwo(_ byte: UInt8) -> Bool {
        switch self {
        case .gbk, .big5: (0x81...0xFE).contains(byte)
        case .shiftJIS: (0x81...0x9F).contains(byte) || (0xE0...0xFC).contains(byte)
        case .eucKR, .cp850, .cp437, .raw: false
        }
    }

    /// Nil when one of the names is not in this charset; those after it are not read.
    private func texts(of names: [[UInt8]], ofRAR isOfRAR: Bool) -> [String]? {
        let decode = decoder(ofRAR: isOfRAR)
        var texts: [String] = []
        for name in names {
            guard let bytes = decode(name) else { return nil }
            texts.append(FileNameText.text(of: bytes))
        }
        return texts
    }

    /// The possible readings of the names, the likeliest first. Empty where no charset fits all of them.
    private static func guesses(of names: [[UInt8]], ofRAR isOfRAR: Bool, samples: Int = 2, most: Int = 3) -> [CharsetGuess] {
        var found: [(guess: CharsetGuess, likelihood: Double)] = []
        for charset in allCases where charset != .raw {
            guard let texts = charset.texts(of: names, ofRAR: isOfRAR) else { continue }
            found.append((CharsetGuess(charset: charset, samples: Array(texts.prefix(samples))), charset.likelihood(of: texts)))
        }
        // Of equals the first stays first.
        let order = found.enumerated().sorted { ($1.element.likelihood, $0.offset) < ($0.element.likelihood, $1.offset) }
        return order.prefix(most).map(\.element.guess)
    }

    /// The question in which charset some names are, with what they read as; at least one name.
    static func question(about names: [[UInt8]], ofRAR isOfRAR: Bool = false) -> WeirError {
        let guesses = guesses(of: names, ofRAR: isOfRAR)
        return .archiveCharset(guesses.isEmpty ? [CharsetGuess(charset: .raw, samples: [FileNameText.text(of: names[0])])] : guesses)
    }
}

/// `iconv` of the C library, which Swift's `Glibc` module hides, from one charset to UTF-8.
private final class Conversion {
    private typealias Open = @convention(c) (UnsafePointer<CChar>, UnsafePointer<CChar>) -> OpaquePointer?
    private typealias Convert =
        @convention(c) (
            OpaquePointer?, UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, UnsafeMutablePointer<Int>?,
            UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, UnsafeMutablePointer<Int>?
        ) -> Int
    private typealias Close = @convention(c) (OpaquePointer?) -> CInt

    private static func lookup<Call>(_ name: String, as _: Call.Type) -> Call? { dlsym(nil, name).map { unsafeBitCast($0, to: Call.self) } }

    private let conversion: OpaquePointer
    private let convert: Convert
    private let close: Close

    init?(from charset: String) {
        guard let open = Self.lookup("iconv_open", as: Open.self), let convert = Self.lookup("iconv", as: Convert.self),
            let close = Self.lookup("iconv_close", as: Close.self), let conversion = open("UTF-8", charset),
            Int(bitPattern: conversion) != -1
        else { return nil }
        (self.conversion, self.convert, self.close) = (conversion, convert, close)
    }

    deinit { _ = close(conversion) }

    func utf8(_ bytes: [UInt8]) -> [UInt8]? {
        // It may hold something of the name before.
        _ = convert(conversion, nil, nil, nil, nil)
        var input = bytes.map { CChar(bitPattern: $0) }
        var output = [CChar](repeating: 0, count: bytes.count * 4 + 16)
        var (left, room) = (input.count, output.count)
        let result = input.withUnsafeMutableBufferPointer { from in
            output.withUnsafeMutableBufferPointer { to in
                var (source, sink) = (from.baseAddress, to.baseAddress)
                return convert(conversion, &source, &left, &sink, &room)
            }
        }
        guard result == 0, left == 0 else { return nil }
        return output.prefix(output.count - room).map { UInt8(bitPattern: $0) }
    }
}
