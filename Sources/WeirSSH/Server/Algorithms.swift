import CLibSSH

/// What the gateway speaks: nothing that is known to be weak, and enough for OpenSSH since 7.3, PuTTY, WinSCP, paramiko and asyncssh.
enum Algorithms {
    static let keyExchange = [
        "curve25519-sha256", "curve25519-sha256@libssh.org", "diffie-hellman-group16-sha512", "diffie-hellman-group18-sha512",
    ]
    static let hostKeys = ["ssh-ed25519", "rsa-sha2-512", "rsa-sha2-256"]
    static let ciphers = [
        "chacha20-poly1305@openssh.com", "aes256-gcm@openssh.com", "aes128-gcm@openssh.com", "aes256-ctr", "aes192-ctr", "aes128-ctr",
    ]
    static let codes = ["hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com"]
    static let publicKeys = [
        "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "rsa-sha2-512", "rsa-sha2-256",
    ]

    static func set(on bind: ssh_bind) -> Bool {
        let lists: [(ssh_bind_options_e, [String])] = [
            (SSH_BIND_OPTIONS_KEY_EXCHANGE, keyExchange), (SSH_BIND_OPTIONS_HOSTKEY_ALGORITHMS, hostKeys),
            (SSH_BIND_OPTIONS_CIPHERS_C_S, ciphers), (SSH_BIND_OPTIONS_CIPHERS_S_C, ciphers),
            (SSH_BIND_OPTIONS_HMAC_C_S, codes), (SSH_BIND_OPTIONS_HMAC_S_C, codes),
            (SSH_BIND_OPTIONS_PUBKEY_ACCEPTED_KEY_TYPES, publicKeys),
        ]
        var shortest = Int32(3072)
        var readsFiles = false
        return lists.allSatisfy { option, names in ssh_bind_options_set(bind, option, names.joined(separator: ",")) == SSH_OK }
            && ssh_bind_options_set(bind, SSH_BIND_OPTIONS_RSA_MIN_SIZE, &shortest) == SSH_OK
            && ssh_bind_options_set(bind, SSH_BIND_OPTIONS_PROCESS_CONFIG, &readsFiles) == SSH_OK
            && ssh_bind_options_set(bind, SSH_BIND_OPTIONS_BANNER, "Weir") == SSH_OK
    }
}
