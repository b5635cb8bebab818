import Testing
import WeirModel

@Suite("Names, notes and tags")
struct NameTests {
    @Test("a name has 1 to 64 code points as it was given, and is kept without the space around it (PRJ-03)")
    func lengths() throws {
        #expect(try Name(String(repeating: "数", count: 64)).text.count == 64)
        #expect(try Name("  digits\n").text == "digits")
        for text in ["", " \u{a0} ", String(repeating: "a", count: 65), " " + String(repeating: "a", count: 64)] {
            #expect(throws: WeirError.self) { try Name(text) }
        }
        // One character to the eye, and more than fits.
        #expect(throws: WeirError.self) { try Name("e" + String(repeating: "\u{301}", count: 64)) }
    }

    @Test("names that differ in case or in the form of an accent alone are the same (PRJ-03)")
    func keys() throws {
        #expect(try Name("Caf\u{e9}").key == Name("cafe\u{301}").key)
        #expect(try Name("digits").key != Name("digit").key)
    }

    @Test("control characters and slashes are refused in names, commas in tags (X17)")
    func characters() {
        #expect(throws: WeirError.self) { try Name("a/b") }
        #expect(throws: WeirError.self) { try Name("a\u{7}b") }
        #expect(throws: WeirError.self) { try Tags.checked(["a,b"]) }
        #expect(throws: WeirError.self) { try Tags.checked([String(repeating: "x", count: 33)]) }
        #expect((try? Tags.checked([" one ", "two", "one"])) == ["one", "two"])
    }
}
