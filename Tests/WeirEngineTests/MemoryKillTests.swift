import Foundation
import Glibc
import TestSupport
import Testing
import WeirModel

@testable import WeirEngine

@Suite("Kills for memory")
struct MemoryKillTests {
    @Test(
        "on cgroup v1 the last kill is counted also when the kernel tells late that the group is gone (review 5)",
        .enabled(if: access("/sys/fs/cgroup/memory/cgroup.event_control", W_OK) == 0))
    func last() async throws {
        let instance = RandomIdentifiers().next(Instance.self, at: SystemClock().now())
        let folder = "/sys/fs/cgroup/memory/\(instance)"
        #expect(mkdir(folder, 0o755) == 0)
        defer { rmdir(folder) }
        let kills = MemoryKills()
        kills.watch(instance, InstanceCgroup(path: "/\(instance)", version: .v1))
        let script = """
            cd \(folder); echo 8M > memory.limit_in_bytes; echo 0 > memory.swappiness; echo $$ > cgroup.procs; cd /
            exec tail /dev/zero
            """
        let ended = try HostCommand.runBlocking(["sh", "-c", script])
        #expect(ended.status == 137)
        while rmdir(folder) != 0 && errno == EBUSY { try await Task.sleep(for: .milliseconds(1)) }
        await kills.settle(instance)
        #expect(kills.count(of: instance) == 1)
        kills.forget(instance)
    }

    @Test("nothing is told to another process that has got the number of the one that was killed for memory (review 13)")
    func another() throws {
        var ends: [CInt] = [-1, -1]
        let isMade = Kernel.pipe(&ends) == 0 && fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0
        #expect(isMade)
        defer { for end in ends { close(end) } }
        let process = try HostCommand.spawn(
            "/bin/sleep", ["sleep", "60"], [], input: FileHandle.nullDevice.fileDescriptor, output: ends[1])
        defer {
            kill(process, SIGKILL)
            waitpid(process, nil, 0)
        }
        let began = try #require(RuntimePlace.beginning(of: process))
        PodmanEngine.tell(process, began: "1", LocalizedText("another", zh: "其他"))
        PodmanEngine.tell(process, began: began, LocalizedText("the same", zh: "相同"))
        var said = [UInt8](repeating: 0, count: 4096)
        let count = read(ends[0], &said, said.count)
        #expect(String(decoding: said.prefix(max(count, 0)), as: UTF8.self) == "\n[Weir] the same\n[Weir] 相同\n")
    }

    @Test("of a command line of any length no more is read than is shown (review 4)")
    func long() throws {
        let folder = try TemporaryFolder()
        let file = folder.path + "/cmdline"
        try Data(repeating: 97, count: 100_000).write(to: URL(fileURLWithPath: file))
        #expect(KernelFile.read(file, upTo: 4096) == String(repeating: "a", count: 4096))
        #expect(KernelFile.read(file)?.utf8.count == 100_000)
        #expect(KernelFile.read(folder.path + "/none", upTo: 4096) == nil)
    }
}
