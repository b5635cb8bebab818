import Logging
import Synchronization
public import WeirModel

extension Projects {
    public struct Repository: Sendable {
        public var url: String
        public var branch: String?
        /// As whom it is read; both or none. Used once, and kept nowhere.
        public var user: String?
        public var password: String?

        public init(url: String, branch: String? = nil, user: String? = nil, password: String? = nil) {
            self.url = url
            self.branch = branch
            self.user = user
            self.password = password
        }
    }

    /// Clones a repository into the code (PRJ-08, PRJ-14). The caller learns that it cannot be reached; why, the operator's log alone.
    public func clone(
        _ repository: Repository, into id: Identifier<Project>, at path: FilePath, by caller: Caller
    ) async throws {
        let intake = try await intake(of: id, for: caller)
        if repository.password != nil, repository.user == nil { throw WeirError.missing("user") }
        let credential = try repository.user.map { try GitSource.Credential(user: $0, password: repository.password ?? "") }
        let source = try GitSource(repository.url, branch: repository.branch, credential: credential, schemes: files.git.schemes)
        try clones.begin(caller.id)
        defer { clones.end(caller.id) }
        let logger = logger
        _ = try await intake.taking { hold in
            try await files.gitClone(source, into: intake.folder, at: path, holding: hold) { detail in
                logger.notice(
                    "A clone failed",
                    metadata: ["project": "\(id)", "account": "\(caller.id)", "address": "\(source.text)", "reason": "\(detail)"])
            }
        }
    }
}

/// How many clones each person runs at once: one that waits for its server would else hold a thread from everybody.
final class CloneTurns: Sendable {
    static let most = 2
    private let running = Mutex<[Identifier<Account>: Int]>([:])

    /// Throws `too_many_clones`.
    func begin(_ account: Identifier<Account>) throws {
        try running.withLock { running in
            guard running[account, default: 0] < Self.most else { throw WeirError.tooManyClones(Self.most) }
            running[account, default: 0] += 1
        }
    }

    func end(_ account: Identifier<Account>) {
        running.withLock { running in
            guard let count = running[account] else { return }
            running[account] = count > 1 ? count - 1 : nil
        }
    }
}
