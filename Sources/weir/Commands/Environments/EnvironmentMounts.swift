import ArgumentParser
import WeirModel

extension EnvironmentCommand {
    struct Mounts: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Choose what an environment mounts from its next start on (DAT-12).",
            discussion: """
                What is not named is mounted no more. A change takes a restart: stop it, choose, start it again.

                EXAMPLES:
                  weir env mounts lab --dataset digits@2 --model digits-net
                  weir env mounts lab --none
                """)

        @Argument(help: "Name or id.") var name: String
        @OptionGroup var versions: VersionOptions
        @Flag(help: "Mount nothing.") var none = false
        @OptionGroup var choice: ProjectOptions
        @OptionGroup var global: GlobalOptions

        func validate() throws {
            guard none == (versions.datasets.isEmpty && versions.models.isEmpty) else {
                throw ValidationError("Give what it is to mount by --dataset and --model, or --none.")
            }
        }

        func perform(in session: ClientSession) async throws {
            let workload = try await session.workload(.environment, name, in: choice)
            let answer = try await session.api.answer(
                .send(.put, "/api/v1/workloads/\(workload.id)/mounts", .members(try await versions.members(choice, session))))
            try session.output.done("\(workload.name) mounts that from its next start on.", json: answer, identifier: workload.id)
        }
    }
}
