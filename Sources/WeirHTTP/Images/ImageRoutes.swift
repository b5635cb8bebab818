import HTTPTypes
import Hummingbird
import WeirEngine
import WeirModel
import WeirPlatform
import WeirStore

/// An image as the API shows it.
struct ImageView: JSONConvertible {
    let image: ImageRecord

    var json: JSON {
        [
            "id": image.id, "workspace": image.workspace, "reference": image.reference, "digest": image.digest,
            "tools": ImageTool.tools(in: image.labels).keys.sorted(), "labels": image.labels,
            "version": image.labels["weir.version"], "size": image.size,
            "created_at": image.createdAt,
        ]
    }
}

struct ImageRoutes {
    let images: Images

    func add(to routes: Routes) {
        let images = images

        routes.get("images", "listImages") { call in
            let tool = call.query("tool")
            if let tool, tool.isEmpty || tool.utf8.count > 32 { throw WeirError.malformed("tool", "the name of a tool") }
            let page = try await images.list(
                for: call.queryID("workspace"), named: call.nameFilter(), tool: tool, call.pageOfNamed(), by: call.caller)
            return call.answer(page) { ImageView(image: $0).json }
        }

        routes.get("images/{image}", "getImage") { call in
            call.answer(ImageView(image: try await images.image(call.id("image"), for: call.caller)).json)
        }
    }
}
