import WeirPlatform

/// The capabilities of the platform, each with its routes.
struct APIRoutes {
    let platform: Platform
    let health: Health
    let metrics: RequestMetrics

    func add(to routes: Routes) {
        let (accounts, files) = (platform.accounts, platform.files)
        let answers = WorkloadAnswers(platform: platform)

        SessionRoutes(accounts: accounts).add(to: routes)
        AccountRoutes(accounts: accounts, workspaces: platform.workspaces).add(to: routes)
        TokenRoutes(accounts: accounts).add(to: routes)
        WorkspaceRoutes(workspaces: platform.workspaces).add(to: routes)
        ClosingRoutes(closings: platform.closings, departures: platform.departures).add(to: routes)
        PersonalStorageRoutes(storage: platform.personalStorage, accounts: accounts).add(to: routes)
        EventRoutes(events: platform.events, accounts: accounts).add(to: routes)

        ProjectRoutes(projects: platform.projects, accounts: accounts, workspaces: platform.workspaces).add(to: routes)
        CodeRoutes(projects: platform.projects, files: files).add(to: routes)
        OutputRoutes(projects: platform.projects, files: files).add(to: routes)
        ExportRoutes(exports: platform.exports, accounts: accounts, workspaces: platform.workspaces).add(to: routes)

        AssetRoutes(assets: platform.assets, accounts: accounts, workspaces: platform.workspaces).add(to: routes)
        DraftRoutes(assets: platform.assets, accounts: accounts, files: files).add(to: routes)
        VersionRoutes(assets: platform.assets, accounts: accounts, files: files).add(to: routes)
        UploadRoutes(uploads: platform.uploads).add(to: routes)
        ImageRoutes(images: platform.images).add(to: routes)
        ImageBuildRoutes(images: platform.images).add(to: routes)

        WorkloadRoutes(
            workloads: platform.workloads, accounts: accounts, entries: platform.entries, answers: answers
        ).add(to: routes)
        AllWorkloadRoutes(workloads: platform.allWorkloads, platform: platform).add(to: routes)
        ProcessRoutes(workloads: platform.workloads, processes: platform.processes, history: platform.usageHistory).add(to: routes)
        LogRoutes(logs: platform.logs, accounts: accounts).add(to: routes)
        EnvironmentRoutes(environments: platform.environments, answers: answers).add(to: routes)
        JobRoutes(jobs: platform.jobs, answers: answers).add(to: routes)
        ServiceRoutes(
            services: platform.services, workloads: platform.workloads, commitment: platform.commitment,
            answers: answers
        ).add(to: routes)
        BoardRoutes(boards: platform.boards, answers: answers).add(to: routes)

        QueueRoutes(queue: platform.queue).add(to: routes)
        IdleRoutes(idle: platform.idlePolicies, accounts: accounts).add(to: routes)
        SpendingRoutes(spendings: platform.spendings, accounts: platform.accounts).add(to: routes)
        SSHRoutes(credentials: platform.sshCredentials, addresses: platform.sshAddresses, policies: platform.sshPolicies).add(to: routes)

        BalanceRoutes(platform: platform).add(to: routes)
        BillRoutes(bills: platform.bills, whyCharged: platform.whyCharged, ledger: platform.ledger, accounts: accounts).add(to: routes)
        QuoteRoutes(quotes: platform.quotes).add(to: routes)
        InvoiceRoutes(invoices: platform.invoices, accounts: accounts).add(to: routes)
        TariffRoutes(tariffs: platform.tariffs).add(to: routes)
        StorageRoutes(storage: platform.storage, deletions: platform.arrearsDeletions, accounts: accounts).add(to: routes)
        OperatorBillingRoutes(ledger: platform.ledger, vouchers: platform.vouchers, accounts: accounts).add(to: routes)

        FlavorRoutes(flavors: platform.flavors, accounts: accounts).add(to: routes)
        QuotaRoutes(quotas: platform.quotas, accounts: accounts).add(to: routes)
        RecordRoutes(audit: platform.audit, accounts: accounts).add(to: routes)
        ZoneRoutes(zones: platform.zones).add(to: routes)
        SystemRoutes(health: health, metrics: metrics, webLimits: platform.files.webLimits).add(to: routes)
    }
}
