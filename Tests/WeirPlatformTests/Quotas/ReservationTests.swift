import Foundation
import NIOCore
import TestSupport
import Testing
import WeirModel
import WeirStore

@testable import WeirPlatform

@Suite("Storage quotas as walls")
struct ReservationTests {
    private static let mebibyte = 1 << 20

    private static func bytes(_ count: Int) -> Bytes { Bytes(Int64(count)) }

    private struct Scene {
        let test: TestPlatform
        let platform: Platform
        let ada: TestPlatform.Tenant

        /// - Parameter quota: in bytes.
        init(_ quota: Int) async throws {
            test = try TestPlatform()
            platform = try await test.start()
            ada = try await test.tenant(on: platform)
            try await limit(to: quota)
        }

        func limit(to quota: Int) async throws {
            try await platform.quotas.set(
                Allowance(quota: Quota(storage: Bytes(Int64(quota)))), of: .workspace, in: ada.workspace, by: .testOperator)
        }

        var code: StoredFolder { .code(ada.project, in: ada.workspace) }

        func asset(_ name: String) async throws -> Identifier<Asset> {
            try await platform.assets.create(.dataset, in: ada.workspace, Assets.Description(name: name), by: ada.caller).id
        }

        func intake() async throws -> Intake { try await platform.projects.intake(of: ada.project, for: ada.caller) }

        /// The bytes that are kept, by a count that is made now.
        func kept() async throws -> Int {
            try await platform.storageAccounting.measureChanged()
            let workspace = ada.workspace
            return Int(try await test.store.read { try $0.storageKept(by: workspace) }.count)
        }
    }

    private static func content(_ count: Int, _ byte: UInt8 = 7) -> AsyncStream<ByteBuffer> {
        StorageBench.stream((0..<(count + 65535) / 65536).map { ByteBuffer(repeating: byte, count: min(65536, count - $0 * 65536)) })
    }

    private func refused(_ body: () async throws -> Void) async {
        let error = await #expect(throws: WeirError.self) { try await body() }
        #expect(error?.code == "storage_quota")
    }

    @Test("a file whose size nobody announced is refused where the quota ends, and nothing of it stays (QUO-03, STO-11, audit-a 5)")
    func file() async throws {
        let scene = try await Scene(3 * Self.mebibyte)
        let intake = try await scene.intake()
        try await intake.write(Self.content(2 * Self.mebibyte), at: FilePath("a"))
        await refused { try await intake.write(Self.content(Self.mebibyte + 1), at: FilePath("b")) }
        await refused { try await intake.write(Self.content(1), at: FilePath("c"), announced: Self.bytes(2 * Self.mebibyte)) }
        #expect(try await scene.platform.files.list(scene.code).entries.map(\.name) == ["a"])
        // To the byte.
        try await intake.write(Self.content(Self.mebibyte), at: FilePath("b"))
        #expect(try await scene.kept() == 3 * Self.mebibyte)
        await refused { _ = try await scene.intake() }
    }

    @Test("a length that no file may have is refused before anything is held for it, however many announce one (QUO-03, review 1)")
    func endlessLength() async throws {
        let scene = try await Scene(3 * Self.mebibyte)
        let (intake, platform, ada) = (try await scene.intake(), scene.platform, scene.ada)
        // Without a quota nothing else would refuse it.
        try await platform.quotas.set(nil, of: .workspace, in: ada.workspace, by: .testOperator)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<4 {
                group.addTask {
                    let error = await #expect(throws: WeirError.self) {
                        try await intake.write(Self.content(100), at: FilePath("f\(number)"), announced: Bytes(.max))
                    }
                    #expect(error?.code == "file_too_large")
                }
            }
            try await group.waitForAll()
        }
        #expect(try await scene.kept() == 0)
    }

    @Test("an archive is refused by what comes out of it, before it does (QUO-03, audit-a 5)")
    func archive() async throws {
        let archive = Archives.tar((0..<4).map { .init(name: "f\($0)", content: [UInt8](repeating: 1, count: Self.mebibyte)) })
        let scene = try await Scene(archive.count + 3 * Self.mebibyte)
        let intake = try await scene.intake()
        try await intake.write(StorageBench.stream([ByteBuffer(bytes: archive)]), at: FilePath("a.tar"))
        await refused { _ = try await intake.unpack(FilePath("a.tar"), into: .root) }
        #expect(try await scene.platform.files.list(scene.code).entries.map(\.name) == ["a.tar"])
        try await scene.limit(to: archive.count + 4 * Self.mebibyte)
        _ = try await intake.unpack(FilePath("a.tar"), into: .root)
        #expect(try await scene.kept() == archive.count + 4 * Self.mebibyte)
    }

    @Test("an export is refused by what it adds, and an export of the same results adds nothing (QUO-03, PRJ-11)")
    func export() async throws {
        let scene = try await Scene(5 * Self.mebibyte)
        let output = StoredFolder.output(scene.ada.project, in: scene.ada.workspace)
        try await scene.platform.files.write(Self.content(2 * Self.mebibyte), to: output, at: FilePath("model.bin"))
        func export(_ name: String) async throws {
            _ = try await scene.platform.exports.export(of: scene.ada.project, to: .named(name, .model), by: scene.ada.caller)
        }
        _ = try await scene.kept()
        try await export("net")
        #expect(try await scene.kept() == 4 * Self.mebibyte)
        await refused { try await export("other") }
        #expect(try await scene.kept() == 4 * Self.mebibyte)
        try await export("net")
        #expect(try await scene.kept() == 4 * Self.mebibyte)
    }

    @Test("an export that is refused leaves no asset behind (PRJ-11, QUO-03)")
    func refusedExport() async throws {
        let scene = try await Scene(3 * Self.mebibyte)
        let (platform, ada) = (scene.platform, scene.ada)
        let output = StoredFolder.output(ada.project, in: ada.workspace)
        try await platform.files.write(Self.content(2 * Self.mebibyte), to: output, at: FilePath("model.bin"))
        _ = try await scene.kept()
        func models() async throws -> [AssetRecord] {
            try await platform.assets.list(.model, in: ada.workspace, named: nil, dataType: nil, PageRequest(), for: ada.caller).items
        }
        func export() async throws {
            _ = try await platform.exports.export(of: ada.project, to: .named("net", .model), by: ada.caller)
        }
        await refused { try await export() }
        #expect(try await models().isEmpty)
        #expect(try await scene.kept() == 2 * Self.mebibyte)
        try await scene.limit(to: 4 * Self.mebibyte)
        try await export()
        #expect(try await models().map(\.latest) == [1])
        #expect(try await scene.kept() == 4 * Self.mebibyte)
    }

    @Test("two exports at once under one new name make one asset of two versions (PRJ-11)")
    func exportsAtOnce() async throws {
        let scene = try await Scene(64 * Self.mebibyte)
        let (platform, ada) = (scene.platform, scene.ada)
        let output = StoredFolder.output(ada.project, in: ada.workspace)
        try await platform.files.write(Self.content(Self.mebibyte), to: output, at: FilePath("model.bin"))
        let numbers: [Int] = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    try await platform.exports.export(of: ada.project, to: .named("net", .model), by: ada.caller).1.number
                }
            }
            return try await group.reduce(into: [Int]()) { $0.append($1) }
        }
        #expect(numbers.sorted() == [1, 2, 3, 4])
        let models = try await platform.assets.list(
            .model, in: ada.workspace, named: nil, dataType: nil, PageRequest(), for: ada.caller
        ).items
        #expect(models.map(\.latest) == [4])
    }

    @Test("code that was frozen before is frozen again at a full quota, and new code is not (QUO-03)")
    func frozenCode() async throws {
        let scene = try await Scene(4 * Self.mebibyte)
        try await scene.intake().write(Self.content(2 * Self.mebibyte), at: FilePath("data.bin"))
        _ = try await scene.ada.job("first", on: scene.platform)
        #expect(try await scene.kept() == 4 * Self.mebibyte)
        _ = try await scene.ada.job("second", on: scene.platform)
        #expect(try await scene.kept() == 4 * Self.mebibyte)
        try await scene.platform.files.write(Self.content(Self.mebibyte, 8), to: scene.code, at: FilePath("data.bin"))
        _ = try await scene.kept()
        try await scene.platform.files.write(Self.content(2 * Self.mebibyte, 9), to: scene.code, at: FilePath("data.bin"))
        await refused { _ = try await scene.ada.job("third", on: scene.platform) }
    }

    @Test("a confirmation adds nothing, and passes a full quota (QUO-03, DAT-06)")
    func confirmation() async throws {
        let scene = try await Scene(Self.mebibyte)
        let asset = try await scene.asset("digits")
        try await scene.platform.assets.intake(of: asset, for: scene.ada.caller).write(Self.content(Self.mebibyte), at: FilePath("a"))
        await refused { _ = try await scene.platform.assets.intake(of: asset, for: scene.ada.caller) }
        #expect(try await scene.platform.assets.confirm(asset, by: scene.ada.caller).number == 1)
        #expect(try await scene.kept() == Self.mebibyte)
    }

    @Test("what a colleague brings counts for who keeps the asset, and the colleague is not told how much that is (QUO-03, review 5)")
    func colleague() async throws {
        let scene = try await Scene(100 * Self.mebibyte)
        let (platform, ada) = (scene.platform, scene.ada)
        let bob = try await scene.test.tenant("bob", on: platform)
        _ = try await platform.workspaces.setRole(.member, ofLogin: "bob", in: ada.workspace, by: ada.caller)
        func limit(_ person: TestPlatform.Tenant, to quota: Int) async throws {
            try await platform.quotas.set(
                Allowance(quota: Quota(storage: Self.bytes(quota))), of: .account(person.caller.id), in: ada.workspace, by: ada.caller)
        }
        try await limit(ada, to: 3 * Self.mebibyte)
        try await limit(bob, to: 1)
        let asset = try await scene.asset("digits")
        func write(_ count: Int, _ path: String) async throws {
            try await platform.assets.intake(of: asset, for: bob.caller).write(Self.content(count), at: FilePath(path))
        }
        // His own quota has no room for it.
        try await write(2 * Self.mebibyte, "a")
        for way in ["form", "upload"] {
            let error = await #expect(throws: WeirError.self) {
                if way == "form" {
                    try await write(2 * Self.mebibyte, "b")
                } else {
                    _ = try await platform.uploads.create(
                        into: .draft(asset), path: "b", length: Self.bytes(2 * Self.mebibyte), by: bob.caller)
                }
            }
            #expect(error?.code == "storage_quota")
            #expect(error?.message.en.contains { $0.isNumber } == false, "\(error?.message.en ?? "")")
        }
        let own = await #expect(throws: WeirError.self) {
            try await platform.assets.intake(of: asset, for: ada.caller).write(Self.content(2 * Self.mebibyte), at: FilePath("b"))
        }
        #expect(own?.message.en.hasPrefix("You keep") == true, "\(own?.message.en ?? "")")
        // Code is nobody's own.
        try await limit(ada, to: 1)
        try await scene.intake().write(Self.content(Self.mebibyte), at: FilePath("c"))
        #expect(try await scene.kept() == 3 * Self.mebibyte)
    }

    @Test("what was deleted makes room at once, not at the next count of the hour (STO-11)")
    func deletion() async throws {
        let scene = try await Scene(2 * Self.mebibyte)
        try await scene.intake().write(Self.content(2 * Self.mebibyte), at: FilePath("a"))
        await refused { _ = try await scene.intake() }
        try await scene.platform.files.delete(scene.code, at: FilePath("a"))
        try await scene.intake().write(Self.content(Self.mebibyte), at: FilePath("b"))
        #expect(try await scene.kept() == Self.mebibyte)
    }

    @Test("an upload holds its length until it has come, however often is counted meanwhile (QUO-03, audit-a 5)")
    func uploads() async throws {
        let scene = try await Scene(3 * Self.mebibyte)
        let asset = try await scene.asset("digits")
        let length = Self.bytes(2 * Self.mebibyte)
        func begin(_ path: String) async throws -> UploadRecord {
            try await scene.platform.uploads.create(into: .draft(asset), path: path, length: length, by: scene.ada.caller)
        }
        let first = try await begin("a")
        _ = try await scene.platform.uploads.append(
            Self.content(Self.mebibyte), to: first.id, at: 0, checksum: nil, by: scene.ada.caller)
        #expect(try await scene.kept() == 2 * Self.mebibyte)
        await refused { _ = try await begin("b") }
        _ = try await scene.platform.uploads.append(
            Self.content(Self.mebibyte), to: first.id, at: Self.bytes(Self.mebibyte), checksum: nil, by: scene.ada.caller)
        await refused { _ = try await begin("b") }
        #expect(try await scene.kept() == 2 * Self.mebibyte)
        try await scene.limit(to: 4 * Self.mebibyte)
        let second = try await begin("b")
        await refused { _ = try await begin("c") }
        try await scene.platform.uploads.cancel(second.id, by: scene.ada.caller)
        _ = try await begin("c")
    }

    @Test(
        "however many write at once, on whatever way, a quota is not passed, and what fits comes in (QUO-03, STO-11)",
        arguments: Property.seeds(3))
    func manyAtOnce(seed: UInt64) async throws {
        let quota = 2_000_000
        let scene = try await Scene(quota)
        let asset = try await scene.asset("digits")
        let (platform, caller, project) = (scene.platform, scene.ada.caller, scene.ada.project)
        let taken = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<24 {
                var random = SeededRandom(seed: seed &+ UInt64(number))
                let size = Int.random(in: 1...300_000, using: &random)
                let way = Int.random(in: 0..<4, using: &random)
                let isCounted = Int.random(in: 0..<4, using: &random) == 0
                group.addTask {
                    if isCounted { try await platform.storageAccounting.measureChanged() }
                    do {
                        switch way {
                        case 0:
                            try await platform.projects.intake(of: project, for: caller).write(
                                Self.content(size), at: FilePath("f\(number)"))
                        case 1:
                            try await platform.assets.intake(of: asset, for: caller).write(
                                Self.content(size), at: FilePath("f\(number)"), announced: Self.bytes(size))
                        case 2:
                            let upload = try await platform.uploads.create(
                                into: .code(project), path: "f\(number)", length: Self.bytes(size), by: caller)
                            while true {
                                do {
                                    _ = try await platform.uploads.append(
                                        Self.content(size), to: upload.id, at: 0, checksum: nil, by: caller)
                                    break
                                } catch let error as WeirError where error.code == "too_many_at_once" {
                                    await Task.yield()
                                }
                            }
                        default:
                            let archive = Archives.tar([.init(name: "f\(number)", content: [UInt8](repeating: 1, count: size))])
                            let intake = try await platform.projects.intake(of: project, for: caller)
                            try await intake.write(StorageBench.stream([ByteBuffer(bytes: archive)]), at: FilePath("a\(number).tar"))
                            _ = try await intake.unpack(FilePath("a\(number).tar"), into: .root)
                            return size + archive.count
                        }
                        return size
                    } catch let error as WeirError where error.code == "storage_quota" {
                        return 0
                    }
                }
            }
            return try await group.reduce(0, +)
        }
        let kept = try await scene.kept()
        #expect(kept <= quota, "seed \(seed)")
        // Of an archive that had no room to come out, the archive itself is there.
        #expect(kept >= taken, "seed \(seed)")
        // Nobody was refused for what was only on its way: the rest of the quota is still to be had.
        if kept < quota {
            try await scene.intake().write(Self.content(quota - kept), at: FilePath("rest"))
            #expect(try await scene.kept() == quota, "seed \(seed)")
        }
    }
}
