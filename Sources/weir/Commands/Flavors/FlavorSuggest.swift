import ArgumentParser
import WeirModel

struct FlavorSuggest: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "suggest", abstract: "Say which flavors will do for a purpose, with the arithmetic (QUO-14).",
        discussion: """
            EXAMPLES:
              weir flavor suggest development
              weir flavor suggest training --parameters 7B --method adapter
              weir flavor suggest inference --parameters 7B --precision int8 --concurrency 16 --context 4096
            """)

    enum Purpose: String, CaseIterable, ExpressibleByArgument { case development, training, inference }
    enum Precision: String, CaseIterable, ExpressibleByArgument { case fp32, fp16, int8, int4 }
    enum Method: String, CaseIterable, ExpressibleByArgument { case full, adapter }

    @Argument(help: "development, training or inference.") var purpose: Purpose
    @Option(help: "Parameters of the model, as 350M or 7B.") var parameters: CountArgument?
    @Option(help: "Precision of its weights: fp32, fp16, int8 or int4.") var precision: Precision = .fp16
    @Option(help: "Training: all weights (full) or adapters of low rank (adapter).") var method: Method = .full
    @Option(help: "Inference: how many ask at once.") var concurrency: Int64 = 1
    @Option(help: "Inference: tokens of each.") var context: Int64 = 4096
    @OptionGroup var global: GlobalOptions

    func validate() throws {
        guard purpose == .development || parameters != nil else { throw ValidationError("--parameters is needed.") }
    }

    func perform(in session: ClientSession) async throws {
        let isTraining = purpose == .training
        let isInference = purpose == .inference
        let answer = try await session.api.answer(
            .get(
                "/api/v1/sizing",
                [
                    ("purpose", purpose.rawValue), ("parameters", purpose == .development ? nil : parameters.map { "\($0.count)" }),
                    ("precision", purpose == .development ? nil : precision.rawValue),
                    ("method", isTraining ? method.rawValue : nil), ("concurrency", isInference ? "\(concurrency)" : nil),
                    ("context", isInference ? "\(context)" : nil),
                ]), as: Records.Sizing.self)
        var table = Table(.text("FLAVOR"), .number("POINTS/H"), .text("WHY"))
        table.rows = answer.value.flavors.map { [$0.flavor.name, $0.flavor.pricePerHour ?? "no price", $0.reason] }
        let list = table.rows.isEmpty ? "No flavor is large enough." : table.text
        try session.output.done(
            answer.value.arithmetic + "\n\n" + list, json: answer.json, identifier: answer.value.flavors.first?.flavor.name)
    }
}

/// A whole number, with K, M, B or T for thousands to trillions.
struct CountArgument: ExpressibleByArgument, Sendable {
    let count: Int64

    init?(argument: String) {
        let factors: [Character: Double] = ["K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12]
        let factor = argument.last.flatMap { factors[Character($0.uppercased())] }
        guard let number = Double(factor == nil ? argument : String(argument.dropLast())),
            (1...1e13).contains(number * (factor ?? 1))
        else { return nil }
        count = Int64((number * (factor ?? 1)).rounded())
    }
}
