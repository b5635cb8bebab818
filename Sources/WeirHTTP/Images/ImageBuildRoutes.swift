import HTTPTypes
import Hummingbird
import NIOCore
import WeirModel
import WeirPlatform
import WeirStore

/// Building the official images, with the build's progress as the answer (IMG-01, IMG-20).
struct ImageBuildRoutes {
    let images: Images

    func add(to routes: Routes) {
        let images = images

        routes.post("images/build-official", "buildOfficialImages") { call in
            let caller = try call.caller
            try caller.requireOperator()
            let names = try await call.inputOrNone(BuildInput.self).names ?? []
            let body = ResponseBody { writer in
                // A receiver that is slower than the build loses lines of its output, no more.
                let (lines, source) = AsyncStream<JSON>.makeStream(bufferingPolicy: .bufferingNewest(4096))
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        do {
                            let built = try await images.buildOfficial(names, by: caller) { source.yield(["progress": $0]) }
                            for image in built { source.yield(["image": ImageView(image: image)]) }
                            source.yield(["done": true])
                        } catch {
                            let failure = ErrorAnswer.weirError(for: error, logger: call.information.logger)
                            source.yield(
                                ErrorAnswer.json(of: failure, in: call.language, requestID: call.information.requestID))
                        }
                        source.finish()
                    }
                    for await line in lines {
                        try await writer.write(ByteBuffer(bytes: JSONWriter.bytes(of: line) + [10]))
                    }
                }
                try await writer.finish(nil)
            }
            return Response(
                status: .ok, headers: [.contentType: "application/x-ndjson", .accelBuffering: "no"], body: body)
        }
    }

    struct BuildInput: Input {
        let names: [String]?

        enum CodingKeys: String, CodingKey, CaseIterable { case names }
    }
}
