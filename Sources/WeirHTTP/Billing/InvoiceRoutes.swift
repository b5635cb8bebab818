import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import WeirModel
import WeirPlatform
import WeirStore

/// Invoices: asked for by a workspace, answered by the operator (BIL-24, X10).
struct InvoiceRoutes {
    let invoices: Invoices
    let accounts: Accounts

    func add(to routes: Routes) {
        let (invoices, accounts) = (invoices, accounts)
        @Sendable func answer(_ invoice: InvoiceRecord, to call: Call, status: HTTPResponse.Status = .ok) async throws -> Response {
            call.answer(invoice.json(try await accounts.people(InvoiceRecord.people(in: [invoice]))), status: status)
        }
        @Sendable func answer(_ page: Page<InvoiceRecord>, to call: Call, _ more: JSON = [:]) async throws -> Response {
            let people = try await accounts.people(InvoiceRecord.people(in: page.items))
            let names = try await accounts.names(of: Set(page.items.map(\.workspace.text)))
            let list: JSON = ["items": page.items.map { $0.json(people) }, "next": page.next, "names": names]
            return call.answer(list.adding(more))
        }

        routes.get("workspaces/{workspace}/invoices", "listInvoices") { call in
            let workspace = try call.id("workspace", of: Workspace.self)
            let page = try await invoices.list(
                of: workspace, state: call.query("state", as: InvoiceRecord.State.self), named: call.nameFilter(), call.page(),
                for: call.caller)
            let left = try await invoices.invoiceable(of: workspace, for: call.caller)
            return try await answer(page, to: call, ["invoiceable": left])
        }

        routes.post("workspaces/{workspace}/invoices", "requestInvoice") { call in
            let workspace = try call.id("workspace", of: Workspace.self)
            let input = try await call.input(NewInvoice.self)
            let invoice = try await invoices.request(
                workspace, title: input.title, taxNumber: input.taxNumber, amount: input.amount, note: input.note ?? "",
                key: call.idempotencyKey(for: input), by: call.caller)
            return try await answer(invoice, to: call, status: .created)
        }

        routes.get("invoices", "listAllInvoices") { call in
            let page = try await invoices.list(
                state: call.query("state", as: InvoiceRecord.State.self), named: call.nameFilter(), call.page(), by: call.caller)
            return try await answer(page, to: call)
        }

        routes.get("invoices/{invoice}", "getInvoice") { call in
            try await answer(invoices.invoice(call.id("invoice"), for: call.caller), to: call)
        }

        routes.get("invoices/{invoice}/file", "downloadInvoice") { call in
            let (invoice, file) = try await invoices.file(of: call.id("invoice"), for: call.caller)
            return Response(
                status: .ok,
                headers: [
                    .contentType: "application/pdf", .contentDisposition: Call.attachment("\(invoice.number ?? invoice.id.text).pdf"),
                ], body: ResponseBody(byteBuffer: ByteBuffer(bytes: file)))
        }

        routes.post("invoices/{invoice}/issue", "issueInvoice") { call in
            try call.caller.requireOperator()
            let id = try call.id("invoice", of: Invoice.self)
            let (number, file) = try await call.numberedPDF(atMost: Invoices.largestFile)
            return try await answer(invoices.issue(id, number: number, file: file, by: call.caller), to: call)
        }

        routes.post("invoices/{invoice}/reject", "rejectInvoice") { call in
            try call.caller.requireOperator()
            let id = try call.id("invoice", of: Invoice.self)
            let input = try await call.input(Rejection.self)
            return try await answer(invoices.reject(id, reason: input.reason, by: call.caller), to: call)
        }
    }

    struct NewInvoice: Input, Encodable {
        let title: String
        let taxNumber: String
        let amount: Points
        let note: String?

        enum CodingKeys: String, CodingKey, CaseIterable {
            case title, amount, note
            case taxNumber = "tax_number"
        }
    }

    struct Rejection: Input {
        let reason: String

        enum CodingKeys: String, CodingKey, CaseIterable { case reason }
    }
}

extension Call {
    /// The file, and its number in the address; or both as fields of a form.
    fileprivate func numberedPDF(atMost limit: Int) async throws -> (number: String, file: Data) {
        let type = request.headers[.contentType]?.split(separator: ";").first?.lowercased()
        guard type == "multipart/form-data" else {
            guard type == "application/pdf" else { throw WeirError.unsupportedMediaType("application/pdf") }
            guard let number = query("number") else { throw WeirError.missing("number") }
            return (number, try await Self.whole(request.body, atMost: limit))
        }
        var fields: [String: Data] = [:]
        let form = try MultipartReader(request)
        while let part = try await form.nextPart() {
            guard ["number", "file"].contains(part.name) else { throw WeirError.unknownField(part.name, known: ["number", "file"]) }
            fields[part.name] = try await Self.whole(part.body, atMost: part.name == "file" ? limit : 1024)
        }
        guard let number = fields["number"].map({ String(decoding: $0, as: UTF8.self) }), !number.isEmpty else {
            throw WeirError.missing("number")
        }
        guard let file = fields["file"], !file.isEmpty else { throw WeirError.missing("file") }
        return (number, file)
    }

    private static func whole(_ body: some AsyncSequence<ByteBuffer, any Error>, atMost limit: Int) async throws -> Data {
        var whole = Data()
        for try await part in body {
            guard whole.count + part.readableBytes <= limit else { throw WeirError.bodyTooLarge(limit: limit) }
            whole.append(contentsOf: part.readableBytesView)
        }
        return whole
    }
}
