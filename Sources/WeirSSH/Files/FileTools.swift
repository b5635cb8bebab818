import Foundation
import Glibc
import WeirModel

/// OpenSSH's `sftp-server` and `scp`, and rsync, with the libraries that they need: copied from the host into one folder that can be
/// shown to any image and to a sandbox, whatever libraries are there or not.
public struct FileTools: Sendable {
    /// `lib` holds programs and libraries, `bin` what starts them.
    public let folder: String

    private static let programs = ["/usr/lib/openssh/sftp-server", "/usr/bin/scp", "/usr/bin/rsync", "/usr/bin/setpriv"]
    /// Where environments see the folder.
    public static var target: String { EnvironmentScript.tools }

    /// Brings the folder up to date with the host. Throws `ssh_tools_missing`.
    public init(folder: String) throws {
        self.folder = folder
        let files = FileManager.default
        let lib = folder + "/lib"
        let bin = folder + "/bin"
        for path in [lib, bin] {
            try files.createDirectory(atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        }
        for program in Self.programs {
            guard files.isExecutableFile(atPath: program) else { throw WeirError.sshToolsMissing(program) }
            var loader: String?
            for file in try Self.needed(by: program) + [program] {
                let name = (file as NSString).lastPathComponent
                if name.hasPrefix("ld-") || name.hasPrefix("ld.") { loader = name }
                try Self.copy(file, to: lib + "/" + name)
            }
            guard let loader else { throw WeirError.sshToolsMissing(program) }
            let name = (program as NSString).lastPathComponent
            let start = "#!/bin/sh\nexec \(Self.target)/lib/\(loader) --library-path \(Self.target)/lib \(Self.target)/lib/\(name) \"$@\"\n"
            try Self.write(start, to: bin + "/" + name)
        }
        try Self.write("upload:x:0:0::/upload:/bin/false\nupload:x:65533:65533::/upload:/bin/false\n", to: lib + "/passwd", mode: 0o644)
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
                "Install openssh-sftp-server, openssh-client, rsync and util-linux.",
                zh: "请安装 openssh-sftp-server、openssh-client、rsync 与 util-linux。"))
    }
}
