import HTTPTypes
import Hummingbird
import NIOCore
import WeirModel
import WeirStore

extension Call {
    func answer(_ json: JSON, status: HTTPResponse.Status = .ok) -> Response {
        Response(json: json, status: status)
    }

    func done() -> Response { Response(status: .noContent) }

    func answer<Element>(_ page: Page<Element>, _ show: (Element) -> JSON) -> Response {
        answer(["items": page.items.map(show), "next": page.next])
    }

    /// A list that carries identifiers, and what they are called.
    func answer<Element>(_ page: Page<Element>, names: [String: String], _ show: (Element) -> JSON) -> Response {
        answer(["items": page.items.map(show), "next": page.next, "names": names])
    }

    /// A list that is given whole.
    func answer<Element>(all items: [Element], _ show: (Element) -> JSON) -> Response {
        answer(["items": items.map(show), "next": JSON.null])
    }
}

extension Response {
    init(json: JSON, status: HTTPResponse.Status) {
        if let listener = OwnAPI.listener {
            listener.value = json
            self.init(status: status)
            return
        }
        self.init(
            status: status, headers: [.contentType: "application/json; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: JSONWriter.bytes(of: json))))
    }
}
