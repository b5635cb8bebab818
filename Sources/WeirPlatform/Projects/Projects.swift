import Logging
public import WeirModel
public import WeirStore

/// Units of work: code, environments, jobs and services with one goal (PRJ-01..07).
public struct Projects: Sendable {
    let store: Store
    let clock: any WallClock
    let identifiers: any IdentifierSource
    let files: FileStore
    let limits: Limits
    let reservations: StorageReservations
    let logger: Logger
    let clones = CloneTurns()

    public func create(
        in workspace: Identifier<Workspace>, name: String, description: String = "", tags: [String] = [],
        key: IdempotencyKey? = nil, by caller: Caller
    ) async throws -> ProjectRecord {
        let name = try Name(name)
        let now = clock.now()
        let project = ProjectRecord(
            id: identifiers.next(Project.self, at: now), workspace: workspace, name: name,
            description: try Note.checked(description), tags: try Tags.checked(tags), createdBy: caller.id,
            createdAt: now)
        return try await store.write { db in
            if let made: Identifier<Project> = try db.read.made(under: key, by: caller) {
                return try db.read.project(made, for: caller, .seeWorkspace)
            }
            try db.read.role(of: caller, in: workspace, for: .createProject)
            try db.read.requireOpen(workspace)
            try Makings.standard.requireProject(in: workspace, by: caller.id, at: now, db.read)
            try db.insert(project, name: name)
            try db.remember(project.id.text, under: key, by: caller, at: now)
            try db.record(.projectCreated, project, by: caller, at: now)
            return project
        }
    }

    public func list(
        in workspace: Identifier<Workspace>, named part: String?, _ page: PageRequest, for caller: Caller
    ) async throws -> Page<ProjectRecord> {
        try await store.read { db in
            try db.role(of: caller, in: workspace, for: .seeWorkspace)
            return try db.projects(in: workspace, named: part, page)
        }
    }

    public func project(
        _ id: Identifier<Project>, for caller: Caller, _ permission: Permission = .seeWorkspace
    ) async throws -> ProjectRecord {
        try await store.read { try $0.project(id, for: caller, permission) }
    }

    /// What is nil stays as it is (PRJ-06).
    public func edit(
        _ id: Identifier<Project>, name: String?, description: String?, tags: [String]?, by caller: Caller
    ) async throws -> ProjectRecord {
        let newName = try name.map { try Name($0) }
        let newDescription = try description.map { try Note.checked($0) }
        let newTags = try tags.map { try Tags.checked($0) }
        let now = clock.now()
        return try await store.write { db in
            let before = try db.read.project(id, for: caller, .changeProject)
            var project = before
            let name = try newName ?? Name(project.name)
            project.name = name.text
            project.description = newDescription ?? project.description
            project.tags = newTags ?? project.tags
            guard project != before else { return project }
            project.changedAt = now
            try db.update(project, name: name)
            try db.record(.projectChanged, project, renamedFrom: before.name, by: caller, at: now)
            return project
        }
    }

    /// Deletes the project with its ended workloads. Models and data that were exported from it stay (PRJ-07).
    ///
    /// The files go last; the Janitor comes back for those that a crash left.
    /// - Parameter typed: the project's name, which who deletes another person's has to type (hostile 11).
    public func delete(_ id: Identifier<Project>, typed: String?, by caller: Caller) async throws {
        let now = clock.now()
        let project = try await store.write { db in
            let project = try db.read.projectToDelete(id, for: caller)
            guard project.createdBy == caller.id || typed == project.name else { throw WeirError.nameNotTyped(project.name) }
            guard try !db.read.hasLiveWorkloads(of: project.id) else { throw WeirError.projectInUse() }
            for workload in try db.read.workloads(of: project.id) { try db.markDeleted(workload.id, at: now) }
            try db.markDeleted(project.id, at: now)
            try db.record(.projectDeleted, project, by: caller, at: now)
            return project
        }
        for folder in [project.code, project.output, project.jobs] { try await files.remove(folder) }
    }

    /// The code store: /gemini/code in environments (PRJ-08..10).
    public func code(
        of id: Identifier<Project>, for caller: Caller, _ permission: Permission
    ) async throws -> StoredFolder {
        let project = try await project(id, for: caller, permission)
        _ = try await files.make(project.code)
        return project.code
    }

    /// The code store for what adds to it: refused while the balance is used up (BIL-18), and by a full quota.
    public func codeForUpload(of id: Identifier<Project>, for caller: Caller) async throws -> StoredFolder {
        try await intake(of: id, for: caller).folder
    }

    /// The way into the code. Throws `balance_used_up`, `budget_reached`, `storage_quota`.
    public func intake(of id: Identifier<Project>, for caller: Caller) async throws -> Intake {
        let project = try await store.read { db in
            let project = try db.project(id, for: caller, .changeCode)
            try requireMoney(for: project, by: caller, db)
            return project
        }
        let place = StoragePlace(unit: .code(project.id), workspace: project.workspace, account: nil, caller: caller.id)
        try await reservations.requireRoom(at: place)
        let folder = try await code(of: id, for: caller, .changeCode)
        return Intake(folder: folder, place: place, files: files, reservations: reservations, turn: nil)
    }

    /// Throws `balance_used_up`, `budget_reached`.
    func requireMoney(for project: ProjectRecord, by caller: Caller, _ db: Reading) throws {
        try limits.check(.upload, in: project.workspace, project: project.id, by: caller.id, db)
    }

    /// The results of everything that ran in the project, as environments see them at /gemini/output: their own, and
    /// below `jobs` what jobs and services wrote, each in a folder named by its id (PRJ-11).
    public func output(
        of id: Identifier<Project>, at path: FilePath, for caller: Caller
    ) async throws -> (StoredFolder, FilePath) {
        let project = try await project(id, for: caller)
        _ = try await files.make(project.jobs)
        if path.components.first == Self.jobs {
            return (project.jobs, try FilePath(path.components.dropFirst().joined(separator: "/")))
        }
        _ = try await files.make(project.output)
        try await files.makeFolder(project.output, at: FilePath(Self.jobs))
        return (project.output, path)
    }

    /// True for the path `jobs/ID` of a job or service of the project: nothing may be there yet, or any more.
    public func isOutputOfRun(_ path: FilePath, in id: Identifier<Project>, for caller: Caller) async throws -> Bool {
        let project = try await project(id, for: caller)
        let parts = path.components
        guard parts.count == 2, parts[0] == Self.jobs, let workload = Identifier<Workload>(parts[1]) else { return false }
        return try await store.read { try $0.workload(workload)?.project == project.id }
    }

    /// Deletes a file or folder of the output, which ends its charge (STO-10). All that a job wrote is `jobs/ID`, once it has ended.
    public func deleteOutput(of id: Identifier<Project>, at path: FilePath, by caller: Caller) async throws {
        let project = try await project(id, for: caller)
        let parts = path.components
        guard parts.first == Self.jobs else {
            _ = try await self.project(id, for: caller, .deleteOutput)
            guard !path.isRoot else { throw WeirError.missing("path") }
            try await files.delete(project.output, at: path)
            return try await record(outputDeleted: path, of: project, by: caller)
        }
        guard parts.count > 1, let workload = Identifier<Workload>(parts[1]) else {
            throw WeirError.malformed("path", "jobs/ID, or something below it", rule: "PRJ-11")
        }
        try await store.read { try $0.requireDeletion(ofOutputOf: workload, in: project, by: caller) }
        let folder = StoredFolder.workloadOutput(workload, of: project.id, in: project.workspace)
        let rest = try FilePath(parts.dropFirst(2).joined(separator: "/"))
        guard rest.isRoot else {
            try await files.delete(folder, at: rest)
            return try await record(outputDeleted: path, of: project, by: caller)
        }
        let isWritten = try await store.read { db in
            try !db.instancesPresent(of: workload).isEmpty || db.workload(workload)?.state.isFinal == false
        }
        guard !isWritten else { throw WeirError.outputInUse() }
        guard try await files.entry(project.jobs, at: FilePath(workload.text)) != nil else { throw WeirError.notFound("file") }
        try await files.remove(folder)
        try await record(outputDeleted: path, of: project, by: caller)
    }

    private func record(outputDeleted path: FilePath, of project: ProjectRecord, by caller: Caller) async throws {
        let now = clock.now()
        try await store.write { try $0.record(.outputDeleted, project, after: path.description, by: caller, at: now) }
    }

    /// The last part of `ContainerPaths.jobs`.
    static let jobs = "jobs"
}

extension WeirError {
    static func outputInUse() -> WeirError {
        WeirError(
            "output_in_use", .conflict, subject: "path", rule: "PRJ-11",
            LocalizedText("What writes there has not ended.", zh: "写入该目录的任务尚未结束。"),
            remedy: LocalizedText("Stop it first, or delete single files.", zh: "请先停止该任务，或只删除其中的文件。"))
    }

    static func othersWorkHere() -> WeirError {
        WeirError(
            "others_work_here", .forbidden, subject: "project", rule: "IDW-08",
            LocalizedText(
                "Others have environments, jobs or services in this project, which would be deleted with what they wrote.",
                zh: "该项目中有他人的开发环境、任务或服务，删除项目会一并删除其内容。"),
            remedy: LocalizedText(
                "Ask them to delete theirs, or an administrator of the workspace to delete the project.",
                zh: "请由其创建者先行删除，或请空间管理员删除该项目。"))
    }

    static func projectInUse() -> WeirError {
        WeirError(
            "project_in_use", .conflict, subject: "project", rule: "PRJ-07",
            LocalizedText("Something of this project is still running or waiting.", zh: "该项目仍有运行中或排队中的任务。"),
            remedy: LocalizedText("Stop its environments, jobs and services first.", zh: "请先停止其开发环境、任务与服务。"))
    }
}

extension ProjectRecord {
    var code: StoredFolder { .code(id, in: workspace) }
    var output: StoredFolder { .output(id, in: workspace) }
    var jobs: StoredFolder { .jobs(id, in: workspace) }
}
