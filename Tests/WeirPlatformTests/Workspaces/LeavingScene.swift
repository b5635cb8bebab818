import Foundation
import NIOCore
import TestSupport
import WeirModel
import WeirStore

@testable import WeirPlatform

/// A workspace of ada with people in it, on a clock that the test sets.
struct LeavingScene: Sendable {
    let clock = ManualClock("2026-03-02T10:00:00Z")
    let test: TestPlatform
    let platform: Platform
    let ada: TestPlatform.Tenant
    let root: Caller

    var workspace: Identifier<Workspace> { ada.workspace }

    init() async throws {
        test = try TestPlatform(clock: clock, timeZone: "UTC")
        platform = try await test.start()
        ada = try await test.tenant("ada", on: platform)
        root = try await Self.account("root", isOperator: true, test, clock)
    }

    static func account(_ login: String, isOperator: Bool = false, _ test: TestPlatform, _ clock: ManualClock) async throws -> Caller {
        let account = AccountRecord(
            id: RandomIdentifiers().next(Account.self, at: clock.now()), login: login, displayName: login, passwordHash: "none",
            isOperator: isOperator, mustChangePassword: false, createdAt: clock.now())
        try await test.store.write { try $0.insert(account) }
        return Caller(account)
    }

    /// A new member of ada's workspace.
    func member(_ login: String, _ role: Role = .member) async throws -> Caller {
        let caller = try await Self.account(login, test, clock)
        _ = try await platform.workspaces.setRole(role, ofLogin: login, in: workspace, by: ada.caller)
        return caller
    }

    /// A dataset with one version of so many bytes.
    func dataset(_ name: String, _ visibility: Visibility, of size: Int, by caller: Caller) async throws -> AssetRecord {
        let asset = try await platform.assets.create(
            .dataset, in: workspace, Assets.Description(name: name, visibility: visibility), by: caller)
        let draft = try await platform.assets.draft(of: asset.id, for: caller, .changeAsset)
        let body = StorageBench.stream([ByteBuffer(repeating: 7, count: size)])
        try await platform.files.write(body, to: draft, at: FilePath("f"))
        _ = try await platform.assets.confirm(asset.id, by: caller)
        return asset
    }

    func code(_ body: () async throws -> Void) async -> String? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? WeirError)?.code ?? "\(error)"
        }
    }

    func passGrace() { clock.advance(by: .seconds(7 * 86_400 + 1)) }
}
