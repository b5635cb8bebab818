import CLibSSH
import Glibc
import WeirModel

/// Carries bytes between a channel and descriptors, in both directions, as fast as the slower side takes them. Belongs to one thread.
final class Pump {
    let channel: ssh_channel
    private let session: ssh_session
    /// Where what the client sends goes; -1 once it takes no more.
    private var input: () -> Int32
    private let closeInput: () -> Void
    private(set) var output: Int32
    private(set) var errors: Int32

    /// Taken from libssh and not yet from us.
    private var pending: [UInt8] = []
    /// Reads along with the file protocol where something is to be done before a file is opened.
    private var stream: SFTPStream?
    private var hasTaken = false
    private var hasGiven = false
    /// Gives refusals their reason where nothing may be put into the folder.
    private var replies: SFTPReplies?
    private let beforeOpening: ((SFTPStream.Opening) -> Void)?
    /// Told of every byte that the command took.
    private let brought: ((Int) -> Void)?
    /// Held by `stream`, and free to go on.
    private var released: [UInt8] = []
    /// libssh has more that did not go in; it may have some from before there was anybody to take it.
    private var hasMore = true
    private var isReading = false
    private var isInputOver = false
    private var isInputClosed = false

    private static let portion = 64 << 10
    /// One channel's turn, before others get theirs.
    private static let mostInTurn = 512 << 10
    /// With a reason an answer grows to less than sixteen times its size: what is read fits into the client's window then as well.
    private static let growth = 16
    private static let leastWindowForReplies = 4 * (SFTPReplies.longestReason + SFTPReplies.longestAnswer)

    init(
        _ channel: ssh_channel, of session: ssh_session, input: @escaping () -> Int32, closeInput: @escaping () -> Void, output: Int32,
        errors: Int32, beforeOpening: ((SFTPStream.Opening) -> Void)? = nil, brought: ((Int) -> Void)? = nil,
        refusal: String? = nil
    ) {
        self.channel = channel
        self.session = session
        self.input = input
        self.closeInput = closeInput
        self.output = output
        self.errors = errors
        self.beforeOpening = beforeOpening
        self.brought = brought
        stream = beforeOpening.map { _ in SFTPStream() }
        replies = refusal.map { SFTPReplies(reason: $0) }
    }

    /// Whether anything came from the client since this was asked before, or with `givingCounts` went to it.
    func takeUse(givingCounts: Bool) -> Bool {
        defer { (hasTaken, hasGiven) = (false, false) }
        return hasTaken || givingCounts && hasGiven
    }

    /// Nothing more comes from the command.
    var isOutputOver: Bool { output < 0 && errors < 0 }

    // MARK: From the client

    /// libssh has data; what is not taken stays with it, and holds the client back.
    func take(_ data: UnsafeRawPointer, _ count: Int) -> Int {
        hasTaken = true
        if isInputClosed { return count }
        guard pending.isEmpty, released.isEmpty, !isReading else {
            hasMore = true
            return 0
        }
        let taken = put(data, count)
        if taken < count { hasMore = true }
        return taken
    }

    /// The client sends no more.
    func endInput() { isInputOver = true }

    /// Gives how much was taken; all, when nobody reads any more.
    private func put(_ data: UnsafeRawPointer, _ count: Int) -> Int {
        guard stream != nil else { return send(data, count) }
        var done = 0
        while sendReleased(), done < count, var stream {
            let rest = UnsafeRawBufferPointer(start: data + done, count: count - done)
            switch stream.next(rest) {
            case .pass(let most):
                let sent = send(data + done, most)
                if isInputClosed { return count }
                stream.passed(sent)
                done += sent
                if sent < most {
                    self.stream = stream
                    return done
                }
            case .held(let taken): done += taken
            case .release(let taken, let bytes, let opening):
                done += taken
                if let opening { beforeOpening?(opening) }
                released = bytes
            }
            self.stream = stream
        }
        return isInputClosed ? count : done
    }

    /// False when some of it is still waiting.
    private func sendReleased() -> Bool {
        if released.isEmpty { return true }
        let sent = released.withUnsafeBytes { send($0.baseAddress!, $0.count) }
        released.removeFirst(min(sent, released.count))
        return released.isEmpty
    }

    /// Gives how much was written; all, when nobody reads any more.
    private func send(_ data: UnsafeRawPointer, _ count: Int) -> Int {
        var done = 0
        defer { if done > 0 { brought?(done) } }
        while done < count {
            let descriptor = input()
            guard descriptor >= 0 else { return count }
            let written = write(descriptor, data + done, count - done)
            if written > 0 {
                done += written
            } else if errno == EINTR {
                continue
            } else if errno == EAGAIN {
                break
            } else {
                finishInput()
                return count
            }
        }
        return done
    }

    private func finishInput() {
        isInputClosed = true
        pending = []
        released = []
        closeInput()
    }

    private func feed(_ buffer: UnsafeMutableRawBufferPointer) {
        guard sendReleased(), !isInputClosed else { return }
        if !pending.isEmpty {
            let written = pending.withUnsafeBytes { put($0.baseAddress!, $0.count) }
            if isInputClosed { return }
            pending.removeFirst(min(written, pending.count))
            if !pending.isEmpty { return }
        }
        isReading = true
        defer { isReading = false }
        while hasMore, !isInputClosed {
            let count = Int(ssh_channel_read_nonblocking(channel, buffer.baseAddress, UInt32(min(buffer.count, Self.portion)), 0))
            guard count > 0 else {
                hasMore = false
                break
            }
            let written = put(buffer.baseAddress!, count)
            if written < count {
                pending = Array(buffer[written..<count])
                return
            }
        }
    }

    // MARK: To the client

    private var isHeldBack: Bool {
        Int(ssh_channel_window_size(channel)) < (replies == nil ? 1 : Self.leastWindowForReplies)
            || ssh_get_poll_flags(session) & SSH_WRITE_PENDING != 0
    }

    /// Whether anything can be carried to the client now.
    private func drain(_ descriptor: inout Int32, asErrors: Bool, _ buffer: UnsafeMutableRawBufferPointer) -> Bool {
        var left = Self.mostInTurn
        var moved = false
        while descriptor >= 0, left > 0, !isHeldBack {
            let window = Int(ssh_channel_window_size(channel))
            let most = min(buffer.count, replies == nil ? window : window / 2 / Self.growth)
            let count = read(descriptor, buffer.baseAddress, most)
            if count > 0 {
                moved = true
                hasGiven = true
                left -= count
                let sent =
                    asErrors
                    ? ssh_channel_write_stderr(channel, buffer.baseAddress, UInt32(count))
                    : give(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                // The connection is broken: the loop will see that.
                if sent < 0 { return moved }
            } else if count < 0, errno == EINTR {
                continue
            } else if count < 0, errno == EAGAIN {
                return moved
            } else {
                // The end; a terminal tells it by EIO.
                descriptor = -1
            }
        }
        return moved
    }

    private func give(_ bytes: UnsafeRawBufferPointer) -> Int32 {
        guard replies != nil else { return ssh_channel_write(channel, bytes.baseAddress, UInt32(bytes.count)) }
        let told = replies?.rewritten(bytes) ?? []
        return told.isEmpty ? 0 : told.withUnsafeBytes { ssh_channel_write(channel, $0.baseAddress, UInt32($0.count)) }
    }

    // MARK: A turn

    func addPolls(to polls: inout [pollfd]) {
        let into = input()
        let waitsToWrite = (hasMore || !pending.isEmpty || !released.isEmpty) && into >= 0 && !isInputClosed
        if !isHeldBack {
            if output >= 0 { polls.append(pollfd(fd: output, events: Int16(POLLIN), revents: 0)) }
            if errors >= 0 { polls.append(pollfd(fd: errors, events: Int16(POLLIN), revents: 0)) }
        }
        if waitsToWrite { polls.append(pollfd(fd: into, events: Int16(POLLOUT), revents: 0)) }
    }

    /// Carries what can be carried. Gives whether anything was carried to the client.
    func turn(_ buffer: UnsafeMutableRawBufferPointer) -> Bool {
        if hasMore || !pending.isEmpty || !released.isEmpty { feed(buffer) }
        if isInputOver, !isInputClosed, !hasMore, pending.isEmpty, released.isEmpty { finishInput() }
        let errorsMoved = drain(&errors, asErrors: true, buffer)
        let outputMoved = drain(&output, asErrors: false, buffer)
        return errorsMoved || outputMoved
    }
}
