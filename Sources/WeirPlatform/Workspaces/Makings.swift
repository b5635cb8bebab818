import WeirModel
import WeirStore

/// How many projects and how many assets there may be: a program that makes them in a loop fills neither a workspace nor the database.
struct Makings: Sendable {
    static let standard = Makings(perWorkspace: 10_000, perDay: 1000)
    private static let day = Duration.seconds(86_400)

    /// Of what is there.
    let perWorkspace: Int
    /// What one person makes in all workspaces, also what is deleted again.
    let perDay: Int

    /// Throws `too_many_projects`, `made_too_many`.
    func requireProject(in workspace: Identifier<Workspace>, by account: Identifier<Account>, at now: Timestamp, _ db: Reading) throws {
        guard try db.projectsMade(by: account, since: now - Self.day) < perDay else { throw WeirError.madeTooMany("project", most: perDay) }
        guard try db.projectCount(in: workspace) < perWorkspace else {
            throw WeirError.tooManyThere(
                "too_many_projects", "project", rule: "PRJ-01",
                LocalizedText(
                    "This workspace has \(perWorkspace) projects, and no more are made.", zh: "该空间已有 \(perWorkspace) 个项目，达到上限。"))
        }
    }

    /// The same of datasets and models together. Throws `too_many_assets`, `made_too_many`.
    func requireAsset(in workspace: Identifier<Workspace>, by account: Identifier<Account>, at now: Timestamp, _ db: Reading) throws {
        guard try db.assetsMade(by: account, since: now - Self.day) < perDay else { throw WeirError.madeTooMany("asset", most: perDay) }
        guard try db.assetCount(in: workspace) < perWorkspace else {
            throw WeirError.tooManyThere(
                "too_many_assets", "asset", rule: "DAT-01",
                LocalizedText(
                    "This workspace has \(perWorkspace) datasets and models, and no more are made.",
                    zh: "该空间的数据集和模型已有 \(perWorkspace) 个，达到上限。"))
        }
    }
}

extension WeirError {
    fileprivate static func tooManyThere(_ code: String, _ subject: String, rule: String, _ text: LocalizedText) -> WeirError {
        WeirError(
            code, .conflict, subject: subject, rule: rule, text,
            remedy: LocalizedText("Delete some that nobody needs, or use another workspace.", zh: "请删除不需要的，或使用其他空间。"))
    }

    fileprivate static func madeTooMany(_ subject: String, most: Int) -> WeirError {
        WeirError(
            "made_too_many", .tooMany, subject: subject, rule: subject == "project" ? "PRJ-01" : "DAT-01",
            subject == "project"
                ? LocalizedText("You have made \(most) projects within a day.", zh: "您在一天内已创建 \(most) 个项目。")
                : LocalizedText("You have made \(most) datasets and models within a day.", zh: "您在一天内已创建 \(most) 个数据集和模型。"),
            remedy: LocalizedText("Go on tomorrow, or put more into each of them.", zh: "请明天继续，或合并存放。"))
    }
}
