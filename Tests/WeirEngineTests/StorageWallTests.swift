import Foundation
import Glibc
import Logging
import NIOPosix
import Synchronization
import TestSupport
import Testing
import WeirModel

@testable import WeirEngine

extension SmallDisk {
    /// As if a Weir had just been started on it.
    func walls(reserve: Bytes, socket: String? = nil) -> (volumes: LoopVolumes, watch: DiskWatch) {
        let logger = Logger(label: "weir.test") { _ in SwiftLogNoOpLogHandler() }
        let watch = DiskWatch(folder: path, reserve: reserve, logger: logger)
        return (LoopVolumes(folder: path + "/volumes", watch: watch, socket: socket, logger: logger), watch)
    }

    func volume() -> (StorageVolume, String) {
        let id = RandomIdentifiers().next(Workspace.self, at: SystemClock().now())
        return (.workspace(id), path + "/files/workspaces/" + id.text)
    }
}

/// Writes until it is refused, or `limit` is there; returns what was taken.
private func fill(_ path: String, upTo limit: Bytes = .gib(64)) -> (bytes: Bytes, error: Int32) {
    let file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    guard file >= 0 else { return (0, errno) }
    defer { close(file) }
    let block = [UInt8](repeating: 7, count: 1 << 20)
    var taken: Int64 = 0
    while taken < limit.count {
        let count = write(file, block, block.count)
        guard count > 0 else { return (Bytes(taken), errno) }
        taken += Int64(count)
    }
    return (Bytes(taken), 0)
}

private final class Lowest: Sendable {
    private let seen: Mutex<Bytes>

    init(_ first: Bytes) { seen = Mutex(first) }

    func see(_ one: Bytes) { seen.withLock { $0 = min($0, one) } }

    var value: Bytes { seen.withLock { $0 } }
}

@Suite("Storage wall", .serialized)
struct StorageWallTests {
    @Test("a volume takes its bound and not more, for root as well, and a bound that is raised holds at once (hostile 6)")
    func bound() throws {
        let disk = try SmallDisk(.gib(1))
        let (volumes, _) = disk.walls(reserve: .mib(100))
        let (volume, path) = disk.volume()
        volumes.setBound(.mib(64), of: volume)
        try volumes.open(volume, at: path)
        let first = fill(path + "/a")
        #expect(first.error == ENOSPC && first.bytes <= .mib(64) && first.bytes >= .mib(60), "\(first)")
        volumes.setBound(.mib(96), of: volume)
        let second = fill(path + "/b")
        #expect(second.error == ENOSPC && second.bytes >= .mib(30) && first.bytes + second.bytes <= .mib(96), "\(second)")
        // Lowered below what is there: nothing is lost, nothing more is taken.
        volumes.setBound(.mib(10), of: volume)
        #expect(fill(path + "/c").bytes == 0)
        let use = try #require(volumes.use(of: volume))
        #expect(use.bytes >= .mib(90) && use.mostBytes == .mib(10) && use.mostInodes > 1000)
        #expect(unlink(path + "/a") == 0 && unlink(path + "/b") == 0)
        volumes.setBound(nil, of: volume)
        #expect(fill(path + "/c", upTo: .mib(100)).error == 0)
    }

    @Test("the kernel's table of mounts is read to its end, and each of many volumes has its bound (hostile 6)")
    func many() throws {
        let disk = try SmallDisk(.gib(1))
        let (volumes, _) = disk.walls(reserve: .mib(100))
        for _ in 0..<24 {
            let (volume, path) = disk.volume()
            volumes.setBound(.mib(2), of: volume)
            try volumes.open(volume, at: path)
            let filled = fill(path + "/a", upTo: .mib(16))
            #expect(filled.error == ENOSPC && filled.bytes <= .mib(2), "\(filled)")
        }
        #expect(KernelFile.read("/proc/self/mounts")?.utf8.count ?? 0 > 4096)
    }

    @Test("empty files end at the volume's inodes (hostile 6)")
    func inodes() throws {
        let disk = try SmallDisk(.gib(1))
        let (volumes, _) = disk.walls(reserve: .mib(100))
        let (volume, path) = disk.volume()
        try volumes.open(volume, at: path)
        let most = try #require(volumes.use(of: volume)).mostInodes
        var made = 0
        while made < 200_000 {
            let file = open("\(path)/\(made)", O_CREAT | O_WRONLY | O_CLOEXEC, 0o600)
            guard file >= 0 else { break }
            close(file)
            made += 1
        }
        #expect(errno == ENOSPC && made <= most && made > 10_000)
    }

    @Test("what is written is nosuid and nodev, and what is deleted goes back to the host")
    func mounted() async throws {
        let disk = try SmallDisk(.gib(1))
        let (volumes, _) = disk.walls(reserve: .mib(100))
        let (volume, path) = disk.volume()
        try volumes.open(volume, at: path)
        let options = try #require(MountTable.current().first { $0.path == path }).options
        #expect(options.contains("nosuid") && options.contains("nodev"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: path).isEmpty)
        let before = disk.free
        #expect(fill(path + "/a", upTo: .mib(200)).error == 0)
        sync()
        #expect(disk.free <= before - .mib(190))
        #expect(unlink(path + "/a") == 0)
        let deadline = ContinuousClock.now + .seconds(20)
        while disk.free < before - .mib(20), ContinuousClock.now < deadline {
            sync()
            try await Task.sleep(for: .milliseconds(100))
        }
        #expect(disk.free >= before - .mib(20))
    }

    @Test("another start finds what is mounted, and mounts what is not, with everything in it")
    func adopted() throws {
        let disk = try SmallDisk(.gib(1))
        let (volume, path) = disk.volume()
        try disk.walls(reserve: .mib(100)).volumes.open(volume, at: path)
        try "one".write(toFile: path + "/kept", atomically: true, encoding: .utf8)
        let device = LoopMount.device(at: path)
        let next = disk.walls(reserve: .mib(100)).volumes
        try next.open(volume, at: path)
        #expect(LoopMount.device(at: path) == device)
        // As after a new start of the machine.
        LoopMount.unmount(path, also: nil)
        #expect(!FileManager.default.fileExists(atPath: path + "/kept"))
        try next.open(volume, at: path)
        #expect(try String(contentsOfFile: path + "/kept", encoding: .utf8) == "one")
        try next.remove(volume, at: path)
        #expect(!FileManager.default.fileExists(atPath: path))
        #expect(try FileManager.default.contentsOfDirectory(atPath: disk.path + "/volumes").allSatisfy { $0.hasPrefix("template-") })
    }

    @Test("a volume that is still in use somewhere is never mounted a second time from its file")
    func oneDevice() throws {
        let disk = try SmallDisk(.gib(1))
        let (volume, path) = disk.volume()
        let (volumes, _) = disk.walls(reserve: .mib(100))
        try volumes.open(volume, at: path)
        let device = try #require(LoopMount.device(at: path))
        try "one".write(toFile: path + "/kept", atomically: true, encoding: .utf8)
        let file = open(path + "/kept", O_RDONLY | O_CLOEXEC)
        LoopMount.unmount(path, also: nil)
        try volumes.open(volume, at: path)
        #expect(LoopMount.device(at: path) == device)
        close(file)
        let other = open(path + "/kept", O_RDONLY | O_CLOEXEC)
        #expect(!LoopMount.unmountIdle(path, also: nil))
        close(other)
        #expect(LoopMount.unmountIdle(path, also: nil) && LoopMount.device(at: path) == nil)
    }

    @Test("what lay in a plain folder before there was a wall is in the volume")
    func plainBefore() throws {
        let disk = try SmallDisk(.gib(1))
        let (volume, path) = disk.volume()
        try FileManager.default.createDirectory(atPath: path + "/code", withIntermediateDirectories: true)
        try "one".write(toFile: path + "/code/kept", atomically: true, encoding: .utf8)
        let (volumes, _) = disk.walls(reserve: .mib(100))
        try volumes.open(volume, at: path)
        #expect(LoopMount.device(at: path) != nil)
        #expect(try String(contentsOfFile: path + "/code/kept", encoding: .utf8) == "one")
        #expect(try FileManager.default.contentsOfDirectory(atPath: path + "/..") == [volume.text])
    }

    @Test("a copy that a kill cut off is made again, and is never mounted (hostile 1)")
    func unfinishedImage() throws {
        let disk = try SmallDisk(.gib(1))
        let (volume, path) = disk.volume()
        let folder = disk.path + "/volumes"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let left = "\(folder)/\(volume.text).img.unfinished-1"
        try Data(repeating: 0, count: 4096).write(to: URL(fileURLWithPath: left))
        let (volumes, _) = disk.walls(reserve: .mib(100))
        #expect(!FileManager.default.fileExists(atPath: left))
        try volumes.open(volume, at: path)
        #expect(LoopMount.device(at: path) != nil)
    }

    @Test("a damaged volume is told, and keeps nobody else from theirs")
    func damaged() throws {
        let disk = try SmallDisk(.gib(1))
        let (volumes, _) = disk.walls(reserve: .mib(100))
        let (bad, badPath) = disk.volume()
        let (good, goodPath) = disk.volume()
        try FileManager.default.createDirectory(atPath: disk.path + "/volumes", withIntermediateDirectories: true)
        try Data(repeating: 9, count: 1 << 20).write(to: URL(fileURLWithPath: "\(disk.path)/volumes/\(bad.text).img"))
        let error = #expect(throws: WeirError.self) { try volumes.open(bad, at: badPath) }
        #expect(error?.code == "volume_damaged")
        #expect(volumes.complaints.map(\.code) == ["volume_damaged"])
        #expect(volumes.complaints.allSatisfy { $0.text.en.contains("e2fsck") && $0.text.en.contains(bad.text) })
        try volumes.open(good, at: goodPath)
    }

    @Test(
        "nothing new is made of the reserve, however often it is asked for: it is refused as storage_full, no volume is called damaged, and it is made when there is space (hostile 6)"
    )
    func newOnFullDisk() async throws {
        let podman = PodmanSocket(path: "/no/such/socket")
        let outcome: Result<Void, any Error>
        do {
            outcome = .success(try await requireNothingNew(podman))
        } catch {
            outcome = .failure(error)
        }
        try await podman.shutdown()
        try outcome.get()
    }

    private func requireNothingNew(_ podman: PodmanSocket) async throws {
        let disk = try SmallDisk(.gib(1))
        let (volumes, _) = disk.walls(reserve: .mib(100))
        let instances = InstanceDisk(
            folder: disk.path + "/scratch", way: .loopFile, reserve: .mib(100), podman: podman)
        let (there, therePath) = disk.volume()
        try volumes.open(there, at: therePath)
        #expect(fill(disk.path + "/filler", upTo: disk.free - .mib(90)).error == 0)
        sync()
        let before = disk.free
        for _ in 0..<20 {
            let (volume, path) = disk.volume()
            let error = #expect(throws: WeirError.self) { try volumes.open(volume, at: path) }
            #expect(error?.code == "storage_full" && error?.remedy != nil)
            let instance = RandomIdentifiers().next(Instance.self, at: SystemClock().now())
            let refusal = await #expect(throws: WeirError.self) { try await instances.prepare(instance, size: .mib(64)) }
            #expect(refusal?.code == "storage_full")
        }
        #expect(disk.free > before - .mib(8))
        #expect(volumes.complaints.isEmpty)
        // A volume that is there stays open, and a disk full to the last byte gives the same answer.
        try volumes.open(there, at: therePath)
        disk.fill()
        let (volume, path) = disk.volume()
        let refused = #expect(throws: WeirError.self) { try volumes.open(volume, at: path) }
        #expect(refused?.code == "storage_full")
        let instance = RandomIdentifiers().next(Instance.self, at: SystemClock().now())
        let refusal = await #expect(throws: WeirError.self) { try await instances.prepare(instance, size: .mib(64)) }
        #expect(refusal?.code == "storage_full")
        #expect(volumes.complaints.isEmpty)
        #expect(unlink(disk.path + "/filler") == 0)
        sync()
        try volumes.open(volume, at: path)
        #expect(try await instances.prepare(instance, size: .mib(64)) != PreparedScratch.none)
        try await instances.remove(instance)
    }

    @Test("a full disk is told from other faults, whoever speaks of it: the kernel, a program, Podman (hostile 6)")
    func whatIsFull() {
        let full = Data(#"{"message": "writing blob: write /var/tmp/x: no space left on device"}"#.utf8)
        let all: [any Error] = [
            CocoaError(.fileWriteOutOfSpace), POSIXError(.ENOSPC), POSIXError(.EDQUOT), WeirError.storageFull(),
            PodmanRefusal(status: 500, body: full),
            WeirError.hostCommandFailed("cp", "cp: error writing 'a': No space left on device"),
        ]
        for error in all { #expect(StorageFault.isFull(error), "\(error)") }
        let others: [any Error] = [
            CocoaError(.fileNoSuchFile), POSIXError(.EACCES), WeirError.programMissing("cp"),
            WeirError.hostCommandFailed("cp", "no such file"),
            PodmanRefusal(status: 500, body: Data("{}".utf8)), CancellationError(),
        ]
        for error in others { #expect(!StorageFault.isFull(error), "\(error)") }
    }

    @Test("a container is missing when Podman says so of it, not when its image or a layer is (review 6)")
    func whatIsMissing() {
        func refusal(_ status: Int, _ message: String) -> PodmanRefusal {
            PodmanRefusal(status: status, body: Data(#"{"message": "\#(message)"}"#.utf8))
        }
        #expect(refusal(404, "").isMissing && refusal(404, "").isImageMissing && !refusal(500, "").isMissing)
        let container = refusal(500, "no such container")
        #expect(container.isMissing && !container.isImageMissing && container.lostOne)
        for message in ["c1: image not known", "layer not known"] {
            #expect(!refusal(500, message).isMissing && refusal(500, message).isImageMissing && refusal(500, message).lostOne)
        }
    }

    @Test(
        "a plain folder deeper than a path is long keeps no volume closed: what cannot be brought over lies beside it, and is told (hostile 1)"
    )
    func deepBefore() throws {
        let disk = try SmallDisk(.gib(1))
        let (volume, path) = disk.volume()
        try FileManager.default.createDirectory(atPath: path + "/deep", withIntermediateDirectories: true)
        try HostileFolder.makeDeep(in: path + "/deep", levels: 6000)
        try "one".write(toFile: path + "/kept", atomically: true, encoding: .utf8)
        let (volumes, _) = disk.walls(reserve: .mib(100))
        try volumes.open(volume, at: path)
        #expect(LoopMount.device(at: path) != nil)
        #expect(try String(contentsOfFile: path + "/kept", encoding: .utf8) == "one")
        #expect(FileManager.default.fileExists(atPath: path + ".left/deep/d"))
        #expect(volumes.complaints.map(\.code) == ["files_left_behind"])
        let (next, _) = disk.walls(reserve: .mib(100))
        LoopMount.unmount(path, also: nil)
        try next.open(volume, at: path)
        #expect(next.complaints.map(\.code) == ["files_left_behind"])
        try next.remove(volume, at: path)
        #expect(!FileManager.default.fileExists(atPath: path + ".left"))
        #expect(next.complaints.isEmpty)
    }

    @Test("what is left beside a volume has a name of its own each time, and goes with the volume (review 9)")
    func leftTwice() throws {
        let disk = try SmallDisk(.gib(1))
        let (volume, path) = disk.volume()
        func write(_ name: String) throws {
            try FileManager.default.createDirectory(atPath: path + "/deep", withIntermediateDirectories: true)
            try HostileFolder.makeDeep(in: path + "/deep", levels: 6000)
            try name.write(toFile: path + "/" + name, atomically: true, encoding: .utf8)
        }
        try write("one")
        try disk.walls(reserve: .mib(100)).volumes.open(volume, at: path)
        LoopMount.unmount(path, also: nil)
        // As when Weir runs without a wall for a while.
        try write("two")
        let volumes = disk.walls(reserve: .mib(100)).volumes
        try volumes.open(volume, at: path)
        for name in ["one", "two"] { #expect(FileManager.default.fileExists(atPath: path + "/" + name)) }
        let folder = (path as NSString).deletingLastPathComponent
        let beside = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0 != volume.text }.sorted()
        #expect(beside == [".2.left", ".left"].map { (path as NSString).lastPathComponent + $0 })
        #expect(volumes.complaints.map(\.code) == ["files_left_behind"])
        // A copy that was cut off.
        try FileManager.default.createDirectory(atPath: path + ".plain/a", withIntermediateDirectories: true)
        try volumes.remove(volume, at: path)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
    }

    @Test("a volume that was never opened is removed with what lies in its plain folder (review 9)")
    func neverOpened() throws {
        let disk = try SmallDisk(.gib(1))
        let (volume, path) = disk.volume()
        try FileManager.default.createDirectory(atPath: path + "/a", withIntermediateDirectories: true)
        try disk.walls(reserve: .mib(100)).volumes.remove(volume, at: path)
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test(
        "writers who are as fast as they can, on many volumes, never reach the reserve, and go on when there is space",
        .timeLimit(.minutes(2)))
    func reserve() async throws {
        let disk = try SmallDisk(.gib(1))
        let (volumes, watch) = disk.walls(reserve: .mib(200))
        let looks = Task { await watch.run() }
        defer { looks.cancel() }
        let made = (0..<6).map { _ in disk.volume() }
        for (volume, path) in made { try volumes.open(volume, at: path) }
        let least = Lowest(disk.free)
        let begin = ContinuousClock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, (_, path)) in made.enumerated() {
                group.addTask {
                    try await NIOThreadPool.singleton.runIfActive {
                        var random = SeededRandom(seed: UInt64(number) + 1)
                        // On a machine that has other things to do the disk is full later.
                        while ContinuousClock.now < begin + .seconds(watch.isFull || least.value < .mib(500) ? 12 : 60) {
                            let name = "\(path)/\(Int.random(in: 0..<8, using: &random))"
                            _ = fill(name, upTo: .mib(Int64.random(in: 1...80, using: &random)))
                            if Int.random(in: 0..<4, using: &random) == 0 { unlink(name) }
                            least.see(disk.free)
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        let lowest = least.value
        print("reserve 200 MiB, least free \(lowest)")
        // What a file system writes for itself (its journal, its tables) is not counted before it is written.
        #expect(lowest >= .mib(140), "\(lowest)")
        #expect(watch.isFull || lowest < .mib(500))
        for (_, path) in made {
            for name in try FileManager.default.contentsOfDirectory(atPath: path) { unlink("\(path)/\(name)") }
        }
        sync()
        let deadline = ContinuousClock.now + .seconds(20)
        var taken: Bytes = 0
        while taken < .mib(50), ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(200))
            sync()
            unlink(made[0].1 + "/again")
            taken = fill(made[0].1 + "/again", upTo: .mib(50)).bytes
        }
        #expect(taken == .mib(50))
        for (_, path) in made { #expect(LoopFileSystem.below(disk.path).contains { $0.path == path }) }
    }
}
