import Synchronization
import WeirModel

/// One build of official images at a time: two would write the same names.
final class BuildTurn: Sendable {
    private let isTaken = Mutex(false)

    /// Throws `build_running` while another build goes on.
    func with<Result>(_ build: () async throws -> Result) async throws -> Result {
        let isFree = isTaken.withLock { isTaken in
            defer { isTaken = true }
            return !isTaken
        }
        guard isFree else { throw WeirError.buildRunning() }
        defer { isTaken.withLock { $0 = false } }
        return try await build()
    }
}

extension WeirError {
    static func buildRunning() -> WeirError {
        WeirError(
            "build_running", .conflict, subject: "images", rule: "IMG-20",
            LocalizedText("The official images are being built already.", zh: "官方镜像正在构建中。"),
            remedy: LocalizedText("Wait until that build has ended, then try again.", zh: "请等待当前构建结束后重试。"))
    }
}
