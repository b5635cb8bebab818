import WeirModel

/// All that an operator can decide about an installation. Each member is a key of ``ConfigurationKey/all``, and every one has a
/// default with which Weir starts on loopback.
struct Configuration: Sendable, Equatable {
    /// The folder that holds the database, the trees of files and the logs.
    var dataFolder = "/var/lib/weir"
    var zone = "local"
    /// The zone by whose midnight days and months of a bill end.
    var timeZone = "Asia/Shanghai"
    var signUp = SignUp.closed
    var session = Session()
    var api = API()
    var console = Console()
    var gateway = Gateway()
    var ssh = SSH()
    var engine = Engine()
    var storage = Storage()
    var git = Git()
    var flavors = Flavor.standard
    /// The first class that matches a device is its own (QUO-01).
    var accelerators: [AcceleratorClass] = []
    var simulatedAccelerators: [SimulatedAccelerators] = []
    var tariff = Tariff()
    var billing = Billing()
    var limits = Limits()
    var log = Log()

    /// Who makes accounts.
    enum SignUp: String, Sendable, CaseIterable {
        /// Only the operator.
        case closed
        /// Whoever reaches the API.
        case open
    }

    struct Session: Sendable, Equatable {
        /// How long a login in a browser or by `weir login` holds.
        var duration = Duration.seconds(7 * 86_400)
    }

    struct API: Sendable, Equatable {
        var listen = ListenAddress(host: "127.0.0.1", port: 8080)
        /// The address under which people reach the API and the console; nil takes it from `listen`.
        var publicURL: String?
        /// Further host names under which they reach it.
        var names: [String] = []
        /// Proxies whose word on who asks is taken.
        var trustedProxies: [String] = []
        var tls = TLS()
    }

    struct Console: Sendable, Equatable {
        /// Pages, words, scripts and styles that are used in place of those built in.
        var folder: String?
    }

    struct Gateway: Sendable, Equatable {
        var listen = ListenAddress(host: "127.0.0.1", port: 8090)
        /// Host name under which people reach the gateway and the external ports; nil takes it from `listen`.
        var publicHost: String?
        /// The external ports of services (INF-04).
        var ports = PortRange(lowest: 31_000, highest: 31_999)
        var tls = TLS()
    }

    struct SSH: Sendable, Equatable {
        /// Whether anything listens.
        var enabled = Switch.on
        var listen = ListenAddress(host: "127.0.0.1", port: 30_022)
        /// Host name and port under which people reach it; nil takes them from `listen`.
        var publicHost: String?
        var publicPort: Int?
        /// Connections at once.
        var connections = 2000
    }

    /// Both files or none.
    struct TLS: Sendable, Equatable {
        var certificate: String?
        var key: String?

        var isOn: Bool { certificate != nil && key != nil }
    }

    struct Engine: Sendable, Equatable {
        /// Podman's REST socket; nil lets Weir start a Podman service of its own.
        var socket: String?
        /// Whether tenants may be run by a host that gives containers no users of their own.
        var userNamespaces = Need.required
        /// The resource group of this machine (QUO-11).
        var group = WeirModel.Node.commonGroup
        /// How many times the machine's cores may be promised.
        var cpuOvercommit = 1.0
        /// Where images are pulled from; nil pulls none.
        var registry: String?
        /// Certificates that containers need to trust beyond those of their image, in one PEM file.
        var caBundle: String?
        /// Where containers may connect to beyond their own workspace.
        var egress = Egress.open
        /// Private networks that containers may connect to (`10.1.2.0/24`), or, with a closed egress, the only networks.
        var networks: [String] = []
        /// The bytes of output that are kept of one instance.
        var logLimit = Bytes.mib(64)
        /// Whether programs in containers may make user namespaces.
        var nestedNamespaces = Switch.off
    }

    enum Need: String, Sendable, CaseIterable {
        case required
        case optional
    }

    struct Storage: Sendable, Equatable {
        /// What nobody's data takes of the disk; nil takes the standard of its size.
        var reserve: Bytes?
    }

    struct Git: Sendable, Equatable {
        /// What code may be cloned from beyond public hosts.
        var privateHosts: [GitDestinations.PrivateHost] = []
        /// After a multiple of this a clone that reached no repository is answered.
        var answerTime = Duration.seconds(10)
    }

    enum Egress: String, Sendable, CaseIterable {
        /// The internet, but no private network.
        case open
        /// Nothing.
        case closed
    }

    struct Billing: Sendable, Equatable {
        /// The points that a person's first workspace gets.
        var startingGrant: Points = 1000
        /// For so long a program may come up without being charged (BIL-26).
        var startGrace = StartGrace.standard
        /// Whether anything is refused or stopped for a balance or a budget.
        var enforce = Switch.on
    }

    enum Switch: String, Sendable, CaseIterable {
        case on = "true"
        case off = "false"
    }

    struct Tariff: Sendable, Equatable {
        /// An hour of the parts of an environment (BIL-08).
        var cpuCore = PartPrices.standard.cpuCore
        var memoryGiB = PartPrices.standard.memoryGiB
        var scratchGiB = PartPrices.standard.scratchGiB
        var gpuThousandth = Points(micro: 5_000)
        var gpuMemoryGiB = Points(micro: 20_000)
        /// An hour of the parts of a board (BIL-11).
        var boardCPUCore = BoardPrices.standard.cpuCore
        var boardMemoryGiB = BoardPrices.standard.memoryGiB
        /// Points for a GB that is kept for a day (BIL-14).
        var storagePerGBDay = Points(micro: 3333)
        /// Free of charge per workspace (X04).
        var freeLibrary = Bytes.gib(50)
        /// Free of charge per person (STO-01).
        var freeNetdisk = Bytes.gib(10)
    }

    struct Limits: Sendable, Equatable {
        /// Largest single file by the resumable protocol.
        var uploadSize = Bytes.gib(1024)
        /// Files in one upload through the web (DAT-04).
        var webUploadFiles = 50
        /// Largest file of an upload through the web (DAT-04).
        var webUploadFileSize = Bytes.gib(2)
        /// What one archive may unpack to.
        var unpackSize = Bytes.gib(200)
        var unpackFiles = 1_000_000
        /// How many times its own size an archive may unpack to.
        var unpackRatio = 200
        /// A person who owns so many open workspaces makes no further one; 0 leaves it to the operator.
        var workspaces = 10
        /// The most that a new workspace may hold at once; nil is no limit (QUO-06).
        var workspaceCPU: Int?
        var workspaceMemory: Bytes?
        var workspaceGPU: Int?
        var workspaceInstances: Int?
        /// A service without activity for so long gives its port back (INF-07).
        var serviceIdle = Duration.seconds(48 * 3600)
        /// For so long what somebody kept to themselves is not handed over after they left (DAT-14).
        var leavingGrace = Duration.seconds(7 * 86_400)
        /// For so long the closing of a workspace can be taken back.
        var closingGrace = Duration.seconds(7 * 86_400)
    }

    struct Log: Sendable, Equatable {
        var level = Level.info
        var format = Format.text

        enum Level: String, Sendable, CaseIterable {
            case trace, debug, info, notice, warning, error
        }

        enum Format: String, Sendable, CaseIterable {
            case text, json
        }
    }

    /// The base of all addresses of the API and the console, without a slash at its end.
    var publicURL: String {
        api.publicURL ?? "\(api.tls.isOn ? "https" : "http")://\(api.listen.asReached)"
    }

    /// The host name under which the gateway and the external ports are reached.
    var gatewayHost: String { gateway.publicHost ?? gateway.listen.reachedHost }

    /// The host name under which people reach the gateway by SSH.
    var sshHost: String { ssh.publicHost ?? gateway.publicHost ?? ssh.listen.reachedHost }
}

extension Flavor {
    /// The flavors of an installation whose operator has not named any.
    static let standard = [
        Flavor(name: "cpu-small", cpu: 1000, memory: .gib(2), scratch: .gib(4), pricePerHour: Points(micro: 100_000)),
        Flavor(name: "cpu-medium", cpu: 2000, memory: .gib(4), scratch: .gib(8), pricePerHour: Points(micro: 200_000)),
        Flavor(name: "cpu-large", cpu: 4000, memory: .gib(16), scratch: .gib(20), pricePerHour: Points(micro: 500_000)),
    ]
}
