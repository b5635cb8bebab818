import NIOCore
import TestSupport
import Testing
import WeirModel
import WeirStore

@testable import WeirPlatform

@Suite("What a sweep frees and what it leaves")
struct CollectionTests {
    @Test("a tree stays while a version, a run that can be made again, or a mount of something that lives refers to it (DAT-15, BIL-12)")
    func treesInUse() async throws {
        let clock = ManualClock()
        let test = try TestPlatform(clock: clock)
        let platform = try await test.start()
        let ada = try await test.tenant(on: platform)
        let asset = try await platform.assets.create(
            .dataset, in: ada.workspace, Assets.Description(name: "digits"), by: ada.caller)
        func confirm(_ text: String) async throws -> TreeName {
            try await platform.assets.intake(of: asset.id, for: ada.caller).write(StorageBench.body(text), at: FilePath("a"))
            return try await platform.assets.confirm(asset.id, by: ada.caller).tree
        }
        let (first, second) = (try await confirm("one"), try await confirm("two"))
        try await platform.files.write(
            StorageBench.body("print(1)"), to: .code(ada.project, in: ada.workspace), at: FilePath("train.py"))
        var submission = ada.submission("train")
        submission.datasets = [Submission.Mount(asset: asset.id, version: 1)]
        let job = try await platform.jobs.create(
            submission, command: "python train.py", timeLimit: nil, in: ada.project, by: ada.caller)
        let code = try #require(job.spec.code)
        func inUse() async throws -> Set<TreeName> { try await test.store.read { try $0.treesInUse() } }
        #expect(try await inUse() == [first, second, code])

        // A version that something waiting has mounted cannot be deleted; when that has ended, it can, and the code stays.
        await #expect(throws: WeirError.self) { try await platform.assets.deleteVersion(1, of: asset.id, by: ada.caller) }
        _ = try await platform.workloads.stop(job.id, by: ada.caller)
        try await platform.assets.deleteVersion(1, of: asset.id, by: ada.caller)
        #expect(try await inUse() == [second, code])
        try await platform.workloads.delete(job.id, by: ada.caller)
        #expect(try await inUse() == [second])
    }

    @Test("a sweep frees the trees and contents that nothing refers to, and no others; what is young is left (DAT-15, BIL-12)")
    func sweep() async throws {
        // Files have the disk's own time.
        let clock = ManualClock(SystemClock().now().description)
        let test = try TestPlatform(clock: clock)
        let platform = try await test.start()
        let ada = try await test.tenant(on: platform)
        let asset = try await platform.assets.create(
            .dataset, in: ada.workspace, Assets.Description(name: "digits"), by: ada.caller)
        for text in ["one", "two"] {
            try await platform.assets.intake(of: asset.id, for: ada.caller).write(StorageBench.body(text), at: FilePath("a"))
            _ = try await platform.assets.confirm(asset.id, by: ada.caller)
        }
        let (one, two) = (
            try await platform.assets.tree(of: 1, of: asset.id, for: ada.caller),
            try await platform.assets.tree(of: 2, of: asset.id, for: ada.caller)
        )
        try await platform.assets.deleteVersion(1, of: asset.id, by: ada.caller)
        try await platform.janitor.sweep()
        #expect(try await platform.files.exists(one), "it is young: it might be on its way into the records")
        clock.advance(by: .seconds(2 * 86_400))
        try await platform.janitor.sweep()
        #expect(try await !platform.files.exists(one))
        let file = try await platform.files.open(two, at: FilePath("a"))
        #expect(String(buffer: try await file.read(at: 0, count: 10)) == "two")
        let blobs = try OpenFolder(trusted: platform.files.layout.path(of: .blobs, in: .workspace(ada.workspace)))
        let contents = try blobs.names().reduce(0) { try $0 + blobs.folder($1).names().count }
        #expect(contents == 1)
    }

    @Test("a sweep goes through what each person keeps alone, too (DAT-14, BIL-12, review 11)")
    func kept() async throws {
        let clock = ManualClock(SystemClock().now().description)
        let test = try TestPlatform(clock: clock)
        let platform = try await test.start()
        let ada = try await test.tenant(on: platform)
        let bob = try await test.tenant("bob", on: platform)
        _ = try await platform.workspaces.setRole(.member, ofLogin: "bob", in: ada.workspace, by: ada.caller)
        for person in [ada, bob] {
            let asset = try await platform.assets.create(
                .dataset, in: ada.workspace, Assets.Description(name: "own", visibility: .owner), by: person.caller)
            for text in ["one", "two"] {
                try await platform.assets.intake(of: asset.id, for: person.caller).write(StorageBench.body(text), at: FilePath("a"))
                _ = try await platform.assets.confirm(asset.id, by: person.caller)
            }
            try await platform.assets.deleteVersion(1, of: asset.id, by: person.caller)
        }
        let blobs = try OpenFolder(trusted: platform.files.layout.path(of: .blobs, in: .workspace(ada.workspace)))
        func contents(of person: TestPlatform.Tenant) throws -> Int {
            let own = try blobs.folder(EntryName(FileStore.kept + person.caller.id.text))
            return try own.names().reduce(0) { try $0 + own.folder($1).names().count }
        }
        #expect(try contents(of: ada) == 2 && contents(of: bob) == 2)
        clock.advance(by: .seconds(2 * 86_400))
        try await platform.janitor.sweep()
        #expect(try contents(of: ada) == 1 && contents(of: bob) == 1)
    }
}
