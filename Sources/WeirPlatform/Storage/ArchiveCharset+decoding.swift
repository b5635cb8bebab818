import Glibc
import WeirModel

extension ArchiveCharset {
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

    /// Nil when the bytes are not in this charset.
    func decode(_ bytes: [UInt8]) -> [UInt8]? {
        guard let library else { return bytes }
        return Conversion.utf8(bytes, from: library)
    }

    /// The possible readings of the names, the likeliest first. Empty where no charset fits all of them.
    static func guesses(of names: [[UInt8]], samples: Int = 2, most: Int = 3) -> [CharsetGuess] {
        var found: [(guess: CharsetGuess, likelihood: Double)] = []
        for charset in allCases where charset != .raw {
            let decoded = names.map { charset.decode($0) }
            guard decoded.allSatisfy({ $0 != nil }) else { continue }
            let texts = decoded.compactMap { $0.map { FileNameText.text(of: $0) } }
            found.append((CharsetGuess(charset: charset, samples: Array(texts.prefix(samples))), charset.likelihood(of: texts)))
        }
        // Of equals the first stays first.
        let order = found.enumerated().sorted { ($1.element.likelihood, $0.offset) < ($0.element.likelihood, $1.offset) }
        return order.prefix(most).map(\.element.guess)
    }
}

/// `iconv` of the C library, which Swift's `Glibc` module hides.
private enum Conversion {
    private typealias Open = @convention(c) (UnsafePointer<CChar>, UnsafePointer<CChar>) -> OpaquePointer?
    private typealias Convert =
        @convention(c) (
            OpaquePointer?, UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, UnsafeMutablePointer<Int>?,
            UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, UnsafeMutablePointer<Int>?
        ) -> Int
    private typealias Close = @convention(c) (OpaquePointer?) -> CInt

    private static func lookup<Call>(_ name: String, as _: Call.Type) -> Call? { dlsym(nil, name).map { unsafeBitCast($0, to: Call.self) } }

    static func utf8(_ bytes: [UInt8], from charset: String) -> [UInt8]? {
        guard let open = lookup("iconv_open", as: Open.self), let convert = lookup("iconv", as: Convert.self),
            let close = lookup("iconv_close", as: Close.self), let conversion = open("UTF-8", charset),
            Int(bitPattern: conversion) != -1
        else { return nil }
        defer { _ = close(conversion) }
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
