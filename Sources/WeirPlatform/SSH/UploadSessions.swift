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

    /// Throws `draft_being_confirmed`. To be followed by `leave`.
    func enter(_ asset: Identifier<Asset>) throws {
        let isFree = state.withLock { state in
            guard !state.confirming.contains(asset) else { return false }
            state.open[asset, default: 0] += 1
            return true
        }
        guard isFree else { throw WeirError.draftBeingConfirmed() }
    }

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
            LocalizedText("Somebody is connected to this draft by SFTP.", zh: "此草稿正有 SFTP 连接。"),
            remedy: LocalizedText("Disconnect, refresh, then confirm.", zh: "请断开连接并刷新后再确认。"))
    }

    static func draftBeingConfirmed() -> WeirError {
        WeirError(
            "draft_being_confirmed", .conflict, subject: "draft", rule: "DAT-08",
            LocalizedText("This draft is being made a version.", zh: "此草稿正在生成版本。"),
            remedy: LocalizedText("Connect again in a moment.", zh: "请稍后重新连接。"))
    }
}
