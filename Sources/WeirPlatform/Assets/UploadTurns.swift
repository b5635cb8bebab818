import Synchronization
import WeirModel

/// Limits the files that one person uploads into one place at once (X11, MOD-05).
final class UploadTurns: Sendable {
    static let most = 3

    struct Turn: Hashable {
        let account: Identifier<Account>
        let target: UploadTarget
    }

    private let running = Mutex<[Turn: [Identifier<Upload>: Int]]>([:])

    var count: Int { running.withLock { $0.values.reduce(0) { $0 + $1.count } } }

    /// Several parts of one file are one: of them all but one are refused elsewhere. Throws `too_many_at_once`. To be followed by `end`.
    func begin(_ upload: Identifier<Upload>, in turn: Turn) throws {
        try running.withLock { running in
            let others = running[turn, default: [:]].keys.filter { $0 != upload }.count
            guard others < Self.most else { throw WeirError.tooManyAtOnce(Self.most) }
            running[turn, default: [:]][upload, default: 0] += 1
        }
    }

    func end(_ upload: Identifier<Upload>, in turn: Turn) {
        running.withLock { running in
            let left = (running[turn]?[upload] ?? 1) - 1
            running[turn]?[upload] = left > 0 ? left : nil
            if running[turn]?.isEmpty == true { running[turn] = nil }
        }
    }
}

extension WeirError {
    static func tooManyAtOnce(_ most: Int) -> WeirError {
        WeirError(
            "too_many_at_once", .tooMany, subject: "upload", rule: "X11",
            LocalizedText("\(most) files are being uploaded here by you at once already.", zh: "您在此处已有 \(most) 个文件正在同时上传。"),
            remedy: LocalizedText("Go on with this one when another has ended.", zh: "请在其中一个完成后继续。"))
    }
}
