import ArgumentParser
import WeirModel

struct QuotaSet: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Set limits; what is not named stays. The workspace's are the operator's to set (QUO-06).",
        discussion: """
            A limit is an amount, or `none`. The quota of a person begins with what holds for everyone.

            EXAMPLES:
              weir quota set --gpus 4 --gpu-memory 320GiB --storage 2TiB
              weir quota set --everyone --cores 8 --instances 10
              weir quota set --person ada --gpus none --weight 200 --highest-priority high
            """)

    @Option(help: "Cores, as 1.5.") var cores: LimitArgument<Thousandths>?
    @Option(help: "Memory, as 64GiB.") var memory: LimitArgument<SizeArgument>?
    @Option(help: "GPUs, as 0.5.") var gpus: LimitArgument<Thousandths>?
    @Option(help: "Memory of GPUs, as 80GiB.") var gpuMemory: LimitArgument<SizeArgument>?
    @Option(help: "Instances.") var instances: LimitArgument<Int64>?
    @Option(help: "What is kept, as 500GiB.") var storage: LimitArgument<SizeArgument>?
    @Option(help: "The share over time when there is not enough for all: twice the weight, twice the share. 100 unless set.")
    var weight: Int64?
    @Option(help: "The highest priority that may be asked for: low, normal, high, or none for the plain rule.")
    var highestPriority: String?
    @OptionGroup var scope: QuotaScopeOptions
    @OptionGroup var choice: WorkspaceOptions
    @OptionGroup var global: GlobalOptions

    func validate() throws {
        guard highestPriority.map({ $0 == "none" || PriorityClass(rawValue: $0) != nil }) ?? true else {
            throw ValidationError("--highest-priority is low, normal, high or none.")
        }
    }

    func perform(in session: ClientSession) async throws {
        let workspace = try await session.workspace(choice)
        let scope = try await scope.text(workspace.id, session)
        let path = "/api/v1/workspaces/\(workspace.id)/quotas/\(scope)"
        let before = try await session.api.answer(.get(path), as: Records.ScopeQuota.self).value

        var quota: [String: JSONValue?] = [:]
        for dimension in QuotaDimension.allCases {
            quota[dimension.rawValue] = (given(dimension) ?? before.quota[dimension]).map { JSONValue.integer($0) }
        }
        let highest = highestPriority ?? before.highestPriority?.rawValue
        let body = JSONValue.members([
            "quota": .members(quota), "weight": .integer(weight ?? Int64(before.weight)),
            "highest_priority": highest.flatMap { $0 == "none" ? nil : .string($0) },
        ])
        let answer = try await session.api.answer(.send(.put, path, body), as: Records.ScopeQuota.self)
        try session.output.done("Set.", json: answer.json, identifier: scope)
    }

    /// Nil when the dimension was not named; a nil inside when its limit is taken away.
    private func given(_ dimension: QuotaDimension) -> Int64?? {
        switch dimension {
        case .cpu: cores.map(\.amount)
        case .memory: memory.map(\.amount)
        case .gpu: gpus.map(\.amount)
        case .gpuMemory: gpuMemory.map(\.amount)
        case .instances: instances.map(\.amount)
        case .storage: storage.map(\.amount)
        }
    }

}

/// An amount that a person writes, in the unit of the API.
protocol AmountForm {
    static func amount(_ text: String) -> Int64?
}

/// A decimal number with at most three places: `1.5` is 1500.
enum Thousandths: AmountForm {
    static func amount(_ text: String) -> Int64? {
        guard let value = Double(text), (0...1_000_000_000).contains(value) else { return nil }
        let thousandths = (value * 1000).rounded()
        return abs(thousandths - value * 1000) < 0.001 ? Int64(thousandths) : nil
    }
}

enum SizeArgument: AmountForm {
    static func amount(_ text: String) -> Int64? { Bytes(text)?.count }
}

extension Int64: AmountForm {
    static func amount(_ text: String) -> Int64? { Int64(text).flatMap { $0 >= 0 ? $0 : nil } }
}

/// An amount, or `none`.
struct LimitArgument<Form: AmountForm>: ExpressibleByArgument, Sendable {
    let amount: Int64?

    init?(argument: String) {
        if argument == "none" {
            amount = nil
        } else {
            guard let amount = Form.amount(argument) else { return nil }
            self.amount = amount
        }
    }
}
