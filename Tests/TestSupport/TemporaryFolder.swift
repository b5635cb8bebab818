public import Foundation
import WeirEngine

/// A folder of its own for one test, removed with the last reference to it.
public final class TemporaryFolder: Sendable {
    public let url: URL
    public var path: String { url.path }

    /// - Parameter parent: `/dev/shm` for a test that makes hundreds of thousands of files, which takes a disk its time.
    public init(_ name: String = "weir-test", in parent: String = "/tmp") throws {
        url = URL(fileURLWithPath: parent).appendingPathComponent("\(name)-\(UUID().uuidString.prefix(13))")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit {
        // Volumes that a Weir left mounted, which is what it does.
        LoopVolumes.unmountAll(below: path, socket: PodmanService.defaultSocket)
        do { try FileManager.default.removeItem(at: url) } catch { HostileFolder.remove(path) }
    }
}
