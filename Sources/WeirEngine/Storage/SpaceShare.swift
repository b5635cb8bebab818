import WeirModel

/// Divides what a host's disk can still give among all that write on it.
///
/// While there is plenty, each may take half of it. Near the end the shares add up to no more than there is: then nothing that
/// writers do between two looks, however fast, reaches the reserve.
struct SpaceShare: Hashable, Sendable {
    /// What the host has free above its reserve.
    var above: Bytes

    enum Zone: Hashable, Sendable {
        case plenty
        case near
        /// Divided.
        case last

        /// Until the next look, in seconds.
        var pause: Double {
            switch self {
            case .plenty: 1
            case .near: 0.2
            case .last: 0.1
            }
        }
    }

    struct Writer: Hashable, Sendable {
        /// What its own bound leaves it.
        var room: Bytes
        /// Written or promised inside, and not yet taken from the host.
        var pending: Bytes
        /// Whether it took more since the last look.
        var isWriting: Bool
    }

    /// The bytes that a file system will still take from the host for its content. Data without a place yet takes new blocks, even when as
    /// much was deleted: the host has that back only after the deletion is on the disk.
    static func pending(used: Bytes, unplaced: Bytes, taken: Bytes) -> Bytes {
        Bytes(unplaced.count + max(used.count - unplaced.count - taken.count, 0))
    }

    static let nearFrom = Bytes.gib(32)
    static let lastFrom = Bytes.gib(4)

    private func left(_ writers: [Writer]) -> Int64 {
        max(above.count - writers.reduce(0) { $0 + max($1.pending.count, 0) }, 0)
    }

    func zone(_ writers: [Writer]) -> Zone {
        let left = left(writers)
        return left >= Self.nearFrom.count ? .plenty : left >= Self.lastFrom.count ? .near : .last
    }

    /// What each may take from now on, in the order of the writers.
    func shares(_ writers: [Writer], in zone: Zone) -> [Bytes] {
        let left = left(writers)
        guard zone == .last else { return writers.map { Bytes(min(max($0.room.count, 0), left / 2)) } }
        // Half for those who write, so that the many who sleep leave them something.
        let busy = Int64(writers.count { $0.isWriting })
        let all = Int64(writers.count)
        return writers.map { writer in
            let share = busy == 0 ? left / all : left / 2 / all + (writer.isWriting ? left / 2 / busy : 0)
            return Bytes(min(max(writer.room.count, 0), share))
        }
    }
}

/// The part of a disk that nobody's data takes.
enum DiskReserve {
    /// 5 % of the disk, at least 2 GiB and at most 64, and never more than a quarter.
    static func standard(of disk: Bytes) -> Bytes {
        min(Bytes(disk.count / 4), min(max(Bytes(disk.count / 20), .gib(2)), .gib(64)))
    }
}
