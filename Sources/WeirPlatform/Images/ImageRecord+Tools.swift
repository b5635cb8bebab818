import WeirEngine
import WeirModel
import WeirStore

extension ImageRecord {
    /// The tools that the image's labels describe.
    var tools: Set<String> { Set(ImageTool.tools(in: labels).keys) }

    /// The tool that an environment opens: the one named, else JupyterLab, else whatever there is (DEV-20).
    func interactiveTool(named name: String?) throws -> String {
        let interactive = tools.subtracting([Boards.tool])
        if let name {
            guard interactive.contains(name) else { throw WeirError.toolMissing(name) }
            return name
        }
        guard let tool = interactive.contains("jupyterlab") ? "jupyterlab" : interactive.min() else {
            throw WeirError.toolMissing("jupyterlab")
        }
        return tool
    }
}

extension WeirError {
    static func toolMissing(_ name: String) -> WeirError {
        WeirError(
            "tool_missing", .invalid, subject: "image", rule: "DEV-20",
            LocalizedText("The image has no tool \"\(name)\".", zh: "该镜像不包含工具“\(name)”。"),
            remedy: LocalizedText("Choose another image, such as the official notebook.", zh: "请选择其他镜像，例如官方 notebook 镜像。"))
    }
}
