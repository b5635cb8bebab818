import Foundation
import Synchronization
import TestSupport
import Testing
import WeirModel

@testable import WeirEngine

/// Against recorded answers: this machine's kernel counts no quotas.
@Suite("Project quotas")
struct ProjectQuotaTests {
    private final class Commands: Sendable {
        let all = Mutex<[[String]]>([])
        let answers: @Sendable ([String]) -> (status: Int32, output: String)

        init(_ answers: @escaping @Sendable ([String]) -> (status: Int32, output: String) = { _ in (0, "") }) {
            self.answers = answers
        }

        func run(_ arguments: [String]) -> (status: Int32, output: String) {
            all.withLock { $0.append(arguments) }
            return answers(arguments)
        }
    }

    private let folder: TemporaryFolder
    private let volume = StorageVolume.workspace(RandomIdentifiers().next(Workspace.self, at: SystemClock().now()))
    private var path: String { folder.path + "/files/\(volume.text)" }

    init() throws { folder = try TemporaryFolder("weir-quota") }

    private func wall(_ kind: ProjectQuotas.Kind, _ commands: Commands) -> ProjectQuotas {
        ProjectQuotas(kind: kind, mount: "/", folder: folder.path + "/volumes", reserve: .gib(1), run: commands.run)
    }

    @Test("a volume on XFS is a project with limits of bytes and inodes, the same one at the next start")
    func xfs() throws {
        let commands = Commands()
        let wall = wall(.xfs, commands)
        try wall.setBound(.gib(1), of: volume)
        try wall.open(volume, at: path)
        try wall.open(volume, at: path)
        #expect(
            commands.all.withLock { $0 } == [
                ["xfs_quota", "-x", "-c", "project -s -p \(path) 1000001", "/"],
                ["xfs_quota", "-x", "-c", "limit -p bhard=1048576k ihard=4194304 1000001", "/"],
            ])
        try "kept".write(toFile: path + "/file", atomically: true, encoding: .utf8)
        let later = Commands()
        let next = self.wall(.xfs, later)
        try next.setBound(.mib(1), of: volume)
        try next.open(volume, at: path)
        try next.remove(volume, at: path)
        #expect(
            later.all.withLock { $0 } == [
                ["xfs_quota", "-x", "-c", "limit -p bhard=1024k ihard=4194304 1000001", "/"],
                ["xfs_quota", "-x", "-c", "limit -p bhard=0k ihard=0 1000001", "/"],
            ])
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    private final class Wall: Sendable { let itself = Mutex<ProjectQuotas?>(nil) }

    @Test("while a volume is removed another one is opened and bounded (review 3)")
    func removal() throws {
        let (commands, known) = (Commands(), Wall())
        let other = StorageVolume.workspace(RandomIdentifiers().next(Workspace.self, at: SystemClock().now()))
        let otherPath = folder.path + "/files/\(other.text)"
        let wall = ProjectQuotas(
            kind: .xfs, mount: "/", folder: folder.path + "/volumes", reserve: .gib(1),
            removeFolder: { path in
                let wall = known.itself.withLock { $0 }
                try wall?.open(other, at: otherPath)
                try wall?.setBound(.gib(1), of: other)
                try Folder.remove(path)
            }, run: commands.run)
        known.itself.withLock { $0 = wall }
        try wall.open(volume, at: path)
        try wall.remove(volume, at: path)
        let last = commands.all.withLock { $0 }.suffix(2).map(\.[3])
        #expect(last == ["limit -p bhard=1048576k ihard=4194304 1000002", "limit -p bhard=0k ihard=0 1000001"])
        #expect(!FileManager.default.fileExists(atPath: path) && FileManager.default.fileExists(atPath: otherPath))
    }

    @Test("a volume of 100,000 levels is removed, behind a wall and without one (hostile 1)")
    func deep() throws {
        let deep = try TemporaryFolder("weir-quota", in: "/dev/shm")
        let walls: [any StorageWall] = [wall(.ext4, Commands()), NoWall()]
        for wall in walls {
            let path = deep.path + "/volume"
            try wall.open(volume, at: path)
            try HostileFolder.makeDeep(in: path)
            try wall.remove(volume, at: path)
            #expect(!FileManager.default.fileExists(atPath: path))
        }
    }

    @Test("the same on ext4; without a decision the bound is the disk less its reserve")
    func ext4() throws {
        let commands = Commands()
        let wall = wall(.ext4, commands)
        try wall.open(volume, at: path)
        let disk = try #require(FileSystemSpace(of: "/"))
        let kibibytes = (disk.size - .gib(1)).count / 1024
        #expect(
            commands.all.withLock { $0 } == [
                ["chattr", "-R", "+P", "-p", "1000001", path],
                ["setquota", "-P", "1000001", "0", String(kibibytes), "0", "4194304", "/"],
            ])
    }

    @Test("what the programs say is told, also by xfs_quota, which ends with 0")
    func refused() throws {
        let said = "xfs_quota: cannot set limits: Function not implemented"
        let error = #expect(throws: WeirError.self) { try wall(.xfs, Commands { _ in (0, said) }).open(volume, at: path) }
        #expect(error?.message.en.contains("Function not implemented") == true)
        #expect(throws: WeirError.self) { try wall(.ext4, Commands { _ in (1, "setquota: Quota not enabled") }).open(volume, at: path) }
    }

    @Test("quotas are used where the folder's file system counts them, else files, else nothing")
    func way() {
        func way(_ type: String, _ options: String...) -> HostProfile.VolumeWay {
            HostProfile.volumeWay(
                of: "/srv/weir",
                in: [
                    .init(device: "/dev/vda", path: "/", type: "ext4", options: []),
                    .init(device: "/dev/vdb", path: "/srv", type: type, options: options),
                ])
        }
        #expect(way("xfs", "rw", "noquota") == .loopFile)
        #expect(way("ext4", "rw") == .loopFile)
        if HostCommand.find("setquota") == nil { #expect(way("ext4", "prjquota") == .loopFile) }
    }
}
