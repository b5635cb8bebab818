import Crypto
import TestSupport
import Testing
import WeirModel
import WeirPlatform

@Suite("Entry tokens")
struct EntryTokensTests {
    let clock = ManualClock()
    let key = SymmetricKey(size: .bits256)
    var account: Identifier<Account> { RandomIdentifiers().next(Account.self, at: clock.now()) }
    var workload: Identifier<Workload> { RandomIdentifiers().next(Workload.self, at: clock.now()) }

    @Test("a token leads to where it was issued for, once, within a minute")
    func once() throws {
        let tokens = EntryTokens(key: key, clock: clock)
        let (account, workload) = (account, workload)
        let token = try tokens.issue(to: account, for: workload, tool: "jupyter", path: "lab?a=b|c")
        let entry = try tokens.redeem(token)
        #expect(entry.path == "/i/\(workload)/jupyter/lab?a=b|c")
        #expect(tokens.pass(ofCookie: entry.cookie) == entry.pass)
        #expect(entry.pass.account == account)
        #expect(throws: WeirError.self) { try tokens.redeem(token) }
        let login = LoginReference.session(RandomIdentifiers().next(Session.self, at: clock.now()))
        let end = clock.now() + .seconds(600)
        let tied = try tokens.redeem(tokens.issue(to: account, as: login, until: end, for: workload, tool: "jupyter"))
        #expect(tied.pass.login == login && tied.pass.expiry == end && tokens.pass(ofCookie: tied.cookie) == tied.pass)
        let late = try tokens.issue(to: account, for: workload, tool: "jupyter")
        clock.advance(by: EntryTokens.tokenLife)
        #expect(throws: WeirError.self) { try tokens.redeem(late) }
    }

    @Test("a token is no cookie, a cookie no token, and neither can be altered or made under another key")
    func forgery() throws {
        let tokens = EntryTokens(key: key, clock: clock)
        let token = try tokens.issue(to: account, for: workload, tool: "jupyter")
        #expect(tokens.pass(ofCookie: token) == nil)
        let cookie = try tokens.redeem(token).cookie
        #expect(throws: WeirError.self) { try tokens.redeem(cookie) }
        #expect(tokens.pass(ofCookie: "A" + cookie.dropFirst()) == nil)
        #expect(EntryTokens(key: SymmetricKey(size: .bits256), clock: clock).pass(ofCookie: cookie) == nil)
        // A cookie outlives a restart, an unspent token does not: what was spent is not known any more.
        let restarted = EntryTokens(key: key, clock: clock)
        #expect(restarted.pass(ofCookie: cookie) != nil)
        let unspent = try tokens.issue(to: account, for: workload, tool: "jupyter")
        #expect(throws: WeirError.self) { try restarted.redeem(unspent) }
    }

    @Test("a path that leaves the tool is refused", arguments: ["/evil", "a\r\nb", "a b", "\\x", "ü", "../../x"])
    func path(path: String) {
        let tokens = EntryTokens(key: key, clock: clock)
        #expect(throws: WeirError.self) { try tokens.issue(to: account, for: workload, tool: "jupyter", path: path) }
    }

    @Test("a terminal's name is safe in a command and an address (X16)", arguments: ["", "a b", "-x", "a;b", "../x"])
    func terminalNames(name: String) {
        #expect(throws: WeirError.self) { try TerminalCommand.command(name: name) }
    }
}
