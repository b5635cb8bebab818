import WeirModel

extension Records {
    struct Forecast: Decodable, Sendable {
        let earliest: Timestamp
        let expected: Timestamp
        let latest: Timestamp?
        let basis: String
    }

    struct Why: Decodable, Sendable {
        let workload: String
        let state: WorkloadState
        let sentences: [String]
        let score: Score?
        let preemptions: [Preemption]

        struct Score: Decodable, Sendable {
            let forecasts: Int
            let withinPercent: Int
            let medianErrorSeconds: Int
        }

        struct Preemption: Decodable, Sendable {
            let run: Int
            let at: Timestamp
            let flavor: String
            let pricePerHour: String?
            let regularPricePerHour: String?
        }
    }

    struct Queue: Decodable, Sendable {
        let waitingInZone: Int

        struct Line: Decodable, Sendable {
            let workload: String
            let kind: WorkloadKind
            let name: String
            let flavor: String
            let replicas: Int
            let queuedAt: Timestamp
            /// Nil: it waits for money, and has none until it is paid for.
            let place: Int?
            let reason: String?
            let forecast: Forecast?

            var shownPlace: String { place.map { "\($0)" } ?? "–" }
        }
    }

    struct Replay: Decodable, Sendable {
        let decisions: Int
        let lines: Int
        let isSame: Bool
        let difference: Difference?

        struct Difference: Decodable, Sendable {
            let line: Int
            let recorded: [String]
            let made: [String]
        }
    }
}
