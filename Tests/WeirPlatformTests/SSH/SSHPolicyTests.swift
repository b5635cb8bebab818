import TestSupport
import Testing
import WeirModel
import WeirPlatform
import WeirStore

@Suite("What a workspace lets in over SSH")
struct SSHPolicyTests {
    private let password = "three rivers and a weir"

    private func logIn(_ environment: WorkloadRecord, _ tenant: TestPlatform.Tenant, on platform: Platform) async throws -> SSHIdentity? {
        let login = tenant.caller.account.login
        let user = SSHUserName(person: .account(try LoginName(login)), place: .environment(environment.id), workspace: login)
        return try await platform.sshAccess.authenticate(user.description, password: password, from: SSHSource("192.0.2.1"))
    }

    @Test("the switches of the workspace and of the environment keep everybody out, and say so; folders stay open (SSH-01, DEV-13, G4)")
    func switches() async throws {
        let test = try TestPlatform()
        try await test.running { platform in
            let tenant = try await test.tenant(on: platform)
            try await platform.sshCredentials.setPassword(password, by: tenant.caller)
            let lab = try await platform.environments.create(
                tenant.submission("lab"), tool: nil, autoStop: nil, in: tenant.project, by: tenant.caller)
            try await platform.wait(for: lab, toBe: .running)
            let inside = try #require(try await logIn(lab, tenant, on: platform))
            try await platform.sshEntrance.check(inside, isWriting: false)
            #expect(try await platform.sshEntrance.forwarding(of: inside) == .workspace)

            _ = try await platform.workloads.edit(lab.id, ssh: false, by: tenant.caller)
            // Whoever proves who they are is told why they cannot enter, and in whatever is open already.
            func requireOff(_ session: SSHIdentity) async {
                let ended = await #expect(throws: WeirError.self) { try await platform.sshEntrance.check(session, isWriting: false) }
                let begun = await #expect(throws: WeirError.self) { _ = try await platform.sshEntrance.environment(of: session) }
                #expect(ended?.code == "ssh_switched_off" && begun?.code == "ssh_switched_off")
            }
            await requireOff(inside)
            await requireOff(try #require(try await logIn(lab, tenant, on: platform)))
            let refused = await #expect(throws: WeirError.self) {
                try await platform.sshAddresses.environment(lab.id, for: tenant.caller)
            }
            #expect(refused?.code == "ssh_off" || refused?.code == "ssh_switched_off")
            _ = try await platform.workloads.edit(lab.id, ssh: true, by: tenant.caller)
            #expect(try await logIn(lab, tenant, on: platform) != nil)

            let none = SSHPolicy(environments: false, forwarding: .off)
            #expect(try await platform.sshPolicies.set(none, of: tenant.workspace, by: tenant.caller) == none)
            await requireOff(inside)
            let login = tenant.caller.account.login
            let code = SSHUserName(person: .account(try LoginName(login)), place: .code(tenant.project), workspace: login)
            #expect(
                try await platform.sshAccess.authenticate(code.description, password: password, from: SSHSource("192.0.2.1")) != nil)
            let own = SSHPolicy(environments: true, forwarding: .own)
            _ = try await platform.sshPolicies.set(own, of: tenant.workspace, by: tenant.caller)
            let again = try #require(try await logIn(lab, tenant, on: platform))
            #expect(try await platform.sshEntrance.forwarding(of: again) == .own)
        }
    }

    @Test("administrators alone change the rules, and the change is recorded (SSH-01, ADM-04)")
    func changes() async throws {
        let test = try TestPlatform()
        let platform = try await test.start()
        let ada = try await test.tenant(on: platform)
        let bob = try await test.tenant("bob", on: platform)
        _ = try await platform.workspaces.setRole(.member, ofLogin: "bob", in: ada.workspace, by: ada.caller)
        let policy = SSHPolicy(environments: false, forwarding: .own)
        let refused = await #expect(throws: WeirError.self) {
            try await platform.sshPolicies.set(policy, of: ada.workspace, by: bob.caller)
        }
        #expect(refused?.code == "forbidden")
        #expect(try await platform.sshPolicies.policy(of: ada.workspace, for: bob.caller) == .standard)
        _ = try await platform.sshPolicies.set(policy, of: ada.workspace, by: ada.caller)
        #expect(try await platform.sshPolicies.policy(of: ada.workspace, for: bob.caller) == policy)
    }
}
