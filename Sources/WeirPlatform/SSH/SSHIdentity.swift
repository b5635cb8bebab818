public import WeirModel
public import WeirStore

/// Who has logged in over SSH, and where to.
public struct SSHIdentity: Sendable {
    public let account: AccountRecord
    public let user: SSHUserName
    public let method: SSHMethod
    let credential: Credential

    /// Whatever let in, so that the session ends with it.
    enum Credential: Sendable {
        /// By its fingerprint.
        case key(String)
        /// By the hash that it had.
        case password(String)
        case token(hash: String)
    }

    public var caller: Caller { Caller(account) }
}

extension Reading {
    /// Whether somebody may enter the place that a user name leads to. What is not there, and what the workspace's name does not fit,
    /// is the same as what is not theirs.
    func mayEnter(_ user: SSHUserName, _ account: AccountRecord) throws -> Bool {
        let caller = Caller(account)
        guard !account.mustChangePassword, let workspace = try workspace(of: user, for: account.id) else { return false }
        do {
            switch user.place {
            case .environment(let id):
                let workload = try workload(id, for: caller, .enter)
                // Where SSH is switched off, whoever has proved who they are is told so (`requireEntry`).
                return workload.kind == .environment && workload.workspace == workspace.id
            case .draft(let id): return try asset(id, for: caller, .changeDraft).workspace == workspace.id
            case .code(let id): return try project(id, for: caller, .changeCode).workspace == workspace.id
            case .netdisk: return try role(of: account.id, in: workspace.id) != nil
            }
        } catch is WeirError {
            return false
        }
    }

    /// The switches of the workspace and of the environment itself (SSH-01).
    func letsInOverSSH(_ workload: WorkloadRecord) throws -> Bool {
        guard case .environment(let detail) = workload.spec.detail, detail.ssh != false else { return false }
        return try sshPolicy(of: workload.workspace).environments
    }

    /// The workspace of the place, when it goes by the label that stands in the user name.
    private func workspace(of user: SSHUserName, for account: Identifier<Account>) throws -> WorkspaceRecord? {
        let id: Identifier<Workspace>?
        switch user.place {
        case .environment(let workload): id = try self.workload(workload)?.workspace
        case .draft(let asset): id = try self.asset(asset)?.workspace
        case .code(let project): id = try self.project(project)?.workspace
        case .netdisk:
            var page = PageRequest(limit: PageRequest.most)
            while true {
                let own = try workspaces(of: account, page)
                if let named = own.items.first(where: { user.names($0.0) }) { return named.0 }
                guard let next = own.next else { return nil }
                page = PageRequest(limit: PageRequest.most, after: next)
            }
        }
        return try id.flatMap { try workspace($0) }.flatMap { user.names($0) ? $0 : nil }
    }

    /// Whose password it is that the user name asks for.
    func passwordOwner(of user: SSHUserName) throws -> AccountRecord? {
        switch user.person {
        case .account(let login): return try account(login: login.text)
        case .token: return nil
        case .anyone:
            let maker: Identifier<Account>? =
                switch user.place {
                case .environment(let id): try workload(id)?.createdBy
                case .draft(let id): try asset(id)?.createdBy
                case .code(let id): try project(id)?.createdBy
                case .netdisk: nil
                }
            return try maker.flatMap { try account($0) }
        }
    }

    /// The person with this key whom the user name lets in: of several, whoever made the place.
    func keyOwner(_ fingerprint: String, _ user: SSHUserName) throws -> AccountRecord? {
        guard user.person != .token else { return nil }
        var owners = try accounts(sshFingerprint: fingerprint)
        if case .account(let login) = user.person { owners.removeAll { $0.login != login.text } }
        let maker = try passwordOwner(of: user)?.id
        return try owners.sorted { $0.id == maker && $1.id != maker }.first { try mayEnter(user, $0) }
    }
}

extension SSHUserName {
    fileprivate func names(_ record: WorkspaceRecord) -> Bool {
        workspace == WorkspaceLabel.label(of: record.id, named: record.name) || workspace == WorkspaceLabel.byIdentifier(record.id)
    }
}
