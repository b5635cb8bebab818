import WeirModel
public import WeirPlatform

/// All that the routes call.
public struct Capabilities: Sendable {
    public let accounts: Accounts
    public let workspaces: Workspaces
    public let projects: Projects
    public let assets: Assets
    public let images: Images
    public let health: Health

    public init(
        accounts: Accounts, workspaces: Workspaces, projects: Projects, assets: Assets, images: Images, health: Health
    ) {
        self.accounts = accounts
        self.workspaces = workspaces
        self.projects = projects
        self.assets = assets
        self.images = images
        self.health = health
    }

    func addRoutes(to routes: Routes, metrics: RequestMetrics) {
        SessionRoutes(accounts: accounts).add(to: routes)
        AccountRoutes(accounts: accounts, workspaces: workspaces).add(to: routes)
        TokenRoutes(accounts: accounts).add(to: routes)
        WorkspaceRoutes(workspaces: workspaces).add(to: routes)
        ProjectRoutes(projects: projects, accounts: accounts).add(to: routes)
        AssetRoutes(assets: assets, accounts: accounts).add(to: routes)
        VersionRoutes(assets: assets, accounts: accounts).add(to: routes)
        ImageRoutes(images: images).add(to: routes)
        SystemRoutes(health: health, metrics: metrics).add(to: routes)
    }
}
