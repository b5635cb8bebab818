import WeirModel

extension Records {
    struct Balance: Decodable, Sendable {
        let balance: Points
        let perHour: Points
        let hoursLeft: Int?
        let isUsedUp: Bool
        let usedUpSince: Timestamp?
        let stopsAt: Timestamp?
        let month: String
        let charged: Points
        let forecast: Points
    }

    struct BalanceWarnings: Decodable, Sendable {
        let amounts: [Points]
        let hours: [Int]
    }

    struct Quote: Decodable, Sendable {
        let perHour: Points
        let perDay: Points
        let longest: Longest?
        let formula: String
        let warning: String?
        let balance: Points
        let hours: Int?
        let leaves: Leaves
        let refusal: Refusal?

        struct Leaves: Decodable, Sendable {
            let after: String
            let balance: MoneyLeft
            let budgets: [Budget]

            struct MoneyLeft: Decodable, Sendable {
                let leaves: Points
            }

            struct Budget: Decodable, Sendable {
                let scope: String
                let left: Points
                let leaves: Points
            }
        }

        struct Longest: Decodable, Sendable {
            let minutes: Int
            let amount: Points
        }

        struct Refusal: Decodable, Sendable {
            let code: String
            let message: String
            let remedy: String?
        }
    }

    struct LedgerEntry: Decodable, Sendable {
        let sequence: Int
        let at: Timestamp
        let kind: String
        let amount: Points
        let key: String
        let month: String?
        let reference: String?
        let note: String?
    }

    struct Posted: Decodable, Sendable {
        let sequence: Int
        let amount: Points
        let balance: Points
        let isNew: Bool
    }

    struct BillLine: Decodable, Sendable {
        let kind: String
        let name: String
        let subject: Subject
        let project: Named?
        let account: Person?
        let from: Timestamp
        let to: Timestamp
        let minutes: Int?
        let amount: Points
        let firstEntry: Int
        let explanation: String
        let causes: [Cause]?

        struct Subject: Decodable, Sendable {
            let workload: String?
            let run: Int?
            let meter: String?
        }

        struct Named: Decodable, Sendable {
            let id: String
            let name: String?
        }

        struct Cause: Decodable, Sendable {
            let code: String
            let text: String
        }

        /// What people call it.
        var title: String { name.isEmpty ? "storage" : name }
    }

    struct Bill: Decodable, Sendable {
        let month: String
        let timeZone: String
        let monthTotal: Points
        let total: Points
        let items: [BillLine]
    }

    struct MonthTotal: Decodable, Sendable {
        let month: String
        let total: Points
    }

    struct Spending: Decodable, Sendable {
        let month: String
        let days: [String]
        let total: Points
        let running: Points
        let series: [Series]
        let names: [String: String]

        struct Series: Decodable, Sendable {
            let subject: String?
            let total: Points
            let amounts: [Points]
        }
    }

    struct WhyCharged: Decodable, Sendable {
        let month: String
        let total: Points
        let rest: Points
        let items: [BillLine]
        let running: [Running]

        struct Running: Decodable, Sendable {
            let name: String
            let since: Timestamp
            let toCharge: Points
            let causes: [Cause]

            struct Cause: Decodable, Sendable {
                let text: String
            }
        }
    }

    struct Voucher: Decodable, Sendable {
        let id: String
        let amount: Points
        let note: String
        let createdAt: Timestamp
        let expiresAt: Timestamp?
        let revokedAt: Timestamp?
        let usedBy: String?
        let usedAt: Timestamp?
        /// Only when it is made.
        let code: String?
    }

    struct Tariff: Decodable, Sendable {
        let number: Int
        let startsAt: Timestamp
        let flavors: [FlavorPrice]

        struct FlavorPrice: Decodable, Sendable {
            let flavor: String
            let pricePerHour: Points
        }
    }

    struct Budget: Decodable, Sendable {
        let scope: String
        let limit: Points
        let warnings: [Int]
        let atLimit: String
        let charged: Points
    }

    struct Notice: Decodable, Sendable {
        let sequence: Int
        let at: Timestamp
        let code: String
        let subject: String
        let text: String
    }

    struct Invoice: Decodable, Sendable {
        let id: String
        let workspace: String
        let title: String
        let taxNumber: String
        let amount: Points
        let state: String
        let requestedBy: Person
        let requestedAt: Timestamp
        let number: String?
        let reason: String?
        let hasFile: Bool
    }

    struct Storage: Decodable, Sendable {
        let byKind: [String: Int]
        let held: Int
        let free: Int
        let perGbDay: Points
        let perDay: Points
        let today: Points
        let largest: [Item]

        struct Item: Decodable, Sendable {
            let kind: String
            let name: String
            let size: Int
        }
    }

    struct ArrearsDeletion: Decodable, Sendable {
        let workspace: String
        let since: Timestamp
        let earliest: Timestamp
        let approvedBy: Person?
    }

    struct Verification: Decodable, Sendable {
        let entries: Int
        let ok: Bool
        let head: Head
        let difference: Difference?
        let findings: [Finding]

        struct Finding: Decodable, Sendable {
            let code: String
            let reference: String
            let text: String

            /// Weir charges it itself as soon as it can: a correction would come on top.
            var isOverdue: Bool { ["never_settled", "storage_uncharged"].contains(code) }
        }

        struct Head: Decodable, Sendable {
            let sequence: Int
            let hash: String
        }

        struct Difference: Decodable, Sendable {
            let subject: String
            let text: String
        }
    }
}
