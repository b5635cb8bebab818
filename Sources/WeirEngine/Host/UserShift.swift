import Foundation
import Glibc
import WeirModel

/// Which numbers of the host the users in a container are: the lines of a user namespace's map.
struct UserRanges: Hashable, Sendable {
    struct Range: Hashable, Sendable {
        var inside: UInt32
        var outside: UInt32
        var count: UInt32
    }

    var users: [Range]
    var groups: [Range]

    /// Podman's `INSIDE:OUTSIDE:COUNT`. Nil when a line is not of that form.
    init?(users: [String], groups: [String]) {
        func ranges(_ lines: [String]) -> [Range]? {
            let found = lines.compactMap { line -> Range? in
                let numbers = line.split(separator: ":").compactMap { UInt32($0) }
                return numbers.count == 3 ? Range(inside: numbers[0], outside: numbers[1], count: numbers[2]) : nil
            }
            return found.count == lines.count && !found.isEmpty ? found : nil
        }
        guard let users = ranges(users), let groups = ranges(groups) else { return nil }
        self.users = users
        self.groups = groups
    }
}

/// A folder of the host, seen through a mount that gives its files to the users that own them inside of a container: what the host knows as
/// 2147483647 stands there as 0. The mount hangs in no tree; it ends with the descriptor.
final class UserShift: Sendable {
    private let descriptor: Int32

    /// Blocks for a moment. Throws `host_command_failed` where the kernel or the file system has no such mounts.
    init(folder: String, ranges: UserRanges) throws {
        let namespace = try Self.namespace(ranges)
        defer { close(namespace) }
        let mount = Kernel.cloneMount(folder)
        guard mount >= 0 else { throw Self.failure("open_tree") }
        guard Kernel.shiftMount(mount, namespace) == 0 else {
            let failure = Self.failure("mount_setattr")
            close(mount)
            throw failure
        }
        descriptor = mount
    }

    deinit { close(descriptor) }

    /// For a program that this process starts, as long as the value lives.
    var path: String { "/proc/\(getpid())/fd/\(descriptor)" }

    /// A user namespace that maps the host's numbers back. A process has to be the first in it; it is gone when this returns.
    private static func namespace(_ ranges: UserRanges) throws -> Int32 {
        guard let program = HostCommand.find("unshare") else { throw WeirError.programMissing("unshare") }
        var (input, output): ([CInt], [CInt]) = ([-1, -1], [-1, -1])
        guard Kernel.pipe(&input) == 0 else { throw failure("pipe") }
        defer { for end in input where end >= 0 { close(end) } }
        guard Kernel.pipe(&output) == 0 else { throw failure("pipe") }
        defer { for end in output where end >= 0 { close(end) } }
        let child = try HostCommand.spawn(
            program, ["unshare", "--user", "cat"], ["PATH=/usr/bin:/bin"], input: input[0], output: output[1])
        close(output[1])
        output[1] = -1
        defer {
            close(input[1])
            input[1] = -1
            var status: Int32 = 0
            while waitpid(child, &status, 0) < 0, errno == EINTR {}
        }
        // What is written comes back as soon as the namespace is there.
        var word: UInt8 = 10
        guard write(input[1], &word, 1) == 1, read(output[0], &word, 1) == 1, word == 10 else { throw failure("unshare") }
        for (file, lines) in [("uid_map", ranges.users), ("gid_map", ranges.groups)] {
            let text = lines.map { "\($0.outside) \($0.inside) \($0.count)\n" }.joined()
            let map = open("/proc/\(child)/\(file)", O_WRONLY | O_CLOEXEC)
            guard map >= 0 else { throw failure(file) }
            defer { close(map) }
            guard text.withCString({ write(map, $0, text.utf8.count) }) == text.utf8.count else { throw failure(file) }
        }
        let namespace = open("/proc/\(child)/ns/user", O_RDONLY | O_CLOEXEC)
        guard namespace >= 0 else { throw failure("namespace") }
        return namespace
    }

    private static func failure(_ call: String) -> WeirError {
        .hostCommandFailed(call, String(cString: strerror(errno)))
    }
}
