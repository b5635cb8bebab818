import Foundation
import WeirModel

/// What a simulation found, scenario beside scenario.
struct SimulationReport {
    struct Scenario {
        enum Kind: Equatable {
            case pooled, whole
            case more(Int)

            var title: LocalizedText {
                switch self {
                case .pooled: LocalizedText("pooled", zh: "池化")
                case .whole: LocalizedText("whole GPUs", zh: "整卡")
                case .more(let count): LocalizedText("\(count) more GPUs", zh: "增加 \(count) 张卡")
                }
            }

            var name: String {
                switch self {
                case .pooled: "pooled"
                case .whole: "whole"
                case .more: "more"
                }
            }
        }

        let kind: Kind
        let result: SimulationResult
    }

    let scenarios: [Scenario]

    /// A figure a line, a scenario a column; below, the shares of the workspaces in the first scenario.
    func text(_ language: Language) -> String {
        let titles = scenarios.map { $0.kind.title[language] }
        let rows = Self.figures.map { figure in [figure.title[language]] + scenarios.map { figure.value($0.result) } }
        var text = Self.aligned([[""] + titles] + rows)
        guard let shares = scenarios.first?.result.shares, shares.count > 1 else { return text }
        let head = [
            LocalizedText("WORKSPACE", zh: "空间"), LocalizedText("WEIGHT", zh: "权重"), LocalizedText("RUNS", zh: "任务数"),
            LocalizedText("HELD", zh: "占用"), LocalizedText("HELD WHILE OTHERS WAITED", zh: "有人排队时占用"),
            LocalizedText("WAITED, MEAN", zh: "平均等待"), LocalizedText("LONGEST", zh: "最长等待"),
        ].map { $0[language] }
        let lines = shares.map { share in
            [
                share.workspace, "\(share.weight)", "\(share.runs)", Self.percent(share.held), Self.percent(share.heldWhileWaiting),
                Phrase.span(seconds: Int(share.waits.mean)), Phrase.span(seconds: share.waits.longest),
            ]
        }
        text += "\n\n" + Self.aligned([head] + lines)
        return text
    }

    private struct Figure {
        let title: LocalizedText
        let value: (SimulationResult) -> String
    }

    private static var figures: [Figure] {
        [
            Figure(title: LocalizedText("GPUs", zh: "GPU 总数")) { "\($0.accelerators)" },
            Figure(title: LocalizedText("runs", zh: "任务总数")) { "\($0.runs)" },
            Figure(title: LocalizedText("of these started", zh: "其中已启动")) { "\($0.started)" },
            Figure(title: LocalizedText("of these too large for any node", zh: "其中任何节点都放不下")) { "\($0.impossible)" },
            Figure(title: LocalizedText("preempted", zh: "被抢占次数")) { "\($0.preempted)" },
            Figure(title: LocalizedText("allocated, mean", zh: "平均分配率")) { percent($0.allocated) },
            Figure(title: LocalizedText("GPUs in use, mean", zh: "平均使用卡数")) { String(format: "%.1f", $0.meanInUse) },
            Figure(title: LocalizedText("GPUs in use, at most", zh: "最多使用卡数")) { "\($0.mostInUse)" },
            Figure(title: LocalizedText("waited, mean", zh: "平均等待")) { Phrase.span(seconds: Int($0.waits.mean)) },
            Figure(title: LocalizedText("waited, half at most", zh: "等待中位数")) { Phrase.span(seconds: $0.waits.half) },
            Figure(title: LocalizedText("waited, 95 of 100 at most", zh: "等待 95 分位")) { Phrase.span(seconds: $0.waits.most95) },
            Figure(title: LocalizedText("waited, longest", zh: "最长等待")) { Phrase.span(seconds: $0.waits.longest) },
            Figure(title: LocalizedText("fairness (Jain, 1 is fair)", zh: "公平性（Jain 指数，1 为公平）")) {
                String(format: "%.3f", $0.fairness)
            },
            Figure(title: LocalizedText("until the last has ended", zh: "全部结束用时")) { Phrase.span(seconds: $0.span) },
        ]
    }

    private static func percent(_ part: Double) -> String { String(format: "%.1f %%", 100 * part) }

    /// The first column to the left, the others to the right.
    private static func aligned(_ rows: [[String]]) -> String {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in rows.map { column < $0.count ? $0[column].withoutControls.displayWidth : 0 }.max() ?? 0 }
        return rows.map { row in
            row.enumerated().map { $1.withoutControls.padded(to: widths[$0], atStart: $0 > 0) }.joined(separator: "  ")
        }.joined(separator: "\n")
    }

    var json: JSONValue {
        .object([
            "scenarios": .array(
                scenarios.map { scenario in
                    let result = scenario.result
                    return .object([
                        "scenario": .string(scenario.kind.name), "gpus": .integer(Int64(result.accelerators)),
                        "runs": .integer(Int64(result.runs)), "started": .integer(Int64(result.started)),
                        "impossible": .integer(Int64(result.impossible)), "preempted": .integer(Int64(result.preempted)),
                        "allocated": Self.rounded(result.allocated), "gpus_in_use_mean": Self.rounded(result.meanInUse),
                        "gpus_in_use_most": .integer(Int64(result.mostInUse)), "waited": Self.json(result.waits),
                        "fairness": Self.rounded(result.fairness), "span": .integer(Int64(result.span)),
                        "workspaces": .array(
                            result.shares.map { share in
                                .object([
                                    "workspace": .string(share.workspace), "weight": .integer(Int64(share.weight)),
                                    "runs": .integer(Int64(share.runs)), "held": Self.rounded(share.held),
                                    "held_while_waiting": Self.rounded(share.heldWhileWaiting), "waited": Self.json(share.waits),
                                ])
                            }),
                    ])
                })
        ])
    }

    private static func json(_ waits: SimulationResult.Waits) -> JSONValue {
        .object([
            "mean": rounded(waits.mean), "p50": .integer(Int64(waits.half)), "p95": .integer(Int64(waits.most95)),
            "max": .integer(Int64(waits.longest)),
        ])
    }

    /// To six places, so that the same simulation prints the same on every machine.
    private static func rounded(_ value: Double) -> JSONValue { .number((value * 1e6).rounded() / 1e6) }
}
