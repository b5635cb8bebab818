public import WeirModel

/// A command that somebody wants to run beside the instance's own.
public struct CommandStart: Hashable, Sendable {
    /// The program, by path or by name in the instance's `PATH`, and its arguments.
    public var arguments: [String]
    /// Variables besides the instance's own, which they replace.
    public var environment: [String: String]
    /// Nil begins where the instance's own command begins.
    public var folder: String?
    /// Nil runs the command without a terminal, its three streams apart.
    public var terminal: TerminalSize?

    public init(
        _ arguments: [String], environment: [String: String] = [:], folder: String? = nil, terminal: TerminalSize? = nil
    ) {
        self.arguments = arguments
        self.environment = environment
        self.folder = folder
        self.terminal = terminal
    }
}

/// How a command ended.
public enum CommandEnding: Hashable, Sendable {
    case exited(Int32)
    /// By a signal, by its number.
    case signalled(Int32)

    /// From what `waitpid` says of a process that has ended.
    public init(waitStatus: Int32) {
        let signal = waitStatus & 0x7f
        self = signal != 0 ? .signalled(signal) : .exited((waitStatus >> 8) & 0xff)
    }
}

/// One running instance, as a place where commands are run and connections are made. What runs there has the instance's root,
/// mounts, limits, capabilities and network, and nothing else.
///
/// Its calls block for some tens of milliseconds: they are for threads of one's own, never for an event loop or an actor.
public protocol CommandPlace: Sendable {
    /// Throws `instance_not_running`, `command_failed`.
    func start(_ command: CommandStart) throws -> any RunningCommand
    /// A socket that was made inside of the instance's network and is not connected. The caller closes it. `family` is `AF_INET` or
    /// `AF_INET6`.
    func socket(family: Int32) throws -> Int32
    /// The addresses of the network that the instance stands in; nil without one.
    var network: InstanceNetwork? { get }
}

/// Where an instance stands in its workspace's network.
public struct InstanceNetwork: Hashable, Sendable {
    /// IPv4, in text.
    public var address: String
    public var prefixLength: Int
    /// The host's own address in this network: never to be connected to.
    public var gateway: String

    public init(address: String, prefixLength: Int, gateway: String) {
        self.address = address
        self.prefixLength = prefixLength
        self.gateway = gateway
    }
}

/// A command that runs in an instance, with descriptors to be polled. All are non-blocking, and closed by `close`.
public protocol RunningCommand: Sendable {
    /// What is written here the command reads; the terminal itself when it has one. -1 once it was closed.
    var input: Int32 { get }
    var output: Int32 { get }
    /// -1 with a terminal.
    var errors: Int32 { get }
    /// Readable when the command has ended.
    var ended: Int32 { get }

    /// The command reads the end of its input. Nothing happens with a terminal.
    func closeInput()
    /// How it ended; nil while it runs.
    func ending() -> CommandEnding?
    func resize(_ size: TerminalSize)
    /// Sends a signal to the command and all of its process group.
    func signal(_ number: Int32)
    /// Hangs up on a command that still runs, and gives everything back. To be called once.
    func close()
}

extension Engine {
    /// The place where commands run. Throws `instance_not_running`, and `commands_not_offered` by engines that have none.
    public func commands(in instance: Identifier<Instance>) async throws -> any CommandPlace {
        throw WeirError(
            "commands_not_offered", .unavailable, subject: "engine",
            LocalizedText("The engine of this zone runs no commands in instances.", zh: "此可用区的引擎不支持在实例中执行命令。"))
    }
}
