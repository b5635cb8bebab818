public import WeirEngine
public import WeirModel
import WeirStore

/// What lies behind a login: a running environment to run commands in, or a folder to carry files to and from.
public struct SSHEntrance: Sendable {
    let store: Store
    let engine: any Engine
    let files: FileStore
    let assets: Assets
    let limits: Limits
    let sessions: UploadSessions
    let accounting: StorageAccounting
    let reservations: StorageReservations
    let clock: any WallClock
    /// When this Weir began: what an older one was doing is not going on.
    let begun: Timestamp

    /// A running environment that the person may enter.
    public struct Environment: Sendable {
        public let name: String
        public let instance: Identifier<Instance>
        public let place: any CommandPlace
        /// What the environment calls itself.
        public let hostName: String
    }

    /// Throws `ssh_access_lost`, `environment_not_running`, and what the engine throws.
    public func environment(of identity: SSHIdentity) async throws -> Environment {
        let (workload, instance) = try await running(identity)
        let place = try await engine.commands(in: instance.id)
        let hostName = Neighbour.hostName(workload.kind, workload.id, position: instance.position)
        return Environment(name: workload.name, instance: instance.id, place: place, hostName: hostName)
    }

    /// The targets to which the person's client may forward (DEV-13).
    public func forwarding(of identity: SSHIdentity) async throws -> SSHForwarding {
        guard case .environment(let id) = identity.user.place else { return .off }
        return try await store.read { db in
            try db.requireEntry(identity)
            return try db.workload(id).map { try db.sshPolicy(of: $0.workspace).forwarding } ?? .off
        }
    }

    /// The address of another instance of the environment's workspace. Nil when nobody there has that name.
    public func address(of neighbour: Neighbour, for identity: SSHIdentity) async throws -> String? {
        guard case .environment(let id) = identity.user.place else { return nil }
        return try await store.read { db in
            try db.requireEntry(identity)
            guard let workload = try db.workload(id) else { return nil }
            return try db.address(of: neighbour, in: workload.workspace)
        }
    }

    /// Whether a session may go on. Throws what it is to be ended with.
    public func check(_ identity: SSHIdentity, isWriting: Bool) async throws {
        switch identity.user.place {
        case .environment: _ = try await running(identity)
        case .draft(let asset):
            let now = clock.now()
            try await store.read { db in
                try db.requireEntry(identity)
                if case .token(let hash) = identity.credential, try !db.uploadTokenHolds(hash, for: asset, at: now) {
                    throw WeirError.sshAccessLost()
                }
                if isWriting { try checkLimits(identity, db) }
            }
        case .code, .netdisk:
            try await store.read { db in
                try db.requireEntry(identity)
                if isWriting { try checkLimits(identity, db) }
            }
        }
    }

    private func running(_ identity: SSHIdentity) async throws -> (WorkloadRecord, InstanceRecord) {
        guard case .environment(let id) = identity.user.place else { throw WeirError.notFound("workload") }
        return try await store.read { db in
            try db.requireEntry(identity)
            guard let workload = try db.workload(id) else { throw WeirError.notFound("workload") }
            guard workload.state == .running,
                let instance = try db.instances(of: id, run: workload.run).last(where: { $0.startedAt != nil && $0.endedAt == nil })
            else {
                let cause = try db.transitions(of: id).last { $0.state == .stopping || $0.state == .failed }
                throw WeirError.environmentNotRunning(
                    workload.name, workload.state == .running ? .stopping : workload.state,
                    cause: workload.state == .queued || workload.state == .deploying ? nil : cause.flatMap(Self.text))
            }
            return (workload, instance)
        }
    }

    private static func text(of transition: TransitionRecord) -> LocalizedText? {
        if let failure = transition.failure { return failure.message }
        return switch transition.cause {
        case "operator_stop": LocalizedText("the operator stopped it", zh: "已由运营管理员停止")
        case "stop_requested", "delete_requested": LocalizedText("somebody stopped it", zh: "已被手动停止")
        case "restart_requested": LocalizedText("somebody restarted it", zh: "正在重新启动")
        case "auto_stop": LocalizedText("its timer stopped it", zh: "已到定时停止时间")
        case "idle": LocalizedText("nobody used it", zh: "长时间未使用")
        case "program_ended": LocalizedText("its program ended", zh: "主程序已结束")
        case "preempted": LocalizedText("it gave way to another workload", zh: "已被抢占")
        case let code where code.contains("balance"): LocalizedText("the balance of the workspace is used up", zh: "工作空间余额已用尽")
        case let code where code.contains("budget"): LocalizedText("its budget is used up", zh: "预算已用尽")
        default: nil
        }
    }

    // MARK: Files

    /// A folder that the person may carry files to and from.
    public struct Folder: Sendable {
        /// On the host.
        public let path: String
        /// Only Weir and SFTP write into it, so that SFTP may be a user of its own there.
        public let isDraft: Bool
        /// Why nothing may be put there; nil when it may. What lies there may be renamed and deleted even so.
        public let full: WeirError?
        /// What is being changed while the session lasts.
        let stored: StoredFolder
    }

    /// Throws `ssh_access_lost` and what keeps the folder from being made.
    public func folder(of identity: SSHIdentity) async throws -> Folder {
        try await store.read { try $0.requireEntry(identity) }
        if case .netdisk = identity.user.place {
            // Used by SFTP alone it is measured and paid for as well (BIL-28).
            try await store.write { db in
                guard let workspace = try db.read.netdiskWorkspace(identity) else { throw WeirError.sshAccessLost() }
                try db.openPersonalStorage(of: identity.account.id, in: workspace)
            }
        }
        var full: WeirError?
        do {
            if let workspace = try await store.read({ try place(of: identity, $0)?.workspace }) {
                // What was deleted since the last count does not stand in the way.
                try await reservations.looking(at: workspace) { try await store.read { _ = try checkLimits(identity, $0) } }
            }
        } catch let error as WeirError {
            full = error
        }
        let stored: StoredFolder
        switch identity.user.place {
        case .environment: throw WeirError.notFound("folder")
        case .draft(let id): stored = try await assets.draft(of: id, for: identity.caller, .changeDraft)
        case .code(let id): stored = try await store.read { try $0.project(id, for: identity.caller, .changeCode) }.code
        case .netdisk: stored = .netdisk(identity.account.id)
        }
        let path: String
        if case .draft = stored {
            // Not made here: one that was made a version meanwhile begins anew with that version's files, next time.
            path = try await files.path(of: stored)
            try await files.giveFolders(of: stored, to: Self.draftUser)
        } else {
            path = try await files.make(stored)
        }
        return Folder(path: path, isDraft: identity.user.place.isDraft, full: full, stored: stored)
    }

    /// Before the file is opened for writing. Blocks while a file is copied that the draft shares with a version.
    public func makeOwn(_ path: FilePath, in folder: Folder, isEmptied: Bool) throws {
        guard folder.isDraft, folder.full == nil else { return }
        do {
            try files.takeOver(path, of: folder.stored, for: Self.draftUser, isEmptied: isEmptied)
        } catch let error as WeirError where error.code == "not_found" || error.code == "link_in_path" {
            // The server finds that out by itself, and says so in its own words.
        }
    }

    /// What git finds at a path of a project's code.
    public enum Repository: Hashable, Sendable {
        case present
        case absent
        /// The code itself, and nothing stands in it: it may become a repository.
        case empty
    }

    /// For a folder of a project's code. Git itself has the last word, in its sandbox.
    public func repository(at path: FilePath, in folder: Folder) async throws -> Repository {
        let candidates = path.isRoot ? [".git", "HEAD"] : ["\(path)/.git", "\(path)/HEAD", "\(path).git/HEAD", "\(path).git/.git"]
        for candidate in candidates {
            do {
                if try await files.entry(folder.stored, at: try FilePath(candidate)) != nil { return .present }
            } catch let error as WeirError where error.code == "not_found" {
                continue
            } catch let error as WeirError where error.code == "link_in_path" {
                return .present
            }
        }
        guard path.isRoot else { return .absent }
        return try await files.list(folder.stored, limit: 1).entries.isEmpty ? .empty : .absent
    }

    /// Takes away what pushes have left that were cut off with an earlier Weir: git keeps what it receives in a folder beside the objects
    /// until all of it is there, and removes that itself however a push ends, but not when it is killed.
    public func clearBrokenPushes(at path: FilePath, in folder: Folder) async throws {
        for candidate in path.isRoot ? [".git/objects", "objects"] : ["\(path)/.git/objects", "\(path)/objects", "\(path).git/objects"] {
            do {
                let objects = try FilePath(candidate)
                let left = try await files.list(folder.stored, at: objects, after: Self.incoming, limit: 100).entries
                for entry in left where entry.name.hasPrefix(Self.incoming) && entry.modifiedAt < begun {
                    try await files.delete(folder.stored, at: try FilePath("\(candidate)/\(entry.name)"))
                }
            } catch let error as WeirError where error.code == "not_found" || error.code == "link_in_path" {
                continue
            }
        }
    }

    private static let incoming = "tmp_objdir-incoming-"

    /// The user of the host that writes drafts by SFTP. Files that a draft shares with older versions are not its own, so that it can
    /// replace them and never change them.
    public static let draftUser: UInt32 = 65_533

    /// Runs `body` for as long as the session lasts: what is kept of the folder is counted anew, and a draft is not confirmed meanwhile.
    public func during(_ folder: Folder, _ body: @Sendable () async throws -> Void) async throws {
        if case .draft(let asset, _) = folder.stored {
            try sessions.enter(asset)
            defer { sessions.leave(asset) }
            try await files.changing(folder.stored, body)
        } else {
            try await files.changing(folder.stored, body)
        }
    }

    /// How much more a session may bring until this is asked again; nil without a limit. What lies in its folder is counted anew, for the
    /// figures of the hour say nothing of what is brought within it. Throws `storage_quota` and what else ends a session that writes.
    public func room(of identity: SSHIdentity) async throws -> Bytes? {
        let unit = try await store.read { db in
            try checkLimits(identity, db) == nil ? nil : try place(of: identity, db)?.unit
        }
        guard let unit else { return nil }
        try await accounting.measure(unit)
        return try await store.read { try checkLimits(identity, $0) }
    }

    /// Gives how much more may be kept; nil without a limit. Throws `balance_used_up`, `budget_reached`, `storage_quota`.
    @discardableResult
    private func checkLimits(_ identity: SSHIdentity, _ db: Reading) throws -> Bytes? {
        guard let place = try place(of: identity, db) else { return nil }
        let project: Identifier<Project>? = if case .code(let id) = place.unit { id } else { nil }
        let held = reservations.held(in: place.workspace, by: place.account)
        let left = try db.requireStorage(at: place, held: held)
        try limits.check(.upload, in: place.workspace, project: project, by: identity.account.id, db)
        return left
    }

    /// The place of what is brought, in the workspace that keeps it; nil of an environment.
    private func place(of identity: SSHIdentity, _ db: Reading) throws -> StoragePlace? {
        let person = identity.account.id
        switch identity.user.place {
        case .environment: return nil
        case .draft(let id):
            guard let asset = try db.asset(id) else { throw WeirError.notFound("asset") }
            return asset.place(for: identity.caller)
        case .code(let id):
            guard let project = try db.project(id) else { throw WeirError.notFound("project") }
            return StoragePlace(unit: .code(id), workspace: project.workspace, account: nil, caller: person)
        case .netdisk:
            // A netdisk is a person's and goes with them: who pays for it is asked, whichever workspace stands in the name.
            guard let workspace = try db.netdiskWorkspace(identity) else { throw WeirError.sshAccessLost() }
            let unit = StorageUnit.netdisk(person)
            return StoragePlace(unit: unit, workspace: try db.payer(of: unit) ?? workspace, account: person, caller: person)
        }
    }
}

extension SSHUserName.Place {
    var isDraft: Bool { if case .draft = self { true } else { false } }
}

extension Reading {
    /// Throws `ssh_switched_off`, `ssh_access_lost` when the person may no longer enter, and `ssh_credential_gone` when the key or password
    /// that let in is theirs no more (SSH-04).
    fileprivate func requireEntry(_ identity: SSHIdentity) throws {
        guard let account = try account(identity.account.id), account.disabledAt == nil, try mayEnter(identity.user, account) else {
            throw WeirError.sshAccessLost()
        }
        guard try holds(identity.credential, of: account.id) else { throw WeirError.sshCredentialGone() }
        if case .environment(let id) = identity.user.place, let entered = try workload(id), try !letsInOverSSH(entered) {
            throw WeirError.sshSwitchedOff()
        }
    }

    private func holds(_ credential: SSHIdentity.Credential, of account: Identifier<Account>) throws -> Bool {
        switch credential {
        case .key(let fingerprint): try hasSSHKey(fingerprint, account)
        case .password(let hash): try sshPasswordHash(of: account) == hash
        // It is for one draft, and asked there.
        case .token: true
        }
    }

    fileprivate func netdiskWorkspace(_ identity: SSHIdentity) throws -> Identifier<Workspace>? {
        try workspaces(of: identity.account.id, PageRequest(limit: PageRequest.most)).items.map(\.0).first {
            identity.user.workspace == WorkspaceLabel.label(of: $0.id, named: $0.name)
                || identity.user.workspace == WorkspaceLabel.byIdentifier($0.id)
        }?.id
    }
}
