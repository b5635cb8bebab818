import WeirModel

/// What is wrong with a request as such, before any capability is asked.
extension WeirError {
    static func noRoute() -> WeirError {
        WeirError(
            "no_route", .notFound, subject: "path",
            LocalizedText("There is nothing at this path.", zh: "此路径不存在。"),
            remedy: LocalizedText("The paths are in /api/v1/openapi.yaml.", zh: "可用路径见 /api/v1/openapi.yaml。"))
    }

    static func noPage() -> WeirError {
        WeirError(
            "no_page", .notFound, subject: "path",
            LocalizedText("There is no such page.", zh: "页面不存在。"),
            remedy: LocalizedText("It may have been deleted, or the address was not typed right.", zh: "它可能已被删除，或地址输入有误。"))
    }

    static func methodNotAllowed(_ allowed: [String]) -> WeirError {
        let list = allowed.joined(separator: ", ")
        return WeirError(
            "method_not_allowed", .invalid, subject: "method",
            LocalizedText("This path takes \(list).", zh: "此路径仅支持 \(list)。"))
    }

    static func unsupportedMediaType(_ wanted: String) -> WeirError {
        WeirError(
            "unsupported_media_type", .invalid, subject: "Content-Type",
            LocalizedText("The body must be \(wanted).", zh: "请求体类型应为 \(wanted)。"))
    }

    static func bodyTooLarge(limit: Int) -> WeirError {
        WeirError(
            "body_too_large", .tooLarge, subject: "body",
            LocalizedText("The body is larger than \(limit) bytes.", zh: "请求体超过 \(limit) 字节。"))
    }

    static func badRequest(_ detail: String) -> WeirError {
        WeirError(
            "bad_request", .invalid, subject: "request",
            LocalizedText("The request cannot be read: \(detail)", zh: "无法解析请求：\(detail)"))
    }

    static func tooManyStreams() -> WeirError {
        WeirError(
            "too_many_streams", .tooMany, subject: "stream",
            LocalizedText("Too many streams are open.", zh: "打开的事件流过多。"),
            remedy: LocalizedText("Close a page or a program that follows events or a log.", zh: "请关闭正在跟踪事件或日志的页面或程序。"))
    }
}
