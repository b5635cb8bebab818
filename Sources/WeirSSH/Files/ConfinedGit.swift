import Glibc
import WeirEngine
import WeirModel

/// Git's own `upload-pack` and `receive-pack` over a project's code, which stands at `/gemini/code` in a sandbox with git and its
/// libraries beside it and nothing else: no shell, no network, no capability.
///
/// A repository is what its tenant made it: its hooks, filters and monitors are programs that git would run. None of them runs here. What
/// the configuration names can be switched off by settings that are stronger than the repository's own; beyond that, nothing that lies
/// in the code can be run (`noexec`), and there is no shell to run it.
struct ConfinedGit {
    /// On the host.
    let folder: String
    /// The folder of `FileTools`.
    let tools: String
    /// Whose push it is, for the reflog.
    let login: String

    static let mostMemory = 4 << 30
    /// Of processor time, and by the clock.
    static let mostSeconds = 3600
    static let longest = 6 * 3600
    /// A push that is ended from outside has so long to end by itself, so that it leaves nothing half-done.
    private static let farewell: Int32 = 10_000
    private static let initialPatience: Int32 = 10_000

    private static let code = Array(ContainerPaths.code.utf8)

    private static let settings = [
        "safe.directory=*", "core.hooksPath=/dev/null", "core.fsmonitor=false", "core.alternateRefsCommand=true", "protocol.allow=never",
        "submodule.recurse=false", "uploadpack.allowFilter=true", "uploadpack.allowAnySHA1InWant=true",
        "receive.denyCurrentBranch=updateInstead", "receive.fsckObjects=true",
        // The folders of a shared repository would get setgid bits, which are refused here.
        "core.sharedRepository=false",
        // Whatever git can do side by side, in threads or processes, it does one after the other.
        "gc.autoDetach=false", "pack.threads=1", "checkout.workers=1", "index.threads=1", "core.preloadIndex=false", "fetch.parallel=1",
        "submodule.fetchJobs=1", "pack.windowMemory=256m", "pack.deltaCacheSize=256m", "core.bigFileThreshold=64m",
        "core.packedGitWindowSize=32m",
        "core.packedGitLimit=512m",
    ]

    /// `version` is what the client's GIT_PROTOCOL says.
    func start(
        _ request: GitRequest, version: String?, whenOver: @escaping @Sendable () -> Void
    ) throws -> ConfinedProgram {
        // Names of folders may be no text.
        let below: [UInt8] = request.path.isRoot ? [] : [UInt8(ascii: "/")] + request.path.bytes
        return try start(
            [request.service.rawValue], at: Self.code + below, isReadOnly: request.service == .read, version: version, whenOver: whenOver)
    }

    /// Makes an empty folder a repository. Blocks for a moment. Throws `git_not_begun`.
    func initialise() throws {
        let program = try start(
            ["init", "-q", "--template=", "--initial-branch=main"], at: Self.code, isReadOnly: false, version: nil, whenOver: {})
        defer { program.close() }
        guard program.untilEnded(within: Self.initialPatience) == .exited(0) else { throw WeirError.gitNotBegun() }
    }

    private func start(
        _ arguments: [String], at place: [UInt8], isReadOnly: Bool, version: String?, whenOver: @escaping @Sendable () -> Void
    ) throws -> ConfinedProgram {
        let lib = FileTools.gitLibrary(in: tools)
        var variables = [
            "PATH": "/lib", "GIT_EXEC_PATH": "/lib", "HOME": "/", "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0", "GIT_COMMITTER_NAME": login, "GIT_COMMITTER_EMAIL": "\(login)@weir",
            "GIT_CONFIG_COUNT": "\(Self.settings.count)",
        ]
        for (number, setting) in Self.settings.enumerated() {
            let parts = setting.split(separator: "=", maxSplits: 1)
            variables["GIT_CONFIG_KEY_\(number)"] = String(parts[0])
            variables["GIT_CONFIG_VALUE_\(number)"] = String(parts[1])
        }
        if let version, version.wholeMatch(of: /version=[0-9]/) != nil { variables["GIT_PROTOCOL"] = version }
        let devices = ["/dev/null", "/dev/urandom"].flatMap { ["--dev-bind", $0, $0] }
        return try ConfinedProgram(
            mounts: variables.sorted { $0.key < $1.key }.flatMap { ["--setenv", $0.key, $0.value] }
                + ["/dev", "/etc", "/gemini"].flatMap { ["--perms", "0755", "--dir", $0] } + devices + [
                    // The loader's own places, on every kind of system.
                    "--ro-bind", lib, "/lib", "--symlink", "lib", "/lib64", "--symlink", "../lib", "/usr/lib", "--ro-bind", lib + "/passwd",
                    "/etc/passwd", isReadOnly ? "--ro-bind" : "--bind", folder, ContainerPaths.code, "--remount-ro", "/", "--chdir",
                    ContainerPaths.code,
                ],
            program: [
                "/lib/timeout", "--verbose", "--kill-after=30", "\(Self.longest)", "/lib/prlimit", "--as=\(Self.mostMemory)",
                "--cpu=\(Self.mostSeconds)", "--core=0", "--nofile=256", "--", "/lib/setpriv",
                // The files of the code are root's, as they are in environments.
                "--reuid=0", "--regid=0", "--clear-groups", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs", "--", "/lib/git",
            ] + arguments, path: place, runningNothingOf: folder, farewell: isReadOnly ? 0 : Self.farewell, whenOver: whenOver)
    }
}

extension WeirError {
    static func gitNotBegun() -> WeirError {
        WeirError(
            "git_not_begun", .failed, subject: "code", rule: "SSH-09",
            LocalizedText("The code could not be made a git repository.", zh: "无法将代码目录创建为 Git 仓库。"),
            remedy: LocalizedText(
                "Make it one in an environment: git init \(ContainerPaths.code)", zh: "请在开发环境中执行：git init \(ContainerPaths.code)"))
    }
}
