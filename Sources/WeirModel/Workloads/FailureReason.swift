/// Why a workload did not start, or ended without being asked to (TRN-13, INF-10, X24).
public enum FailureReason: Hashable, Sendable, Codable {
    /// The kernel ended a process because the flavor's memory was used up.
    case outOfMemory(limit: Bytes)
    case exit(code: Int)
    case signal(Int)
    case imageMissing(String)
    case imagePull(String, detail: String)
    /// The engine could not start the container: the command, a mount or an option is wrong.
    case startRefused(detail: String)
    case scratchFull(limit: Bytes)
    /// The machine's disk, or what the workspace may keep on it, has no room for what the instance needs to begin.
    case storageFull
    /// The service's program did not answer on its port in time.
    case unhealthy(detail: String)
    /// The container is gone and nobody asked for that: the host was restarted, or somebody removed it.
    case lost
    case timeLimit(seconds: Int)
    case engineDown(detail: String)
}

extension FailureReason {
    /// Stable for programs.
    public var code: String {
        switch self {
        case .outOfMemory: "out_of_memory"
        case .exit: "exit"
        case .signal: "signal"
        case .imageMissing: "image_missing"
        case .imagePull: "image_pull"
        case .startRefused: "start_refused"
        case .scratchFull: "scratch_full"
        case .storageFull: "storage_full"
        case .unhealthy: "unhealthy"
        case .lost: "lost"
        case .timeLimit: "time_limit"
        case .engineDown: "engine_down"
        }
    }

    public var message: LocalizedText {
        switch self {
        case .outOfMemory(let limit):
            LocalizedText("The memory of the flavor (\(limit)) was used up.", zh: "内存不足：已用尽规格内存（\(limit)）。")
        case .exit(let code):
            LocalizedText("The program ended with exit code \(code).", zh: "程序以退出码 \(code) 结束。")
        case .signal(let number):
            LocalizedText("The program was ended by signal \(number).", zh: "程序被信号 \(number) 终止。")
        case .imageMissing(let image):
            LocalizedText("The image \(image) is not there.", zh: "镜像 \(image) 不存在。")
        case .imagePull(let image, let detail):
            LocalizedText("The image \(image) could not be pulled: \(detail)", zh: "镜像 \(image) 拉取失败：\(detail)")
        case .startRefused(let detail):
            LocalizedText("The container could not be started: \(detail)", zh: "容器启动失败：\(detail)")
        case .scratchFull(let limit):
            LocalizedText("The scratch space of the flavor (\(limit)) was used up.", zh: "临时存储已用尽（\(limit)）。")
        case .storageFull:
            LocalizedText(
                "There is no room on the disk for what it needs to begin: the storage is full.", zh: "存储空间已满，磁盘没有启动所需的空间。")
        case .unhealthy(let detail):
            LocalizedText("The program did not answer on its port: \(detail)", zh: "程序端口无响应：\(detail)")
        case .lost:
            LocalizedText("The container is gone: the host was restarted, or it was removed.", zh: "容器已丢失：主机重启或被移除。")
        case .timeLimit(let seconds):
            LocalizedText("It ran for its longest time, \(seconds) s.", zh: "已达到最长运行时间 \(seconds) 秒。")
        case .engineDown(let detail):
            LocalizedText("The container engine did not answer: \(detail)", zh: "容器引擎无响应：\(detail)")
        }
    }

    public var remedy: LocalizedText {
        switch self {
        case .outOfMemory:
            LocalizedText(
                "Take a flavor with more memory, make batches smaller, or end orphan processes.",
                zh: "请选择更大内存的规格、减小批次，或清理孤立进程。")
        case .exit, .signal: LocalizedText("Read the log for the cause.", zh: "请查看日志排查代码问题。")
        case .imageMissing: LocalizedText("Choose an image from the list.", zh: "请从镜像列表中选择镜像。")
        case .imagePull:
            LocalizedText("Check the image's name and that the registry answers.", zh: "请检查镜像名称及镜像仓库是否可用。")
        case .startRefused: LocalizedText("Check the command and the mounts.", zh: "请检查启动命令与挂载配置。")
        case .scratchFull:
            LocalizedText(
                "Write results to /gemini/output, or take a flavor with more scratch.",
                zh: "请将结果写入 /gemini/output，或选择更大临时存储的规格。")
        case .storageFull:
            LocalizedText(
                "Delete what is no longer needed or ask the operator for more space, then start it again.",
                zh: "请删除不再需要的内容，或联系运营管理员扩容，然后重新启动。")
        case .unhealthy:
            LocalizedText(
                "Check that the program listens on 0.0.0.0 and on the port of the service, and that the model loads.",
                zh: "请确认程序监听 0.0.0.0 与服务端口，且模型可正常加载。")
        case .lost: LocalizedText("Start it again; kept folders are unharmed.", zh: "请重新启动；持久目录不受影响。")
        case .timeLimit: LocalizedText("Start it again, or set a longer time.", zh: "请重新启动，或设置更长的时间。")
        case .engineDown: LocalizedText("Ask the operator to run `weir doctor`.", zh: "请运营管理员运行 `weir doctor`。")
        }
    }
}
