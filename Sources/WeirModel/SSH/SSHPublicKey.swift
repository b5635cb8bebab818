public import Foundation

/// A public key by which a person logs in over SSH.
public struct SSHKey: Identified, Sendable {
    public static let identifierPrefix = "key"
}

/// A public key as it stands in `authorized_keys` or a `.pub` file: kind, base 64, comment (SSH-04).
public struct SSHPublicKey: Hashable, Sendable {
    /// `ssh-ed25519`, `ssh-rsa`, `ecdsa-sha2-nistp256` …
    public let kind: String
    /// What the fingerprint is made of.
    public let blob: Data
    public let bits: Int
    public let comment: String

    public static let shortestRSA = 3072
    private static let limit = 8192
    private static let curves = ["nistp256": 256, "nistp384": 384, "nistp521": 521]

    /// Throws `ssh_key_malformed`, `ssh_key_weak`, `ssh_key_private`.
    public init(_ text: String) throws(WeirError) {
        let line = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard !line.contains("PRIVATE KEY") else { throw .sshKeyIsPrivate() }
        guard line.utf8.count <= Self.limit, !line.contains("\n") else { throw .sshKeyMalformed("one line, as in a .pub file") }
        let parts = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: true)
        guard parts.count >= 2, let blob = Data(base64Encoded: String(parts[1])) else {
            throw .sshKeyMalformed("a kind, the key in base 64 and a comment, as in a .pub file")
        }
        kind = String(parts[0])
        self.blob = blob
        comment = parts.count > 2 ? String(parts[2]) : ""
        var reader = WireReader(blob)
        guard let inner = reader.string(), String(decoding: inner, as: UTF8.self) == kind else {
            throw .sshKeyMalformed("a key of the kind that stands before it")
        }
        let size: Int?
        switch kind {
        case "ssh-ed25519": size = reader.string().flatMap { $0.count == 32 ? 256 : nil }
        case "ssh-rsa":
            let exponent = reader.string()
            size = reader.string().flatMap { exponent?.isEmpty == false ? Self.bits(of: $0) : nil }
        case "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521":
            let curve = reader.string().map { String(decoding: $0, as: UTF8.self) } ?? ""
            let point = reader.string()
            let bits = Self.curves[curve]
            let isWhole = bits.map { point?.first == 4 && point?.count == 1 + 2 * (($0 + 7) / 8) } ?? false
            size = isWhole && kind.hasSuffix(curve) ? bits : nil
        default: throw .sshKeyWeak(kind)
        }
        guard let size, reader.isAtEnd else { throw .sshKeyMalformed("a whole key") }
        guard kind != "ssh-rsa" || (Self.shortestRSA...16_384).contains(size) else { throw .sshKeyWeak("RSA \(size)") }
        bits = size
    }

    /// How many bits a number has that is written as SSH writes them.
    private static func bits(of number: Data) -> Int? {
        let digits = number.drop { $0 == 0 }
        guard let first = digits.first, number.count - digits.count <= 1 else { return nil }
        return digits.count * 8 - first.leadingZeroBitCount
    }

    /// Kind and key, without the comment.
    public var line: String { "\(kind) \(blob.base64EncodedString())" }
}

/// The parts of a key: four bytes of length each.
private struct WireReader {
    private var rest: Data

    init(_ data: Data) { rest = data }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func string() -> Data? {
        guard rest.count >= 4 else { return nil }
        let length = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
        guard length <= rest.count - 4 else { return nil }
        let part = rest.dropFirst(4).prefix(length)
        rest = rest.dropFirst(4 + length)
        return part
    }
}

extension WeirError {
    static func sshKeyMalformed(_ expected: String) -> WeirError {
        WeirError(
            "ssh_key_malformed", .invalid, subject: "public_key", rule: "SSH-04",
            LocalizedText("This is no public key: expected \(expected).", zh: "公钥格式无效：应为 .pub 文件中的一整行（类型、Base64、注释）。"),
            remedy: LocalizedText(
                "Paste the content of ~/.ssh/id_ed25519.pub.", zh: "请粘贴 ~/.ssh/id_ed25519.pub 的内容。"))
    }

    static func sshKeyIsPrivate() -> WeirError {
        WeirError(
            "ssh_key_private", .invalid, subject: "public_key", rule: "SSH-04",
            LocalizedText(
                "This is a private key. It was not kept; show it to nobody.", zh: "这是私钥，平台未保存。请勿向任何人展示私钥。"),
            remedy: LocalizedText("Give the .pub file instead.", zh: "请改用对应的 .pub 文件。"))
    }

    static func sshKeyWeak(_ kind: String) -> WeirError {
        WeirError(
            "ssh_key_weak", .invalid, subject: "public_key", rule: "SSH-04",
            LocalizedText(
                "Keys of the kind \(kind.prefix(40)) are not accepted: ed25519, ECDSA, or RSA of \(SSHPublicKey.shortestRSA) bits and more.",
                zh: "不接受 \(kind.prefix(40)) 类型的密钥：请使用 ed25519、ECDSA 或不少于 \(SSHPublicKey.shortestRSA) 位的 RSA。"),
            remedy: LocalizedText("Make one with `ssh-keygen -t ed25519`.", zh: "可用 `ssh-keygen -t ed25519` 生成。"))
    }
}
