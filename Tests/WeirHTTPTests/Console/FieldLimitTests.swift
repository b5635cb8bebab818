import Foundation
import Testing
import WeirModel

@testable import WeirHTTP

/// The limits that a form gives for a field are those of the API (issue 12).
@Suite struct FieldLimitTests {
    /// Page, field, and what the API's document says of it; the form's unit in the API's.
    private static let fields: [(page: String, field: String, schema: String, unit: Int)] = [
        ("Services", "start_limit:number", "start_limit: { type: [integer, 'null'], minimum", 1),
        ("Services", "replicas:number", "replicas: { type: [integer, 'null'], minimum", 1),
        ("Environments", "after:minutes", "after: { type: [integer, 'null'], minimum", 60),
        ("Environments", "warning:minutes", "warning: { type: [integer, 'null'], minimum", 60),
        ("Environments", "gpu_percent:number", "gpu_percent: { type: [integer, 'null'], minimum", 1),
    ]

    @Test("the least and the most of a number", arguments: fields)
    func numbers(page: String, field: String, schema: String, unit: Int) throws {
        let document = String(decoding: PackageResources.openapi_yaml, as: UTF8.self)
        let line = try #require(document.split(separator: "\n").first { $0.contains(schema) })
        let limits = try #require(line.firstMatch(of: /minimum: ([0-9]+), maximum: ([0-9]+)/))
        let html = String(decoding: ConsoleFiles.builtIn["\(page).html"] ?? [], as: UTF8.self)
        let input = try #require(
            html.firstMatch(
                of: try Regex("<input name=\"\(field)\"[^>]*min=\"([0-9]+)\" max=\"([0-9]+)\"", as: (Substring, Substring, Substring).self))
        )
        #expect(Int(input.output.1).map { $0 * unit } == Int(limits.output.1))
        #expect(Int(input.output.2).map { $0 * unit } == Int(limits.output.2))
    }

    @Test("a new password, in the form, in words and in the rule (review 18)")
    func password() throws {
        let html = String(decoding: ConsoleFiles.builtIn["Accounts.html"] ?? [], as: UTF8.self)
        let inputs = html.matches(of: /<input[^>]*autocomplete="new-password"[^>]*>/).map { String($0.output) }
        #expect(inputs.count >= 3)
        for input in inputs { #expect(input.contains("minlength=\"\(PasswordRule.shortest)\""), "\(input)") }
        for file in ["en.json", "zh-Hans.json"] {
            let texts = try JSONDecoder().decode([String: [String: String]].self, from: Data(ConsoleFiles.builtIn[file] ?? []))
            #expect(texts["accounts"]?["password_rule"]?.contains("\(PasswordRule.shortest)") == true)
        }
        let document = String(decoding: PackageResources.openapi_yaml, as: UTF8.self)
        #expect(document.contains("NewPassword: { type: string, minLength: \(PasswordRule.shortest), maxLength: \(PasswordRule.longest) }"))
    }
}
