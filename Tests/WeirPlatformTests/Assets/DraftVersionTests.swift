import Foundation
import NIOCore
import TestSupport
import Testing
import WeirModel
import WeirStore

@testable import WeirPlatform

@Suite("Drafts and the versions that are made of them")
struct DraftVersionTests {
    private struct Scene {
        let test: TestPlatform
        let platform: Platform
        let ada: TestPlatform.Tenant
        let asset: Identifier<Asset>

        init() async throws {
            test = try TestPlatform()
            platform = try await test.start()
            ada = try await test.tenant(on: platform)
            asset = try await platform.assets.create(
                .dataset, in: ada.workspace, Assets.Description(name: "digits"), by: ada.caller
            ).id
        }

        func put(_ text: String, _ path: String) async throws {
            try await platform.assets.intake(of: asset, for: ada.caller).write(StorageBench.body(text), at: FilePath(path))
        }

        func confirm() async throws -> AssetVersionRecord { try await platform.assets.confirm(asset, by: ada.caller) }

        func names(_ version: Int) async throws -> [String] {
            let tree = try await platform.assets.tree(of: version, of: asset, for: ada.caller)
            return try await platform.files.list(tree).entries.map(\.name)
        }

        func begin(_ path: String, length: Bytes = 4) async throws -> UploadRecord {
            try await platform.uploads.create(into: .draft(asset), path: path, length: length, by: ada.caller)
        }

        func send(_ text: String, _ upload: UploadRecord, at offset: Bytes = 0) async throws {
            _ = try await platform.uploads.append(
                StorageBench.body(text), to: upload.id, at: offset, checksum: nil, by: ada.caller)
        }
    }

    @Test("an upload that ends after the draft was confirmed comes into a draft that begins with that version (audit-a 2, DAT-06)")
    func confirmedMeanwhile() async throws {
        let scene = try await Scene()
        try await scene.put("one", "a")
        let upload = try await scene.begin("b")
        try await scene.send("12", upload)
        _ = try await scene.confirm()
        try await scene.send("34", upload, at: 2)
        #expect(try await scene.confirm().number == 2)
        #expect(try await scene.names(2) == ["a", "b"])
    }

    @Test("an upload that ends after the draft was discarded loses nothing of the version before (audit-a 2)")
    func discardedMeanwhile() async throws {
        let scene = try await Scene()
        try await scene.put("one", "a")
        _ = try await scene.confirm()
        try await scene.put("gone", "c")
        let upload = try await scene.begin("b")
        try await scene.platform.assets.discardDraft(of: scene.asset, by: scene.ada.caller)
        try await scene.send("1234", upload)
        _ = try await scene.confirm()
        #expect(try await scene.names(2) == ["a", "b"])
    }

    @Test("an upload that was cut off between its last step on the disk and the record of it has come (DAT-07, review 9)")
    func cutOff() async throws {
        let scene = try await Scene()
        try await scene.put("one", "a")
        let upload = try await scene.begin("b")
        let (files, workspace) = (scene.platform.files, scene.ada.workspace)
        let stored = StoredUpload(upload.id, in: workspace)
        _ = try await files.append(StorageBench.body("1234"), to: stored, at: 0)
        try await files.put(stored, into: .draft(scene.asset, in: workspace), at: FilePath("b"))

        let late = await #expect(throws: WeirError.self) { try await scene.send("4", upload, at: 3) }
        #expect(late?.code == "upload_offset_mismatch")
        for _ in 0..<2 {
            #expect(try await scene.platform.uploads.progress(of: upload.id, by: scene.ada.caller).isComplete)
        }
        #expect(try await scene.test.store.read { try $0.upload(upload.id) } == nil)
        #expect(try OpenFolder(trusted: files.layout.path(of: .uploads, in: .workspace(workspace))).names().isEmpty)
        _ = try await scene.confirm()
        #expect(try await scene.names(1) == ["a", "b"])
    }

    @Test("however many ask at once for an upload whose last part has come, each is told that it is there (DAT-07, review 9)")
    func askedAtOnce() async throws {
        let scene = try await Scene()
        let upload = try await scene.begin("b")
        let stored = StoredUpload(upload.id, in: scene.ada.workspace)
        _ = try await scene.platform.files.append(StorageBench.body("1234"), to: stored, at: 0)
        let (platform, caller, workspace) = (scene.platform, scene.ada.caller, scene.ada.workspace)
        let answers: [Bool] = try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    do {
                        return try await platform.uploads.progress(of: upload.id, by: caller).isComplete
                    } catch let error as WeirError where error.code == "upload_busy" {
                        // Another one is putting it there: to be asked again.
                        return true
                    }
                }
            }
            return try await group.reduce(into: [Bool]()) { $0.append($1) }
        }
        #expect(answers == Array(repeating: true, count: 8))
        #expect(try await platform.uploads.progress(of: upload.id, by: caller).isComplete)
        #expect(try await platform.store.read { try $0.storageKept(by: workspace) } == 4)
    }

    @Test("an upload that cannot begin leaves no record that holds its length (review 9)")
    func cannotBegin() async throws {
        let scene = try await Scene()
        try await scene.put("one", "a")
        let place = scene.platform.files.layout.path(of: .uploads, in: .workspace(scene.ada.workspace))
        try FileManager.default.removeItem(atPath: place)
        await #expect(throws: (any Error).self) { try await scene.begin("b") }
        #expect(try await scene.test.store.read { try $0.uploads(into: .asset(scene.asset)) }.isEmpty)
    }

    @Test("a form or an archive that ends after a confirmation comes into a draft that begins with that version (audit-a 2)")
    func otherWays() async throws {
        let scene = try await Scene()
        try await scene.put("one", "a")
        let intake = try await scene.platform.assets.intake(of: scene.asset, for: scene.ada.caller)
        _ = try await scene.confirm()
        // Its way in was opened before.
        try await intake.write(StorageBench.body("two"), at: FilePath("b"))
        _ = try await scene.confirm()
        #expect(try await scene.names(2) == ["a", "b"])
    }

    @Test("a draft is not confirmed while a form comes into it (DAT-08)")
    func notMeanwhile() async throws {
        let scene = try await Scene()
        try await scene.put("one", "a")
        let (body, sender) = AsyncStream<ByteBuffer>.makeStream()
        let intake = try await scene.platform.assets.intake(of: scene.asset, for: scene.ada.caller)
        async let written = intake.write(body, at: FilePath("b"))
        var refusal: WeirError?
        sender.yield(ByteBuffer(string: "x"))
        while refusal == nil {
            do {
                guard scene.platform.assets.sessions.isEntered(scene.asset) else {
                    await Task.yield()
                    continue
                }
                _ = try await scene.confirm()
            } catch let error as WeirError {
                refusal = error
            }
        }
        sender.finish()
        _ = try await written
        #expect(refusal?.code == "draft_in_transfer")
        _ = try await scene.confirm()
        #expect(try await scene.names(1) == ["a", "b"])
    }

    @Test("the newest version is the newest that is there (audit-a 3, DAT-15)")
    func newest() async throws {
        let scene = try await Scene()
        func newest() async throws -> Int { try await scene.platform.assets.asset(scene.asset, for: scene.ada.caller).latest }
        #expect(try await newest() == 0)
        for text in ["one", "two", "three"] {
            try await scene.put(text, "a")
            _ = try await scene.confirm()
        }
        try await scene.platform.assets.deleteVersion(3, of: scene.asset, by: scene.ada.caller)
        #expect(try await newest() == 2)
        try await scene.platform.assets.deleteVersion(1, of: scene.asset, by: scene.ada.caller)
        #expect(try await newest() == 2)
        // A number is never given twice.
        try await scene.put("four", "a")
        #expect(try await scene.confirm().number == 4)
        #expect(try await newest() == 4)
        for number in [2, 4] { try await scene.platform.assets.deleteVersion(number, of: scene.asset, by: scene.ada.caller) }
        #expect(try await newest() == 0)
    }

    @Test("a draft shows the files that it begins with, and a version can be made by deleting alone (ux 12)")
    func deletingAlone() async throws {
        let scene = try await Scene()
        #expect(try await scene.platform.assets.draftShown(of: scene.asset, for: scene.ada.caller) == nil)
        for name in ["a", "b"] { try await scene.put(name, name) }
        _ = try await scene.confirm()
        let shown = try #require(try await scene.platform.assets.draftShown(of: scene.asset, for: scene.ada.caller))
        #expect(try await scene.platform.files.list(shown).entries.map(\.name) == ["a", "b"])
        let draft = try await scene.platform.assets.draft(of: scene.asset, for: scene.ada.caller, .changeDraft)
        try await scene.platform.files.delete(draft, at: FilePath("a"))
        _ = try await scene.confirm()
        #expect(try await scene.names(2) == ["b"])
    }

    @Test("three files of one person come into one place at once, and a fourth waits (X11, MOD-05)")
    func threeAtOnce() async throws {
        let scene = try await Scene()
        var senders: [AsyncStream<ByteBuffer>.Continuation] = []
        let uploads = scene.platform.uploads
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<3 {
                let upload = try await scene.begin("f\(number)")
                let (body, sender) = AsyncStream<ByteBuffer>.makeStream()
                senders.append(sender)
                group.addTask { _ = try await uploads.append(body, to: upload.id, at: 0, checksum: nil, by: scene.ada.caller) }
            }
            while uploads.turns.count < 3 { await Task.yield() }
            let fourth = try await scene.begin("f3")
            let error = await #expect(throws: WeirError.self) { try await scene.send("1234", fourth) }
            #expect(error?.code == "too_many_at_once" && error?.rule == "X11")
            for sender in senders {
                sender.yield(ByteBuffer(string: "1234"))
                sender.finish()
            }
            try await group.waitForAll()
            try await scene.send("1234", fourth)
        }
        _ = try await scene.confirm()
        #expect(try await scene.names(1) == ["f0", "f1", "f2", "f3"])
    }
}
