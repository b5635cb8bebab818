import Foundation
import Mustache
import WeirModel

/// All pages with their templates and words: what `Console/Pages` and `Console/Texts` hold, read once.
struct Pages: Sendable {
    let all: [ConsolePage]
    let texts: Texts
    /// For each language, in which the words stand already: two of three names of a page are words.
    private let libraries: [Language: MustacheLibrary]

    /// - Parameter files: the pages' files, by name. Throws `ConsolePage.Fault` or the template's own fault.
    init(files: [(name: String, text: String)], texts: Texts) throws {
        var pages: [ConsolePage] = []
        var templates: [(name: String, text: String, file: String)] = []
        for (name, text) in files {
            for block in try ConsolePage.blocks(of: text, named: name) {
                switch block {
                case .partial(let partial, let body): templates.append((partial, body, name))
                case .page(let page):
                    pages.append(page)
                    let framed =
                        "{{<layout}}{{$title}}\(page.title){{/title}}{{$content}}\(Escaping.pragma)\(page.body){{/content}}{{/layout}}"
                    templates.append((page.template, framed, name))
                }
            }
        }
        libraries = try Dictionary(
            uniqueKeysWithValues: Language.allCases.map { language in
                var library = MustacheLibrary()
                for (name, text, file) in templates {
                    do {
                        try library.register(Escaping.pragma + texts.filled(into: text, language), named: name)
                    } catch {
                        throw ConsolePage.Fault(description: "\(file), \(name): \(error)")
                    }
                }
                return (language, library)
            })
        // What is written out goes before what a parameter takes: /jobs/new before /jobs/{job}.
        all = pages.sorted { a, b in
            let (first, second) = (a.parts.map { $0.first == "{" }, b.parts.map { $0.first == "{" })
            return first.lexicographicallyPrecedes(second) { !$0 && $1 }
        }
        self.texts = texts
    }

    func render(_ template: String, _ values: Shown.Group, in language: Language) -> String {
        libraries[language]?.render(values, withTemplate: template) ?? ""
    }

    /// The page at a path, with what the path says.
    func page(at path: String) -> (page: ConsolePage, parameters: [String: String])? {
        for page in all {
            if let parameters = page.parameters(of: path) { return (page, parameters) }
        }
        return nil
    }
}
