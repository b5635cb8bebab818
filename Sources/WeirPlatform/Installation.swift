public import Crypto
import Foundation
import WeirModel
public import WeirStore

/// What an installation knows of itself from its first start on.
public struct Installation: Sendable {
    /// Twelve hexadecimal digits: marks containers, networks and firewall tables as this installation's.
    public let id: String
    /// Signs what the gateway lets in.
    public let key: SymmetricKey

    /// Reads them, or makes them on the first start.
    public init(store: Store) async throws {
        let newID = Data(SymmetricKey(size: .bits128).withUnsafeBytes { Data($0) }.prefix(6))
            .map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        let newKey = SymmetricKey(size: .bits256).withUnsafeBytes { Data($0) }.base64EncodedString()
        let (id, key) = try await store.write { db in
            func kept(_ name: String, else new: String) throws -> String {
                if let value = try db.read.setting(name) { return value }
                try db.setSetting(name, to: new)
                return new
            }
            return (try kept("installation.id", else: newID), try kept("installation.key", else: newKey))
        }
        self.id = id
        self.key = SymmetricKey(data: Data(base64Encoded: key) ?? Data(key.utf8))
    }
}
