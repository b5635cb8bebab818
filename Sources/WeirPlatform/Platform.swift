public import AsyncHTTPClient
public import Logging
public import NIOPosix
public import ServiceLifecycle
public import WeirEngine
public import WeirModel
public import WeirStore

/// All capabilities and loops of one installation, put together.
public struct Platform: Sendable {
    public struct Settings: Sendable {
        public var zone: String
        public var signUpIsOpen: Bool
        public var sessionDuration: Duration
        /// The external ports that the gateway may open.
        public var ports: ClosedRange<Int>
        /// An external port without activity for so long is released (INF-07).
        public var portIdleLimit: Duration
        /// The largest single file that can be uploaded.
        public var uploadLimit: Bytes
        /// How many cores are given out for each that there is.
        public var cpuOvercommit: Double
        /// The resource group of this machine (QUO-11).
        public var resourceGroup: String
        /// The first that matches a device is its class (QUO-01).
        public var acceleratorClasses: [AcceleratorClass]
        public var simulatedAccelerators: [SimulatedAccelerators]
        /// The gateway's address as browsers see it, without a slash at its end.
        public var gatewayURL: String
        /// The host name at which external ports are reached.
        public var gatewayHost: String
        /// By whose midnight the days and months of a bill end (BIL-07).
        public var timeZone: String
        /// What a new workspace gets, and one from before billing once.
        public var startingGrant: Points
        /// Without it everything is metered and billed, and nothing refused or stopped for it.
        public var billingIsEnforced: Bool
        /// How the queue weighs and waits (QUO-07).
        public var scheduling: SchedulingSettings
        public var ssh: SSHSettings
        /// For so long nothing of who left a workspace is handed over, or what nobody pays for deleted.
        public var leavingGrace: Duration
        /// For so long a closed workspace can be taken back.
        public var closingGrace: Duration
        /// For so long a program may come up without being charged (BIL-26).
        public var startGrace: Duration
        /// The rules for making workspaces, and for what these may hold.
        public var newWorkspaces: NewWorkspaces

        public init(
            zone: String = "local", signUpIsOpen: Bool = false, sessionDuration: Duration = .seconds(7 * 86_400),
            ports: ClosedRange<Int> = 31_000...31_999, portIdleLimit: Duration = .seconds(48 * 3600),
            uploadLimit: Bytes = .gib(1024),
            cpuOvercommit: Double = 1, resourceGroup: String = Node.commonGroup, acceleratorClasses: [AcceleratorClass] = [],
            simulatedAccelerators: [SimulatedAccelerators] = [], gatewayURL: String, gatewayHost: String,
            timeZone: String = "Asia/Shanghai",
            startingGrant: Points = 1000, billingIsEnforced: Bool = true,
            scheduling: SchedulingSettings = SchedulingSettings(), ssh: SSHSettings = SSHSettings(),
            leavingGrace: Duration = .seconds(7 * 86_400), closingGrace: Duration = .seconds(7 * 86_400),
            startGrace: Duration = StartGrace.standard, newWorkspaces: NewWorkspaces = NewWorkspaces()
        ) {
            self.zone = zone
            self.signUpIsOpen = signUpIsOpen
            self.sessionDuration = sessionDuration
            self.ports = ports
            self.portIdleLimit = portIdleLimit
            self.uploadLimit = uploadLimit
            self.cpuOvercommit = cpuOvercommit
            self.resourceGroup = resourceGroup
            self.acceleratorClasses = acceleratorClasses
            self.simulatedAccelerators = simulatedAccelerators
            self.gatewayURL = gatewayURL
            self.gatewayHost = gatewayHost
            self.timeZone = timeZone
            self.startingGrant = startingGrant
            self.billingIsEnforced = billingIsEnforced
            self.scheduling = scheduling
            self.ssh = ssh
            self.leavingGrace = leavingGrace
            self.closingGrace = closingGrace
            self.startGrace = startGrace
            self.newWorkspaces = newWorkspaces
        }
    }

    public let settings: Settings
    public let store: Store
    public let files: FileStore
    public let engine: any Engine
    public let routes: RouteTable
    public let tokens: EntryTokens
    public let signals: WorkloadSignals
    public let clock: any WallClock
    public let calendar: BillingCalendar

    public let accounts: Accounts
    public let workspaces: Workspaces
    public let departures: Departures
    public let closings: Closings
    public let personalStorage: PersonalStorage
    public let projects: Projects
    public let assets: Assets
    public let uploads: Uploads
    public let exports: Exports
    public let images: Images
    public let zones: Zones
    public let flavors: Flavors
    public let quotas: Quotas
    public let audit: Audit
    public let workloads: Workloads
    public let allWorkloads: AllWorkloads
    public let environments: Environments
    public let jobs: Jobs
    public let services: Services
    public let boards: Boards
    public let commitment: PortCommitment
    public let entries: Entries
    public let processes: Processes
    public let logs: Logs
    public let events: Events
    public let tariffs: Tariffs
    public let ledger: Ledger
    public let vouchers: Vouchers
    public let limits: Limits
    public let quotes: Quotes
    public let notices: Notices
    public let budgets: Budgets
    public let outlooks: Outlooks
    public let bills: Bills
    public let whyCharged: WhyCharged
    public let spendings: Spendings
    public let invoices: Invoices
    public let sshAccess: SSHAccess
    public let sshCredentials: SSHCredentials
    public let sshEntrance: SSHEntrance
    public let sshAddresses: SSHAddresses
    public let sshPolicies: SSHPolicies

    public let memberships: Memberships
    public let queue: WorkloadQueue
    public let idlePolicies: IdlePolicies
    public let idleReclaim: IdleReclaim
    public let usageHistory: UsageHistory
    public let dispatcher: Dispatcher
    public let forecasts: Forecasts
    public let reconciler: Reconciler
    public let janitor: Janitor
    public let settlement: Settlement
    public let settlementCounts: SettlementCounts
    /// What is kept, sampled hourly and charged daily.
    public let storage: StorageUsages
    public let storageAccounting: StorageAccounting
    public let storageCharges: StorageCharges
    public let arrearsDeletions: ArrearsDeletions
    public let meter: Meter
    private let logger: Logger

    /// Throws `malformed` for a time zone that there is not.
    public init(
        settings: Settings, installation: Installation, store: Store, files: FileStore, engine: any Engine,
        client: HTTPClient, threads: NIOThreadPool, clock: any WallClock = SystemClock(),
        identifiers: any IdentifierSource = RandomIdentifiers(),
        probe: (any HealthProbe)? = nil, buildOfficialImages: @escaping Images.OfficialBuild = { _, _ in [] }, logger: Logger
    ) throws {
        let marks = StorageMarks(store: store)
        let files = files.telling(marks)
        self.settings = settings
        self.store = store
        self.files = files
        self.engine = engine
        self.clock = clock
        self.logger = logger
        routes = RouteTable(clock: clock)
        tokens = EntryTokens(key: installation.key, clock: clock)
        signals = WorkloadSignals()
        memberships = Memberships(store: store, routes: routes)
        calendar = try BillingCalendar(zone: settings.timeZone)
        tariffs = Tariffs(store: store, clock: clock)
        let isEnforced = settings.billingIsEnforced
        ledger = Ledger(
            store: store, clock: clock, calendar: calendar, startingGrant: settings.startingGrant, signals: signals,
            isEnforced: isEnforced)
        vouchers = Vouchers(store: store, clock: clock, identifiers: identifiers)
        limits = Limits(clock: clock, calendar: calendar, isEnforced: isEnforced)
        quotes = Quotes(store: store, tariffs: tariffs, limits: limits)
        storage = StorageUsages(store: store, clock: clock, calendar: calendar, tariffs: tariffs)
        notices = Notices(
            store: store, clock: clock, calendar: calendar, signals: signals, isEnforced: isEnforced, storage: storage)
        budgets = Budgets(store: store, clock: clock, calendar: calendar, notices: notices)
        outlooks = Outlooks(store: store, clock: clock, calendar: calendar, isEnforced: isEnforced, storage: storage)
        bills = Bills(store: store, clock: clock, calendar: calendar)
        spendings = Spendings(store: store, clock: clock, calendar: calendar)
        invoices = Invoices(store: store, clock: clock, identifiers: identifiers)

        let leavingLogger = logger.labelled("leaving")
        departures = Departures(
            store: store, clock: clock, files: files, signals: signals, calendar: calendar, grace: settings.leavingGrace,
            logger: leavingLogger)
        closings = Closings(
            store: store, clock: clock, files: files, engine: engine, signals: signals, memberships: memberships, calendar: calendar,
            grace: settings.closingGrace, logger: leavingLogger)
        personalStorage = PersonalStorage(store: store, clock: clock, calendar: calendar, files: files)
        accounts = Accounts(
            store: store, clock: clock, identifiers: identifiers, threads: threads, memberships: memberships, departures: departures,
            signUpIsOpen: settings.signUpIsOpen, sessionDuration: settings.sessionDuration)
        workspaces = Workspaces(
            store: store, clock: clock, identifiers: identifiers, memberships: memberships, departures: departures,
            startingGrant: settings.startingGrant, rules: settings.newWorkspaces, billingIsEnforced: isEnforced)
        storageAccounting = StorageAccounting(store: store, files: files, clock: clock, marks: marks, logger: logger.labelled("meter"))
        let reservations = StorageReservations(store: store, accounting: storageAccounting)
        projects = Projects(
            store: store, clock: clock, identifiers: identifiers, files: files, limits: limits, reservations: reservations, logger: logger)
        let sessions = UploadSessions()
        assets = Assets(
            store: store, clock: clock, identifiers: identifiers, files: files, zone: settings.zone, limits: limits,
            sessions: sessions, reservations: reservations)
        uploads = Uploads(
            store: store, clock: clock, identifiers: identifiers, files: files, assets: assets, projects: projects,
            reservations: reservations, sizeLimit: settings.uploadLimit)
        exports = Exports(assets: assets, files: files, store: store)
        images = Images(store: store, clock: clock, identifiers: identifiers, build: buildOfficialImages)
        zones = Zones(
            settings: Zones.Settings(
                name: settings.zone, cpuOvercommit: settings.cpuOvercommit, group: settings.resourceGroup,
                classes: settings.acceleratorClasses, simulated: settings.simulatedAccelerators), store: store, engine: engine)
        flavors = Flavors(store: store, clock: clock, tariffs: tariffs, zones: zones, signals: signals)
        quotas = Quotas(store: store, files: files, clock: clock, signals: signals)
        audit = Audit(store: store)

        let submissions = Submissions(
            store: store, clock: clock, identifiers: identifiers, zones: zones, files: files, signals: signals,
            ports: settings.ports, tariffs: tariffs, limits: limits, reservations: reservations)
        workloads = Workloads(
            store: store, clock: clock, signals: signals, ports: settings.ports, tariffs: tariffs, limits: limits, zones: zones)
        allWorkloads = AllWorkloads(store: store, clock: clock, signals: signals)
        environments = Environments(submissions: submissions)
        jobs = Jobs(submissions: submissions)
        services = Services(submissions: submissions)
        boards = Boards(submissions: submissions)
        commitment = PortCommitment(store: store, clock: clock)
        entries = Entries(
            store: store, clock: clock, tokens: tokens, gatewayURL: settings.gatewayURL,
            others: OtherTools(
                store: store, engine: engine, clock: clock, routes: routes, probe: probe ?? NetworkProbe(client: client)))
        processes = Processes(store: store, engine: engine)
        logs = Logs(store: store, layout: files.layout, signals: signals)
        events = Events(store: store, signals: signals)

        dispatcher = Dispatcher(
            store: store, clock: clock, identifiers: identifiers, zones: zones, signals: signals, limits: limits,
            settings: settings.scheduling,
            logger: logger.labelled("dispatcher"))
        forecasts = Forecasts(store: store, clock: clock, dispatcher: dispatcher, logger: logger.labelled("forecasts"))
        idlePolicies = IdlePolicies(store: store, clock: clock)
        idleReclaim = IdleReclaim(
            store: store, engine: engine, clock: clock, calendar: calendar, signals: signals, routes: routes,
            probe: NetworkProbe(client: client), logger: logger.labelled("idle"))
        usageHistory = UsageHistory(
            store: store, engine: engine, clock: clock, routes: routes, signals: signals, logger: logger.labelled("usage"))
        whyCharged = WhyCharged(store: store, calendar: calendar, clock: clock, usage: usageHistory)
        queue = WorkloadQueue(store: store, clock: clock, dispatcher: dispatcher, zones: zones, calendar: calendar)
        sshAccess = SSHAccess(store: store, clock: clock, threads: threads)
        sshCredentials = SSHCredentials(
            store: store, clock: clock, identifiers: identifiers, threads: threads, assets: assets)
        let meterLogger = logger.labelled("meter")
        sshEntrance = SSHEntrance(
            store: store, engine: engine, files: files, assets: assets, limits: limits, sessions: sessions,
            accounting: storageAccounting, reservations: reservations, clock: clock, begun: clock.now())
        sshPolicies = SSHPolicies(store: store, clock: clock)
        sshAddresses = SSHAddresses(store: store, engine: engine, settings: settings.ssh)

        reconciler = Reconciler(
            store: store, engine: engine, files: files, clock: clock, identifiers: identifiers, signals: signals,
            routes: routes, probe: probe ?? NetworkProbe(client: client), dispatcher: dispatcher, workloads: workloads,
            logger: logger.labelled("reconciler"))
        janitor = Janitor(
            store: store, files: files, clock: clock, routes: routes, signals: signals,
            portIdleLimit: settings.portIdleLimit, departures: departures, closings: closings, logger: logger.labelled("janitor"))
        let settlementLogger = logger.labelled("settlement")
        settlementCounts = SettlementCounts()
        settlement = Settlement(
            store: store, clock: clock, calendar: calendar, signals: signals, reconciler: reconciler,
            stops: MoneyStops(
                store: store, clock: clock, calendar: calendar, signals: signals, isEnforced: isEnforced, logger: settlementLogger),
            notices: notices, clockWatch: ClockWatch(store: store, clock: clock, logger: settlementLogger), counts: settlementCounts,
            logger: settlementLogger)

        storageCharges = StorageCharges(
            store: store, clock: clock, calendar: calendar, tariffs: tariffs, logger: meterLogger)
        arrearsDeletions = ArrearsDeletions(
            store: store, clock: clock, calendar: calendar, tariffs: tariffs,
            cleaning: ArrearsCleaning(
                store: store, files: files, clock: clock, accounting: storageAccounting, logger: meterLogger),
            signals: signals, isEnforced: settings.billingIsEnforced, logger: meterLogger)
        meter = Meter(
            store: store, clock: clock, calendar: calendar, accounting: storageAccounting, charges: storageCharges,
            deletions: arrearsDeletions, personal: personalStorage, notices: notices, logger: meterLogger)
    }

    /// What has to be true before the first request: the folders, the flavors and their prices, who may enter what.
    /// - Parameter prices: the list of the configuration; its number and date are given here.
    public func prepare(flavors: [Flavor], prices: Tariff, at now: Timestamp) async throws {
        let older = OlderLayout(store: store, files: files, logger: logger)
        try await older.putTogether()
        try await files.applyQuotas(in: store)
        try await files.prepare()
        try await older.bringOver()
        let (zone, grace) = (calendar.zone, settings.startGrace)
        try await store.write { db in
            try db.setFlavors(fromFile: flavors, at: now)
            try db.setStartGrace(grace)
            try db.setBillingZone(zone)
        }
        do {
            try await tariffs.publish(fromFile: prices, at: now)
        } catch let error as WeirError where error.code == "tariff_waits" {
            logger.warning("the price list of the configuration is not published", metadata: ["reason": "\(error)"])
        }
        try await ledger.grantToOlder()
        try await personalStorage.openUnmetered()
        try await memberships.refresh()
        try await memberships.readLogins(at: now)
    }

    /// The loops, to be run beside the front doors.
    public var loops: [any Service] { [reconciler, forecasts, idleReclaim, usageHistory, settlement, janitor, meter] }
}

extension Logger {
    fileprivate func labelled(_ part: String) -> Logger {
        var logger = self
        logger[metadataKey: "part"] = "\(part)"
        return logger
    }
}
