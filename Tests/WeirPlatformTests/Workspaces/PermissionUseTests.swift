import Foundation
import Testing
import WeirModel

@Suite("The table of permissions is asked")
struct PermissionUseTests {
    private static let sources = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../Sources")
        .standardizedFileURL

    private static func swift() throws -> [(name: String, text: String)] {
        let paths = FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil)?.compactMap { $0 as? URL } ?? []
        return try paths.filter { $0.pathExtension == "swift" }.map { ($0.lastPathComponent, try String(contentsOf: $0, encoding: .utf8)) }
    }

    @Test("every permission is asked by some code (audit-c F9: two were asked by none)")
    func used() throws {
        let text = try Self.swift().filter { !["Permission.swift", "Ownership.swift"].contains($0.name) }.map(\.text).joined()
        #expect(!text.isEmpty)
        for permission in Permission.allCases {
            let asked = text.firstMatch(of: try Regex("[(,:?] ?\\.\(permission.rawValue)\\b(?!\\()")) != nil
            #expect(asked, "\(permission.rawValue) is asked nowhere")
        }
    }

    @Test("the table is asked in one place: a route or a capability that decides by roles itself is a second gate")
    func onePlace() throws {
        let gates: Set<String> = ["Permission.swift", "Access.swift", "Ownership.swift"]
        for (name, text) in try Self.swift() where !gates.contains(name) {
            #expect(text.firstMatch(of: #/\brole\.may\(|\bown\.may\(|\.grant\.leastRole|\bisAtLeast\(/#) == nil, "\(name)")
        }
    }
}
