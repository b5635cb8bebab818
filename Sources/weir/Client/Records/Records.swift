import WeirModel

/// What the API answers, as far as tables and further commands need it. Identifiers stay what the API gave.
enum Records {
    struct Person: Decodable, Sendable {
        let id: String
        let login: String
    }

    struct Account: Decodable, Sendable {
        let id: String
        let login: String
        let displayName: String
        let isOperator: Bool
        let mustChangePassword: Bool
        let createdAt: Timestamp
        let disabledAt: Timestamp?
        let lockedUntil: Timestamp?
    }

    struct AccountWithPassword: Decodable, Sendable {
        let account: Account
        let oneTimePassword: String
    }

    struct Session: Decodable, Sendable {
        let secret: String
        let expiresAt: Timestamp
        let account: Account
    }

    struct Identity: Decodable, Sendable {
        let account: Account
        let workspaces: [Workspace]
    }

    struct Token: Decodable, Sendable {
        let id: String
        let name: String
        let createdAt: Timestamp
        let expiresAt: Timestamp?
    }

    struct TokenWithSecret: Decodable, Sendable {
        let token: Token
        let secret: String
    }

    struct Workspace: Decodable, Sendable {
        let id: String
        let name: String
        let role: String
        let createdAt: Timestamp
        let state: WorkspaceStage?
        let closingDue: Timestamp?
    }

    /// What is deleted with a workspace.
    struct Closing: Decodable, Sendable {
        let name: String
        let live: Int
        let deletes: Contents

        struct Contents: Decodable, Sendable {
            let projects: Int
            let datasets: Int
            let models: Int
            let byKind: [String: Int]
        }
    }

    struct LeftBehind: Decodable, Sendable {
        let account: Person
        let leftAt: Timestamp
        let dueAt: Timestamp
        let handedAt: Timestamp?
        let handedTo: String?
        let things: [Thing]
        let personal: Int
        let environments: [Environment]

        struct Thing: Decodable, Sendable {
            let kind: String
            let size: Int
        }

        struct Environment: Decodable, Sendable {
            let id: String
            let name: String
        }
    }

    /// As the operator sees it.
    struct StandingWorkspace: Decodable, Sendable {
        let id: String
        let name: String
        let createdAt: Timestamp
        let members: Int
        let balance: Points
        let usedUpSince: Timestamp?
    }

    struct Member: Decodable, Sendable {
        let account: String
        let login: String
        let displayName: String
        let role: String
        let since: Timestamp
    }

    struct Commitment: Decodable, Sendable {
        let textVersion: Int
        let text: String
        let signedAt: Timestamp?
    }

    struct Project: Decodable, Sendable {
        let id: String
        let workspace: String
        let name: String
        let description: String
        let tags: [String]
        let createdBy: Person
        let createdAt: Timestamp
        let changedAt: Timestamp
    }

    struct ProjectData: Decodable, Sendable {
        let asset: String
        let name: String?
        let kind: String?
        let version: Int
        let latestVersion: Int?
        let zone: String?
        let sync: String
        let workloads: Int
        let live: Int
        let lastWorkload: Workload

        struct Workload: Decodable, Sendable {
            let id: String
            let name: String
        }
    }

    struct System: Decodable, Sendable {
        let version: String
        let signUpOpen: Bool
    }
}

extension Records {
    /// Something that somebody did (ADM-04).
    struct Operation: Decodable, Sendable {
        let at: Timestamp
        let by: Person?
        let workspace: Named?
        let action: String
        let text: String
        let subject: Subject?
        let before: String?
        let after: String?
        let amount: String?

        struct Subject: Decodable, Sendable {
            let kind: String
            let id: String?
            let name: String?
        }

        struct Named: Decodable, Sendable {
            let name: String
        }
    }
}
