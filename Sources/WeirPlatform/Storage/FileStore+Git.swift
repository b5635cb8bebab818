import Glibc
import NIOPosix
public import WeirModel

/// Cloning of code into a project (PRJ-08): by `git` as an unprivileged user in staging, without questions, hooks, configuration, filters or
/// submodules, then moved in. It connects to an address that was looked at, and to nothing else.
extension FileStore {
    /// Clones a branch, or what the repository itself names, into a folder that must not exist, or be empty. `progress` gets the program's own
    /// lines as they come; `report` what went wrong in detail, which is the operator's alone.
    ///
    /// Throws `git_unreachable`, `git_failed`, `archive_too_large`, `archive_too_many_files`, `path_taken`, `storage_full`.
    public func gitClone(
        _ source: GitSource, into folder: StoredFolder, at destination: FilePath = .root, owner: UInt32 = 0,
        progress: (@Sendable (String) -> Void)? = nil, report: (@Sendable (String) -> Void)? = nil
    ) async throws -> FolderSize {
        try await gitClone(source, into: folder, at: destination, owner: owner, holding: nil, progress: progress, report: report)
    }

    /// The same, against a quota.
    func gitClone(
        _ source: GitSource, into folder: StoredFolder, at destination: FilePath = .root, owner: UInt32 = 0, holding hold: StorageHold?,
        progress: (@Sendable (String) -> Void)? = nil, report: (@Sendable (String) -> Void)? = nil
    ) async throws -> FolderSize {
        if case .tree = folder { throw WeirError.versionImmutable() }
        let begin = ContinuousClock.now
        let place = stagingName("clone")
        do {
            let target: OpenFolder = try await blocking {
                let root = try open(folder, making: true)
                try requireEmpty(root, destination)
                let staging = try open(.staging, of: folder.volume)
                try staging.makeFolder(place, mode: 0o700)
                let target = try staging.folder(place)
                try target.setOwner(toolUser, toolUser)
                return target
            }
            let addresses = try await permittedAddresses(of: source, report)
            try await contact(source, at: addresses, in: target, report)
            try await fetch(program(for: source, at: addresses, in: target), source, into: target, hold, progress, report)
            let clone = try await blocking { try target.folder(EntryName("clone")) }
            let size = try await changing(folder) {
                let check = try await blocking {
                    try UnpackedCheck(
                        clone, at: destination, limits: limits, archive: limits.size, maker: toolUser, owner: owner, links: .kept)
                }
                _ = try await inSlices(check) { try $0.advance(Self.walkSlice) }
                let size = try await measure(clone)
                try await hold?.reach(size.size)
                hold?.settle(at: size.size)
                try await blocking {
                    let root = try open(folder, making: true)
                    try requireEmpty(root, destination)
                    try clone.merge(into: root.folder(making: destination))
                }
                return size
            }
            await takeAway(place, in: folder.volume)
            return size
        } catch {
            await takeAway(place, in: folder.volume)
            if (error as? WeirError)?.code == WeirError.gitUnreachable().code { try await waitForStep(since: begin) }
            throw error
        }
    }

    /// What the host's name stands for, asked once. Throws `git_unreachable` when the server does not connect there for anybody.
    private func permittedAddresses(of source: GitSource, _ report: ((String) -> Void)?) async throws -> [IPAddress] {
        let network = git.network
        let (addresses, own) = try await clones.runIfActive {
            (IPAddress(source.host).map { [$0] } ?? network.addresses(source.host), network.own())
        }
        guard git.destinations.permit(source.host, at: addresses, own: own) else {
            report?(
                addresses.isEmpty
                    ? "the host has no address" : "refused: the host is at \(addresses.map(\.description).joined(separator: ", "))")
            throw WeirError.gitUnreachable()
        }
        return addresses
    }

    /// Asks for one name: whoever does not answer soon holds no thread for long. Throws `git_unreachable`.
    private func contact(
        _ source: GitSource, at addresses: [IPAddress], in target: OpenFolder, _ report: (@Sendable (String) -> Void)?
    ) async throws {
        let question = program(
            for: source, at: addresses, in: target, ["ls-remote", "--quiet", "--"], [source.branch ?? "HEAD"], limit: git.contactLimit)
        let outcome = try await ChildProcess(program: question, pool: clones).run()
        guard outcome.status != 0 || outcome.timedOut else { return }
        report?(outcome.timedOut ? "no answer for \(git.contactLimit.milliseconds / 1000) s" : source.masked(Self.reason(of: outcome)))
        throw WeirError.gitUnreachable()
    }

    /// Progress is written over with returns; the reason is the last line that says so.
    private static func reason(of outcome: ChildOutcome) -> String {
        let lines = outcome.errors.split(whereSeparator: \.isNewline).map { String($0) }
        return lines.last { $0.hasPrefix("fatal:") || $0.hasPrefix("error:") } ?? lines.last ?? "status \(outcome.status)"
    }

    private func fetch(
        _ program: ChildProgram, _ source: GitSource, into target: OpenFolder, _ hold: StorageHold?,
        _ progress: (@Sendable (String) -> Void)?,
        _ report: (@Sendable (String) -> Void)?
    ) async throws {
        let outcome = try await withThrowingTaskGroup(of: ChildOutcome?.self) { group in
            group.addTask { try await ChildProcess(program: program, pool: clones).run(errors: progress) }
            // What is sent has no size that is known before: so it is watched.
            group.addTask {
                while true {
                    try await Task.sleep(for: Self.watchInterval)
                    let now = try await measure(target)
                    try limits.check(size: now.size, files: now.files + now.folders, from: limits.size)
                    try await hold?.reach(now.size)
                }
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
        guard let outcome else { return }
        if outcome.status == 0, !outcome.timedOut {
            // A page that is no repository reads like an empty one to git.
            guard !outcome.errors.contains(Self.signOfNothing) else {
                report?("an empty repository, or none")
                throw WeirError.gitUnreachable()
            }
            return
        }
        if outcome.status == 128 + SIGXFSZ { throw WeirError.archiveTooLarge(limit: limits.size) }
        let reason = Self.reason(of: outcome)
        if reason.contains("No space left") { throw WeirError.storageFull() }
        let detail = outcome.timedOut ? "git took longer than \(git.timeLimit.milliseconds / 1000) s and was ended; \(reason)" : reason
        let told = source.masked(detail)
        report?(told)
        let wasReached = outcome.errors.split(whereSeparator: \.isNewline).contains { line in
            Self.signsOfContent.contains { line.hasPrefix($0) }
        }
        throw wasReached && !outcome.timedOut ? WeirError.gitFailed(told) : WeirError.gitUnreachable()
    }

    /// What git itself says when a repository has begun to answer; what the other side says stands behind `remote:`.
    private static let signsOfContent = ["Receiving objects:", "fatal: Remote branch ", "Updating files:"]

    private static let signOfNothing = "warning: You appear to have cloned an empty repository."

    private func waitForStep(since begin: ContinuousClock.Instant) async throws {
        guard git.answerStep > .zero else { return }
        let passed = (ContinuousClock.now - begin) / git.answerStep
        try await Task.sleep(until: begin + git.answerStep * Int(passed.rounded(.up)), clock: .continuous)
    }

    private func program(for source: GitSource, at addresses: [IPAddress], in folder: OpenFolder) -> ChildProgram {
        program(
            for: source, at: addresses, in: folder,
            ["clone", "--progress", "--no-recurse-submodules", "--template="] + (source.branch.map { ["--branch", $0] } ?? []) + ["--"],
            ["clone"], limit: git.timeLimit)
    }

    /// - Parameters:
    ///   - words: those before the address.
    ///   - rest: those after it.
    private func program(
        for source: GitSource, at addresses: [IPAddress], in folder: OpenFolder, _ words: [String], _ rest: [String], limit: Duration
    ) -> ChildProgram {
        var settings = [
            "protocol.allow=never", "protocol.\(source.scheme).allow=always", "credential.helper=", "core.hooksPath=/dev/null",
            "core.askPass=", "core.fsmonitor=false", "gc.auto=0", "transfer.fsckObjects=true", "transfer.bundleURI=false",
            "http.followRedirects=false", "http.proxy=", "http.sslVerify=true", "http.lowSpeedLimit=100", "http.lowSpeedTime=60",
        ]
        var environment = [
            "GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CEILING_DIRECTORIES": "/",
            // What stands in the clone's history of its branches; else it was this machine's name.
            "GIT_COMMITTER_NAME": "Weir", "GIT_COMMITTER_EMAIL": "weir@localhost",
        ]
        // The name stays for the certificate; where it leads was decided.
        var address = source.text
        if source.scheme == "git" {
            address = source.address(of: addresses[0].description)
        } else if IPAddress(source.host) == nil {
            let list = addresses.map { $0.version == .six ? "[\($0)]" : "\($0)" }.joined(separator: ",")
            settings.append("http.curloptResolve=\(source.host):\(source.port):\(list)")
        }
        if git.caBundle != nil { settings.append("http.sslCAInfo=\(ToolSandbox.certificates)") }
        if let credential = source.credential {
            // Not in the arguments, which every user of the machine can read.
            environment["WEIR_GIT_USER"] = credential.user
            environment["WEIR_GIT_PASSWORD"] = credential.password
            settings.append(#"credential.helper=!printf 'username=%s\npassword=%s\n' "$WEIR_GIT_USER" "$WEIR_GIT_PASSWORD" #"#)
        }
        return .confined(
            "/usr/bin/git", settings.flatMap { ["-c", $0] } + words + [address] + rest, user: toolUser, folder: folder,
            environment: environment, network: .host(certificates: git.caBundle), largest: limits.size, timeLimit: limit)
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
}
