/// What the client of an SSH session is told in one line when it cannot go on.
extension WeirError {
    public static func environmentNotRunning(_ name: String, _ state: WorkloadState, cause: LocalizedText? = nil) -> WeirError {
        let why = cause.map { LocalizedText(" (\($0.en))", zh: "（\($0.zh)）") } ?? LocalizedText("", zh: "")
        return WeirError(
            "environment_not_running", .conflict, subject: name, rule: "SSH-06",
            LocalizedText(
                "The environment \"\(name)\" is \(state.rawValue)\(why.en).", zh: "开发环境“\(name)”当前为\(state.inChinese)\(why.zh)。"),
            remedy: state == .queued || state == .deploying
                ? LocalizedText("Wait until it runs: weir env show \(name)", zh: "请等待其运行：weir env show \(name)")
                : LocalizedText("Start it: weir env start \(name)", zh: "请先启动：weir env start \(name)"))
    }

    public static func sshAccessLost() -> WeirError {
        WeirError(
            "ssh_access_lost", .forbidden, subject: "workspace", rule: "IDW-02",
            LocalizedText("You are no longer a member who may enter here.", zh: "您已不再具有进入此处的权限。"),
            remedy: LocalizedText("Ask an owner of the workspace.", zh: "请联系空间所有者。"))
    }

    public static func sshCredentialGone() -> WeirError {
        WeirError(
            "ssh_credential_gone", .forbidden, subject: "credential", rule: "SSH-04",
            LocalizedText("The key or the password with which you logged in was removed or changed.", zh: "您登录所用的密钥或密码已被删除或更改。"),
            remedy: LocalizedText("Log in with one that is set now.", zh: "请使用当前有效的密钥或密码重新登录。"))
    }

    public static func sshShutDown() -> WeirError {
        WeirError(
            "ssh_shut_down", .unavailable, subject: "gateway",
            LocalizedText("The gateway is being restarted.", zh: "网关正在重启。"),
            remedy: LocalizedText("Connect again in a moment; what runs in tmux goes on.", zh: "请稍后重新连接；tmux 中的程序会继续运行。"))
    }

    public static func sshOnlyFiles(andGit: Bool = false) -> WeirError {
        WeirError(
            "ssh_only_files", .forbidden, subject: "shell", rule: "SSH-09",
            LocalizedText("This address carries files alone: there is no shell here.", zh: "此地址仅用于传输文件，不提供 Shell。"),
            remedy: andGit
                ? LocalizedText("Use git, sftp, scp without -O, or WinSCP.", zh: "请使用 git、sftp、scp（不带 -O）或 WinSCP。")
                : LocalizedText("Use sftp, scp without -O, or WinSCP.", zh: "请使用 sftp、scp（不带 -O）或 WinSCP。"))
    }

    public static func remoteForwardingRefused() -> WeirError {
        WeirError(
            "ssh_remote_forwarding", .forbidden, subject: "tcpip-forward",
            LocalizedText("Remote forwarding (ssh -R) is not offered.", zh: "不支持远程转发（ssh -R）。"),
            remedy: LocalizedText("Use ssh -L or -D, or a service with a port.", zh: "请使用 ssh -L 或 -D，或创建带端口的服务。"))
    }

    public static func socketForwardingRefused() -> WeirError {
        WeirError(
            "ssh_socket_forwarding", .forbidden, subject: "direct-streamlocal",
            LocalizedText("Sockets by path (ssh -L PORT:/path) are not forwarded.", zh: "不支持按路径转发套接字（ssh -L 端口:/路径）。"),
            remedy: LocalizedText(
                "Use ssh -L or -D to a port; in VS Code switch remote.SSH.remoteServerListenOnSocket off.",
                zh: "请使用 ssh -L 或 -D 转发到端口；在 VS Code 中请关闭 remote.SSH.remoteServerListenOnSocket。"))
    }

    public static func sshTooManyChannels(_ most: Int) -> WeirError {
        WeirError(
            "ssh_too_many_channels", .tooMany, subject: "channel",
            LocalizedText(
                "This connection carries \(most) channels already, the most for what was asked.", zh: "该连接已有 \(most) 个通道，已达此类请求的上限。"),
            remedy: LocalizedText("Close some, or open another connection.", zh: "请关闭部分通道，或新建一个连接。"))
    }
}

extension WorkloadState {
    /// As the console writes it (DEV-25).
    public var inChinese: String {
        switch self {
        case .queued: "等待"
        case .deploying: "部署中"
        case .running: "运行中"
        case .stopping: "停止中"
        case .stopped: "已停止"
        case .completed: "已完成"
        case .failed: "失败"
        }
    }
}

extension WeirError {
    /// The one line that a client of SSH is shown.
    public func line(in language: Language) -> String {
        let text = [message[language], remedy?[language]].compactMap(\.self).joined(separator: language == .english ? " " : "")
        return "weir: " + String(text.map { $0.isNewline ? " " : $0 })
    }
}
