import Crypto
import Foundation

/// Secrets that Weir hands out once and keeps only as a hash.
enum Secrets {
    /// 256 random bits behind a prefix that tells a leaked secret's kind.
    static func make(prefix: String) -> String {
        prefix + "_" + base64URL(SymmetricKey(size: .bits256).withUnsafeBytes { Data($0) })
    }

    /// A random secret needs no slow hash.
    static func hash(_ secret: String) -> String {
        SHA256.hash(data: Data(secret.utf8)).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    /// Easy to read out: four groups of five, without letters that can be mistaken for others (100 bits).
    static func oneTimePassword() -> String {
        let alphabet = Array("abcdefghjkmnpqrstuvwxyz23456789".utf8)
        var generator = SystemRandomNumberGenerator()
        return (0..<4).map { _ in
            String(decoding: (0..<5).map { _ in alphabet.randomElement(using: &generator) ?? 97 }, as: UTF8.self)
        }.joined(separator: "-")
    }

    private static func base64URL(_ data: Data) -> String {
        data.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}
