import Foundation
import Runner
import Testing

@testable import devloop

/// The table of keys: what it says is so, and what others say of it is what it says.
struct ConfigurationKeysTests {
    /// A key with the way to it: `services[].image`.
    private struct Row {
        var path: String
        var key: KeyDescription

        static let all = rows(Configuration.keys.map(\.description), at: "")

        /// The keys whose values are no objects of ours, in the table's order.
        private static func rows(_ keys: [KeyDescription], at path: String) -> [Row] {
            keys.flatMap { key in
                switch key.shape {
                case .section(let keys): rows(keys, at: "\(path)\(key.name).")
                case .list(of: .section(let keys), called: _): rows(keys, at: "\(path)\(key.name)[].")
                default: [Row(path: path + key.name, key: key)]
                }
            }
        }
    }

    /// For each key that is read, a value other than the default and than the files' below.
    private static let samples: [String: JSONValue] = [
        "name": "other", "manifests": ["other"], "target": "docker", "kubeContext": "other",
        "allowedContexts": ["other"], "namespace": "other", "registry": "other:5000", "builder": "podman",
        "services[].name": "other",
        "services[].image": "a/other", "services[].context": "other", "services[].dockerfile": "other",
        "services[].stage": "other", "services[].buildArgs": ["OTHER": "1"],
        "services[].build": ["./other"], "services[].pushes": true, "services[].inputs": ["other"],
        "services[].platform": "linux/arm64", "services[].secrets": ["npm": ["env": "NPM_TOKEN"]],
        "services[].ssh": ["default"], "services[].buildContexts": ["shared": "../shared"],
        "services[].cacheFrom": ["a/web:cache"], "services[].cacheTo": ["type=inline"],
        "services[].noCacheFilter": ["build"], "services[].network": "host", "services[].addHosts": ["db:10.0.0.1"],
        "services[].labels": ["team": "shop"], "services[].extraArguments": ["--shm-size=1g"],
        "services[].workloads": ["deployment/other"], "services[].ignore": ["other"], "services[].sync": false,
        "services[].onSync": ["restart": true],
        "services[].ports": [3000, "8080:http"], "forward[].to": "service/db:5432", "forward[].port": 99,
        "forward[].namespace": "other", "secrets": ["s": ["KEY": "x"]], "configMaps": ["m": "other"],
        "keepImages": "all", "ingress.port": 99, "watch.pollMilliseconds": 99,
        "watch.settleMilliseconds": 99,
    ]

    /// A small file with one more value in it, or another one.
    private static func text(_ path: String? = nil, _ value: JSONValue = .null) -> String {
        var service: JSONValue = ["name": "web", "image": "a/web", "context": "web", "workloads": ["deployment/web"]]
        var document: JSONValue = [:]
        // It goes with a command only.
        if path == "services[].pushes", value != false { service["build"] = ["./other"] }
        if let path, path.hasPrefix("services[].") {
            service[String(path.dropFirst("services[].".count))] = value
        } else if let path, path.hasPrefix("forward[].") {
            var forward: JSONValue = ["to": "service/db:1"]
            forward[String(path.dropFirst("forward[].".count))] = value
            document["forward"] = [forward]
        } else if let path {
            document[path: path.split(separator: ".").map(String.init)] = value
        }
        document["services"] = [service]
        return document.description
    }

    private static func parse(_ text: String) throws(ConfigurationError) -> Configuration {
        try Configuration.parse(Array(text.utf8), path: "/projects/shop/devloop.json", file: "f")
    }

    private static let readme = String(
        decoding: FileManager.default.contents(
            atPath: URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/../../README.md") ?? Data(),
        as: UTF8.self)

    @Test func theReadmesTableIsThisOne() {
        let rows = Row.all.filter { !$0.path.hasPrefix("$") }.map { row in
            let fallback: String? =
                switch row.key.fallback {
                case .required: nil
                case .none: "none"
                case .value(let value): "`\(value)`"
                case .words(let words): words
                }
            return "| `\(row.path)` |\(fallback.map { " \($0)" } ?? "") | \(row.key.documentation) |"
        }
        let table = "| key | default | |\n|---|---|---|\n" + rows.joined(separator: "\n") + "\n\n"
        #expect(Self.readme.contains(table), "README.md should have:\n\(table)")
    }

    @Test func theReadmeNamesWhatCountsWhenDevloopStartsAgain() {
        let names = Configuration.keys.map(\.description).filter { $0.cost == .restart }.map { "`\($0.name)`" }
        let list = "\(names.dropLast().joined(separator: ", ")) or \(names[names.count - 1])"
        #expect(Self.readme.contains("a change of \(list) counts when devloop starts\nagain"), "\(list)")
    }

    @Test func theReadmeDescribesEveryCommand() {
        for command in Subcommands.all {
            let usage = command.usage.replacingOccurrences(of: "...", with: "…")
            #expect(Self.readme.contains("| `devloop \(usage)` | "))
        }
    }

    @Test(arguments: Row.all.map(\.path)) func aChangeOfAKeyCostsWhatItsRowSays(_ path: String) throws {
        let row = try #require(Row.all.first { $0.path == path })
        guard path != "$schema" else { return #expect(row.key.cost == .nothing) }
        let sample = try #require(Self.samples[path], "the tests have no value for it")
        let blank = path == "services[].pushes" ? Self.text("services[].build", ["./other"]) : Self.text()
        let (before, after) = (try Self.parse(blank), try Self.parse(Self.text(path, sample)))
        let isOfService = path.hasPrefix("services[].")
        let changes =
            isOfService
            ? after.services[0].changes(from: before.services[0]) : after.changes(from: before)
        // The Dockerfile is found in the context.
        let expected = path == "services[].context" ? ["context", "dockerfile"] : [row.key.name]
        let section = ["watch", "forward", "ingress"].first { path.hasPrefix($0) }
        #expect(changes.map(\.name) == (section.map { [$0] } ?? expected))
        #expect(changes.first?.cost == row.key.cost)

        let project = { (configuration: Configuration) in try Project(configuration: configuration, objects: []) }
        let change = ProjectChange(from: try project(before), to: try project(after), files: ["devloop.json"])
        #expect(change.settingsThatNeedARestart.isEmpty == (row.key.cost != .restart))
        #expect(change.changed.isEmpty == (row.key.cost != .build && path != "services[].workloads"))
        #expect(change.appliesManifests == ["secrets", "configMaps"].contains(path))
    }

    @Test func aDefaultIsWhatCountsWithoutTheKey() throws {
        let whole = try Self.parse(Self.text())
        let rows = Row.all.filter { if case .value = $0.key.fallback { true } else { false } }
        #expect(!rows.isEmpty)
        for row in rows {
            guard case .value(let value) = row.key.fallback else { continue }
            #expect(try Self.parse(Self.text(row.path, value)) == whole, "\(row.path)")
        }
    }

    @Test(arguments: Row.all.map(\.path)) func aValueOfAnotherKindIsRefusedAtItsPlace(_ path: String) throws {
        let row = try #require(Row.all.first { $0.path == path })
        let wrong: JSONValue = ["ync", "pushes"].contains(where: path.hasSuffix) ? 7 : true
        let error = try #require(throws: ConfigurationError.self) { try Self.parse(Self.text(path, wrong)) }
        #expect(error.problems.count == 1)
        #expect(error.problems[0].keyPath == path.replacingOccurrences(of: "[]", with: "[0]"))
        #expect(error.problems[0].position != nil)
        #expect(error.problems[0].message == "expected \(row.key.shape.expectation), found \(wrong)")
    }
}
