import Testing
import WeirModel

@Suite("What SFTP answers while nothing may be written")
struct SFTPRepliesTests {
    private func text(_ text: String) -> [UInt8] { number(text.utf8.count) + Array(text.utf8) }
    private func number(_ number: Int) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) } }
    private func packet(_ kind: UInt8, _ body: [UInt8]) -> [UInt8] { number(body.count + 1) + [kind] + body }
    private func status(_ id: Int, _ code: Int, _ message: String, _ language: String = "en") -> [UInt8] {
        packet(101, number(id) + number(code) + text(message) + text(language))
    }

    @Test("a refusal says why, all else passes as it is, however it is cut (SSH-06, SSH-13)", arguments: [1, 3, 7, 40, 100_000])
    func explained(piece: Int) {
        let reason = "The balance is used up. 余额已用尽。"
        let data = packet(103, number(9) + text(String(repeating: "\u{65}", count: 3000)))
        let long = status(5, 3, String(repeating: "x", count: 2000))
        let passing = data + status(2, 0, "Success") + long
        let refused = "Permission denied"
        let sent = packet(2, number(3)) + status(1, 3, refused) + passing + status(7, 3, refused)
        let wanted = packet(2, number(3)) + status(1, 3, reason, "") + passing + status(7, 3, reason, "")
        var replies = SFTPReplies(reason: reason)
        var got: [UInt8] = []
        for start in stride(from: 0, to: sent.count, by: piece) {
            let part = Array(sent[start..<min(start + piece, sent.count)])
            got += part.withUnsafeBytes { replies.rewritten($0) }
        }
        #expect(got == wanted)
    }

    @Test("a long reason is cut between characters, and an answer without a body breaks nothing (SSH-13)")
    func limits() {
        var replies = SFTPReplies(reason: String(repeating: "余", count: 500))
        let got = status(1, 3, "no").withUnsafeBytes { replies.rewritten($0) }
        #expect(got == status(1, 3, String(repeating: "余", count: 170), ""))
        for odd in [packet(101, []), packet(101, [0, 0]), number(0) + [101]] {
            #expect(odd.withUnsafeBytes { replies.rewritten($0) } == odd)
        }
    }
}
