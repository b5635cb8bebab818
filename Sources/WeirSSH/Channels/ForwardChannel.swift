import CLibSSH
import Glibc
import WeirModel

/// A connection from the client to a port inside of the environment's network (`ssh -L`, `-D`, VS Code).
final class ForwardChannel: Carrier {
    let channel: ssh_channel
    private let callbacks: UnsafeMutablePointer<ssh_channel_callbacks_struct>
    private let pump: Pump
    private let socket: Int32
    private let way: Way
    private var isClosing = false
    private var isInputShut = false
    private var hasSentEnd = false
    private(set) var isOver = false

    /// Where a connection leads, and from whose address.
    struct Way {
        let target: ForwardTarget
        let own: UInt32?
    }

    init(_ channel: ssh_channel, of session: ssh_session, to socket: Int32, _ way: Way) {
        self.channel = channel
        self.socket = socket
        self.way = way
        callbacks = .allocate(capacity: 1)
        callbacks.initialize(to: ssh_channel_callbacks_struct())
        let shut = Shut()
        pump = Pump(
            channel, of: session, input: { shut.isShut ? -1 : socket },
            closeInput: {
                shut.isShut = true
                shutdown(socket, Int32(SHUT_WR))
            }, output: socket, errors: -1)
        self.shut = shut
        callbacks.pointee.size = MemoryLayout<ssh_channel_callbacks_struct>.size
        callbacks.pointee.userdata = Unmanaged.passUnretained(self).toOpaque()
        callbacks.pointee.channel_data_function = { _, _, data, count, _, own in
            guard let own, let data else { return Int32(clamping: count) }
            return Int32(clamping: Unmanaged<ForwardChannel>.fromOpaque(own).takeUnretainedValue().pump.take(data, Int(count)))
        }
        callbacks.pointee.channel_eof_function = { _, _, own in
            if let own { Unmanaged<ForwardChannel>.fromOpaque(own).takeUnretainedValue().pump.endInput() }
        }
        callbacks.pointee.channel_close_function = { _, _, own in
            if let own { Unmanaged<ForwardChannel>.fromOpaque(own).takeUnretainedValue().isClosing = true }
        }
        ssh_set_channel_callbacks(channel, callbacks)
    }

    deinit {
        callbacks.deinitialize(count: 1)
        callbacks.deallocate()
    }

    private final class Shut { var isShut = false }
    private let shut: Shut

    func addPolls(to polls: inout [pollfd]) { pump.addPolls(to: &polls) }

    func turn(_ buffer: UnsafeMutableRawBufferPointer) -> Bool {
        if isOver { return false }
        if isClosing {
            abandon()
            return false
        }
        let moved = pump.turn(buffer)
        if pump.isOutputOver, !hasSentEnd {
            hasSentEnd = true
            ssh_channel_send_eof(channel)
        }
        if hasSentEnd, shut.isShut {
            ssh_channel_close(channel)
            abandon()
        }
        return moved
    }

    /// Ends it when the rule does not lead there.
    func hold(to rule: SSHForwarding) {
        if !rule.allows(way.target, own: way.own) { end { _ in "" } }
    }

    func takeUse() -> Bool { pump.takeUse(givingCounts: true) }

    func end(with line: (Bool) -> String) {
        guard !isOver else { return }
        ssh_channel_close(channel)
        abandon()
    }

    func abandon() {
        guard !isOver else { return }
        isOver = true
        close(socket)
        ssh_remove_channel_callbacks(channel, callbacks)
        ssh_channel_free(channel)
    }
}
