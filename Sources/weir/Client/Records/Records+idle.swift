import WeirModel

extension Records {
    struct IdlePolicy: Decodable, Sendable {
        let after: Int?
        let cpu: Int
        let warning: Int
        let exemptWorkloads: [String]
        let exemptAccounts: [String]

        var sentence: LocalizedText {
            guard let after else {
                return LocalizedText("Idle environments are not stopped.", zh: "不会停止空闲的开发环境。")
            }
            return LocalizedText(
                "An environment that uses at most \(Double(cpu) / 1000) cores for \(after / 60) min is stopped; its people are warned \(warning / 60) min before.",
                zh: "开发环境连续 \(after / 60) 分钟使用不超过 \(Double(cpu) / 1000) 核时将被停止，并提前 \(warning / 60) 分钟提醒。")
        }
    }

    struct IdleStops: Decodable, Sendable {
        let saved: String?
        let items: [Stop]

        struct Stop: Decodable, Sendable {
            let workload: String
            let name: String
            let run: Int
            let at: Timestamp
            let idleSince: Timestamp
            let saved: String?
        }
    }
}
