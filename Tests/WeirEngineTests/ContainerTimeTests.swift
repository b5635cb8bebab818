import Foundation
import Testing
import WeirModel

@testable import WeirEngine

@Suite struct ContainerTimeTests {
    private func state(from start: String, to end: String) throws -> InspectedContainer.State {
        let text = """
            {"Status": "exited", "OOMKilled": false, "Pid": 0, "ExitCode": 0, "StartedAt": "\(start)", "FinishedAt": "\(end)"}
            """
        return try JSONDecoder().decode(InspectedContainer.State.self, from: Data(text.utf8))
    }

    @Test("a program that was over at once has run, though Podman may date its end before its start: a minute is charged (BIL-04)")
    func endsAfterItsStart() throws {
        let early = try state(from: "2026-11-21T18:32:03.461303809Z", to: "2026-11-21T18:32:03.45888516Z")
        #expect(early.ended == early.started.map { $0 + .milliseconds(1) })
        let plain = try state(from: "2026-11-21T18:32:03.461303809Z", to: "2026-11-21T18:32:04.5Z")
        #expect(plain.ended == Timestamp("2026-11-21T18:32:04.500Z"))
        let never = try state(from: "0001-01-01T00:00:00Z", to: "2026-11-21T18:32:04.5Z")
        #expect(never.started == nil && never.ended != nil)
        #expect(try state(from: "2026-11-21T18:32:03Z", to: "0001-01-01T00:00:00Z").ended == nil)
    }
}
