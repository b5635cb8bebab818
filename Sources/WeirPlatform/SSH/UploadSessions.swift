import Synchronization
import WeirModel

/// Who is putting files into which draft: a draft is not made a version while somebody still writes into it, so that no half of a
/// file is ever confirmed (DAT-08).
final class UploadSessions: Sendable {
    private struct State {
        var open: [Identifier<Asset>: Int] = [:]
        var confirming: Set<Identifier<Asset>> = []
    }

    private let state = Mutex(State())

    /// The longest wait of a complete upload for its place while a version is made.
    static let longestWait = Duration.seconds(30)
    private static let look = Duration.milliseconds(50)

    /// The same for what has come and only wants its place: a version is made within moments.
    func enterWhenFree(_ asset: Identifier<Asset>) async throws {
        let deadline = ContinuousClock.now + Self.longestWait
        while true {
            do {
                return try enter(asset)
            } catch let error as WeirError {
                guard ContinuousClock.now < deadline else { throw error }
                try await Task.sleep(for: Self.look)
            }
        }
    }

    /// Throws `draft_being_confirmed`. To be followed by `leave`.
    func enter(_ asset: Identifier<Asset>) throws {
        let isFree = state.withLock { state in
            guard !state.confirming.contains(asset) else { return false }
            state.open[asset, default: 0] += 1
            return true
        }
        guard isFree else { throw WeirError.draftBeingConfirmed() }
    }

    func isEntered(_ asset: Identifier<Asset>) -> Bool { state.withLock { $0.open[asset] != nil } }

    func leave(_ asset: Identifier<Asset>) {
        state.withLock { state in
            let left = (state.open[asset] ?? 1) - 1
            state.open[asset] = left > 0 ? left : nil
        }
    }

    /// Runs `body` while nobody can enter. Throws `draft_in_transfer` when somebody is in.
    func confirming<Result: Sendable>(_ asset: Identifier<Asset>, _ body: () async throws -> Result) async throws -> Result {
        let isFree = state.withLock { state in
            guard state.open[asset] == nil else { return false }
            return state.confirming.insert(asset).inserted
        }
        guard isFree else { throw WeirError.draftInTransfer() }
        defer { state.withLock { _ = $0.confirming.remove(asset) } }
        return try await body()
    }
}

extension WeirError {
    static func draftInTransfer() -> WeirError {
        WeirError(
            "draft_in_transfer", .conflict, subject: "draft", rule: "DAT-08",
            LocalizedText("Something is coming into this draft, in the web or by SFTP.", zh: "正在通过网页或 SFTP 向此草稿传输文件。"),
            remedy: LocalizedText("Let it end, or disconnect; refresh, then confirm.", zh: "请等待传输结束或断开连接，刷新后再确认。"))
    }

    static func draftBeingConfirmed() -> WeirError {
        WeirError(
            "draft_being_confirmed", .conflict, subject: "draft", rule: "DAT-08",
            LocalizedText("This draft is being made a version.", zh: "此草稿正在生成版本。"),
            remedy: LocalizedText("Try again in a moment.", zh: "请稍后重试。"))
    }
}
