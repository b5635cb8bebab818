import Foundation
import Glibc
import WeirModel

/// OpenSSH's `sftp-server` and `scp`, rsync and git, with the libraries that they need: copied from the host into one folder that can be
/// shown to any image and to a sandbox, whatever libraries are there or not.
public struct FileTools: Sendable {
    /// `lib` holds programs and libraries, `bin` what starts them, `git` what the sandbox of git has.
    public let folder: String

    /// Shown to environments and to the sandbox of sftp-server.
    private static let programs = ["/usr/lib/openssh/sftp-server", "/usr/bin/scp", "/usr/bin/rsync", "/usr/bin/setpriv"]
    /// For the sandbox of git: nothing else can be run there. `true` stands for a program that a repository must not choose.
    private static let gitPrograms = ["/usr/bin/git", "/usr/bin/setpriv", "/usr/bin/prlimit", "/usr/bin/timeout", "/usr/bin/true"]
    /// Where environments see the folder.
    public static var target: String { EnvironmentScript.tools }

    static func library(in folder: String) -> String { folder + "/lib" }
    static func gitLibrary(in folder: String) -> String { folder + "/git" }

    /// Brings the folder up to date with the host. Throws `ssh_tools_missing`.
    public init(folder: String) throws {
        self.folder = folder
        let bin = folder + "/bin"
        let (lib, git) = (Self.library(in: folder), Self.gitLibrary(in: folder))
        for path in [lib, git, bin] {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        }
        for program in Self.programs {
            let loader = try Self.bring(program, to: lib)
            let name = (program as NSString).lastPathComponent
            let start = "#!/bin/sh\nexec \(Self.target)/lib/\(loader) --library-path \(Self.target)/lib \(Self.target)/lib/\(name) \"$@\"\n"
            try Self.write(start, to: bin + "/" + name)
        }
        for program in Self.gitPrograms { try Self.bring(program, to: git) }
        try Self.write("upload:x:0:0::/upload:/bin/false\nupload:x:65533:65533::/upload:/bin/false\n", to: lib + "/passwd", mode: 0o644)
        try Self.write("weir:x:0:0::/:/bin/false\n", to: git + "/passwd", mode: 0o644)
    }

    /// Copies a program with its libraries. Gives the name of its loader.
    @discardableResult
    private static func bring(_ program: String, to folder: String) throws -> String {
        guard FileManager.default.isExecutableFile(atPath: program) else { throw WeirError.sshToolsMissing(program) }
        var loader: String?
        for file in try needed(by: program) + [program] {
            let name = (file as NSString).lastPathComponent
            if name.hasPrefix("ld-") || name.hasPrefix("ld.") { loader = name }
            try copy(file, to: folder + "/" + name)
        }
        guard let loader else { throw WeirError.sshToolsMissing(program) }
        return loader
    }

    /// The libraries that the loader would take, by `ldd`.
    private static func needed(by program: String) throws -> [String] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/ldd")
        process.arguments = [program]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return output.split(whereSeparator: \.isWhitespace).map(String.init).filter { $0.hasPrefix("/") }
    }

    /// A file is replaced whole, so that what runs from it goes on with the old one.
    private static func copy(_ source: String, to target: String) throws {
        let files = FileManager.default
        let real = URL(fileURLWithPath: source).resolvingSymlinksInPath().path
        guard let data = files.contents(atPath: real) else { throw WeirError.sshToolsMissing(source) }
        if let there = files.contents(atPath: target), there == data { return }
        try data.write(to: URL(fileURLWithPath: target + ".new"))
        guard chmod(target + ".new", 0o755) == 0, rename(target + ".new", target) == 0 else { throw WeirError.sshToolsMissing(source) }
    }

    private static func write(_ text: String, to target: String, mode: mode_t = 0o755) throws {
        if (try? String(contentsOfFile: target, encoding: .utf8)) == text { return }
        try text.write(toFile: target + ".new", atomically: false, encoding: .utf8)
        guard chmod(target + ".new", mode) == 0, rename(target + ".new", target) == 0 else { throw WeirError.sshToolsMissing(target) }
    }
}

extension WeirError {
    static func sshToolsMissing(_ program: String) -> WeirError {
        WeirError(
            "ssh_tools_missing", .unavailable, subject: program,
            LocalizedText("\(program) is missing on the host: SSH needs it.", zh: "主机缺少 \(program)，SSH 功能需要它。"),
            remedy: LocalizedText(
                "Install openssh-sftp-server, openssh-client, rsync, git, coreutils and util-linux.",
                zh: "请安装 openssh-sftp-server、openssh-client、rsync、git、coreutils 与 util-linux。"))
    }
}
