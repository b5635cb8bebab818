import Glibc
public import WeirModel

/// Cloning of code into a project (PRJ-08): by `git` as an unprivileged user in staging, without questions, hooks,
/// configuration or submodules, then moved in.
extension FileStore {
    /// Clones a branch, or what the repository itself names, into a folder that must not exist, or be empty. `progress` gets the program's own lines as they come.
    ///
    /// Throws `bad_git_address`, `git_host_refused`, `git_failed`, `tool_timed_out`, `path_taken`, `storage_full`.
    public func gitClone(
        _ address: String, branch: String? = nil, into folder: StoredFolder, at destination: FilePath = .root,
        owner: UInt32 = 0, progress: (@Sendable (String) -> Void)? = nil
    ) async throws -> FolderSize {
        let source = try GitSource(address, branch: branch, schemes: git.schemes)
        if case .tree = folder { throw WeirError.versionImmutable() }
        let place = stagingName("clone")
        do {
            let target: OpenFolder = try await blocking {
                guard git.allowsLoopback || Self.isElsewhere(source.host) else {
                    throw WeirError.gitHostRefused(source.host)
                }
                let root = try open(folder, making: true)
                try requireEmpty(root, destination)
                try staging().makeFolder(place, mode: 0o700)
                let target = try staging().folder(place)
                try target.setOwner(toolUser, toolUser)
                return target
            }
            let program = program(for: source, in: target)
            let outcome = try await ChildProcess(program: program, pool: tools).run(errors: progress)
            if outcome.timedOut { throw WeirError.toolTimedOut("git", limit: git.timeLimit) }
            guard outcome.status == 0 else {
                // Progress is written over with returns; the reason is the last line that says so.
                let lines = outcome.errors.split(whereSeparator: \.isNewline).map { String($0) }
                let verdict = lines.last { line in line.hasPrefix("fatal:") || line.hasPrefix("error:") }
                let reason: String = verdict ?? lines.last ?? ""
                throw WeirError.gitFailed(reason.replacing(source.text, with: source.shown))
            }
            let clone = try await blocking { try target.folder(EntryName("clone")) }
            let size = try await changing(folder) {
                let check = try await blocking {
                    try UnpackedCheck(
                        clone, at: destination, limits: limits, archive: limits.size, maker: toolUser, owner: owner, links: .kept)
                }
                _ = try await inSlices(check) { try $0.advance(Self.walkSlice) }
                let size = try await measure(clone)
                try await blocking {
                    let root = try open(folder, making: true)
                    try requireEmpty(root, destination)
                    try clone.merge(into: root.folder(making: destination))
                }
                return size
            }
            await takeAway(place)
            return size
        } catch {
            await takeAway(place)
            throw error
        }
    }

    private func program(for source: GitSource, in folder: OpenFolder) -> ChildProgram {
        var settings = [
            "protocol.allow=never", "credential.helper=", "core.hooksPath=/dev/null", "core.askPass=", "gc.auto=0",
            "http.followRedirects=false", "core.fsmonitor=false", "transfer.fsckObjects=true",
        ]
        settings += git.schemes.sorted().map { "protocol.\($0).allow=always" }
        let arguments =
            settings.flatMap { ["-c", $0] }
            + ["clone", "--progress", "--no-recurse-submodules", "--template="]
            + (source.branch.map { ["--branch", $0] } ?? []) + ["--", source.text, "clone"]
        return .confined(
            "/usr/bin/git", arguments, user: toolUser, folder: folder,
            environment: [
                "GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null",
                "GIT_CEILING_DIRECTORIES": layout.root,
            ],
            largest: limits.size, timeLimit: git.timeLimit)
    }

    private func requireEmpty(_ root: OpenFolder, _ destination: FilePath) throws {
        var folder = root
        for component in destination.components {
            guard let status = try folder.status(EntryName(component)) else { return }
            guard status.kind == .folder else { throw WeirError.pathTaken(destination.text) }
            folder = try folder.folder(EntryName(component))
        }
        guard try folder.names(most: 1).isEmpty else { throw WeirError.pathTaken(destination.isRoot ? "/" : destination.text) }
    }

    /// Whether every address of the host belongs to another machine: not loopback, not link-local, not "any".
    private static func isElsewhere(_ host: String) -> Bool {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let bare = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        guard getaddrinfo(bare, nil, &hints, &list) == 0, let first = list else { return false }
        defer { freeaddrinfo(first) }
        for entry in sequence(first: first, next: { $0.pointee.ai_next }) {
            guard let address = entry.pointee.ai_addr else { return false }
            switch Int32(entry.pointee.ai_family) {
            case AF_INET:
                let bits = address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { $0.pointee.sin_addr.s_addr }
                if isThisMachine(UInt32(bigEndian: bits)) { return false }
            case AF_INET6:
                let bytes = address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { pointer in
                    withUnsafeBytes(of: pointer.pointee.sin6_addr) { Array($0) }
                }
                let tail = bytes.suffix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
                let isMapped = bytes.prefix(10).allSatisfy { $0 == 0 } && bytes[10] == 0xff && bytes[11] == 0xff
                if isMapped ? isThisMachine(tail) : bytes.prefix(12).allSatisfy({ $0 == 0 }) { return false }
                if bytes[0] == 0xfe, bytes[1] & 0xc0 == 0x80 { return false }
            default: return false
            }
        }
        return true
    }

    private static func isThisMachine(_ address: UInt32) -> Bool {
        address >> 24 == 127 || address >> 24 == 0 || address >> 16 == 0xa9fe || address >> 28 == 0xe
    }
}
