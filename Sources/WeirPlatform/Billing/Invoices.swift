public import Foundation
public import WeirModel
public import WeirStore

/// Invoices: asked for online, made and attached, or rejected, by the operator (BIL-24, BIL-25, X10).
public struct Invoices: Sendable {
    public static let largestFile = 5 << 20
    public static let longestTitle = 200
    public static let longestNumber = 64

    let store: Store
    let clock: any WallClock
    let identifiers: any IdentifierSource

    /// What can still be asked for: what was paid and is on no other invoice.
    public func invoiceable(of workspace: Identifier<Workspace>, for caller: Caller) async throws -> Points {
        try await store.read { db in
            try db.requireBilling(of: workspace, for: caller, .seeBilling)
            return try db.invoiceable(of: workspace)
        }
    }

    /// Asks for an invoice. Throws `invoice_too_large` above what was paid and is on no other.
    public func request(
        _ workspace: Identifier<Workspace>, title: String, taxNumber: String, amount: Points, note: String, key: IdempotencyKey?,
        by caller: Caller
    ) async throws -> InvoiceRecord {
        let title = try Self.line(title, "title", limit: Self.longestTitle)
        let taxNumber = try Self.line(taxNumber, "tax_number", limit: Self.longestNumber)
        guard taxNumber.utf8.allSatisfy({ Self.isLetterOrDigit($0) || $0 == UInt8(ascii: "-") }) else {
            throw WeirError.malformed("tax_number", "letters, digits and hyphens", rule: "BIL-24")
        }
        let note = try Note.checked(note, field: "note")
        guard amount > 0 else { throw WeirError.malformed("amount", "more than 0 points", rule: "BIL-24") }
        let now = clock.now()
        let invoice = InvoiceRecord(
            id: identifiers.next(Invoice.self, at: now), workspace: workspace, title: title, taxNumber: taxNumber, amount: amount,
            note: note, requestedBy: caller.id, requestedAt: now)
        return try await store.write { db in
            try db.read.requireBilling(of: workspace, for: caller, .pay)
            if let made: Identifier<Invoice> = try db.read.made(under: key, by: caller), let earlier = try db.read.invoice(made) {
                return earlier
            }
            let left = try db.read.invoiceable(of: workspace)
            guard amount <= left else { throw WeirError.invoiceTooLarge(left: left) }
            try db.insert(invoice)
            try db.remember(invoice.id.text, under: key, by: caller, at: now)
            try db.record(.invoiceRequested, invoice, by: caller, at: now)
            return invoice
        }
    }

    /// Those of a workspace.
    public func list(
        of workspace: Identifier<Workspace>, state: InvoiceRecord.State?, named part: String? = nil, _ page: PageRequest, for caller: Caller
    ) async throws -> Page<InvoiceRecord> {
        try await store.read { db in
            try db.requireBilling(of: workspace, for: caller, .seeBilling)
            return try db.invoices(of: workspace, state: state, named: part, page)
        }
    }

    /// Those of all workspaces, for the operator.
    public func list(
        state: InvoiceRecord.State?, named part: String? = nil, _ page: PageRequest, by caller: Caller
    ) async throws -> Page<InvoiceRecord> {
        try caller.requireOperator()
        return try await store.read { try $0.invoices(of: nil, state: state, named: part, page) }
    }

    public func invoice(_ id: Identifier<Invoice>, for caller: Caller) async throws -> InvoiceRecord {
        try await store.read { try $0.invoice(id, for: caller) }
    }

    /// The PDF of an issued one.
    public func file(of id: Identifier<Invoice>, for caller: Caller) async throws -> (invoice: InvoiceRecord, file: Data) {
        try await store.read { db in
            let invoice = try db.invoice(id, for: caller)
            guard let file = try db.invoiceFile(id) else { throw WeirError.notFound("file") }
            return (invoice, file)
        }
    }

    /// Issues one with its number and its paper. Throws `invoice_answered` when it was issued or rejected before; `no_pdf`.
    public func issue(
        _ id: Identifier<Invoice>, number: String, file: Data, by caller: Caller
    ) async throws -> InvoiceRecord {
        try caller.requireOperator()
        let number = try Self.line(number, "number", limit: Self.longestNumber)
        guard file.count <= Self.largestFile else { throw WeirError.invoiceFileTooLarge() }
        guard file.starts(with: Data("%PDF".utf8)) else { throw WeirError.noPDF() }
        return try await answer(id, by: caller, file: file) { invoice in
            invoice.state = .issued
            invoice.number = number
        }
    }

    public func reject(_ id: Identifier<Invoice>, reason: String, by caller: Caller) async throws -> InvoiceRecord {
        try caller.requireOperator()
        let reason = try Note.checked(reason, field: "reason")
        guard !reason.isEmpty else { throw WeirError.missing("reason") }
        return try await answer(id, by: caller, file: nil) { invoice in
            invoice.state = .rejected
            invoice.reason = reason
        }
    }

    private func answer(
        _ id: Identifier<Invoice>, by caller: Caller, file: Data?, _ change: @escaping @Sendable (inout InvoiceRecord) -> Void
    ) async throws -> InvoiceRecord {
        let now = clock.now()
        return try await store.write { db in
            guard var invoice = try db.read.invoice(id) else { throw WeirError.notFound("invoice") }
            change(&invoice)
            (invoice.answeredBy, invoice.answeredAt) = (caller.id, now)
            guard try db.answer(invoice, file: file) else { throw WeirError.invoiceAnswered() }
            try db.record(invoice.state == .issued ? .invoiceIssued : .invoiceRejected, invoice, by: caller, at: now)
            return try db.read.invoice(id) ?? invoice
        }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
    }

    private static func line(_ text: String, _ field: String, limit: Int) throws -> String {
        let text = String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        guard !text.isEmpty else { throw WeirError.missing(field) }
        guard text.unicodeScalars.count <= limit else { throw WeirError.tooLong(field, limit: limit, rule: "BIL-24") }
        guard text.unicodeScalars.allSatisfy({ $0.value >= 32 && $0.value != 127 }) else {
            throw WeirError.malformed(field, "one line of text", rule: "BIL-24")
        }
        return text
    }
}

extension Reading {
    fileprivate func invoice(_ id: Identifier<Invoice>, for caller: Caller) throws -> InvoiceRecord {
        guard let invoice = try invoice(id) else { throw WeirError.notFound("invoice") }
        if caller.isOperator { return invoice }
        try role(of: caller, in: invoice.workspace, for: .seeBilling, thing: "invoice")
        return invoice
    }
}

extension WeirError {
    static func invoiceTooLarge(left: Points) -> WeirError {
        WeirError(
            "invoice_too_large", .conflict, subject: "amount", rule: "BIL-24",
            LocalizedText(
                "Of what was paid, \(left) points are on no invoice yet.", zh: "已充值金额中尚可开票 \(left) 算力点。"))
    }

    static func invoiceAnswered() -> WeirError {
        WeirError(
            "invoice_answered", .conflict, subject: "invoice", rule: "BIL-24",
            LocalizedText("This invoice has been issued or rejected already.", zh: "该发票申请已处理。"))
    }

    static func invoiceFileTooLarge() -> WeirError {
        WeirError(
            "invoice_file_too_large", .tooLarge, subject: "body", rule: "BIL-24",
            LocalizedText("The PDF is larger than 5 MiB.", zh: "PDF 文件超过 5 MiB。"))
    }

    static func noPDF() -> WeirError {
        WeirError(
            "no_pdf", .invalid, subject: "body", rule: "BIL-24",
            LocalizedText("The body is not a PDF.", zh: "请求体不是 PDF 文件。"))
    }
}
