import WeirModel

/// How workloads look in tables and in detail.
enum WorkloadViews {
    static func table(_ kind: WorkloadKind?) -> Table {
        kind == nil
            ? Table(
                .text("NAME"), .text("KIND"), .text("STATE"), .number("RAN"), .text("FLAVOR"), .text("BY"),
                .text("CREATED"),
                .text("ID"))
            : Table(
                .text("NAME"), .text("STATE"), .number("RAN"), .number("REMAINING"), .text("FLAVOR"), .text("IMAGE"),
                .text("BY"), .text("CREATED"), .text("ID"))
    }

    static func row(_ workload: Records.Workload, _ kind: WorkloadKind?) -> [String] {
        let ran =
            workload.runningSeconds > 0 || workload.runningSince != nil
            ? Phrase.span(seconds: workload.runningSeconds) : ""
        if kind == nil {
            return [
                workload.name, workload.kind.rawValue, state(workload), ran, workload.flavor.name,
                maker(workload), workload.createdAt.short, workload.id,
            ]
        }
        return [
            workload.name, state(workload), ran, workload.remainingSeconds.map { Phrase.span(seconds: $0) } ?? "",
            workload.flavor.name, workload.image.reference, maker(workload), workload.createdAt.short,
            workload.id,
        ]
    }

    /// Who made it, and whether everybody enters it.
    private static func maker(_ workload: Records.Workload) -> String {
        workload.createdBy.login + (workload.access == .shared ? " (shared)" : "")
    }

    /// The state, with the reason where there is one: `failed (out_of_memory)`, `queued (resources)`,
    /// `stopping (starts again)`.
    static func state(_ workload: Records.Workload) -> String {
        let reason = workload.failure?.code ?? workload.queue?.reason ?? (workload.startsAgain == true ? "starts again" : nil)
        return workload.state.rawValue + (reason.map { " (\($0))" } ?? "")
    }

    static func details(_ workload: Records.Workload) -> [(name: String, value: String?)] {
        [
            ("name", workload.name), ("id", workload.id), ("description", workload.description),
            ("state", "\(state(workload)) since \(workload.stateSince.short)"), ("waits for", workload.queue?.message),
            ("stopped", workload.stopCause.map { "\($0.message)" + ($0.remedy.map { "\n\($0)" } ?? "") }),
            ("failure", workload.failure.map { "\($0.message)\n\($0.remedy)" }),
            ("ran", workload.runningSince == nil ? nil : Phrase.span(seconds: workload.runningSeconds)),
            ("cost", workload.cost.map { "\($0) points" + (workload.pricePerHour.map { price in ", \(price) an hour" } ?? "") }),
            ("remaining", workload.remainingSeconds.map { Phrase.span(seconds: $0) }),
            ("out of memory", workload.memoryKilledAt.map { "a process of it was killed, last at \($0.short); its log says when" }),
            ("run", workload.run > 1 ? "\(workload.run)" : nil), ("image", workload.image.reference),
            (
                "flavor",
                "\(workload.flavor.name): \(Phrase.thousandths(workload.flavor.cpu)) cores, "
                    + "\(Phrase.size(workload.flavor.memory))"
            ), ("replicas", workload.replicas > 1 ? "\(workload.replicas)" : nil),
            ("tool", workload.environment?.tool), ("command", workload.job?.command ?? workload.service?.command),
            ("runs again", workload.job?.rerunOf),
            ("program's port", workload.service.map { "\($0.port) (\($0.mode))" }),
            ("log folder", workload.board?.logPath),
            ("address", workload.port.map { $0.url ?? $0.address }),
            ("calls", workload.port.map { "\($0.requests), \($0.errors) of them failed" }),
            ("released", workload.port.map { "\($0.releasedAt.short) unless it is called" }),
            (
                "mounts",
                (workload.datasets + workload.models).map { mount in
                    mount.path + "  " + (mount.asset.map { "\($0)@\(mount.version ?? 0)" } ?? "somebody's own data")
                }.joined(separator: "\n")
            ),
            ("created", "\(workload.createdAt.short) by \(workload.createdBy.login)"),
            ("enters", workload.access == .shared ? "everybody in the workspace" : "\(workload.createdBy.login) alone"),
            ("started by", workload.run > 1 ? workload.startedBy.login : nil),
            ("runs when idle", workload.environment?.onIdle), ("home", workload.keeps.whose),
            ("kept on stop", workload.keeps.kept.joined(separator: ", ")), ("lost on stop", workload.keeps.lost),
        ]
    }
}
