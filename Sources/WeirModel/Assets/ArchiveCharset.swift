/// The charset of names in an archive that do not say it: programs of old wrote them in that of their country.
public enum ArchiveCharset: String, Sendable, CaseIterable {
    case gbk = "GBK"
    case big5 = "Big5"
    case shiftJIS = "Shift-JIS"
    case eucKR = "EUC-KR"
    case cp850 = "CP850"
    case cp437 = "CP437"
    /// The bytes stay as they are, and are written as `FileNameText` writes them.
    case raw

    /// Throws `malformed`.
    public init(named text: String) throws(WeirError) {
        guard let found = Self.allCases.first(where: { $0.rawValue.lowercased() == text.lowercased() }) else {
            throw .malformed("charset", Self.allCases.map(\.rawValue).joined(separator: ", "), rule: "DAT-03")
        }
        self = found
    }

    /// The likelihood that names mean these letters, read in this charset: between 0 and 1.
    public func likelihood(of names: [String]) -> Double {
        let letters = names.flatMap(\.unicodeScalars).filter { $0.value > 127 }
        guard !letters.isEmpty else { return 0 }
        let sum = letters.reduce(0.0) { $0 + weight(of: $1.value) }
        return sum / Double(letters.count)
    }

    private func weight(of letter: UInt32) -> Double {
        switch self {
        case .gbk: (0x4E00...0x9FA5).contains(letter) ? (Self.isCommonInGBK(letter) ? 0.95 : 0.3) : isPunctuation(letter) ? 0.5 : 0.1
        case .big5: (0x4E00...0x9FA5).contains(letter) ? 0.6 : isPunctuation(letter) ? 0.4 : 0.1
        case .shiftJIS:
            (0x3041...0x30FE).contains(letter) ? 1 : (0x4E00...0x9FA5).contains(letter) ? 0.6 : isPunctuation(letter) ? 0.4 : 0.1
        case .eucKR: (0xAC00...0xD7A3).contains(letter) ? 0.9 : 0.1
        case .cp850: (0xC0...0xFF).contains(letter) ? 0.55 : 0.05
        case .cp437: (0xC0...0xFF).contains(letter) ? 0.5 : 0.05
        case .raw: 0
        }
    }

    private func isPunctuation(_ letter: UInt32) -> Bool { (0x3000...0x301F).contains(letter) || (0xFF00...0xFF5E).contains(letter) }

    /// Some of the most frequent characters of modern Chinese, which a wrong reading rarely meets.
    private static let common = Set(
        "的一是了我不人在他有这个上们来到时大地为子中你说生国年着就那和要她出也得里后自以会家可下而过天去能对小多然于心学么之都好看起发当没成只如事把还用第样道想作种开美总从无情己面最女但现前些所同日手又行意动方期它头经长儿回位分爱老因很给名法间斯知世什两次使身者被高已亲其进此话常与活正感见明问力理尔点文几定本公特做外孩相西果走将月十实向声车全信重三机工物气每并别真打太新比才便夫再书部水像眼等体却加电主界门利海受听表德少克代员许先口由死安写性马光白或住难望教命花结乐色更拉东神记处让母父应直字场平报友关放至张认接告入笑内英军候民岁往何度山觉路带万男边风解叫任金快原吃妈变通师立象数四失满战远格士音轻目条呢图片训练测试集标签验证模型据文件夹照"
            .unicodeScalars.map(\.value))

    private static func isCommonInGBK(_ letter: UInt32) -> Bool { common.contains(letter) }
}

/// The reading of some names in one charset.
public struct CharsetGuess: Hashable, Sendable {
    public let charset: ArchiveCharset
    public let samples: [String]

    public init(charset: ArchiveCharset, samples: [String]) {
        self.charset = charset
        self.samples = samples
    }
}

extension WeirError {
    /// The likeliest reading first.
    public static func archiveCharset(_ guesses: [CharsetGuess]) -> WeirError {
        let list = guesses.map { guess in "\(guess.charset.rawValue): " + guess.samples.map { "“\($0.shortened)”" }.joined(separator: ", ")
        }
        return WeirError(
            "archive_charset", .conflict, subject: "charset", rule: "DAT-03",
            LocalizedText(
                "The names in the archive are no UTF-8 and do not say in which charset they are. They read as \(list.joined(separator: "; ")).",
                zh: "压缩包内的文件名不是 UTF-8，且未注明编码。可能的读法：\(list.joined(separator: "；"))。"),
            remedy: LocalizedText(
                "Unpack it with the charset in which the names are right.", zh: "请选择文件名正确的编码后再解压。"))
    }

    public static func archiveCharsetWrong(_ name: String, _ charset: ArchiveCharset) -> WeirError {
        WeirError(
            "archive_charset_wrong", .invalid, subject: "charset", rule: "DAT-03",
            LocalizedText(
                "The name \"\(name.shortened)\" in the archive is not in \(charset.rawValue).",
                zh: "压缩包内的文件名“\(name.shortened)”不是 \(charset.rawValue) 编码。"),
            remedy: LocalizedText("Choose another charset, or raw to keep the bytes as they are.", zh: "请选择其他编码，或选择 raw 保留原始字节。"))
    }

    public static func archiveEmpty() -> WeirError {
        WeirError(
            "archive_empty", .invalid, subject: "archive", rule: "DAT-03",
            LocalizedText("There is nothing in the archive.", zh: "压缩包为空。"),
            remedy: LocalizedText("Look whether it was packed and uploaded whole.", zh: "请检查打包和上传是否完整。"))
    }

    public static func archiveIsVolume() -> WeirError {
        WeirError(
            "archive_is_volume", .invalid, subject: "archive", rule: "DAT-03",
            LocalizedText("This is one part of an archive in several parts; nothing was unpacked.", zh: "这是分卷压缩包的一部分，未解压任何内容。"),
            remedy: LocalizedText("Pack the files into one archive.", zh: "请打包为单个压缩包。"))
    }

    public static func archiveTooOld() -> WeirError {
        WeirError(
            "archive_too_old", .invalid, subject: "archive", rule: "DAT-03",
            LocalizedText("This form of RAR cannot be read here; nothing was unpacked.", zh: "不支持此版本的 RAR，未解压任何内容。"),
            remedy: LocalizedText("Pack the files as .zip or .tar.gz.", zh: "请改用 .zip 或 .tar.gz 打包。"))
    }
}
