import Foundation
import Testing

/// Goal: the README does not go stale.
///
/// Method: what it names is looked for where it comes from.
@Suite struct ReadmeTests {
    private let tree = SourceTree.shared

    private func readme() throws -> String {
        let text = tree.text(of: "README.md")
        return try #require(text, "README.md is missing")
    }

    @Test func `every verb of meterctl in the README exists`() throws {
        let verbs = try verbs()
        let named = try readme().matches(of: /[`$] ?meterctl ([a-z]+)/).map { String($0.output.1) }
        #expect(!named.isEmpty)
        for verb in Set(named) where verb != "help" {
            let exists = verbs.contains(verb)
            #expect(exists, "there is no `meterctl \(verb)`")
        }
    }

    @Test func `every metric in the README is on the metrics page`() throws {
        let source = tree.text(of: "Sources/ControlPlane/Metrics/MetricsPage.swift")
        let page = try #require(source)
        let named = try readme().matches(of: /`(meterd_[a-z_]+)`/).map { String($0.output.1) }
        #expect(!named.isEmpty)
        for metric in Set(named) {
            let exists = page.contains("\"\(metric)\"")
            #expect(exists, "there is no metric \(metric)")
        }
    }

    @Test func `every make target in the README exists`() throws {
        let text = tree.text(of: "Makefile")
        let makefile = try #require(text)
        let named = try readme().matches(of: /`make ([a-z][a-z-]*)/).map { String($0.output.1) }
        #expect(!named.isEmpty)
        for target in Set(named) {
            let exists = makefile.contains("\n\(target):")
            #expect(exists, "there is no `make \(target)`")
        }
    }

    @Test func `every file that the README links to exists`() throws {
        for match in try readme().matches(of: /\]\(([^)#]+)[^)]*\)/) {
            let link = String(match.output.1)
            if link.contains("://") { continue }
            let exists = tree.exists(link)
            #expect(exists, "the README links to \(link)")
        }
    }

    @Test func `every settings key in the README is in the settings file`() throws {
        let text = tree.text(of: "config/meterd.yaml")
        let settings = try #require(text)
        let groups = settings.matches(of: /(?m)^([a-z_]+):/).map { String($0.output.1) }
        for match in try readme().matches(of: /`([a-z_]+)\.([a-z_]+)`/) {
            let (group, key) = (String(match.output.1), String(match.output.2))
            guard groups.contains(group) else { continue }
            let exists = settings.contains("#\(key):")
            #expect(exists, "there is no key \(group).\(key)")
        }
    }

    /// The names that meterctl's commands give themselves.
    private func verbs() throws -> Set<String> {
        let commands = tree.sources.filter { $0.target == "meterctl" }
        let names = commands.flatMap { file in
            file.lines.joined(separator: "\n").matches(of: /commandName: "([a-z-]+)"/)
                .map { String($0.output.1) }
        }
        try #require(names.count > 10)
        return Set(names)
    }
}
