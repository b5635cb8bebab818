import WeirModel

extension Records {
    /// A flavor as it is offered, with the price that holds now.
    struct FlavorOffer: Decodable, Sendable {
        let name: String
        let cpu: Int
        let memory: Int
        let scratch: Int
        let processes: Int
        let gpu: Flavor.GPU?
        let longestRun: Int?
        let group: String
        let preemptible: Bool
        let pricePerHour: String?
        let unpriced: [String]
        let retiredAt: Timestamp?
        let isFromFile: Bool
    }

    struct AcceleratorOffer: Decodable, Sendable {
        let kind: String?
        let `class`: String?
        let simulated: Bool
        let devices: Int
        let memory: Int?
        let flavors: [String]
    }

    struct Sizing: Decodable, Sendable {
        let gpuMemory: Int?
        let memory: Int
        let arithmetic: String
        let flavors: [Suggestion]

        struct Suggestion: Decodable, Sendable {
            let flavor: FlavorOffer
            let reason: String
        }
    }

    /// Amounts by dimension; what is left out has no limit.
    struct Amounts: Decodable, Sendable {
        let cpu: Int64?
        let memory: Int64?
        let gpu: Int64?
        let gpuMemory: Int64?
        let instances: Int64?
        let storage: Int64?

        subscript(_ dimension: QuotaDimension) -> Int64? {
            switch dimension {
            case .cpu: cpu
            case .memory: memory
            case .gpu: gpu
            case .gpuMemory: gpuMemory
            case .instances: instances
            case .storage: storage
            }
        }
    }

    struct QuotaStanding: Decodable, Sendable {
        let quota: Amounts
        let weight: Int
        let highestPriority: PriorityClass?
        let isOwn: Bool
        let held: Amounts
        let waiting: Amounts
        /// Of a workspace.
        let id: String?
        let name: String?
        let workspace: String?
        /// Of a person.
        let account: Person?
    }

    struct WorkspaceQuotas: Decodable, Sendable {
        let workspace: QuotaStanding
    }

    /// Of one scope alone.
    struct ScopeQuota: Decodable, Sendable {
        let quota: Amounts
        let weight: Int
        let highestPriority: PriorityClass?
    }

    struct RuleChange: Decodable, Sendable {
        let at: Timestamp
        let by: Person?
        let subject: String
        let before: String?
        let after: String?
    }
}
