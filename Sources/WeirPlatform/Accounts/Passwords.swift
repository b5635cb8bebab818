import Crypto
import CryptoExtras
import Foundation
import NIOPosix

/// Passwords are kept as scrypt hashes: each guess costs an attacker 32 MiB and tens of milliseconds.
///
/// The work is done on threads, for it would hold up everything else, and in turns, so that nobody keeps the others waiting.
struct Passwords: Sendable {
    private static let rounds = 1 << 15
    private static let blockSize = 8
    private static let length = 32

    private let threads: NIOThreadPool
    private let turns = PasswordTurns()

    init(threads: NIOThreadPool) { self.threads = threads }

    func hash(_ password: String, for asker: PasswordAsker) async throws -> String {
        try await turns.take(asker) {
            let salt = SymmetricKey(size: .bits128).withUnsafeBytes { Data($0) }
            let key = try await derive(password, salt: salt, rounds: Self.rounds)
            return "scrypt$\(Self.rounds)$\(salt.base64EncodedString())$\(key.base64EncodedString())"
        }
    }

    func matches(_ password: String, hash: String?, for asker: PasswordAsker) async throws -> Bool {
        try await turns.take(asker) { try await isRight(password, hash) }
    }

    /// - Parameter subject: asked when the password's turn has come, for much may change in a long line; with the hash that is to match.
    func matches<Subject: Sendable>(
        _ password: String, for asker: PasswordAsker, of subject: @Sendable () async throws -> (Subject, hash: String?)
    ) async throws -> (Subject, isRight: Bool) {
        try await turns.take(asker) {
            let (subject, hash) = try await subject()
            return (subject, try await isRight(password, hash))
        }
    }

    /// Nil stands for an account that does not exist; it takes as long to refuse.
    private func isRight(_ password: String, _ hash: String?) async throws -> Bool {
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
