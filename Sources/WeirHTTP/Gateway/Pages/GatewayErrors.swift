import WeirModel

/// What the gateway says when it does not carry a request.
extension WeirError {
    static func notEntered() -> WeirError {
        WeirError(
            "not_entered", .unauthenticated, subject: "tool",
            LocalizedText("You have not entered this tool, or the visit is over.", zh: "您尚未进入此工具，或访问已过期。"),
            remedy: LocalizedText(
                "Open it from the console, or by `weir env enter` or `weir board enter`.",
                zh: "请从控制台打开，或使用 `weir env enter`、`weir board enter`。"))
    }

    static func foreignOrigin() -> WeirError {
        WeirError(
            "foreign_origin", .forbidden, subject: "origin",
            LocalizedText("Another site's page asked for this.", zh: "该请求来自其他站点的页面。"))
    }

    static func notUp(_ reason: LocalizedText) -> WeirError {
        WeirError(
            "backend_down", .unavailable, subject: "backend", rule: "INF-10", reason,
            remedy: LocalizedText("Look at the state and the log in the console.", zh: "请在控制台查看状态与日志。"))
    }

    static func noReplica() -> WeirError {
        notUp(LocalizedText("No replica of the service is ready.", zh: "该服务没有就绪的副本。"))
    }

    static func unreachable() -> WeirError {
        WeirError(
            "backend_unreachable", .unavailable, subject: "backend", rule: "INF-10",
            LocalizedText(
                "The program does not answer on its port: it is starting, has ended, or listens elsewhere.",
                zh: "程序未在其端口上响应：可能正在启动、已退出，或监听了其他端口。"),
            remedy: LocalizedText(
                "It has to listen on 0.0.0.0 and the port that was named; its log says more.",
                zh: "程序须监听 0.0.0.0 及所填端口；详情见日志。"))
    }

    /// - Parameter fault: what was wrong with the head of the answer; nil when the connection broke.
    static func badAnswer(_ fault: HeadFault? = nil) -> WeirError {
        WeirError(
            "backend_bad_answer", .unavailable, subject: "backend", rule: "INF-10",
            fault?.ofAnswer
                ?? LocalizedText(
                    "The program broke the connection off, or answered with something other than HTTP.",
                    zh: "程序中断了连接，或返回了非 HTTP 内容。"),
            remedy: LocalizedText("Check the protocol and the port; its log says more.", zh: "请检查协议与端口；详情见日志。"))
    }

    static func backendTooSlow() -> WeirError {
        WeirError(
            "backend_timeout", .unavailable, subject: "backend", rule: "INF-10",
            LocalizedText("The program did not answer in time.", zh: "程序未及时响应。"))
    }

    static func badRequest(_ fault: HeadFault) -> WeirError {
        let text =
            switch fault {
            case .malformed: LocalizedText("This is not a request by HTTP/1.1.", zh: "请求不符合 HTTP/1.1。")
            case .tooLarge: LocalizedText("The head of the request is too large.", zh: "请求头过大。")
            case .version: LocalizedText("Only HTTP/1.0 and HTTP/1.1 are spoken here.", zh: "仅支持 HTTP/1.0 与 HTTP/1.1。")
            case .ambiguousBody:
                LocalizedText("The length of the request's body can be read in two ways.", zh: "请求体长度存在歧义。")
            case .host: LocalizedText("A request names exactly one host.", zh: "请求必须且只能包含一个 Host。")
            case .expectation: LocalizedText("This expectation is not known.", zh: "不支持该 Expect 值。")
            case .transferCoding: LocalizedText("This transfer coding is not known.", zh: "不支持该传输编码。")
            }
        return WeirError("bad_request", .invalid, subject: "request", text)
    }

    static func headTimeout() -> WeirError {
        WeirError(
            "request_timeout", .invalid, subject: "request",
            LocalizedText("The request did not come in time.", zh: "请求超时。"))
    }

    static func terminalMissing() -> WeirError {
        WeirError(
            "frontend_missing", .unavailable, subject: "terminal",
            LocalizedText("The terminal's front end is not installed.", zh: "终端前端文件尚未安装。"),
            remedy: LocalizedText("Run `Scripts/frontend-assets.sh`.", zh: "请运行 `Scripts/frontend-assets.sh`。"))
    }
}

extension HeadFault {
    /// Of a program's answer.
    fileprivate var ofAnswer: LocalizedText? {
        switch self {
        case .malformed:
            LocalizedText(
                "The program's answer is no HTTP/1.1: each line of its head ends in CR and LF, and a field is a name, a colon and text without control characters.",
                zh: "程序的应答不符合 HTTP/1.1：头部每行须以 CR LF 结尾，字段须为“名称: 值”且不含控制字符。")
        case .tooLarge:
            LocalizedText(
                "The head of the program's answer is too large: \(HeadScanner.mostFields) fields and \(HeadScanner.limit >> 10) KiB are the most.",
                zh: "程序应答的头部过大：最多 \(HeadScanner.mostFields) 个字段、\(HeadScanner.limit >> 10) KiB。")
        case .ambiguousBody:
            LocalizedText("The length of the program's answer can be read in two ways.", zh: "程序应答的长度存在歧义。")
        case .transferCoding:
            LocalizedText("The program's answer has a transfer coding that is not known here.", zh: "程序应答使用了不支持的传输编码。")
        case .version, .host, .expectation: nil
        }
    }

    var status: String {
        switch self {
        case .malformed, .ambiguousBody, .host: "400 Bad Request"
        case .tooLarge: "431 Request Header Fields Too Large"
        case .version: "505 HTTP Version Not Supported"
        case .expectation: "417 Expectation Failed"
        case .transferCoding: "501 Not Implemented"
        }
    }
}
