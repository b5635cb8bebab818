import CLibSSH
import Foundation
import WeirModel
public import WeirPlatform

/// The keys by which clients know the gateway again: made at the first start, and kept.
public struct HostKeys: Sendable {
    /// For `known_hosts` and for people.
    public let published: [SSHHostKey]
    private let files: [String]

    private static let kinds: [(type: ssh_keytypes_e, parameter: Int32, file: String)] = [
        (SSH_KEYTYPE_ED25519, 0, "ssh_host_ed25519_key"), (SSH_KEYTYPE_RSA, 3072, "ssh_host_rsa_key"),
    ]

    /// Reads the keys in `folder`, and makes those that are not there. Only the operator of the machine can read them.
    /// Throws `host_key_broken`.
    public init(folder: String) throws {
        Library.start()
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        var published: [SSHHostKey] = []
        var files: [String] = []
        for kind in Self.kinds {
            let file = folder + "/" + kind.file
            if !FileManager.default.fileExists(atPath: file) { try Self.make(kind.type, kind.parameter, file) }
            let key = try Self.read(file)
            defer { ssh_key_free(key) }
            published.append(try Self.describe(key, file))
            files.append(file)
        }
        self.published = published
        self.files = files
    }

    /// Gives the keys to libssh, which frees them.
    func load(into bind: ssh_bind) throws {
        for file in files {
            let key = try Self.read(file)
            guard ssh_bind_options_set(bind, SSH_BIND_OPTIONS_IMPORT_KEY, UnsafeRawPointer(key)) == SSH_OK else {
                ssh_key_free(key)
                throw WeirError.hostKeyBroken(file)
            }
        }
    }

    /// A key is whole under its name or not there: a kill on the way leaves a file that is written again.
    private static func make(_ type: ssh_keytypes_e, _ parameter: Int32, _ file: String) throws {
        var made: ssh_key?
        guard ssh_pki_generate(type, parameter, &made) == SSH_OK, let key = made else { throw WeirError.hostKeyBroken(file) }
        defer { ssh_key_free(key) }
        let part = file + ".new"
        unlink(part)
        let before = umask(0o077)
        let written = ssh_pki_export_privkey_file(key, nil, nil, nil, part)
        umask(before)
        guard written == SSH_OK, chmod(part, 0o600) == 0, rename(part, file) == 0 else { throw WeirError.hostKeyBroken(file) }
    }

    private static func read(_ file: String) throws -> ssh_key {
        var read: ssh_key?
        guard ssh_pki_import_privkey_file(file, nil, nil, nil, &read) == SSH_OK, let key = read else {
            throw WeirError.hostKeyBroken(file)
        }
        return key
    }

    private static func describe(_ key: ssh_key, _ file: String) throws -> SSHHostKey {
        var text: UnsafeMutablePointer<CChar>?
        guard ssh_pki_export_pubkey_base64(key, &text) == SSH_OK, let text else { throw WeirError.hostKeyBroken(file) }
        defer { ssh_string_free_char(text) }
        let kind = String(cString: ssh_key_type_to_char(ssh_key_type(key)))
        let parsed = try SSHPublicKey("\(kind) \(String(cString: text))")
        return SSHHostKey(kind: kind, bits: parsed.bits, fingerprint: try Library.fingerprint(of: key), publicKey: parsed.line)
    }
}

/// What is done once for the whole of libssh, and small things that several places ask of it.
enum Library {
    private static let isStarted: Bool = ssh_init() == SSH_OK

    static func start() { _ = isStarted }

    /// `SHA256:` and base 64, as `ssh-keygen -l` shows it.
    static func fingerprint(of key: ssh_key) throws -> String {
        var hash: UnsafeMutablePointer<UInt8>?
        var length = 0
        defer { ssh_clean_pubkey_hash(&hash) }
        guard ssh_get_publickey_hash(key, SSH_PUBLICKEY_HASH_SHA256, &hash, &length) == SSH_OK, let bytes = hash else {
            throw WeirError.hostKeyBroken("")
        }
        return "SHA256:" + Data(bytes: bytes, count: length).base64EncodedString().replacing("=", with: "")
    }
}

extension WeirError {
    static func hostKeyBroken(_ file: String) -> WeirError {
        WeirError(
            "host_key_broken", .failed, subject: file,
            LocalizedText("The host key \(file) cannot be read or made.", zh: "主机密钥 \(file) 无法读取或生成。"),
            remedy: LocalizedText(
                "Look at its mode and content; remove it to have a new one made (clients will warn).",
                zh: "请检查其权限和内容；删除后将重新生成（客户端会提示主机密钥变更）。"))
    }
}
