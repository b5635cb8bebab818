import ArgumentParser
import WeirModel

struct ZoneCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "zone", abstract: "Zones, what they have and what is free.", subcommands: [List.self])

    struct List: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the zones.", discussion: "EXAMPLES:\n  weir zone list", aliases: ["ls"])

        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let answer = try await session.api.list(.get("/api/v1/zones"), of: Records.Zone.self)
            let table = Table(.text("ZONE"), .text("OF"), .number("CORES"), .number("MEMORY"), .number("GPUS"), .number("GPU MEMORY"))
            var rows = table
            for zone in answer.value {
                for (name, part) in [("capacity", zone.capacity), ("held", zone.held), ("free", zone.free)] {
                    rows.rows.append(
                        [
                            zone.name, name, Phrase.thousandths(part.cpu), Phrase.size(part.memory),
                            Phrase.thousandths(part.gpu), Phrase.size(part.gpuMemory),
                        ])
                }
            }
            try session.output.done(rows.text, json: answer.json)
        }
    }
}
