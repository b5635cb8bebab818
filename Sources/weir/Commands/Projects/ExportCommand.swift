import ArgumentParser
import WeirModel

/// The place to which results go in the libraries (PRJ-11).
struct ExportOptions: ParsableArguments {
    @Option(help: "The model; made if there is none of that name.") var toModel: String?
    @Option(help: "The dataset; made if there is none of that name.") var toDataset: String?
    @Option(help: "What is said about the version.") var note: String?

    func validate() throws {
        guard (toModel == nil) != (toDataset == nil) else {
            throw ValidationError("Give either --to-model or --to-dataset.")
        }
    }

    /// `place` is the API's path to what the output is of.
    func export(_ place: String, path: String, _ session: ClientSession) async throws {
        let target = toModel ?? toDataset ?? ""
        let body = JSONValue.members([
            "kind": .string(toModel == nil ? "dataset" : "model"),
            target.isIdentifier("ast") ? "asset" : "name": .string(target), "path": .string(path),
            "note": note.map { .string($0) },
        ])
        var call = try APICall.create(place + "/export", body)
        call.timeout = .seconds(3600)
        let answer = try await session.api.answer(call, as: Records.Exported.self)
        let version = answer.value.version
        try session.output.done(
            "\(answer.value.asset.name) has version \(version.number): \(Phrase.count(version.files, "file")), "
                + "\(Phrase.size(version.size)).", json: answer.json, identifier: answer.value.asset.id)
    }
}

struct WorkloadExport<Noun: WorkloadNoun>: ClientCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "export",
            abstract: "Make what \(Noun.article) wrote to /gemini/output a version of a dataset or model (PRJ-11).",
            discussion: """
                EXAMPLES:
                  weir \(Noun.word) export train --to-model digits-net --path model
                  weir \(Noun.word) export prepare --to-dataset digits-clean --note 'Without duplicates'
                """)
    }

    @Argument(help: "Name or id.") var name: String
    @Option(help: "Folder or file of the output; all of it when left out.") var path = ""
    @OptionGroup var destination: ExportOptions
    @OptionGroup var choice: ProjectOptions
    @OptionGroup var global: GlobalOptions

    func perform(in session: ClientSession) async throws {
        let workload = try await session.workload(Noun.kind, name, in: choice)
        try await destination.export("/api/v1/workloads/\(workload.id)", path: path, session)
    }
}
