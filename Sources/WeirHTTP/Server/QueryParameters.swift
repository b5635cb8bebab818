import Hummingbird
import WeirModel

/// What each operation takes in the query of its address, as the OpenAPI document has it; a test holds them against each other. A name that
/// is not there is refused like an unknown field of a body: a filter that is misspelt would else show everything.
enum QueryParameters {
    /// Throws `unknown_parameter`.
    static func check(_ request: Request, for operation: String) throws(WeirError) {
        guard request.uri.query != nil else { return }
        let known = known[operation] ?? []
        for (name, _) in request.uri.queryParameters where !known.contains(String(name)) {
            throw .unknownParameter(String(name), known: known)
        }
    }

    private static let part = ["limit", "after"]
    private static let named = ["name"] + part
    private static let sorted = ["name", "sort"] + part
    private static let folder = ["path"] + part
    private static let file = ["path"]
    private static let charges = ["kind", "project", "account", "workload"]

    static let known: [String: [String]] = [
        "listWorkspaces": part, "listVersions": part, "getHistory": part, "listIdleStops": part, "getRuns": part, "listNotices": part,
        "listTariffs": part, "listArrearsDeleted": part, "listArrearsDeletions": part, "listFlavorChanges": part, "listQuotaChanges": part,
        "listUnpaidStorage": part,
        "listAccounts": sorted, "listAllWorkspaces": sorted, "listProjects": sorted, "listQuotas": sorted,
        "getQueue": named, "listBudgets": named, "listMembers": ["role"] + named, "getQuotas": ["role", "own"] + named,
        "listInvoices": ["state"] + named, "listAllInvoices": ["state"] + named, "listVouchers": ["state"] + part,
        "listRecords": ["kind", "login"] + part, "listAllRecords": ["kind", "login"] + part,
        "listAssets": ["kind", "data_type"] + sorted, "listImages": ["workspace", "tool"] + sorted,
        "listWorkloads": ["kind", "state", "project", "tool"] + sorted,
        "listAllWorkloads": ["workspace", "kind", "state", "login"] + sorted, "listFlavors": ["kind", "class", "group", "name", "retired"],
        "listCode": folder, "listOutput": folder, "listDraft": folder, "listVersionFiles": folder,
        "downloadCode": file, "uploadCode": file, "deleteCode": file, "readCodeText": file, "writeCodeText": file, "uploadCodeFiles": file,
        "downloadCodeArchive": file, "downloadOutput": file, "deleteOutput": file, "downloadOutputArchive": file, "uploadDraftFiles": file,
        "downloadVersionFile": file, "downloadVersionArchive": file,
        "streamEvents": ["after"], "getInstances": ["run"] + part, "getUsageHistory": ["span"],
        "getLogs": ["instance", "offset", "limit"], "downloadLog": ["instance"], "streamLogs": ["instance", "offset"],
        "listEntries": ["month", "from", "to"] + charges + part, "getBill": charges + part, "exportBill": ["format"],
        "getWhyCharged": ["month", "entry"] + charges, "issueInvoice": ["number"], "verifyLedger": ["progress"], "exportHistory": ["month"],
        "getSpending": ["month", "by"],
        "suggestFlavors": ["purpose", "parameters", "precision", "method", "concurrency", "context"],
    ]
}

extension WeirError {
    static func unknownParameter(_ name: String, known: [String]) -> WeirError {
        let list = known.isEmpty ? ("none", "无") : (known.joined(separator: ", "), known.joined(separator: "、"))
        return WeirError(
            "unknown_parameter", .invalid, subject: String(name.prefix(64)),
            LocalizedText("There is no parameter \"\(name.prefix(64))\" here.", zh: "不存在参数“\(name.prefix(64))”。"),
            remedy: LocalizedText("The parameters are: \(list.0).", zh: "可用参数：\(list.1)。"))
    }
}
