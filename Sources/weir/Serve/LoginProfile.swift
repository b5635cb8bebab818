import Foundation
import Glibc

/// The profile of login shells in environments: /etc/profile of Debian and others throws the image's own PATH away, with `python` and
/// `pip` in it, in the web terminal, in JupyterLab's terminals and over SSH (ux 1).
enum LoginProfile {
    static let target = "/etc/profile.d/weir.sh"

    static let text = """
        # The image's own PATH, as the first process of the container has it.
        if [ -r /proc/1/environ ]; then
            weir_path=$(tr '\\0' '\\n' </proc/1/environ 2>/dev/null | sed -n 's/^PATH=//p' | head -n 1)
            if [ -n "$weir_path" ]; then
                PATH=$weir_path
                [ ! -d /opt/weir/ssh/bin ] || PATH=$PATH:/opt/weir/ssh/bin
                export PATH
            fi
            unset weir_path
        fi

        """

    /// Writes it below the folder, for environments to read. Gives its path.
    static func bring(into folder: String) throws -> String {
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        let path = folder + "/weir.sh"
        if (try? String(contentsOfFile: path, encoding: .utf8)) != text {
            try text.write(toFile: path, atomically: true, encoding: .utf8)
        }
        guard chmod(path, 0o644) == 0 else { throw CocoaError(.fileWriteNoPermission) }
        return path
    }
}
