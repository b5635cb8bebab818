import Foundation
import Mustache
import WeirModel

/// All pages with their templates and words: what `Console/Pages` and `Console/Texts` hold, read once.
struct Pages: Sendable {
    let all: [ConsolePage]
    let texts: Texts
    let library: MustacheLibrary

    /// - Parameter files: the pages' files, by name. Throws `ConsolePage.Fault` or the template's own fault.
    init(files: [(name: String, text: String)], texts: Texts) throws {
        var pages: [ConsolePage] = []
        var library = MustacheLibrary()
        for (name, text) in files {
            for block in try ConsolePage.blocks(of: text, named: name) {
                switch block {
                case .partial(let partial, let body): try Self.register(body, partial, of: name, in: &library)
                case .page(let page):
                    pages.append(page)
                    let framed = "{{<layout}}{{$title}}\(page.title){{/title}}{{$content}}\(page.body){{/content}}{{/layout}}"
                    try Self.register(framed, page.template, of: name, in: &library)
                }
            }
        }
        // What is written out goes before what a parameter takes: /jobs/new before /jobs/{job}.
        all = pages.sorted { a, b in
            let (first, second) = (a.parts.map { $0.first == "{" }, b.parts.map { $0.first == "{" })
            return first.lexicographicallyPrecedes(second) { !$0 && $1 }
        }
        self.texts = texts
        self.library = library
    }

    private static func register(_ text: String, _ name: String, of file: String, in library: inout MustacheLibrary) throws(ConsolePage
        .Fault)
    {
        do {
            try library.register(text, named: name)
        } catch {
            throw ConsolePage.Fault(description: "\(file), \(name): \(error)")
        }
    }

    /// The page at a path, with what the path says.
    func page(at path: String) -> (page: ConsolePage, parameters: [String: String])? {
        for page in all {
            if let parameters = page.parameters(of: path) { return (page, parameters) }
        }
        return nil
    }
}
