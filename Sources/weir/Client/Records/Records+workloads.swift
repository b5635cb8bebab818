import WeirModel

extension Records {
    struct Flavor: Decodable, Sendable {
        let name: String
        let cpu: Int
        let memory: Int
        let scratch: Int
        let gpu: GPU?
        let longestRun: Int?
        let group: String
        let preemptible: Bool
        let pricePerHour: String?

        struct GPU: Decodable, Sendable {
            let kind: String
            let `class`: String?
            let compute: Int
            let memory: Int
        }
    }

    struct Zone: Decodable, Sendable {
        let name: String
        let capacity: Resources
        let held: Resources
        let free: Resources

        struct Resources: Decodable, Sendable {
            let cpu: Int
            let memory: Int
            let gpu: Int
            let gpuMemory: Int
        }
    }

    struct Failure: Decodable, Sendable {
        let code: String
        let message: String
        let remedy: String
    }

    struct Mount: Decodable, Sendable {
        /// Nil for what somebody else keeps to themselves.
        let asset: String?
        let version: Int?
        let path: String
    }

    struct Port: Decodable, Sendable {
        let number: Int
        let address: String
        let url: String?
        let tls: Bool
        let mode: String
        let openedAt: Timestamp
        let releasedAt: Timestamp
        let requests: Int
        let errors: Int
    }

    struct Workload: Decodable, Sendable {
        let id: String
        let kind: WorkloadKind
        let workspace: String
        let project: String
        let name: String
        let description: String
        let state: WorkloadState
        let stateSince: Timestamp
        let queue: Queue?
        let failure: Failure?
        let stopCause: StopCause?
        let startsAgain: Bool?
        let run: Int
        let createdBy: Person
        let createdAt: Timestamp
        let startedBy: Person
        let access: WorkloadAccess
        let runningSince: Timestamp?
        let endedAt: Timestamp?
        let remainingSeconds: Int?
        let memoryKilledAt: Timestamp?
        let runningSeconds: Int
        let pricePerHour: String?
        let cost: String?
        let image: Image
        let flavor: Flavor
        let replicas: Int
        let priority: PriorityClass
        let datasets: [Mount]
        let models: [Mount]
        let environment: Environment?
        let job: Job?
        let service: Service?
        let board: Board?
        let port: Port?
        let keeps: Keeps

        struct Queue: Decodable, Sendable {
            let reason: String
            let message: String
        }

        struct StopCause: Decodable, Sendable {
            let message: String
            let remedy: String?
        }

        struct Image: Decodable, Sendable {
            let reference: String
            let digest: String
        }

        struct Environment: Decodable, Sendable {
            let tool: String
            let autoStop: Int?
            let onIdle: String?
        }

        struct Job: Decodable, Sendable {
            let command: String
            let code: String
            let timeLimit: Int?
            let rerunOf: String?
        }

        struct Service: Decodable, Sendable {
            let revision: Int
            let command: String
            let port: Int
            let mode: String
            let healthPath: String?
        }

        struct Board: Decodable, Sendable {
            let logPath: String
        }

        struct Keeps: Decodable, Sendable {
            let kept: [String]
            let lost: String
            let whose: String?
            let keptWhenDeleted: String
            let lostWhenDeleted: String
        }
    }

    struct Transition: Decodable, Sendable {
        let sequence: Int
        let workload: String
        let run: Int
        let at: Timestamp
        let before: WorkloadState?
        let state: WorkloadState
        let cause: String
        let causeText: String?
        let actor: Person?
        let failure: Failure?
        let reason: String?
    }

    struct Run: Decodable, Sendable {
        let number: Int
        let flavor: String
        let queuedAt: Timestamp
        let runningAt: Timestamp?
        let endedAt: Timestamp?
        let outcome: WorkloadState?
        let runningSeconds: Int
    }

    struct Process: Decodable, Sendable {
        let instance: String
        let pid: Int
        let parent: Int
        let memory: Int
        let elapsedSeconds: Int
        let command: String
    }

    struct LogLine: Decodable, Sendable {
        let at: Timestamp?
        let stream: String
        let text: String
        let partial: Bool
        let gap: LogGap?
    }

    struct LogGap: Decodable, Sendable { let message: String }

    struct LogPart: Decodable, Sendable {
        let instance: String?
        let lines: [LogLine]
        let nextOffset: Int
        let ended: Bool
    }

    struct Entry: Decodable, Sendable {
        let url: String
        let expiresAt: Timestamp
    }
}
