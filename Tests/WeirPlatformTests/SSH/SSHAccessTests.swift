import Testing
import TestSupport
import WeirModel
import WeirPlatform
import WeirStore

@Suite("Getting in over SSH")
struct SSHAccessTests {
    private let password = "three rivers and a weir"
    private let here = SSHSource("192.0.2.1")
    private let elsewhere = SSHSource("192.0.2.2")

    private struct Scene {
        let platform: Platform
        let clock: ManualClock
        let tenant: TestPlatform.Tenant
        let user: String
    }

    /// A person with a password for SSH and a draft to upload into.
    private func scene(_ body: (Scene) async throws -> Void) async throws {
        let clock = ManualClock()
        let test = try TestPlatform(clock: clock)
        let platform = try await test.start()
        let tenant = try await test.tenant(on: platform)
        let asset = try await platform.assets.create(.dataset, in: tenant.workspace, .init(name: "leaves"), by: tenant.caller)
        try await platform.sshCredentials.setPassword(password, by: tenant.caller)
        let user = SSHUserName(person: .account(try LoginName("ada")), place: .draft(asset.id), workspace: "ada").description
        try await body(Scene(platform: platform, clock: clock, tenant: tenant, user: user))
    }

    @Test("five failures in a row lock for 30 minutes, for this person from this source alone (SSH-05, X09)")
    func lock() async throws {
        try await scene { (scene) async throws -> Void in
            let access = scene.platform.sshAccess
            for _ in 0..<5 { #expect(try await access.authenticate(scene.user, password: "wrong", from: here) == nil) }
            #expect(try await access.authenticate(scene.user, password: password, from: here) == nil)
            #expect(try await access.authenticate(scene.user, password: password, from: elsewhere) != nil)
            scene.clock.advance(by: .seconds(29 * 60))
            #expect(try await access.authenticate(scene.user, password: password, from: here) == nil)
            scene.clock.advance(by: .seconds(61))
            #expect(try await access.authenticate(scene.user, password: password, from: here) != nil)
        }
    }

    @Test("failures of keys and passwords count together; what succeeds ends the count")
    func together() async throws {
        try await scene { (scene) async throws -> Void in
            let access = scene.platform.sshAccess
            for _ in 0..<2 { #expect(try await access.authenticate(scene.user, password: "wrong", from: here) == nil) }
            #expect(try await access.authenticate(scene.user, password: password, from: here) != nil)
            for _ in 0..<2 { _ = try await access.authenticate(scene.user, password: "wrong", from: here) }
            for _ in 0..<3 { try await access.keysRefused(scene.user, fingerprint: "SHA256:none", from: here) }
            #expect(try await access.authenticate(scene.user, password: password, from: here) == nil)
        }
    }

    @Test("asking whether a key would do counts as nothing")
    func probes() async throws {
        try await scene { (scene) async throws -> Void in
            for _ in 0..<50 { #expect(try await !scene.platform.sshAccess.wouldAccept(scene.user, fingerprint: "SHA256:none")) }
            #expect(try await scene.platform.sshAccess.authenticate(scene.user, password: password, from: here) != nil)
        }
    }

    @Test("a key lets its own people in where they may go, and works at once (SSH-04)")
    func keys() async throws {
        try await scene { (scene) async throws -> Void in
            let (credentials, access) = (scene.platform.sshCredentials, scene.platform.sshAccess)
            let text = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ8k3hR8UuDWkFkKjN4cJcUO9z0i8JrG2oE0mBfC3bXU ada@laptop"
            let key = try await credentials.addKey(text, named: nil, by: scene.tenant.caller)
            #expect(key.name == "ada@laptop")
            #expect(try await access.wouldAccept(scene.user, fingerprint: key.fingerprint))
            #expect(try await access.authenticate(scene.user, provenKey: key.fingerprint, from: here)?.account.login == "ada")
            let other = scene.user.replacing(".ada", with: ".others")
            #expect(try await !access.wouldAccept(other, fingerprint: key.fingerprint))
            try await credentials.removeKey(key.id, by: scene.tenant.caller)
            #expect(try await !access.wouldAccept(scene.user, fingerprint: key.fingerprint))
        }
    }

    @Test("attempts are recorded, also those that a lock refused")
    func attempts() async throws {
        try await scene { (scene) async throws -> Void in
            for _ in 0..<6 { _ = try await scene.platform.sshAccess.authenticate(scene.user, password: "wrong", from: here) }
            let outcomes = try await scene.platform.sshCredentials.attempts(on: scene.tenant.caller).map(\.outcome)
            #expect(outcomes == [.locked] + Array(repeating: .refused, count: 5))
        }
    }

    @Test("a draft's token ends with the draft (SSH-09)")
    func token() async throws {
        try await scene { (scene) async throws -> Void in
            guard case .draft(let asset)? = SSHUserName(scene.user)?.place else { return }
            let (_, secret) = try await scene.platform.sshCredentials.makeUploadToken(for: asset, by: scene.tenant.caller)
            let user = SSHUserName(person: .token, place: .draft(asset), workspace: "ada").description
            #expect(try await scene.platform.sshAccess.authenticate(user, password: secret, from: here)?.method == .token)
            #expect(try await scene.platform.sshAccess.authenticate(scene.user, password: secret, from: here) == nil)
            scene.clock.advance(by: SSHCredentials.tokenLife)
            #expect(try await scene.platform.sshAccess.authenticate(user, password: secret, from: here) == nil)
        }
    }

    @Test("who is no longer a member does not get in, with whatever proof")
    func members() async throws {
        try await scene { (scene) async throws -> Void in
            let stranger = scene.user.replacing("ada@", with: "nobody@")
            #expect(try await scene.platform.sshAccess.authenticate(stranger, password: password, from: here) == nil)
            guard let identity = try await scene.platform.sshAccess.authenticate(scene.user, password: password, from: here) else {
                Issue.record("not let in")
                return
            }
            try await scene.platform.sshEntrance.check(identity, isWriting: true)
            guard case .draft(let asset) = identity.user.place else { return }
            try await scene.platform.assets.delete(asset, typed: nil, by: scene.tenant.caller)
            await #expect(throws: WeirError.self) { try await scene.platform.sshEntrance.check(identity, isWriting: false) }
        }
    }
}
