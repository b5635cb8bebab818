import Crypto
import CryptoExtras
import Foundation
import NIOPosix

/// Passwords are kept as scrypt hashes: each guess costs an attacker 32 MiB and tens of milliseconds.
///
/// The work is done on threads of its own, for it would hold up everything else.
struct Passwords: Sendable {
    private static let rounds = 1 << 15
    private static let blockSize = 8
    private static let length = 32

    let threads: NIOThreadPool

    func hash(_ password: String) async throws -> String {
        let salt = SymmetricKey(size: .bits128).withUnsafeBytes { Data($0) }
        let key = try await derive(password, salt: salt, rounds: Self.rounds)
        return "scrypt$\(Self.rounds)$\(salt.base64EncodedString())$\(key.base64EncodedString())"
    }

    /// Nil stands for an account that does not exist; it takes as long to refuse.
    func matches(_ password: String, hash: String?) async throws -> Bool {
        let parts = (hash ?? "").split(separator: "$")
        guard parts.count == 4, parts[0] == "scrypt", let rounds = Int(parts[1]),
            let salt = Data(base64Encoded: String(parts[2])), let expected = Data(base64Encoded: String(parts[3]))
        else {
            _ = try await derive(password, salt: Data(count: 16), rounds: Self.rounds)
            return false
        }
        let key = try await derive(password, salt: salt, rounds: rounds)
        guard key.count == expected.count else { return false }
        return zip(key, expected).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }

    private func derive(_ password: String, salt: Data, rounds: Int) async throws -> Data {
        try await threads.runIfActive {
            let key = try KDF.Scrypt.deriveKey(
                from: Data(password.utf8), salt: salt, outputByteCount: Self.length, rounds: rounds,
                blockSize: Self.blockSize, parallelism: 1, maxMemory: 64 << 20)
            return key.withUnsafeBytes { Data($0) }
        }
    }
}
