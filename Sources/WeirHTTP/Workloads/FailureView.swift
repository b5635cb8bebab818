import WeirModel

extension FailureReason {
    func json(in language: Language) -> JSON {
        ["code": code, "message": message[language], "remedy": remedy[language]]
    }
}

extension Flavor: JSONConvertible {
    var json: JSON {
        [
            "name": name, "cpu": cpu, "memory": memory, "scratch": scratch, "processes": processes,
            "gpu": gpu.map { ["kind": $0.kind, "compute": $0.compute, "memory": $0.memory] as JSON },
            "longest_run": longestRun, "price_per_hour": pricePerHour,
        ]
    }
}

extension Resources: JSONConvertible {
    var json: JSON { ["cpu": cpu, "memory": memory, "gpu": gpu] }
}
