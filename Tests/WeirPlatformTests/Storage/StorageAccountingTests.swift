import Foundation
import NIOCore
import TestSupport
import Testing
import WeirEngine
import WeirModel
import WeirStore

@testable import WeirPlatform

@Suite("Storage is counted by what changed")
struct StorageAccountingTests {
    @Test("after any change, by people, containers or a restart, the figures equal a full walk (BIL-12)", arguments: storageSeeds)
    func equalsWalk(seed: UInt64) async throws {
        let test = try TestPlatform()
        let driver = StorageDriver(test, seed: seed)
        for start in 0..<5 {
            try await test.running { platform in
                try await driver.begin(on: platform)
                for step in 0..<14 {
                    let what = try await driver.step(on: platform)
                    // Several changes may lie between two measurings.
                    if await driver.coin() { continue }
                    try await platform.storageAccounting.measureChanged()
                    let (kept, walked) = try await driver.figures(on: platform)
                    #expect(kept == walked, "seed \(seed), start \(start), step \(step): \(what)")
                }
            }
        }
    }

    @Test("what did not change is not measured again")
    func idle() async throws {
        let test = try TestPlatform()
        let platform = try await test.start()
        let tenant = try await test.tenant(on: platform)
        let other = try await platform.projects.create(in: tenant.workspace, name: "other", by: tenant.caller)
        _ = try await platform.projects.code(of: tenant.project, for: tenant.caller, .seeWorkspace)
        let first = try await platform.storageAccounting.measureChanged()
        #expect(first == 4)
        #expect(try await platform.storageAccounting.measureChanged() == 0)
        // A container would have to be known to write there; what it did behind Weir's back is not looked for.
        for size in [100, 200] {
            try await platform.files.write(
                StorageBench.stream([ByteBuffer(repeating: 7, count: size)]), to: .code(other.id, in: tenant.workspace), at: FilePath("a"))
            #expect(try await platform.storageAccounting.measureChanged() == 1)
            #expect(try await platform.store.read { try $0.storageHeld(by: tenant.workspace) } == [.code: Bytes(Int64(size))])
        }
        let again = try await test.start()
        #expect(try await again.storageAccounting.measureChanged() == 0)
    }

    @Test("a change that goes on while its folder is measured is measured again")
    func overlapping() async throws {
        let test = try TestPlatform()
        let platform = try await test.start()
        let tenant = try await test.tenant(on: platform)
        try await platform.storageAccounting.measureChanged()
        let code = StoredFolder.code(tenant.project, in: tenant.workspace)
        let path = platform.files.layout.path(of: try await platform.projects.code(of: tenant.project, for: tenant.caller, .seeWorkspace))
        try await platform.files.changing(code) {
            #expect(try await platform.storageAccounting.measureChanged() == 1)
            try Data(repeating: 1, count: 300).write(to: URL(fileURLWithPath: path + "/late"))
        }
        #expect(try await platform.storageAccounting.measureChanged() == 1)
        #expect(try await platform.store.read { try $0.storageHeld(by: tenant.workspace) } == [.code: 300])
        #expect(try await platform.storageAccounting.measureChanged() == 0)
    }

    @Test("an upload that comes into its place while its folder is walked counts once (QUO-03, review 8)")
    func uploadEndsMeanwhile() async throws {
        let bench = try await StorageBench()
        try await bench.put("12345", "a")
        let upload = StoredUpload(StorageBench.identifier(Upload.self), in: bench.workspace)
        try await bench.store.createUpload(upload, length: 10)
        _ = try await bench.store.append(StorageBench.body("123456"), to: upload, at: 0)
        let walk = try bench.store.walk([bench.draft], [upload])
        #expect(walk.weight == FolderWeight(bytes: 6, files: 1, uploads: [upload.id: 6]))
        _ = try await bench.store.append(StorageBench.body("7890"), to: upload, at: 6)
        try await bench.store.put(upload, into: bench.draft, at: FilePath("b"))
        while try walk.advance(100) {}
        #expect(walk.weight == FolderWeight(bytes: 15, files: 2, uploads: [upload.id: 10]))
    }

    @Test("a change that was killed in the middle is found at the next start")
    func killed() async throws {
        let test = try TestPlatform()
        let platform = try await test.start()
        let tenant = try await test.tenant(on: platform)
        try await platform.storageAccounting.measureChanged()
        let path = platform.files.layout.path(of: try await platform.projects.code(of: tenant.project, for: tenant.caller, .seeWorkspace))
        struct Killed: Error {}
        await #expect(throws: Killed.self) {
            try await platform.files.changing(.code(tenant.project, in: tenant.workspace)) {
                try Data(repeating: 1, count: 70).write(to: URL(fileURLWithPath: path + "/half"))
                throw Killed()
            }
        }
        let next = try await test.start()
        #expect(try await next.storageAccounting.measureChanged() == 1)
        #expect(try await test.store.read { try $0.storageHeld(by: tenant.workspace) } == [.code: 70])
    }

    @Test("links are not followed, holes do not count, and a file with two names counts once, however deep it lies")
    func oddFiles() async throws {
        let bench = try await StorageBench()
        try await bench.put("12345", "plain", in: bench.code)
        let root = bench.path(bench.code, "")
        try FileManager.default.createSymbolicLink(atPath: root + "etc", withDestinationPath: "/etc")
        try FileManager.default.linkItem(atPath: root + "plain", toPath: root + "second")
        #expect(truncate(root + "plain", 5) == 0)
        let sparse = open(root + "sparse", O_CREAT | O_WRONLY, 0o644)
        #expect(ftruncate(sparse, 1 << 40) == 0)
        close(sparse)
        #expect(mkfifo(root + "pipe", 0o644) == 0)
        var deep = try OpenFolder(trusted: bench.store.layout.path(of: bench.code))
        for _ in 0..<300 {
            try deep.makeFolder(EntryName("d"))
            deep = try deep.folder(EntryName("d"))
        }
        let file = try deep.open(EntryName("f"), O_CREAT | O_WRONLY)
        try [UInt8](repeating: 1, count: 1000).withUnsafeBytes { try file.write($0, at: 0) }
        let weight = try await bench.store.weigh([bench.code])
        #expect(weight == FolderWeight(bytes: 1005, files: 5))
    }

    @Test("a workspace's own images count by their size, official ones do not (BIL-12)")
    func images() async throws {
        let test = try TestPlatform()
        let platform = try await test.start()
        let tenant = try await test.tenant(on: platform)
        func image(_ name: String, _ digest: Character, _ size: Bytes) -> EngineImage {
            EngineImage(reference: name, digest: "sha256:" + String(repeating: digest, count: 64), labels: [:], size: size)
        }
        _ = try await platform.images.register(image("official", "b", 1000), for: nil)
        _ = try await platform.images.register(image("own", "c", 500), for: tenant.workspace)
        _ = try await platform.images.register(image("own-again", "c", 500), for: tenant.workspace)
        _ = try await platform.images.register(image("own-other", "d", 70), for: tenant.workspace)
        #expect(try await platform.store.read { try $0.storageHeld(by: tenant.workspace) } == [.images: 570])
    }

    @Test("a home and a netdisk are paid for where they were used first, until the person leaves (BIL-28)")
    func personal() async throws {
        let test = try TestPlatform()
        let platform = try await test.start()
        let ada = try await test.tenant("ada", on: platform)
        let bob = try await test.tenant("bob", on: platform)
        let account = ada.caller.id
        try await platform.store.write { db in
            try db.setRole(.member, of: account, in: bob.workspace, at: test.clock.now())
            try db.openPersonalStorage(of: account, in: bob.workspace)
        }
        let netdisk = try await platform.files.make(.netdisk(account))
        try Data(repeating: 1, count: 900).write(to: URL(fileURLWithPath: netdisk + "/x"))
        try await platform.storageAccounting.measureChanged()
        func paid(by workspace: Identifier<Workspace>) async throws -> [Bytes] {
            try await platform.store.read { try $0.personalStorage(paidBy: workspace, most: 10).map(\.1) }
        }
        try await platform.store.write { try $0.openPersonalStorage(of: account, in: ada.workspace) }
        #expect(try await paid(by: bob.workspace) == [900])
        #expect(try await paid(by: ada.workspace) == [])
        try await platform.store.write { db in
            try db.removeMember(account, from: bob.workspace)
            try db.openPersonalStorage(of: account, in: ada.workspace)
        }
        #expect(try await paid(by: bob.workspace) == [])
        #expect(try await paid(by: ada.workspace) == [900])
    }
}

private let storageSeeds: [UInt64] = (0..<3).map { _ in .random(in: .min ... .max) }
