import Foundation
import Glibc
import Logging
import Synchronization

/// Keeps the beginning and the newest part of each log, where the runtime itself would keep what came since it last began its file anew.
///
/// The kernel says when that happens. A file that was begun anew while nobody looked shows in the log as a gap.
final class LogKeeper: Sendable {
    /// A log has so many parts at the most: its first, and the newest.
    private static let parts: Int64 = 4
    static func partSize(of limit: Int64) -> Int64 { max(limit / parts, 1) }
    private static let created: UInt32 = 0x100  // IN_CREATE
    private static let movedHere: UInt32 = 0x80  // IN_MOVED_TO
    private static let overflow: UInt32 = 0x4000  // IN_Q_OVERFLOW

    /// At which size the runtime begins its file anew.
    let partSize: Int64
    private let watch: CInt
    private let over: CInt
    /// Counts what waits.
    private let news: CInt
    private let logger: Logger
    private let state = Mutex(State())

    private struct State {
        /// The logs of each folder that is watched, by the watch's number.
        var folders: [CInt: (path: String, logs: Set<String>)] = [:]
        /// Logs that the keeper's thread is to look at.
        var waiting: [(path: String, wasSeen: Bool)] = []
        /// The file that a log had when it was looked at: the kernel's news of that file may come after the look.
        var looked: [String: UInt64] = [:]
    }

    init(limit: Int64, logger: Logger) {
        partSize = Self.partSize(of: limit)
        self.logger = logger
        watch = Kernel.watchFolders()
        over = Kernel.eventCounter()
        news = Kernel.eventCounter()
        if watch < 0 || over < 0 || news < 0 {
            logger.error("logs are not watched", metadata: ["error": "\(String(cString: strerror(errno)))"])
        }
    }

    deinit {
        close(watch)
        close(over)
        close(news)
    }

    /// From now on. `isBegun` is a log that somebody may have written to before. The keeper's thread looks at its files: many ask for this at
    /// once, and none waits for a disk.
    func keep(_ path: String, isBegun: Bool) {
        let (folder, name) = ((path as NSString).deletingLastPathComponent, (path as NSString).lastPathComponent)
        let isToBeSeen = state.withLock { state in
            let number = Kernel.watchFolder(watch, folder, Self.created | Self.movedHere)
            guard number >= 0 else { return false }
            let isNew = state.folders[number, default: (folder, [])].logs.insert(name).inserted
            guard isNew || !isBegun else { return false }
            state.waiting.append((path, !isBegun))
            return true
        }
        if isToBeSeen { Self.signal(news) }
    }

    private static func signal(_ counter: CInt) {
        var one: UInt64 = 1
        _ = write(counter, &one, 8)
    }

    func forget(_ instance: String) {
        state.withLock { state in
            state.waiting.removeAll { ($0.path as NSString).lastPathComponent.hasPrefix(instance) }
            for (number, folder) in state.folders {
                let left = folder.logs.filter { !$0.hasPrefix(instance) }
                guard left.count < folder.logs.count else { continue }
                for log in folder.logs.subtracting(left) { state.looked["\(folder.path)/\(log)"] = nil }
                state.folders[number]?.logs = left
                guard left.isEmpty else { continue }
                state.folders[number] = nil
                _ = Kernel.unwatchFolder(watch, number)
            }
        }
    }

    /// Until it is cancelled. A thread of its own waits.
    func run() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { done in
                Thread.detachNewThread {
                    self.follow()
                    done.resume()
                }
            }
        } onCancel: {
            Self.signal(over)
        }
    }

    private func follow() {
        var bytes = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            var polls = [watch, over, news].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            guard poll(&polls, 3, -1) >= 0 || errno == EINTR else { return }
            if polls[1].revents != 0 { return }
            if polls[2].revents != 0 { takeWaiting() }
            let count = read(watch, &bytes, bytes.count)
            if count > 0 { take(bytes[..<count]) }
        }
    }

    private func takeWaiting() {
        var count: UInt64 = 0
        _ = read(news, &count, 8)
        let waiting = state.withLock { state in
            defer { state.waiting = [] }
            return state.waiting
        }
        for log in waiting { look(log.path, wasSeen: log.wasSeen) }
    }

    /// Looks at a log without news of it.
    private func look(_ path: String, wasSeen: Bool) {
        let inode = LogParts.measure(path)?.inode
        state.withLock { $0.looked[path] = inode }
        take(path, wasSeen: wasSeen)
    }

    /// True for news of the file that was there already when the log was looked at.
    private func isOldNews(of path: String) -> Bool {
        let inode = LogParts.measure(path)?.inode
        return state.withLock { state in
            guard let looked = state.looked[path] else { return false }
            if looked != inode { state.looked[path] = nil }
            return looked == inode
        }
    }

    /// Reads the kernel's events: number, kind, cookie, length of the name, name.
    private func take(_ events: ArraySlice<UInt8>) {
        var at = events.startIndex
        while at + 16 <= events.endIndex {
            func word(_ place: Int) -> UInt32 { (0..<4).reduce(0) { $0 | UInt32(events[at + place + $1]) << (8 * $1) } }
            let (number, kind, length) = (CInt(bitPattern: word(0)), word(4), Int(word(12)))
            let name = String(decoding: events[(at + 16)..<min(at + 16 + length, events.endIndex)].prefix { $0 != 0 }, as: UTF8.self)
            at += 16 + length
            if kind & Self.overflow != 0 {
                let all = state.withLock { state in state.folders.values.flatMap { folder in folder.logs.map { "\(folder.path)/\($0)" } } }
                for log in all { look(log, wasSeen: false) }
            } else if let folder = state.withLock({ $0.folders[number] }), folder.logs.contains(name),
                !isOldNews(of: "\(folder.path)/\(name)")
            {
                take("\(folder.path)/\(name)", wasSeen: true, isBegunAnew: kind & Self.movedHere != 0)
            }
        }
    }

    /// Gives the file that is written now its second name, and removes what is over the limit.
    private func take(_ path: String, wasSeen: Bool, isBegunAnew: Bool = false) {
        guard let current = LogParts.measure(path) else { return }
        let parts = LogParts.of(path)
        if let known = parts.first(where: { $0.inode == current.inode }), known.path != path {
            // Begun anew twice before it was looked at: one file, which was full, is lost between the two.
            guard isBegunAnew, parts.count > 1 else { return }
            rename(known.path, "\(path).\(known.start + partSize)")
            logger.warning("a part of a log was lost", metadata: ["log": "\(path)", "bytes": "\(partSize)"])
            return
        }
        let start = parts.last { $0.path != path }?.end ?? 0
        let isAfterUnseen = !wasSeen && parts.count > 1
        guard link(path, "\(path).\(start)" + (isAfterUnseen ? LogParts.unseen : "")) == 0 else {
            let error = errno
            // One that is not there any more was deleted meanwhile.
            if error != ENOENT {
                logger.error("a log cannot be kept", metadata: ["log": "\(path)", "error": "\(String(cString: strerror(error)))"])
            }
            return
        }
        for middle in LogParts.of(path).dropFirst().dropLast(Int(Self.parts) - 1) { unlink(middle.path) }
    }
}
