import Foundation
import Logging
import NIOCore
import NIOPosix
import TestSupport
import Testing
import WeirModel
import WeirStore

@testable import WeirPlatform

@Suite("Files of an older version")
struct OlderLayoutTests {
    /// Two tenants with a version, a draft, code, an upload and a home each, whose files lie as an older version kept them: in one place for
    /// all, and one file for what is the same.
    private struct Scene {
        let test: TestPlatform
        let root: String
        var folders: [StoredFolder] = []
        var uploads: [(Identifier<Upload>, Caller)] = []

        init() async throws {
            test = try TestPlatform()
            let platform = try await test.start()
            root = platform.files.layout.root
            let layout = platform.files.layout
            let manager = FileManager.default
            for part in ["trees", "blobs/ab", "drafts", "uploads", "projects", "older-accounts", "staging/freeze-1", "logs"] {
                try manager.createDirectory(atPath: root + "/" + part, withIntermediateDirectories: true)
            }
            for login in ["ada", "bob"] {
                let tenant = try await test.tenant(login, on: platform)
                let asset = try await platform.assets.create(
                    .dataset, in: tenant.workspace, Assets.Description(name: "data"), by: tenant.caller)
                let draft = try await platform.assets.draft(of: asset.id, for: tenant.caller, .changeAsset)
                try await platform.files.write(StorageBench.body("the same"), to: draft, at: FilePath("d/shared"))
                try await platform.files.write(StorageBench.body("of \(login)"), to: draft, at: FilePath("own"))
                let version = try await platform.assets.confirm(asset.id, by: tenant.caller)
                _ = try await platform.assets.draft(of: asset.id, for: tenant.caller, .changeAsset)
                let code = try await platform.projects.code(of: tenant.project, for: tenant.caller, .changeCode)
                try await platform.files.write(StorageBench.body("print('\(login)')"), to: code, at: FilePath("main.py"))
                let home = StoredFolder.home(tenant.caller.id)
                _ = try await platform.files.make(home)
                try await platform.files.write(StorageBench.body("home of \(login)"), to: home, at: FilePath("x/notes"))
                let upload = try await platform.uploads.create(into: .draft(asset.id), path: "u", length: 8, by: tenant.caller)
                _ = try await platform.uploads.append(
                    StorageBench.body("half"), to: upload.id, at: 0, checksum: nil, by: tenant.caller)
                uploads.append((upload.id, tenant.caller))
                folders += [.tree(version.tree, in: tenant.workspace), draft, code, home]

                let old = layout.path(of: .workspace(tenant.workspace))
                for part in ["trees", "drafts", "uploads", "projects"] {
                    for name in try manager.contentsOfDirectory(atPath: "\(old)/\(part)") {
                        try manager.moveItem(atPath: "\(old)/\(part)/\(name)", toPath: "\(root)/\(part)/\(name)")
                    }
                }
                try manager.moveItem(
                    atPath: layout.path(of: .account(tenant.caller.id)), toPath: "\(root)/older-accounts/\(tenant.caller.id)")
                for part in ["staging", "graves", "lost"] {
                    try manager.removeItem(atPath: "\(root)/older-accounts/\(tenant.caller.id)/\(part)")
                }
                try manager.removeItem(atPath: old)
                let shared = "\(root)/trees/\(version.tree)/d/shared"
                if login == "ada" {
                    try manager.linkItem(atPath: shared, toPath: root + "/blobs/ab/abcd")
                } else {
                    #expect(chmod("\(root)/trees/\(version.tree)/d", 0o755) == 0)
                    for path in [shared, "\(root)/drafts/\(asset.id)/d/shared"] {
                        #expect(unlink(path) == 0 && link(root + "/blobs/ab/abcd", path) == 0)
                    }
                }
            }
            for part in ["workspaces", "accounts"] { try manager.removeItem(atPath: root + "/" + part) }
            try manager.moveItem(atPath: root + "/older-accounts", toPath: root + "/accounts")
        }

        func expectBroughtOver(_ platform: Platform) async throws {
            var inodes: [StorageVolume: Set<UInt64>] = [:]
            for folder in folders {
                let path = platform.files.layout.path(of: folder)
                let names = try FileManager.default.subpathsOfDirectory(atPath: path).sorted()
                switch folder {
                case .tree, .draft: #expect(names == ["d", "d/shared", "own"])
                case .code: #expect(names == ["main.py"])
                default: #expect(names == ["x", "x/notes"])
                }
                for name in names {
                    var status = stat()
                    #expect(lstat(path + "/" + name, &status) == 0)
                    inodes[folder.volume, default: []].insert(UInt64(status.st_ino))
                    if name == "d/shared" {
                        #expect(FileManager.default.contents(atPath: path + "/" + name) == Data("the same".utf8))
                    }
                }
            }
            var all: Set<UInt64> = []
            for numbers in inodes.values {
                #expect(all.isDisjoint(with: numbers))
                all.formUnion(numbers)
            }
            for (upload, caller) in uploads {
                #expect(try await platform.uploads.progress(of: upload, by: caller).offset == 4)
                let ended = try await platform.uploads.append(StorageBench.body("done"), to: upload, at: 4, checksum: nil, by: caller)
                #expect(ended.isComplete)
            }
            try await platform.files.clearOlder()
            #expect(try FileManager.default.contentsOfDirectory(atPath: root).sorted() == ["accounts", "logs", "workspaces"])
        }
    }

    @Test("they are brought over whole, each into its workspace, and no two workspaces share a file any more")
    func broughtOver() async throws {
        let scene = try await Scene()
        let platform = try await scene.test.start()
        try await scene.expectBroughtOver(platform)
        // And once only.
        let again = try await scene.test.start()
        #expect(try await again.files.list(scene.folders[2]).entries.map(\.name) == ["main.py"])
    }

    @Test("a start that was killed on the way goes on where it was", arguments: 0..<6)
    func killed(after steps: Int) async throws {
        let scene = try await Scene()
        let root = scene.root
        let manager = FileManager.default
        switch steps {
        case 0:
            // Between two of the renamings.
            try manager.createDirectory(atPath: root + "/older.begun", withIntermediateDirectories: true)
            try manager.moveItem(atPath: root + "/trees", toPath: root + "/older.begun/trees")
            try manager.moveItem(atPath: root + "/accounts", toPath: root + "/older.begun/accounts")
        default:
            // With more and more of it brought over.
            let files = FileStore(layout: StorageLayout(root: root), pool: .singleton, tools: .singleton)
            let older = OlderLayout(store: scene.test.store, files: files, logger: Logger(label: "test"))
            try await older.putTogether()
            try await files.prepare()
            let task = Task { try await older.bringOver() }
            try await Task.sleep(for: .milliseconds(steps * steps * 2))
            task.cancel()
            _ = await task.result
        }
        let platform = try await scene.test.start()
        try await scene.expectBroughtOver(platform)
    }
}
