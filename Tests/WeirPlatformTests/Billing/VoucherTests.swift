import TestSupport
import Testing
import WeirModel
import WeirStore

@testable import WeirPlatform

@Suite("Vouchers pay once")
struct VoucherTests {
    @Test("of 50 people who redeem one code at once, one workspace is paid, once (BIL-21)")
    func concurrent() async throws {
        let scene = try await LedgerScene(workspaces: 50)
        let made = try await scene.vouchers.create(count: 1, amount: 25, note: "", expiresAt: nil, by: scene.operatorCaller)
        let code = try #require(made.first).code.description
        let (ledger, vouchers, caller) = (scene.ledger, scene.vouchers, scene.operatorCaller)
        let paid = await withTaskGroup(of: Bool.self) { group in
            for workspace in scene.workspaces {
                group.addTask {
                    do {
                        return try await ledger.pay(code, through: vouchers, for: workspace, by: caller).isNew
                    } catch { return false }
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(paid == 1)
        #expect(try await scene.store.read { try $0.ledgerHead() }.sequence == 1)
        #expect(try await scene.store.read { try $0.counters() }[.payments] == Points(micro: -25_000_000))
        let voucher = try #require(try await vouchers.list(nil, PageRequest(), by: caller).items.first)
        #expect(voucher.usedAt != nil)
        await #expect(throws: WeirError.voucherUsed()) { try await vouchers.revoke(voucher.id, by: caller) }
    }

    @Test("a code is taken whatever the case, with O for 0, I and L for 1, with and without hyphens, spaces and prefix")
    func tolerant() throws {
        let code = try VoucherCode("WEIR-0123-4567-89AB-CDEF-GHJ1")
        for text in [
            "weir-0123-4567-89ab-cdef-ghj1", "WEIR O123 4567 89AB CDEF GHJI", "oi234567 89abcdefghjl",
            "  Weir-ol23-4567-89AB-CDEF-GHJL ",
        ] { #expect(try VoucherCode(text) == code, "\(text)") }
        #expect(code.description == "WEIR-0123-4567-89AB-CDEF-GHJ1")
        for text in ["", "WEIR", "WEIR-0123-4567-89AB-CDEF-GHJ", "WEIR-0123-4567-89AB-CDEF-GHJU", "WEIR-0123-4567-89AB-CDEF-GHJ11"] {
            #expect(throws: WeirError.self, "\(text)") { try VoucherCode(text) }
        }
        var random = SeededRandom(seed: 1)
        let made = VoucherCode(using: &random)
        #expect(try VoucherCode(made.description) == made)
    }

    @Test("an expired, revoked or invented code pays nothing; who repeats a code is told what it paid")
    func refused() async throws {
        let scene = try await LedgerScene()
        let (ledger, vouchers, caller, workspace) = (scene.ledger, scene.vouchers, scene.operatorCaller, scene.workspaces[0])
        let expiry = scene.clock.now() + .seconds(60)
        let codes = try await vouchers.create(count: 3, amount: 1, note: "", expiresAt: expiry, by: caller)
        _ = try await vouchers.revoke(codes[0].voucher.id, by: caller)
        await #expect(throws: WeirError.noSuchVoucher()) {
            try await ledger.pay(codes[0].code.description, through: vouchers, for: workspace, by: caller)
        }
        let first = try await ledger.pay(codes[1].code.description, through: vouchers, for: workspace, by: caller)
        scene.clock.advance(by: .seconds(60))
        await #expect(throws: WeirError.voucherExpired(at: expiry)) {
            try await ledger.pay(codes[2].code.description, through: vouchers, for: workspace, by: caller)
        }
        let again = try await ledger.pay(codes[1].code.description, through: vouchers, for: workspace, by: caller)
        #expect(first.isNew && !again.isNew && again.entry == first.entry)
        await #expect(throws: WeirError.noSuchVoucher()) {
            try await ledger.pay("WEIR-0000-0000-0000-0000-0000", through: vouchers, for: workspace, by: caller)
        }
        #expect(try await scene.balance(0) == 1)
        #expect(try await ledger.verify(by: caller).difference == nil)
    }

    @Test("what is on the disk is no code")
    func hashed() async throws {
        let scene = try await LedgerScene()
        let made = try await scene.vouchers.create(count: 2, amount: 1, note: "", expiresAt: nil, by: scene.operatorCaller)
        for voucher in made {
            let code = voucher.code.description
            #expect(try await scene.store.read { try $0.voucher(secretHash: code) } == nil)
            #expect(try await scene.store.read { try $0.voucher(secretHash: Secrets.hash(code)) }?.id == voucher.voucher.id)
        }
    }
}
