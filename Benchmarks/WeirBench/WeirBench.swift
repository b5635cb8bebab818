import ArgumentParser

/// Measures Weir against the named peers. Each figure is a ratio from one interleaved run, with the floor beside it.
@main
struct WeirBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "weir-bench", abstract: "Measure Weir against its peers.",
        subcommands: [
            GatewayBench.self, UploadBench.self, JobsBench.self, ListsBench.self, RestartBench.self, StartBench.self,
            LedgerBench.self, TickBench.self, SamplingBench.self, PlacementBench.self, DecideBench.self, ConsoleBench.self,
        ])
}
