/// The fixed paths of the platforms that users come from, so that their scripts run unchanged (STO-08, X02, X12).
public enum ContainerPaths {
    public static let code = "/gemini/code"
    public static let output = "/gemini/output"
    /// What the project's jobs and services wrote, each in a folder of its own: seen from environments and boards.
    public static let jobs = "/gemini/output/jobs"
    public static let home = "/home/user"
    public static let netdisk = "/ark-contexts/data"
    public static let mostMounts = 3

    /// `position` counts from 0.
    public static func dataset(_ position: Int) -> String { "/gemini/data-\(position + 1)" }
    public static func model(_ position: Int) -> String { "/gemini/pretrain\(position + 1)" }
    /// The older name of the first model (X12).
    public static let firstModelAlias = "/gemini/pretrain"
}

/// What a workload sees at which path, without saying where on the host it lies.
public struct PlannedMount: Hashable, Sendable {
    public let source: Source
    public let target: String
    public let writable: Bool

    public enum Source: Hashable, Sendable {
        case liveCode
        case tree(TreeName)
        /// All results of the project.
        case projectOutput
        /// The results of all jobs and services of the project.
        case jobOutputs
        /// The folder of this workload among them.
        case ownOutput
        case home
        case netdisk
        /// The workspace's own, in the place of a person's.
        case sharedHome
        case sharedNetdisk
    }
}

extension WorkloadSpec {
    /// The mounts at their fixed paths; datasets, models and frozen code are read-only (DAT-11, MOD-07, PRJ-09). What others enter has no
    /// folder of a person's (IDW-07, STO-03, X19).
    public func mounts() -> [PlannedMount] {
        var mounts: [PlannedMount] = []
        func add(_ source: PlannedMount.Source, _ target: String, writable: Bool = false) {
            mounts.append(PlannedMount(source: source, target: target, writable: writable))
        }
        switch detail {
        case .environment:
            add(.liveCode, ContainerPaths.code, writable: true)
            add(.projectOutput, ContainerPaths.output, writable: true)
            add(.jobOutputs, ContainerPaths.jobs)
        case .job(let job):
            add(.tree(job.code), ContainerPaths.code)
            add(.ownOutput, ContainerPaths.output, writable: true)
        case .service(let service):
            add(.tree(service.code), ContainerPaths.code)
            add(.ownOutput, ContainerPaths.output, writable: true)
        case .board:
            add(.projectOutput, ContainerPaths.output)
            add(.jobOutputs, ContainerPaths.jobs)
            return mounts
        }
        for (position, version) in datasets.enumerated() {
            add(.tree(version.tree), ContainerPaths.dataset(position))
        }
        for (position, version) in models.enumerated() {
            add(.tree(version.tree), ContainerPaths.model(position))
        }
        if let first = models.first { add(.tree(first.tree), ContainerPaths.firstModelAlias) }
        add(isShared ? .sharedHome : .home, ContainerPaths.home, writable: true)
        add(isShared ? .sharedNetdisk : .netdisk, ContainerPaths.netdisk, writable: true)
        return mounts
    }
}

/// What is kept and what is lost when an environment stops (X02, DEV-08, DEV-14): shown before the stop.
public enum Persistence {
    public static let kept = [
        ContainerPaths.code, ContainerPaths.output, ContainerPaths.home, ContainerPaths.netdisk,
    ]

    /// To whom the home and the netdisk belong that it has (IDW-07, STO-03).
    public static func whose(_ isShared: Bool) -> LocalizedText {
        isShared
            ? LocalizedText(
                "\(ContainerPaths.home) and \(ContainerPaths.netdisk) are the workspace's: everybody in it reads and writes them in what is shared.",
                zh: "\(ContainerPaths.home) 与 \(ContainerPaths.netdisk) 属于空间：空间成员在共享资源中均可读写。")
            : LocalizedText(
                "\(ContainerPaths.home) and \(ContainerPaths.netdisk) are the maker's own, the same in all workspaces; nobody else enters.",
                zh: "\(ContainerPaths.home) 与 \(ContainerPaths.netdisk) 属于创建者个人，在其所有空间中相同；他人无法进入。")
    }

    /// The things that are gone when it stops, and what else that means for its kind (ux 41).
    public static func lost(_ kind: WorkloadKind) -> LocalizedText {
        switch kind {
        case .environment:
            LocalizedText(
                "Everything else: installed packages, /root, /tmp and /scratch, and what is not saved in an open notebook or editor.",
                zh: "其余全部：安装的软件包、/root、/tmp 与 /scratch，以及打开的笔记本或编辑器中未保存的内容。")
        case .job:
            LocalizedText(
                "What it has computed and not written, /root, /tmp and /scratch.", zh: "尚未写出的计算结果，以及 /root、/tmp 与 /scratch。")
        case .service:
            LocalizedText(
                "Callers get no answer, and the next start has another address. /root, /tmp and /scratch go.",
                zh: "调用方将无法访问，下次启动会更换地址；/root、/tmp 与 /scratch 会清除。")
        case .board:
            LocalizedText("Nothing: it only shows what lies in /gemini/output.", zh: "无：可视化任务仅展示 /gemini/output 中的内容。")
        }
    }

    /// The things that a deletion leaves, and those that it takes (X21).
    public static let keptWhenDeleted = LocalizedText(
        "The code, /gemini/output, home, netdisk, datasets, models and everything that was exported; the charges stay on the bill.",
        zh: "代码、/gemini/output、主目录、网盘、数据集、模型及所有导出内容；账单记录保留。")
    public static let lostWhenDeleted = LocalizedText(
        "It is stopped if it runs. Its container, log, history and address are gone for good.",
        zh: "若在运行会先停止。其容器、日志、历史与访问地址将永久删除。")
}
