import HTTPTypes
import Hummingbird
import NIOCore
import WeirModel
import WeirPlatform

struct SystemRoutes {
    let health: Health
    let metrics: RequestMetrics
    let webLimits: WebUploadLimits

    func add(to routes: Routes) {
        let (health, metrics, webLimits) = (health, metrics, webLimits)

        routes.get("system", "getSystem", .anyone) { call in
            call.answer([
                "version": call.settings.version, "sign_up_open": call.settings.signUpIsOpen, "web_upload_files": webLimits.files,
                "web_upload_size": webLimits.size,
            ])
        }

        routes.get("openapi.yaml", "getOpenAPI", .anyone) { _ in
            Response(
                status: .ok, headers: [.contentType: "application/yaml; charset=utf-8"],
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: PackageResources.openapi_yaml)))
        }

        routes.get("/healthz", "getHealth", .anyone) { call in call.answer(["status": "ok"]) }

        routes.get("/readyz", "getReadiness", .anyone) { call in
            let (problems, warnings) = (await health.problems(), await health.warnings())
            return call.answer(
                [
                    "ready": problems.isEmpty, "degraded": !warnings.isEmpty, "problems": problems.map { $0[call.language] },
                    "warnings": Self.counted(warnings),
                ],
                status: problems.isEmpty ? .ok : .serviceUnavailable)
        }

        routes.get("operator/checks", "listChecks") { call in
            try call.caller.requireOperator()
            let (problems, warnings) = (await health.problems(), await health.warnings())
            let items = await health.checks().map { check -> JSON in
                [
                    "subject": check.subject, "status": check.status, "text": check.text[call.language],
                    "remedy": check.remedy?[call.language],
                ]
            }
            return call.answer([
                "ready": problems.isEmpty, "degraded": !warnings.isEmpty, "problems": problems.map { $0[call.language] },
                "warnings": warnings.map { $0.text[call.language] }, "items": items, "next": JSON.null,
            ])
        }

        routes.get("/metrics", "getMetrics", .anyone) { _ in
            let gauges = await health.gauges()
            let text = metrics.text().text + MetricsText(gauges).text
            return Response(
                status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
        }
    }

    /// For everybody: what it is and how often, and nothing of whom it concerns or what lies where.
    private static func counted(_ warnings: [Complaint]) -> [JSON] {
        Dictionary(grouping: warnings, by: \.code).sorted { $0.key < $1.key }.map { ["code": $0.key, "count": $0.value.count] }
    }
}
