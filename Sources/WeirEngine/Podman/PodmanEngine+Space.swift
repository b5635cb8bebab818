import Foundation
import Glibc
import WeirModel

extension PodmanEngine {
    /// Podman's own, below which images lie.
    static let imageFolder = "/var/lib/containers"
    private static let looksEvery: Duration = .milliseconds(200)

    /// Runs what adds to Podman's storage: a build, a commit. It is refused, or ended, when it would take the reserve of
    /// the disk under it, which may be another one than that of the data folder. Throws `storage_full`.
    func addingImage<Result: Sendable>(_ body: @escaping @Sendable () async throws -> Result) async throws -> Result {
        try requireImageSpace()
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                while self.hasImageSpace { try await Task.sleep(for: Self.looksEvery) }
                throw WeirError.storageFull()
            }
            defer { group.cancelAll() }
            while let result = try await group.next() {
                if let result { return result }
            }
            throw CancellationError()
        }
    }

    func requireImageSpace() throws {
        guard hasImageSpace else { throw WeirError.storageFull() }
    }

    private var hasImageSpace: Bool {
        guard let disk = FileSystemSpace(of: Self.imageFolder) else { return true }
        return disk.available > configuration.reserve ?? DiskReserve.standard(of: disk.size)
    }
}
