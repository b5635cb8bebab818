import Testing

@testable import weir

@Suite("Tables and figures")
struct TableTests {
    @Test("columns line up, numbers to the right, also with Chinese text")
    func alignment() {
        var table = Table(.text("NAME"), .number("SIZE"), .text("BY"))
        table.rows = [["digits", "1 GiB", "ada"], ["手写数字", "20 MiB", "操作员"], ["x"]]
        #expect(
            table.text == """
                NAME        SIZE  BY
                digits     1 GiB  ada
                手写数字  20 MiB  操作员
                x
                """)
    }

    @Test("a cell cannot steer the terminal")
    func controls() {
        var table = Table(.text("NAME"))
        table.rows = [["a\u{1B}[2Jb"]]
        #expect(table.text == "NAME\na\u{FFFD}[2Jb")
    }

    @Test("details leave out what is empty and indent what goes on")
    func pairs() {
        #expect(
            Table.pairs([("name", "lab"), ("tags", ""), ("gone", nil), ("failure", "broke\nmend it")]) == """
                name     lab
                failure  broke
                         mend it
                """)
    }

    @Test("spans, thousandths and counts read as people say them")
    func phrases() {
        #expect(Phrase.span(seconds: 42) == "42 s")
        #expect(Phrase.span(seconds: 185) == "3 min 5 s")
        #expect(Phrase.span(seconds: 7800) == "2 h 10 min")
        #expect(Phrase.span(seconds: 273_600) == "3 d 4 h")
        #expect(Phrase.thousandths(1500) == "1.5")
        #expect(Phrase.thousandths(4000) == "4")
        #expect(Phrase.count(1, "file") == "1 file")
        #expect(Phrase.count(2, "file") == "2 files")
    }

    @Test("progress says how far, how fast and how long still")
    func progress() {
        let line = Progress.line("digits.csv", done: 512 << 20, total: 1 << 30, elapsed: .seconds(4))
        #expect(line == "digits.csv  [############------------]  50%  512 MiB of 1 GiB  128 MiB/s  4 s left")
        #expect(Progress.line("empty", done: 0, total: 0, elapsed: .zero).contains("100%"))
    }
}
