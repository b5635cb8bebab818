import Crypto
import HTTPTypes
import Hummingbird
import NIOCore

/// The console's pages: fixed files that call the API like any other client.
struct ConsoleRoutes {
    private struct Page: Sendable {
        let type: String
        let body: ByteBuffer
        let tag: String

        init(_ type: String, _ bytes: [UInt8]) {
            self.type = type
            body = ByteBuffer(bytes: bytes)
            let digest = SHA256.hash(data: bytes).prefix(9)
            tag = "\"" + digest.map { String($0, radix: 36) }.joined() + "\""
        }

        /// Asked for anew each time, answered by "not modified" most times: an upgrade is seen at once.
        func answer(_ request: Request) -> Response {
            let headers: HTTPFields = [.contentType: type, .eTag: tag, .cacheControl: "no-cache"]
            if request.headers[.ifNoneMatch] == tag { return Response(status: .notModified, headers: headers) }
            return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: body))
        }
    }

    func add(to router: Router<RequestInformation>) {
        let index = Page("text/html; charset=utf-8", PackageResources.index_html)
        router.get("/") { request, _ in index.answer(request) }

        let script = "text/javascript; charset=utf-8"
        let files = [
            "console.css": Page("text/css; charset=utf-8", PackageResources.console_css),
            "weir.svg": Page("image/svg+xml", PackageResources.weir_svg),
            "texts.json": Page("application/json", PackageResources.texts_json),
            "texts.js": Page(script, PackageResources.texts_js),
            "api.js": Page(script, PackageResources.api_js),
            "dom.js": Page(script, PackageResources.dom_js),
            "console.js": Page(script, PackageResources.console_js),
            "access.js": Page(script, PackageResources.access_js),
            "workloads.js": Page(script, PackageResources.workloads_js),
            "overview.js": Page(script, PackageResources.overview_js),
            "files.js": Page(script, PackageResources.files_js),
            "projects.js": Page(script, PackageResources.projects_js),
            "create.js": Page(script, PackageResources.create_js),
            "workload.js": Page(script, PackageResources.workload_js),
            "assets.js": Page(script, PackageResources.assets_js),
            "people.js": Page(script, PackageResources.people_js),
            "money.js": Page(script, PackageResources.money_js),
            "quotas.js": Page(script, PackageResources.quotas_js),
            "flavors.js": Page(script, PackageResources.flavors_js),
            "ssh.js": Page(script, PackageResources.ssh_js),
        ]
        for (name, page) in files {
            router.get(RouterPath("/console/" + name)) { request, _ in page.answer(request) }
        }
    }
}
