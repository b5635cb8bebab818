import ArgumentParser
import Foundation
import WeirModel

struct SimulateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate", abstract: "Play a month through the queue: with more GPUs, with GPUs taken whole.",
        discussion: """
            Takes what was wanted, when and for how long, and lets the production policy start it in virtual time on the nodes
            that are given. No server is asked. Docs/scheduling.md tells what is read and what the figures mean.

            EXAMPLES:
              weir simulate --history last-month.json --add-gpus 2
              weir simulate --nodes nodes.csv --pods pods.csv --scale 50 --svg plot.svg
              weir simulate --nodes nodes.csv --pods pods.csv --whole-gpus --json
            """)

    @Option(help: "What was wanted, as JSON; with the nodes in it, unless --nodes is given.") var history: String?
    @Option(help: "What was wanted, in the columns of the openb trace.") var pods: String?
    @Option(help: "The nodes, in the columns of the openb trace.") var nodes: String?
    @Option(help: "Compare with so many GPUs more.") var addGpus: Int?
    @Option(help: "Percent of the nodes that there are.") var scale = 100
    @Flag(help: "Only with GPUs taken whole; else that is shown beside.") var wholeGpus = false
    @Option(help: "Write a plot of allocation and queue to this file.") var svg: String?
    @Flag(help: "Print the figures as JSON.") var json = false
    @Option(help: "Language, en or zh; else WEIR_LANG, else LANG.") var lang: String?

    func validate() throws {
        guard (history == nil) != (pods == nil) else { throw ValidationError("give either --history or --pods") }
        guard pods == nil || nodes != nil else { throw ValidationError("--pods needs --nodes") }
        guard (1...10_000).contains(scale) else { throw ValidationError("--scale is a percentage from 1 to 10000") }
        guard (1...100_000).contains(addGpus ?? 1) else { throw ValidationError("--add-gpus is a number from 1 to 100000") }
    }

    func run() async throws {
        let language = Language.ofProcess(lang)
        let output = Output(json: json, quiet: false, language: language)
        do {
            let input = try SimulationInput(history: history, pods: pods, nodes: nodes)
            let report = SimulationReport(scenarios: scenarios(of: input))
            if let svg {
                let plot = SimulationPlot(report: report, language: language)
                do {
                    try Data(plot.text.utf8).write(to: URL(filePath: svg))
                } catch {
                    throw WeirError.unwritablePlot(svg)
                }
            }
            print(json ? try report.json.pretty() : report.text(language))
        } catch {
            throw output.report(error)
        }
    }

    func scenarios(of input: SimulationInput) -> [SimulationReport.Scenario] {
        let nodes = SimulatedCluster.scaled(input.nodes, percent: scale)
        let whole = input.runs.map(\.withWholeAccelerators)
        var plays: [(SimulationReport.Scenario.Kind, [WeirModel.Node], [SimulatedRun])] = []
        if !wholeGpus { plays.append((.pooled, nodes, input.runs)) }
        if wholeGpus || whole != input.runs { plays.append((.whole, nodes, whole)) }
        if let addGpus {
            let more = SimulatedCluster.adding(accelerators: addGpus, to: nodes)
            plays.append((.more(addGpus), more, wholeGpus ? whole : input.runs))
        }
        return plays.map { kind, nodes, runs in
            .init(kind: kind, result: Simulation(nodes: nodes, runs: runs, weights: input.weights).result())
        }
    }
}

/// What a simulation is given on its command line.
struct SimulationInput {
    let nodes: [WeirModel.Node]
    let runs: [SimulatedRun]
    let weights: [String: Int]

    init(history: String?, pods: String?, nodes: String?) throws {
        var recorded: SimulationHistory?
        if let history {
            do {
                recorded = try JSONDecoder().decode(SimulationHistory.self, from: Data(try Self.read(history).utf8))
            } catch let error as DecodingError {
                throw WeirError.unreadableHistory(history, error)
            }
        }
        let given = try nodes.map { try OpenbTrace.nodes(Self.read($0), source: $0) } ?? recorded?.nodes ?? []
        guard !given.isEmpty else { throw WeirError.missing("--nodes") }
        self.nodes = given
        runs = try pods.map { SimulatedRun.runs(try OpenbTrace.tasks(Self.read($0), source: $0)) } ?? recorded?.simulatedRuns ?? []
        weights = recorded?.weights ?? [:]
    }

    private static func read(_ path: String) throws -> String {
        do {
            return try String(contentsOf: URL(filePath: path), encoding: .utf8)
        } catch {
            throw WeirError.unreadableFile(path)
        }
    }
}

extension WeirError {
    fileprivate static func unwritablePlot(_ path: String) -> WeirError {
        WeirError(
            "unwritable_plot", .failed, subject: path,
            LocalizedText("\(path) cannot be written.", zh: "\(path) 无法写入。"))
    }

    fileprivate static func unreadableHistory(_ path: String, _ error: DecodingError) -> WeirError {
        let place: (context: DecodingError.Context, what: String)? =
            switch error {
            case .keyNotFound(let key, let context): (context, "\"\(key.stringValue)\" is missing")
            case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
                (context, "a value of another form was expected")
            @unknown default: nil
            }
        let path0 = place?.context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? ".\($0.stringValue)" }.joined() ?? ""
        let what = place?.what ?? "it is no history"
        return WeirError(
            "unreadable_history", .invalid, subject: path,
            LocalizedText("\(path)\(path0): \(what).", zh: "\(path)\(path0)：格式不符（\(what)）。"),
            remedy: LocalizedText(
                "Docs/scheduling.md, \"Simulation\", has an example.", zh: "示例见 Docs/scheduling.md 的 “Simulation” 一节。"))
    }
}
