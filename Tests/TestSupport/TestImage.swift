import Foundation
public import WeirEngine

/// A small image made on the spot: one static busybox, so that no registry is needed.
public enum TestImage {
    public static let reference = "localhost/weir-test/busybox:2"

    /// Returns the reference of the image, after it was imported if it was not there. Needs Debian's `busybox-static`.
    public static func busybox(_ engine: PodmanEngine) async throws -> String {
        try await make(reference, changes: ["CMD [\"sh\"]"], engine)
    }

    /// The same with a tool, `desk`, that serves its folder, and a second, `viewer`, that serves the folder it is given.
    public static func desk(_ engine: PodmanEngine) async throws -> String {
        try await make(
            "localhost/weir-test/desk:2",
            changes: [
                "LABEL weir.tool.desk.command=httpd -f -p {port} -h /tmp", "LABEL weir.tool.desk.port=8888",
                "LABEL weir.tool.viewer.command=httpd -f -p {port} -h {path}", "LABEL weir.tool.viewer.port=8889",
                "LABEL weir.tool.viewer.prefix=stripped",
            ], engine)
    }

    private static func make(_ reference: String, changes: [String], _ engine: PodmanEngine) async throws -> String {
        if try await engine.image(reference) != nil { return reference }
        let folder = try TemporaryFolder("weir-busybox")
        let root = folder.path + "/root"
        for name in ["bin", "etc", "tmp", "root", "proc", "sys", "dev"] {
            try FileManager.default.createDirectory(atPath: "\(root)/\(name)", withIntermediateDirectories: true)
        }
        try FileManager.default.copyItem(atPath: "/bin/busybox", toPath: "\(root)/bin/busybox")
        for applet in applets.split(separator: " ") {
            try FileManager.default.createSymbolicLink(
                atPath: "\(root)/bin/\(applet)", withDestinationPath: "busybox")
        }
        try "root:x:0:0::/root:/bin/sh\n".write(toFile: "\(root)/etc/passwd", atomically: true, encoding: .utf8)
        try "root:x:0:\n".write(toFile: "\(root)/etc/group", atomically: true, encoding: .utf8)
        let tar = folder.path + "/image.tar"
        try await pack(root, into: tar)
        _ = try await engine.importImage(tar: tar, reference: reference, changes: changes)
        return reference
    }

    private static let applets = """
        sh ls cat echo sleep ps kill dd mkdir rm touch id nc wget ping nslookup ip mount df head tail stty grep env true \
        false seq hostname test wc chmod chown httpd tr od date printf nproc find sort cut awk sed cp mv ln stat sync
        """

    private static func pack(_ folder: String, into file: String) async throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/tar")
        process.arguments = ["-C", folder, "-cf", file, "."]
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            process.terminationHandler = { _ in continuation.resume() }
            do {
                try process.run()
            } catch {
                process.terminationHandler = nil
                continuation.resume(throwing: error)
            }
        }
    }
}
