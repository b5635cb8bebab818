import Foundation
import NIOPosix
import WeirModel

/// Copies what a container has changed, whiteouts, attributes, hard links and holes among it, with the owners that the files have inside.
enum LayerCopy {
    /// Throws `storage_full`, and `host_command_failed` for a path that is too long to be copied. A cancelled caller ends it.
    static func run(from source: String, to target: String, ranges: UserRanges?) async throws {
        guard let ranges else {
            try await copy(source, to: target)
            return
        }
        let view = try await NIOThreadPool.singleton.runIfActive { try UserShift(folder: source, ranges: ranges) }
        try await copy(view.path, to: target)
        withExtendedLifetime(view) {}
    }

    private static func copy(_ source: String, to target: String) async throws {
        let copied = try await HostCommand.run(
            ["cp", "--archive", "--reflink=auto", "--sparse=always", source + "/.", target], progress: { _ in })
        try Task.checkCancellation()
        guard copied.status != 0 else { return }
        if StorageFault.isFull(said: copied.output) { throw WeirError.storageFull() }
        throw WeirError.hostCommandFailed("cp", String(copied.output.suffix(400)))
    }
}
