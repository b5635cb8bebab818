import ArgumentParser
import AsyncHTTPClient
import Foundation
import NIOCore
import WeirModel

/// A command that talks to the API.
protocol ClientCommand: AsyncParsableCommand {
    var global: GlobalOptions { get }
    func perform(in session: ClientSession) async throws
}

extension ClientCommand {
    func run() async throws {
        let environment = ProcessInfo.processInfo.environment
        let output = Output(json: global.json, quiet: global.quiet, language: global.language(environment))
        do {
            var settings = HTTPClient.Configuration()
            settings.timeout.connect = .seconds(10)
            settings.redirectConfiguration = .disallow
            // Nobody waits for a server that is not there; what can be repeated is, with pauses of our own.
            settings.connectionPool.retryConnectionEstablishment = false
            let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: settings)
            do {
                try await perform(
                    in: ClientSession(options: global, environment: environment, output: output, http: http))
            } catch {
                try? await http.shutdown()
                throw error
            }
            try await http.shutdown()
        } catch {
            throw output.report(error)
        }
    }
}
