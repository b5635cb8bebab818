import Foundation
import Testing

@testable import WeirHTTP

@Suite struct ConsoleTests {
    @Test("the console is served with all files that its pages name, and has no inline script or style")
    func files() async throws {
        try await TestServer.with { server in
            let page = try await server.client.send("GET", "/")
            #expect(page.status == 200)
            #expect(page.header("Content-Type") == "text/html; charset=utf-8")
            #expect(!page.body.contains("<style") && !page.body.contains(" style=") && !page.body.contains("onclick"))
            var waiting = page.body.matches(of: /\/console\/[a-z.]+/).map { String($0.output) }
            var seen: Set<String> = []
            while let path = waiting.popLast() {
                guard seen.insert(path).inserted else { continue }
                let file = try await server.client.send("GET", path)
                #expect(file.status == 200, "\(path)")
                waiting += file.body.matches(of: /from "\.\/([a-z]+\.js)"/).map { "/console/" + $0.output.1 }
                waiting += file.body.matches(of: /\/console\/[a-z]+\.[a-z]+/).map { String($0.output) }
                let again = try await server.client.send(
                    "GET", path, headers: [("If-None-Match", file.header("ETag") ?? "")])
                #expect(again.status == 304)
            }
            #expect(seen.count >= 15)
        }
    }

    @Test("every text of the console is there in English and Chinese, and every text that a page uses is there")
    func texts() throws {
        let data = Data(PackageResources.texts_json)
        let catalogue = try JSONDecoder().decode([String: [String]].self, from: data)
        for (key, texts) in catalogue {
            #expect(texts.count == 2 && texts.allSatisfy { !$0.isEmpty }, "\(key)")
        }
        let pages = [
            PackageResources.console_js, PackageResources.access_js, PackageResources.workloads_js,
            PackageResources.overview_js, PackageResources.files_js, PackageResources.projects_js,
            PackageResources.create_js, PackageResources.workload_js, PackageResources.assets_js,
            PackageResources.people_js, PackageResources.money_js, PackageResources.quotas_js, PackageResources.flavors_js,
        ]
        for page in pages {
            for match in String(decoding: page, as: UTF8.self).matches(of: /\bt\("([a-z_]+)"\)/) {
                #expect(catalogue[String(match.output.1)] != nil, "\(match.output.1)")
            }
        }
    }

    @Test("health, readiness and metrics answer without a login")
    func system() async throws {
        try await TestServer.with { server in
            #expect(try await server.client.send("GET", "/healthz")["status"].text == "ok")
            #expect(try await server.client.send("GET", "/readyz").status == 200)
            let metrics = try await server.client.send("GET", "/metrics")
            #expect(metrics.body.contains(#"route="/healthz",status="200"} 1"#))
        }
    }
}
