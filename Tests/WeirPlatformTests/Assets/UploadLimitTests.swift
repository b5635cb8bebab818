import TestSupport
import Testing
import WeirModel
import WeirStore

@testable import WeirPlatform

@Suite("Unfinished uploads of several people")
struct UploadLimitTests {
    private func fill(_ unit: StorageUnit, by caller: Caller, _ scene: LeavingScene) async throws {
        let now = scene.clock.now()
        try await scene.test.store.write { db in
            for number in 0..<Uploads.mostPerTarget {
                try db.insert(
                    UploadRecord(
                        id: RandomIdentifiers().next(Upload.self, at: now), unit: unit, account: caller.id, path: "\(number)", length: 1,
                        createdAt: now))
            }
        }
    }

    @Test("one person's unfinished uploads are in nobody else's way, and who may change the thing ends them (DAT-07)")
    func limit() async throws {
        let scene = try await LeavingScene()
        let (uploads, ada) = (scene.platform.uploads, scene.ada)
        let (bob, carol) = (try await scene.member("bob"), try await scene.member("carol"))
        let target = UploadTarget.code(ada.project)
        let first = try await uploads.create(into: target, path: "a", length: 5, by: bob)
        try await fill(target.unit, by: bob, scene)
        #expect(await scene.code { _ = try await uploads.create(into: target, path: "b", length: 5, by: bob) } == "too_many_uploads")
        let own = try await uploads.create(into: target, path: "c", length: 5, by: ada.caller)

        // Files of uploads are there for those that came by the front door alone.
        #expect(try await uploads.unfinished(into: target, by: ada.caller).map(\.login).sorted() == ["ada", "bob"])
        #expect(try await uploads.unfinished(into: target, by: bob).map(\.upload.id) == [first.id])
        #expect(try await uploads.unfinished(into: target, by: carol).isEmpty)
        #expect(await scene.code { try await uploads.cancel(own.id, by: bob) } == "not_found")
        #expect(await scene.code { try await uploads.cancel(first.id, by: carol) } == "not_found")
        #expect(await scene.code { _ = try await uploads.progress(of: first.id, by: ada.caller) } == "not_found")
        try await uploads.cancel(first.id, by: ada.caller)
        #expect(await scene.code { _ = try await uploads.progress(of: first.id, by: bob) } == "not_found")
    }

    @Test("nobody learns of uploads into what another keeps to themselves (DAT-14)")
    func onlyMe() async throws {
        let scene = try await LeavingScene()
        let uploads = scene.platform.uploads
        let bob = try await scene.member("bob")
        let hidden = try await scene.dataset("grades", .owner, of: 10, by: bob)
        let upload = try await uploads.create(into: .draft(hidden.id), path: "a", length: 5, by: bob)
        #expect(await scene.code { try await uploads.cancel(upload.id, by: scene.ada.caller) } == "not_found")
        #expect(await scene.code { _ = try await uploads.unfinished(into: .draft(hidden.id), by: scene.ada.caller) } == "not_found")
        try await uploads.cancel(upload.id, by: bob)
    }

    @Test("what somebody was uploading who left is discarded with the next cleaning, and others' goes on (IDW-03)")
    func left() async throws {
        let scene = try await LeavingScene()
        let (uploads, ada) = (scene.platform.uploads, scene.ada)
        let bob = try await scene.member("bob")
        let target = UploadTarget.code(ada.project)
        let theirs = try await uploads.create(into: target, path: "a", length: 5, by: bob)
        let own = try await uploads.create(into: target, path: "b", length: 5, by: ada.caller)
        try await scene.platform.workspaces.remove(login: "bob", from: scene.workspace, by: ada.caller)
        try await scene.platform.janitor.sweep()
        #expect(try await uploads.unfinished(into: target, by: ada.caller).map(\.upload.id) == [own.id])
        #expect(try await scene.test.store.read { try $0.upload(theirs.id) } == nil)
    }
}
