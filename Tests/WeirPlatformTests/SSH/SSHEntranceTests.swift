import Foundation
import NIOCore
import TestSupport
import Testing
import WeirEngine
import WeirModel
import WeirPlatform
import WeirStore

@Suite("What lies behind a login over SSH")
struct SSHEntranceTests {
    private let password = "three rivers and a weir"

    private func identity(
        _ place: SSHUserName.Place, of tenant: TestPlatform.Tenant, on platform: Platform
    ) async throws -> SSHIdentity {
        try await platform.sshCredentials.setPassword(password, by: tenant.caller)
        let login = tenant.caller.account.login
        let user = SSHUserName(person: .account(try LoginName(login)), place: place, workspace: login)
        return try #require(
            try await platform.sshAccess.authenticate(user.description, password: password, from: SSHSource("192.0.2.1")))
    }

    private func body(_ text: String) -> AsyncStream<ByteBuffer> {
        AsyncStream { continuation in
            continuation.yield(ByteBuffer(string: text))
            continuation.finish()
        }
    }

    @Test(
        "a file that a draft shares with a version is the uploader's own before it is opened to write; the version keeps its bytes (SSH-09, DAT-06)"
    )
    func own() async throws {
        let test = try TestPlatform()
        let platform = try await test.start()
        let tenant = try await test.tenant(on: platform)
        let asset = try await platform.assets.create(.dataset, in: tenant.workspace, .init(name: "leaves"), by: tenant.caller)
        let draft = try await platform.assets.draftForUpload(of: asset.id, for: tenant.caller)
        try await platform.files.write(body("first"), to: draft, at: FilePath("d/kept.txt"))
        try await platform.files.write(body("second"), to: draft, at: FilePath("d/emptied.txt"))
        let version = try await platform.assets.confirm(asset.id, note: "one", by: tenant.caller)
        let tree = try await platform.assets.tree(of: version.number, of: asset.id, for: tenant.caller)

        let entrance = platform.sshEntrance
        let folder = try await entrance.folder(of: identity(.draft(asset.id), of: tenant, on: platform))
        let (files, layout) = (platform.files, platform.files.layout)
        func status(_ folder: StoredFolder, _ path: String) throws -> stat {
            var raw = stat()
            #expect(lstat(layout.path(of: folder) + "/" + path, &raw) == 0)
            return raw
        }
        #expect(try status(draft, "d/kept.txt").st_ino == status(tree, "d/kept.txt").st_ino)
        try entrance.makeOwn(FilePath("d/kept.txt"), in: folder, isEmptied: false)
        try entrance.makeOwn(FilePath("d/emptied.txt"), in: folder, isEmptied: true)
        try entrance.makeOwn(FilePath("d/absent.txt"), in: folder, isEmptied: true)
        try entrance.makeOwn(FilePath("d"), in: folder, isEmptied: true)
        for path in ["d/kept.txt", "d/emptied.txt"] {
            #expect(try status(draft, path).st_uid == SSHEntrance.draftUser)
            #expect(try status(draft, path).st_mode & 0o7777 == 0o644)
            #expect(try status(draft, path).st_ino != status(tree, path).st_ino)
        }
        func text(_ folder: StoredFolder, _ path: String) throws -> String {
            try String(contentsOfFile: layout.path(of: folder) + "/" + path, encoding: .utf8)
        }
        #expect(try text(draft, "d/kept.txt") == "first" && text(draft, "d/emptied.txt").isEmpty)
        #expect(try text(tree, "d/kept.txt") == "first" && text(tree, "d/emptied.txt") == "second")
        #expect(try await files.entry(draft, at: FilePath("d/absent.txt")) == nil)

        // A link that somebody put in the way is not followed.
        symlink(layout.path(of: tree), layout.path(of: draft) + "/link")
        try entrance.makeOwn(FilePath("link/d/kept.txt"), in: folder, isEmptied: true)
        #expect(try text(tree, "d/kept.txt") == "first")
        #expect(try FileManager.default.contentsOfDirectory(atPath: layout.path(of: .staging, in: draft.volume)).isEmpty)
    }

    @Test("a session ends with the key or the password that let in, and with no other (SSH-03, SSH-04)")
    func credentialsGone() async throws {
        let test = try TestPlatform()
        let platform = try await test.start()
        let tenant = try await test.tenant(on: platform)
        let (credentials, entrance) = (platform.sshCredentials, platform.sshEntrance)
        let text = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ8k3hR8UuDWkFkKjN4cJcUO9z0i8JrG2oE0mBfC3bXU ada@laptop"
        let key = try await credentials.addKey(text, named: nil, by: tenant.caller)
        let byPassword = try await identity(.code(tenant.project), of: tenant, on: platform)
        let byKey = try #require(
            try await platform.sshAccess.authenticate(
                byPassword.user.description, provenKey: key.fingerprint, from: SSHSource("192.0.2.1")))
        for session in [byPassword, byKey] { try await entrance.check(session, isWriting: true) }

        try await credentials.removeKey(key.id, by: tenant.caller)
        let ended = await #expect(throws: WeirError.self) { try await entrance.check(byKey, isWriting: true) }
        #expect(ended?.code == "ssh_credential_gone")
        try await entrance.check(byPassword, isWriting: true)
        let again = try await identity(.code(tenant.project), of: tenant, on: platform)
        await #expect(throws: WeirError.self) { try await entrance.check(byPassword, isWriting: true) }
        try await entrance.check(again, isWriting: true)
        try await credentials.removePassword(by: tenant.caller)
        await #expect(throws: WeirError.self) { try await entrance.check(again, isWriting: true) }
    }

    @Test("of a project's code it is told whether git finds a repository there (SSH-09)")
    func repositories() async throws {
        let test = try TestPlatform()
        let platform = try await test.start()
        let tenant = try await test.tenant(on: platform)
        let entrance = platform.sshEntrance
        let folder = try await entrance.folder(of: identity(.code(tenant.project), of: tenant, on: platform))
        func seen(_ path: String) async throws -> SSHEntrance.Repository {
            try await entrance.repository(at: FilePath(path), in: folder)
        }
        #expect(try await seen("") == .empty)
        #expect(try await seen("src") == .absent)
        try FileManager.default.createDirectory(atPath: folder.path + "/src/.git", withIntermediateDirectories: true)
        try FileManager.default.createDirectory(atPath: folder.path + "/bare.git", withIntermediateDirectories: true)
        try "ref: refs/heads/main\n".write(toFile: folder.path + "/bare.git/HEAD", atomically: false, encoding: .utf8)
        #expect(try await seen("") == .absent)
        #expect(try await seen("src") == .present)
        #expect(try await seen("bare") == .present)
        #expect(try await seen("bare.git") == .present)
        try FileManager.default.createDirectory(atPath: folder.path + "/.git", withIntermediateDirectories: true)
        #expect(try await seen("") == .present)
    }

    @Test("the names of neighbours are those of the same workspace alone")
    func neighbours() async throws {
        let test = try TestPlatform(billingIsEnforced: false)
        try await test.running { platform in
            let tenant = try await test.tenant(on: platform)
            let other = try await test.tenant("mallory", on: platform)
            let job = try await tenant.job("train", flavor: "tiny", on: platform)
            let theirs = try await other.job("secret", flavor: "tiny", on: platform)
            try await platform.wait(for: job, toBe: .running)
            try await platform.wait(for: theirs, toBe: .running)
            func address(_ host: String, _ workspace: Identifier<Workspace>) async throws -> String? {
                guard let neighbour = Neighbour(host: host) else { return nil }
                return try await platform.store.read { try $0.address(of: neighbour, in: workspace) }
            }
            let name = Neighbour.hostName(.job, job.id, position: 0)
            #expect(try await address(name, tenant.workspace) == "127.0.0.1")
            #expect(try await address("Train", tenant.workspace) == "127.0.0.1")
            #expect(try await address(Neighbour.hostName(.service, job.id, position: 0), tenant.workspace) == nil)
            #expect(try await address(Neighbour.hostName(.job, job.id, position: 1), tenant.workspace) == nil)
            #expect(try await address(Neighbour.hostName(.job, theirs.id, position: 0), tenant.workspace) == nil)
            #expect(try await address("secret", tenant.workspace) == nil)
            test.engine.endInstances(of: job.id, .succeeded)
            try await platform.wait(for: job, toBe: .completed)
            #expect(try await address(name, tenant.workspace) == nil)
        }
    }

    @Test("what a session may bring is what the quota leaves, by what lies in the folder now (SSH-09, QUO-03)")
    func room() async throws {
        let test = try TestPlatform()
        let platform = try await test.start()
        let tenant = try await test.tenant(on: platform)
        let account = AccountRecord(
            id: RandomIdentifiers().next(Account.self, at: test.clock.now()), login: "root", displayName: "root", passwordHash: "none",
            isOperator: true, mustChangePassword: false, createdAt: test.clock.now())
        try await test.store.write { try $0.insert(account) }
        let entrance = platform.sshEntrance
        let asset = try await platform.assets.create(.dataset, in: tenant.workspace, .init(name: "leaves"), by: tenant.caller)
        let draft = try await platform.assets.draftForUpload(of: asset.id, for: tenant.caller)
        let identity = try await identity(.draft(asset.id), of: tenant, on: platform)
        #expect(try await entrance.room(of: identity) == nil)
        _ = try await platform.quotas.set(
            Allowance(quota: Quota(storage: .mib(4))), of: .workspace, in: tenant.workspace, by: Caller(account))
        #expect(try await entrance.room(of: identity) == .mib(4))
        // As sftp-server writes: nobody is told of it.
        let file = platform.files.layout.path(of: draft) + "/part.bin"
        try Data(repeating: 7, count: 1 << 20).write(to: URL(fileURLWithPath: file))
        #expect(try await entrance.room(of: identity) == .mib(3))
        try Data(repeating: 7, count: 5 << 20).write(to: URL(fileURLWithPath: file))
        let error = await #expect(throws: WeirError.self) { try await entrance.room(of: identity) }
        #expect(error?.code == "storage_quota")
        #expect(try await entrance.folder(of: identity).full?.code == "storage_quota")
        await #expect(throws: WeirError.self) { try await entrance.check(identity, isWriting: true) }
        try await entrance.check(identity, isWriting: false)
        // What one session deletes makes room for the next (G4).
        try await entrance.during(entrance.folder(of: identity)) { try FileManager.default.removeItem(atPath: file) }
        #expect(try await entrance.folder(of: identity).full == nil)
    }

    @Test(
        "what pushes left that were cut off with an earlier Weir is taken away, and nothing else (SSH-09)", arguments: ["", "src", "bare"])
    func brokenPushes(_ place: String) async throws {
        let test = try TestPlatform()
        let platform = try await test.start()
        let tenant = try await test.tenant(on: platform)
        let folder = try await platform.sshEntrance.folder(of: identity(.code(tenant.project), of: tenant, on: platform))
        let objects = folder.path + (place == "bare" ? "/bare.git/objects" : (place.isEmpty ? "" : "/" + place) + "/.git/objects")
        let files = FileManager.default
        func make(_ name: String, age: TimeInterval) throws {
            try files.createDirectory(atPath: "\(objects)/\(name)/pack", withIntermediateDirectories: true)
            try Data(count: 9).write(to: URL(fileURLWithPath: "\(objects)/\(name)/pack/tmp_pack_1"))
            try files.setAttributes([.modificationDate: Date().addingTimeInterval(-age)], ofItemAtPath: "\(objects)/\(name)")
        }
        try make("tmp_objdir-incoming-old", age: 60)
        try make("tmp_objdir-incoming-new", age: -60)
        try make("tmp_objdir-bulk", age: 60)
        try make("ab", age: 60)
        try files.createSymbolicLink(atPath: objects + "/tmp_objdir-incoming-link", withDestinationPath: objects + "/ab")
        try await platform.sshEntrance.clearBrokenPushes(at: FilePath(place), in: folder)
        let left = try Set(files.contentsOfDirectory(atPath: objects))
        #expect(left.subtracting(["tmp_objdir-incoming-link"]) == ["tmp_objdir-incoming-new", "tmp_objdir-bulk", "ab"])
        #expect(files.fileExists(atPath: objects + "/ab/pack/tmp_pack_1"))
        // A folder of objects that is a link leads nowhere.
        let other = folder.path + "/other"
        try files.createDirectory(atPath: other + "/.git", withIntermediateDirectories: true)
        try make("tmp_objdir-incoming-old", age: 60)
        try files.createSymbolicLink(atPath: other + "/.git/objects", withDestinationPath: objects)
        try await platform.sshEntrance.clearBrokenPushes(at: FilePath("other"), in: folder)
        #expect(files.fileExists(atPath: objects + "/tmp_objdir-incoming-old"))
    }

    @Test("a netdisk that is filled by SFTP alone is measured, charged and held by a quota (hostile 7, F4, BIL-28)")
    func netdiskBySFTP() async throws {
        let clock = ManualClock("2026-03-01T16:00:00Z")
        let test = try TestPlatform(clock: clock)
        let platform = try await test.start()
        let tenant = try await test.tenant(on: platform)
        let identity = try await identity(.netdisk, of: tenant, on: platform)
        // Dear enough for a megabyte to show.
        var list = Tariff(of: TestPlatform.flavors, storage: StoragePrices(perGBDay: 1000, freeLibrary: .gib(50), freeNetdisk: 0))
        list.startsAt = clock.now() + .seconds(3600)
        _ = try await platform.tariffs.publish(list, by: .testOperator)
        clock.advance(by: .seconds(3600))
        let folder = try await platform.sshEntrance.folder(of: identity)
        try await platform.sshEntrance.during(folder) {
            try Data(repeating: 1, count: 1_000_000).write(to: URL(fileURLWithPath: folder.path + "/model.bin"))
        }
        for _ in 0..<49 {
            try await platform.meter.tick()
            clock.advance(by: .seconds(3600))
        }
        let kept = try await test.store.read { try $0.personalStorage(paidBy: tenant.workspace, most: 10) }
        #expect(kept.map(\.0) == [tenant.caller.id])
        #expect(kept.allSatisfy { $0.1 >= Bytes(1_000_000) })
        let entries = try await test.store.read {
            try $0.entries(of: tenant.workspace, EntryFilter(kind: .charge), PageRequest(limit: 10)).items
        }
        #expect(!entries.isEmpty)
        #expect(entries.allSatisfy { $0.account == tenant.caller.id && $0.amount < 0 })
    }

    @Test("a netdisk that was filled by SFTP before that was counted is counted from the next start on (hostile 7)")
    func netdiskFromBefore() async throws {
        let test = try TestPlatform(clock: ManualClock())
        let platform = try await test.start()
        let (tenant, other) = (try await test.tenant(on: platform), try await test.tenant("eve", on: platform))
        for caller in [tenant.caller, other.caller] { _ = try await platform.files.make(.netdisk(caller.id)) }
        try await platform.files.write(body("brought"), to: .netdisk(tenant.caller.id), at: FilePath("a.txt"))
        _ = try await test.start()
        let payers = try await test.store.read { db in
            (try db.payer(of: .netdisk(tenant.caller.id)), try db.payer(of: .netdisk(other.caller.id)))
        }
        #expect(payers.0 == tenant.workspace)
        #expect(payers.1 == nil)
    }

    @Test("an upload to a netdisk asks the workspace that pays for it, whichever stands in the name (F8)")
    func netdiskPayer() async throws {
        let test = try TestPlatform(clock: ManualClock())
        let platform = try await test.start()
        let tenant = try await test.tenant(on: platform)
        let other = try await test.tenant("eve", on: platform)
        _ = try await platform.workspaces.setRole(.member, ofLogin: tenant.caller.account.login, in: other.workspace, by: other.caller)
        try await test.store.write { try $0.openPersonalStorage(of: tenant.caller.id, in: other.workspace) }
        try await test.setBalance(-1, of: other.workspace)
        let identity = try await identity(.netdisk, of: tenant, on: platform)
        let folder = try await platform.sshEntrance.folder(of: identity)
        #expect(folder.full?.code == "balance_used_up")
        try await test.setBalance(10, of: other.workspace)
        try await test.setBalance(-1, of: tenant.workspace)
        #expect(try await platform.sshEntrance.folder(of: identity).full == nil)
    }

    @Test(
        "why an environment does not run is told, and what to do, in both languages (SSH-06)",
        arguments: [
            ("auto_stop", "its timer stopped it", "定时"), ("balance_used_up", "the balance of the workspace is used up", "余额"),
            ("budget_reached", "its budget is used up", "预算"), ("idle", "nobody used it", "未使用"),
            ("stop_requested", "somebody stopped it", "手动"),
        ])
    func notRunning(_ cause: String, _ english: String, _ chinese: String) async throws {
        let test = try TestPlatform()
        try await test.running { platform in
            let tenant = try await test.tenant(on: platform)
            let made = try await platform.environments.create(
                tenant.submission("lab"), tool: nil, autoStop: nil, in: tenant.project, by: tenant.caller)
            try await platform.wait(for: made, toBe: .running)
            let identity = try await identity(.environment(made.id), of: tenant, on: platform)
            try await platform.sshEntrance.check(identity, isWriting: false)
            let now = test.clock.now()
            _ = try await test.store.write { try $0.apply(.stopWanted, to: made, cause: Cause(cause), at: now) }
            for state in [WorkloadState.stopping, .stopped] {
                try await platform.wait(for: made, toBe: state == .stopping ? .stopping : .stopped)
                let error = await #expect(throws: WeirError.self) { try await platform.sshEntrance.check(identity, isWriting: false) }
                #expect(error?.code == "environment_not_running")
                #expect(error?.line(in: .english).contains("(\(english))") == true, "\(error?.line(in: .english) ?? "")")
                #expect(error?.line(in: .english).contains("weir env start lab") == true)
                #expect(error?.line(in: .chinese).contains(chinese) == true, "\(error?.line(in: .chinese) ?? "")")
                platform.signals.send(.workload(made.id))
            }
        }
    }
}
