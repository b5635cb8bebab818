import CLibSSH
import Logging
import WeirModel
import WeirPlatform
import WeirStore

/// Proving who one is (SSH-03 to SSH-05, X09).
extension Connection {
    /// A client may offer all the keys of its agent: an offer is only a question.
    private static let mostOffers = 24
    private static let mostPasswords = 6

    private static let accepted = Int32(SSH_AUTH_SUCCESS.rawValue)
    private static let refused = Int32(SSH_AUTH_DENIED.rawValue)

    func tryPassword(_ password: String, user: String) -> Int32 {
        login.passwords += 1
        guard login.identity == nil, login.passwords <= Self.mostPasswords, password.utf8.count <= 1024 else {
            return give(up: login.passwords)
        }
        let (access, source) = (core.access, peer.source)
        return letIn(try? core.questions.ask { try await access.authenticate(user, password: password, from: source) })
    }

    /// `state` says whether the client has proved that it has the key, or only asks whether it would do.
    func tryKey(_ key: ssh_key, state: Int32, user: String) -> Int32 {
        login.offers += 1
        guard login.identity == nil, login.offers <= Self.mostOffers, let fingerprint = try? Library.fingerprint(of: key) else {
            return give(up: login.offers)
        }
        let (access, source) = (core.access, peer.source)
        switch state {
        case Int32(SSH_PUBLICKEY_STATE_NONE.rawValue):
            let would = (try? core.questions.ask { try await access.wouldAccept(user, fingerprint: fingerprint) }) ?? false
            if !would { login.refusedKey = (user, fingerprint) }
            return would ? Self.accepted : Self.refused
        case Int32(SSH_PUBLICKEY_STATE_VALID.rawValue):
            // Counted at once, and not once more at the end.
            login.refusedKey = nil
            return letIn(try? core.questions.ask { try await access.authenticate(user, provenKey: fingerprint, from: source) })
        default:
            login.refusedKey = (user, fingerprint)
            return Self.refused
        }
    }

    private func letIn(_ identity: SSHIdentity??) -> Int32 {
        guard let identity = identity ?? nil else { return Self.refused }
        login.identity = identity
        live.logIn(identity)
        core.limits.known(peer.source)
        core.logger.info(
            "ssh: logged in",
            metadata: [
                "account": "\(identity.account.login)", "user": "\(identity.user)", "source": "\(peer.source)",
                "method": "\(identity.method.rawValue)",
            ])
        return Self.accepted
    }

    /// Too many tries on one connection: it is closed.
    private func give(up tries: Int) -> Int32 {
        if tries > Self.mostOffers + Self.mostPasswords { ssh_disconnect(session) }
        return Self.refused
    }
}
