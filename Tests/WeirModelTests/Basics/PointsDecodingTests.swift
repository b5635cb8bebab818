import Foundation
import Testing
import WeirModel

@Suite("Amounts that come from outside")
struct PointsDecodingTests {
    @Test("more than Weir can account for is told as such, and only what is no number as malformed (bugs R11)")
    func tooLarge() throws {
        func code(_ text: String) -> String? {
            #expect(throws: WeirError.self) { try JSONDecoder().decode([Points].self, from: Data("[\"\(text)\"]".utf8)) }?.code
        }
        #expect(try JSONDecoder().decode([Points].self, from: Data(#"["999999999999.999999"]"#.utf8)).count == 1)
        for large in ["999999999999999999", "1000000000000", "-1000000000000.5", String(repeating: "9", count: 400)] {
            #expect(code(large) == "amount_too_large", "\(large)")
        }
        for none in ["", "1e3", "1.2345678", "1,5", "0x9", "٣", "12 ", ".5"] { #expect(code(none) == "malformed", "\(none)") }
    }
}
