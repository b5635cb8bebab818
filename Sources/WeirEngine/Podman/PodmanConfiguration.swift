public import WeirModel

/// What a `PodmanEngine` is told by the composition root.
public struct PodmanConfiguration: Hashable, Sendable {
    /// Podman's socket, as `PodmanService.ensure` returned it.
    public var socket: String
    /// Marks the containers, volumes and networks of this installation: letters and digits, 32 at most.
    public var installation: String
    /// The first letters of the bridges' names, `weir`: 5 at most.
    public var networkPrefix: String
    public var host: HostProfile
    /// Certificates that containers trust besides their own, for sites behind an inspecting proxy. Never put into an image.
    public var caBundle: String?
    /// Where the scratch files of instances lie; on a disk with room for all of them.
    public var scratchFolder: String
    public var egress: Egress
    /// The bytes of standard output and error that are kept of one instance.
    public var logLimit: Int64
    /// Where the daemons that part a GPU keep their pipes: on a local disk, and the same after a restart of Weir.
    public var mpsFolder: String
    /// What every instance that people enter sees besides its own mounts.
    public var enteredMounts: [Launch.Mount]
    /// The part of the disk under Podman's storage that images leave free; nil for the standard of a disk of its size.
    public var reserve: Bytes?
    /// Whether programs in containers may make user namespaces of their own: more of the kernel is within reach of them then.
    public var nestedNamespaces: Bool

    public init(
        socket: String, installation: String, networkPrefix: String = "weir", host: HostProfile, caBundle: String? = nil,
        scratchFolder: String, egress: Egress = .open(), logLimit: Int64 = 64 << 20, mpsFolder: String = MPSDaemons.standardFolder,
        enteredMounts: [Launch.Mount] = [], reserve: Bytes? = nil, nestedNamespaces: Bool = false
    ) {
        self.socket = socket
        self.installation = installation
        self.networkPrefix = networkPrefix
        self.host = host
        self.caBundle = caBundle
        self.scratchFolder = scratchFolder
        self.egress = egress
        self.logLimit = logLimit
        self.mpsFolder = mpsFolder
        self.enteredMounts = enteredMounts
        self.reserve = reserve
        self.nestedNamespaces = nestedNamespaces
    }
}

/// The names that Podman keeps for us.
enum Label {
    static let installation = "weir.installation"
    static let instance = "weir.instance"
    static let workload = "weir.workload"
    static let workspace = "weir.workspace"
    static let memory = "weir.memory"
    static let scratch = "weir.scratch"
}
