import AsyncHTTPClient
import Foundation
import WeirModel

/// One run of a client command: who talks to which server, what is chosen, and where the output goes.
struct ClientSession: Sendable {
    let file: ProfileFile
    let profile: Profile
    let environment: [String: String]
    let output: Output
    let http: HTTPClient
    private let options: GlobalChoice

    /// What the flags said.
    private struct GlobalChoice: Sendable {
        let server: String?
        let token: String?
    }

    init(options: GlobalOptions, environment: [String: String], output: Output, http: HTTPClient) throws {
        file = ProfileFile(environment: environment)
        profile = try file.read()
        self.environment = environment
        self.output = output
        self.http = http
        self.options = GlobalChoice(server: options.server, token: options.token)
    }

    /// The client for the server of the login, with its token.
    var api: APIClient {
        get throws {
            guard let server = options.server ?? environment["WEIR_SERVER"] ?? profile.server else {
                throw WeirError.noServer()
            }
            // The login's token is for the login's server and for no other.
            let known = Self.clean(server) == profile.server ? profile.token : nil
            guard let token = options.token ?? environment["WEIR_TOKEN"] ?? known else { throw WeirError.notLoggedIn() }
            return anonymous(server: server, token: token)
        }
    }

    /// A client for a server that need not know us.
    func anonymous(server: String, token: String? = nil) -> APIClient {
        APIClient(server: Self.clean(server), token: token, language: output.language, http: http)
    }

    /// The server that a command without a login is for.
    func serverToAsk(_ argument: String?) throws -> String {
        guard let server = argument ?? options.server ?? environment["WEIR_SERVER"] ?? profile.server else {
            throw WeirError.noServer()
        }
        return Self.clean(server)
    }

    /// With a scheme and without a slash at the end.
    static func clean(_ server: String) -> String {
        let text = server.contains("://") ? server : "http://" + server
        return text.hasSuffix("/") ? String(text.dropLast()) : text
    }

    func remember(_ change: (inout Profile) -> Void) throws {
        var profile = profile
        change(&profile)
        try file.write(profile)
    }
}
