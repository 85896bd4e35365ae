import Foundation
import Runner
import TestSupport
import Testing
import Watcher

@testable import devloop

/// Secrets and ConfigMaps of devloop.json: what is read, what is missing, and that no value is told.
struct OutsideDataTests {
    private static func text(_ keys: String) -> String {
        #"{ "name": "shop", \#(keys), "services": [{ "image": "shop/web", "context": "web", "workloads": ["deployment/web"] }] }"#
    }

    private static func configuration(_ keys: String, in folder: String = "/projects/shop") throws -> Configuration {
        try Configuration.parse(Array(text(keys).utf8), path: "\(folder)/devloop.json", file: "devloop.json")
    }

    private static func problems(_ keys: String) -> [String] {
        do {
            _ = try configuration(keys)
            return []
        } catch {
            return (error as? ConfigurationError)?.problems.map { "\($0.keyPath): \($0.message)" } ?? ["\(error)"]
        }
    }

    private static func objects(
        _ keys: String, in folder: String = "/projects/shop", environment: [String: String] = [:]
    ) throws -> [KubernetesObject] {
        try OutsideObjects(try configuration(keys, in: folder), environment: environment).objects(in: "blog")
    }

    private static func missing(_ keys: String, in folder: String = "/projects/shop") -> [String] {
        do {
            _ = try objects(keys, in: folder)
            return []
        } catch {
            return (error as? ConfigurationError)?.lines ?? ["\(error)"]
        }
    }

    // MARK: - devloop.json

    @Test func valuesAndFilesAreRead() throws {
        let configuration = try Self.configuration(
            #""secrets": { "jwt": { "KEY": null, "FIXED": "x" }, "other/db": ".env.db" }, "configMaps": { "m": {} }"#)
        #expect(
            configuration.secrets == [
                OutsideData(
                    kind: .secret, name: "jwt",
                    source: .values([.init(key: "KEY", text: nil), .init(key: "FIXED", text: "x")])),
                OutsideData(kind: .secret, name: "db", namespace: "other", source: .file("/projects/shop/.env.db")),
            ])
        #expect(configuration.configMaps == [OutsideData(kind: .configMap, name: "m", source: .values([]))])
    }

    @Test(arguments: [
        (#""secrets": "s3cret""#, "secrets: expected an object of Secrets, found a string"),
        (
            #""secrets": { "a": 5 }"#,
            "secrets.a: expected an object of values, or the path of a file of KEY=VALUE lines, found a number"
        ),
        (#""secrets": { "a": { "K": 53 } }"#, "secrets.a.K: expected a string, found a number; write it in quotes"),
        (
            #""configMaps": { "a": { "K": ["x"] } }"#,
            "configMaps.a.K: expected a string, or null for the environment's value, found an array"
        ),
        (
            #""secrets": { "A": {} }"#,
            #"secrets.A: expected a name, or NAMESPACE/NAME, of lower-case letters, digits, - and ., found "A""#
        ),
        (
            #""secrets": { "a/b/c": {} }"#,
            #"secrets.a/b/c: expected a name, or NAMESPACE/NAME, of lower-case letters, digits, - and ., found "a/b/c""#
        ),
        (
            #""secrets": { "a": { "K L": "x" } }"#,
            #"secrets.a.K L: expected a key of at most 253 letters, digits, -, _ and ., found "K L""#
        ),
    ])
    func whatIsWrongIsToldWithoutValues(keys: String, problem: String) {
        #expect(Self.problems(keys) == [problem])
    }

    // MARK: - Objects

    @Test func objectsHoldTheirValuesAndTheProjectsLabel() throws {
        let objects = try Self.objects(
            #""secrets": { "jwt": { "KEY": null, "FIXED": "x" } }, "configMaps": { "other/m": { "A": "1" } }"#,
            environment: ["KEY": "from outside"])
        #expect(
            objects.map(\.json) == [
                [
                    "apiVersion": "v1", "kind": "Secret",
                    "metadata": ["name": "jwt", "namespace": "blog", "labels": ["dev.devloop/project": "shop"]],
                    "stringData": ["KEY": "from outside", "FIXED": "x"],
                ],
                [
                    "apiVersion": "v1", "kind": "ConfigMap",
                    "metadata": ["name": "m", "namespace": "other", "labels": ["dev.devloop/project": "shop"]],
                    "data": ["A": "1"],
                ],
            ])
        #expect(objects.map(\.identity.namespace) == ["blog", "other"])
        #expect(objects.allSatisfy { $0.isFromOutside })
    }

    @Test func aMissingVariableIsNamedWithTheLineToWrite() {
        #expect(
            Self.missing(#""secrets": { "jwt": { "JWT_KEY": null } }"#) == [
                "devloop.json:1:41: secrets.jwt.JWT_KEY: the Secret jwt takes JWT_KEY from the environment, where it is not "
                    + #"set: export JWT_KEY=…, or write it into "secrets": { "jwt": { "JWT_KEY": "…" } }"#
            ])
    }

    @Test func aMissingFileIsNamed() throws {
        let folder = try TemporaryFolder()
        #expect(
            Self.missing(#""secrets": { "db": ".env.db" }"#, in: folder.path) == [
                "devloop.json:1:32: secrets.db: there is no file .env.db to make the Secret db of; it has a line KEY=VALUE "
                    + "for each key"
            ])
    }

    @Test func aFilesVariableThatIsNotSetIsNamedUnlessItMayBeAPartOfAValue() throws {
        let folder = try TemporaryFolder()
        try TestFile.write(Array("A=1\nTOKEN\nMIIEpAIBAAKCAQEA\n".utf8), to: "\(folder.path)/.env")
        let lines = Self.missing(#""secrets": { "db": ".env" }"#, in: folder.path)
        #expect(
            lines == [
                "devloop.json:1:32: secrets.db: .env:2: the Secret db takes TOKEN from the environment, where it is not set: "
                    + "export TOKEN=…, or write TOKEN=… there",
                "devloop.json:1:32: secrets.db: .env:3: a line without = takes a variable from the environment, and that one "
                    + "is not set",
            ])
    }

    @Test func aLineOfAFileThatIsNoneIsNamedByItsNumberOnly() throws {
        let folder = try TemporaryFolder()
        try TestFile.write(Array("A=1\n-----BEGIN KEY-----\n".utf8), to: "\(folder.path)/.env")
        let lines = Self.missing(#""secrets": { "db": ".env" }"#, in: folder.path)
        #expect(lines.count == 1)
        #expect(lines.first?.hasPrefix("devloop.json:1:32: secrets.db: .env:2: expected KEY=VALUE") == true, "\(lines)")
        #expect(lines.first?.contains("BEGIN") == false)
    }

    @Test func whoeverOnlyNamesThemNeedsNoValues() throws {
        let configuration = try Self.configuration(#""secrets": { "jwt": { "KEY": null }, "db": "nowhere" }"#)
        let objects = OutsideObjects(namesIn: configuration).objects(in: "blog")
        #expect(objects.map(\.identity.name) == ["jwt", "db"])
    }

    @Test func filesThatHoldValuesOfSecretsAreKnown() throws {
        let folder = try TemporaryFolder()
        try TestFile.write(Array("A=1\n".utf8), to: "\(folder.path)/full")
        try TestFile.write(Array("A=\nPATH\n".utf8), to: "\(folder.path)/names")
        func files(_ keys: String) throws -> [String] {
            let configuration = try Self.configuration(keys, in: folder.path)
            return try OutsideObjects(configuration, environment: ["PATH": "/bin"])
                .filesWithSecrets(configurationFile: configuration.path).map(configuration.relative)
        }
        #expect(try files(#""secrets": { "a": "full", "b": "names", "c": { "PATH": null } }"#) == ["full"])
        #expect(try files(#""secrets": { "a": { "K": "x" } }"#) == ["devloop.json"])
        #expect(try files(#""configMaps": { "a": "full", "b": { "K": "x" } }"#) == [])
    }

    // MARK: - The project

    private static func parts(_ keys: String, manifests: [JSONValue]) throws -> ProjectParts {
        let configuration = try configuration(keys)
        var parts = ProjectParts(configuration, manifests: manifests, builder: .unknown)
        parts.outside = try OutsideObjects(configuration, environment: [:])
        return parts
    }

    private static let secret: JSONValue = ["apiVersion": "v1", "kind": "Secret", "metadata": ["name": "db"]]

    @Test func objectsFromOutsideComeBeforeThoseOfTheManifests() throws {
        let parts = try Self.parts(#""secrets": { "jwt": {} }"#, manifests: [Self.secret])
        #expect(try parts.project(in: "blog").objects.map(\.identity.name) == ["jwt", "db"])
        #expect(parts.doubles(in: "blog").isEmpty)
    }

    @Test func whatTheManifestsHoldTooIsADouble() throws {
        let parts = try Self.parts(#""secrets": { "db": {} }"#, manifests: [Self.secret])
        let doubles = parts.doubles(in: "blog")
        #expect(doubles.map(\.keyPath) == ["secrets.db"])
        #expect(doubles.map(\.isInManifests) == [true])
    }

    @Test func whatIsThereUnderTwoNamesIsADouble() throws {
        let parts = try Self.parts(#""secrets": { "db": {}, "blog/db": {} }"#, manifests: [])
        #expect(parts.doubles(in: "blog").map(\.keyPath) == ["secrets.blog/db"])
        #expect(parts.doubles(in: "other").isEmpty)
    }

    private static func change(_ keys: String, _ files: [String]) throws -> ProjectChange {
        let project = try parts(keys, manifests: []).project(in: "blog")
        return ProjectChange(from: project, to: project, files: files)
    }

    @Test func savingWhatNamesThemLooksForThemAgain() throws {
        let keys = #""secrets": { "db": {} }"#
        #expect(try Self.change(keys, ["devloop.json"]).appliesManifests)
        #expect(!(try Self.change(keys, ["k8s/app.yaml"]).appliesManifests))
        #expect(!(try Self.change(#""secrets": {}"#, ["devloop.json"]).appliesManifests))
    }

    @Test func aFileOfValuesIsWatchedLikeAManifest() throws {
        let folder = try TemporaryFolder()
        let paths = WatchedPaths(
            try Self.configuration(#""secrets": { "db": ".env", "again": ".env" }"#, in: folder.path),
            builder: .buildKit)
        let roots = paths.roots.filter { $0.path == "\(folder.path)/.env" }
        #expect(roots.count == 1)
        let root = try #require(roots.first)
        let impact = paths.impact(
            of: ChangeBatch(changes: [Change(rootID: root.id, path: "", kind: .modified)], firstNoticed: .now))
        #expect(impact.manifests == [".env"])
    }

    @Test func filesThatGitDoesNotIgnoreAreToldInALine() {
        #expect(GitIgnorance.warning([]) == nil)
        #expect(
            GitIgnorance.warning([".env"])
                == ".env holds values of Secrets, and git does not ignore it: name a file that is in .gitignore, or null for "
                + "the environment's variable")
        #expect(
            GitIgnorance.warning([".env", "devloop.json"])?.hasPrefix(".env and devloop.json hold values") == true)
    }
}

/// What `docker run --env-file` makes of a file.
struct EnvironmentFileTests {
    private static func entries(_ text: String) throws -> [String] {
        try EnvironmentFile(parsing: Array(text.utf8)).entries.map { entry in
            "\(entry.line) \(entry.key)" + (entry.text.map { "=\($0)" } ?? "")
        }
    }

    @Test(arguments: [
        ("A=1\nB=2", ["1 A=1", "2 B=2"]), ("\n  # note\n#B=1\n\tA=1", ["4 A=1"]),
        (#"A="q" # no comment  "#, [#"1 A="q" # no comment  "#]), ("A=x=y\r\nB=\r\n", ["1 A=x=y", "2 B="]),
        ("A\nb.c-d=1", ["1 A", "2 b.c-d=1"]), ("\u{FEFF}A=1", ["1 A=1"]), ("A=1\nB=2\nA=3", ["2 B=2", "3 A=3"]),
        ("", []),
    ])
    func linesAreReadAsDockerReadsThem(text: String, entries: [String]) throws {
        #expect(try Self.entries(text) == entries)
    }

    @Test(arguments: ["A=1\nexport B=1", "A=1\nB = 2", "A=1\n=x", "A=1\nkey: value", "A=1\nü=1"])
    func aLineThatDockerOrAClusterRefusesIsRefused(_ text: String) {
        let error = #expect(throws: EnvironmentFile.Mistake.self) { try Self.entries(text) }
        #expect(error?.line == 2)
    }

    @Test func whatIsNoTextIsRefused() {
        for bytes: [UInt8] in [[0x41, 0x3D, 0xFF], [0x41, 0x3D, 0x00]] {
            let error = #expect(throws: EnvironmentFile.Mistake.self) { try EnvironmentFile(parsing: bytes) }
            #expect(error?.message == "the line is no text in UTF-8")
        }
    }
}
