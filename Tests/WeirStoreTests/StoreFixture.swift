import TestSupport
import WeirModel

@testable import WeirStore

/// A store on a folder of its own with one account, workspace and project.
struct StoreFixture: Sendable {
    let folder: TemporaryFolder
    let store: Store
    let account: Identifier<Account>
    let workspace: Identifier<Workspace>
    let project: Identifier<Project>
    let now = Timestamp(milliseconds: 1_770_000_000_000)
    let identifiers = RandomIdentifiers()

    init() async throws {
        folder = try TemporaryFolder("weir-store")
        store = try Store(path: folder.path + "/weir.sqlite")
        let (account, workspace, project) = (
            identifiers.next(Account.self, at: now), identifiers.next(Workspace.self, at: now),
            identifiers.next(Project.self, at: now)
        )
        (self.account, self.workspace, self.project) = (account, workspace, project)
        let now = now
        var prices = Tariff(of: [Self.flavor])
        prices.startsAt = now
        let tariff = prices
        try await store.write { db in
            _ = try db.publish(tariff, at: now)
            try db.insert(
                AccountRecord(
                    id: account, login: "ada", displayName: "Ada", passwordHash: "x", isOperator: false,
                    mustChangePassword: false, createdAt: now))
            try db.insert(WorkspaceRecord(id: workspace, name: "vision", createdAt: now), name: Name("vision"))
            try db.setRole(.owner, of: account, in: workspace, at: now)
            try db.insert(
                ProjectRecord(
                    id: project, workspace: workspace, name: Name("digits"), description: "", tags: [],
                    createdBy: account, createdAt: now), name: Name("digits"))
        }
    }

    static let flavor = Flavor(name: "small", cpu: 1000, memory: .gib(2), scratch: .gib(1), pricePerHour: Points(1))

    func job(_ name: String) throws -> WorkloadRecord {
        let tree = TreeName(identifiers.next(Tree.self, at: now))
        return WorkloadRecord(
            id: identifiers.next(Workload.self, at: now), workspace: workspace, project: project, name: try Name(name),
            description: "", createdBy: account, createdAt: now,
            spec: WorkloadSpec(
                image: PinnedImage(reference: "weir/python", digest: "sha256:1"), flavor: Self.flavor,
                detail: .job(JobDetail(command: "true", code: tree))), secret: "s")
    }

    func insert(_ job: WorkloadRecord) async throws {
        try await store.write { try $0.insert(job, name: Name(job.name), cause: Cause("submitted")) }
    }
}
