import WeirModel

/// The API did not do what it was asked.
struct APIFailure: Error, Sendable {
    let httpStatus: Int
    let code: String
    let message: String
    let rule: String?
    let remedy: String?
    let requestID: String?
    /// The answer as it came, for `--json`.
    let body: JSONValue?

    /// Reads the API's error; an answer of another making, of a proxy in between, becomes one too.
    init(httpStatus: Int, body: JSONValue?) {
        let error = body?["error"]
        self.httpStatus = httpStatus
        code = error?["code"]?.text ?? "http_\(httpStatus)"
        message = error?["message"]?.text ?? "The server answered with the HTTP status \(httpStatus)."
        rule = error?["rule"]?.text
        remedy = error?["remedy"]?.text
        requestID = error?["request_id"]?.text
        self.body = error == nil ? nil : body
    }

    var exitStatus: ExitStatus { ExitStatus(httpStatus: httpStatus, code: code) }
}

/// A workload that was waited for did not end well, or not come up.
struct WorkloadFailed: Error, Sendable {
    let text: String
}

extension WeirError {
    static func notLoggedIn() -> WeirError {
        WeirError(
            "not_logged_in", .unauthenticated, subject: "token",
            LocalizedText("You are not logged in.", zh: "您尚未登录。"),
            remedy: LocalizedText("Log in with `weir login SERVER`.", zh: "请使用 `weir login 服务器地址` 登录。"))
    }

    static func noServer() -> WeirError {
        WeirError(
            "no_server", .unauthenticated, subject: "server",
            LocalizedText("No server is known.", zh: "未指定服务器。"),
            remedy: LocalizedText(
                "Log in with `weir login SERVER`, or set WEIR_SERVER.", zh: "请使用 `weir login 服务器地址` 登录，或设置 WEIR_SERVER。"
            ))
    }

    static func unreachable(_ server: String, _ reason: String) -> WeirError {
        WeirError(
            "server_unreachable", .unavailable, subject: "server",
            LocalizedText("\(server) cannot be reached: \(reason).", zh: "无法连接 \(server)：\(reason)。"),
            remedy: LocalizedText(
                "Check the address and that `weir serve` runs there.", zh: "请检查地址，并确认 `weir serve` 正在运行。"))
    }

    static func connectionBroke(_ reason: String) -> WeirError {
        WeirError(
            "connection_broke", .unavailable, subject: "server",
            LocalizedText("The connection broke: \(reason).", zh: "连接中断：\(reason)。"),
            remedy: LocalizedText("Try again.", zh: "请重试。"))
    }

    static func unreadableAnswer(_ path: String) -> WeirError {
        WeirError(
            "unreadable_answer", .failed, subject: path,
            LocalizedText(
                "The answer of \(path) is not what this version of weir expects.", zh: "\(path) 的应答与此版本的 weir 不符。"),
            remedy: LocalizedText(
                "Compare `weir --version` with the server's version.", zh: "请比较 `weir --version` 与服务器的版本。"))
    }

    static func openProfile(_ path: String) -> WeirError {
        WeirError(
            "open_profile", .invalid, subject: path,
            LocalizedText("Others can read \(path), which holds your token.", zh: "\(path) 含有您的令牌，但其他用户可读。"),
            remedy: LocalizedText("Run `chmod 600 \(path)`.", zh: "请执行 `chmod 600 \(path)`。"))
    }

    static func unreadableProfile(_ path: String) -> WeirError {
        WeirError(
            "unreadable_profile", .invalid, subject: path,
            LocalizedText("\(path) is not what weir wrote.", zh: "\(path) 内容无效。"),
            remedy: LocalizedText("Remove it and log in again.", zh: "请删除后重新登录。"))
    }

    static func notChosen(_ kind: String) -> WeirError {
        WeirError(
            "not_chosen", .invalid, subject: kind,
            LocalizedText("No \(kind) is chosen.", zh: "未选择 \(kind)。"),
            remedy: LocalizedText(
                "Give --\(kind) NAME, or remember one with `weir \(kind) use NAME`.",
                zh: "请使用 --\(kind) 指定，或用 `weir \(kind) use 名称` 记住默认值。"))
    }

    static func noneCalled(_ kind: String, _ name: String) -> WeirError {
        WeirError(
            "not_found", .notFound, subject: kind,
            LocalizedText("There is no \(kind) called \"\(name)\".", zh: "没有名为“\(name)”的 \(kind)。"),
            remedy: LocalizedText("`weir \(kind) list` shows those there are.", zh: "`weir \(kind) list` 可列出全部。"))
    }

    static func unreadableFile(_ path: String) -> WeirError {
        WeirError(
            "unreadable_file", .invalid, subject: path,
            LocalizedText("\(path) is not there or cannot be read.", zh: "\(path) 不存在或无法读取。"))
    }

    static func unsafePath(_ path: String) -> WeirError {
        WeirError(
            "unsafe_path", .failed, subject: path,
            LocalizedText(
                "The server named the file \"\(path)\", which would leave the folder; nothing of it was written.",
                zh: "服务器返回的文件名“\(path)”会越出目标目录，未写入。"))
    }
}
