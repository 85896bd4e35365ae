import Runner
import Testing

@testable import devloop

/// What `"onSync"` says, and for which files.
struct AfterSyncTests {
    private func parse(_ onSync: String) throws -> [AfterSync] {
        let text = """
            { "services": [{ "image": "a/web", "context": "web", "workloads": ["deployment/web"], "onSync": \(onSync) }],
              "name": "shop" }
            """
        let draft = try ConfigurationReader.read(Array(text.utf8), path: "/shop/devloop.json", file: "devloop.json")
        if !draft.problems.isEmpty { throw ConfigurationError(file: "devloop.json", problems: draft.problems) }
        return try #require(draft.configuration).services[0].onSync
    }

    private func problem(_ onSync: String) throws -> String {
        let error = try #require(throws: ConfigurationError.self) { try parse(onSync) }
        return error.problems.map { "\($0.keyPath): \($0.message)" }.joined(separator: "\n")
    }

    @Test func oneActionNeedsNoArray() throws {
        #expect(try parse(#"{ "restart": true }"#).map(\.action) == [.restart])
        #expect(
            try parse(#"{ "exec": ["nginx", "-s", "reload"] }"#).map(\.action) == [.run(["nginx", "-s", "reload"])])
        #expect(try parse(#"{ "signal": "SIGHUP" }"#).map(\.action) == [.signal("HUP")])
        #expect(
            try parse(#"[{ "signal": "HUP" }, { "restart": true, "for": ["*.js"] }]"#).map(\.action) == [
                .signal("HUP"), .restart,
            ])
    }

    @Test func whatSaysNothingOrSeveralThingsIsRefusedAtItsPlace() throws {
        let place = "services[0].onSync"
        #expect(try problem("{}").hasPrefix("\(place): expected \"restart\": true"))
        #expect(try problem(#"{ "for": ["*.js"] }"#).hasPrefix("\(place): expected \"restart\": true"))
        #expect(try problem(#"[{ "restart": true, "signal": "HUP" }]"#).hasPrefix("\(place)[0]: expected one of"))
        #expect(try problem(#"{ "exec": [] }"#).hasPrefix("\(place).exec: expected a program"))
        #expect(try problem(#"{ "signal": "KILL" }"#).contains("the signals are HUP, INT"))
        #expect(try problem(#""restart""#).hasPrefix("\(place): expected an object or an array"))
    }

    @Test(arguments: [
        (#""nginx -s reload""#, #"["nginx", "-s", "reload"]"#), (#""a && b""#, #"["sh", "-c", "a && b"]"#),
        (#""""#, #"["nginx", "-s", "reload"]"#),
    ])
    func aProgramAsATextIsOneErrorWithTheLineToWrite(text: String, line: String) throws {
        let found = try problem("{ \"exec\": \(text) }")
        #expect(
            found == "services[0].onSync.exec: expected an array of words, found \(text); write \"exec\": \(line)")
    }

    @Test func whatIsWrongIsToldOnce() throws {
        let place = "services[0].onSync"
        #expect(try problem(#"{ "exec": [""] }"#) == "\(place).exec[0]: expected a program, found an empty string")
        #expect(
            try problem(#"{ "exec": ["a", "\u0000"] }"#)
                == "\(place).exec[1]: expected a word, found one that holds a NUL character")
        #expect(try !problem(#"{ "exce": ["a"] }"#).contains("\n"))
        #expect(try !problem(#"{ "restart": "yes" }"#).contains("\n"))
    }

    @Test func aRestartThatIsNotWantedIsNone() throws {
        #expect(try parse(#"{ "restart": false }"#) == [])
        #expect(
            try parse(#"[{ "restart": false, "for": ["*.js"] }, { "signal": "HUP" }]"#).map(\.action) == [
                .signal("HUP")
            ])
        #expect(try parse(#"{ "restart": false, "exec": ["a"] }"#).map(\.action) == [.run(["a"])])
    }

    private static func change(_ path: String, isFolder: Bool = false) -> FileChange {
        FileChange(path: path, isFolder: isFolder, place: .image([CopiedFiles.Destination(path: "/app/\(path)")]))
    }

    private static let takeup = Takeup(
        deafCommand: "node index.js",
        after: [
            AfterSync(signal: "HUP", files: ["*.conf"]), AfterSync(restarts: true, files: ["src/**", "!src/*.md"]),
            AfterSync(restarts: true, files: ["lib"]),
        ])

    private func isSynced(_ path: String, _ takeup: Takeup = takeup, isFolder: Bool = false) -> Bool {
        if case .sync = takeup.way(of: Self.change(path, isFolder: isFolder)) { true } else { false }
    }

    @Test func itIsForTheFilesThatItNames() {
        #expect(isSynced("a.conf"))
        #expect(isSynced("src/a/b.js"))
        #expect(isSynced("lib/a.js"))
        #expect(!isSynced("src/a.md"))
        #expect(!isSynced("conf/a.conf"))
        #expect(!isSynced("index.js"))
        #expect(isSynced("other", isFolder: true))
    }

    @Test func eachIsDoneOnceForABatch() {
        #expect(
            Self.takeup.actions(after: [Self.change("src/a"), Self.change("lib/b"), Self.change("a.conf")]) == [
                .signal("HUP"), .restart,
            ])
        #expect(Self.takeup.actions(after: [Self.change("lib", isFolder: true)]) == [])
    }

    @Test func whatIsForAllFilesMakesAnyProgramOneThatTakesThemUp() {
        let takeup = Takeup(deafCommand: "node index.js", after: [AfterSync(restarts: true)])
        #expect(takeup.isPossible)
        #expect(isSynced("anything", takeup))
        #expect(!isSynced("anything", Takeup(deafCommand: "node index.js")))
    }

    @Test func aVolumeIsStillNoPlaceOfTheImage() {
        var takeup = Takeup(after: [AfterSync(restarts: true)])
        takeup.mounts = ["/app/data"]
        #expect(isSynced("a", takeup))
        #expect(!isSynced("data/a", takeup))
    }

    /// Its first process is not its own.
    @Test func whereContainersShareTheirProcessesOnlyProgramsAreRun() {
        var container = ContainerSpecification(["name": "web"])
        container.sharesProcesses = true
        var service = Configuration.Service.blank(at: "")
        service.sync = .on
        service.onSync = [AfterSync(restarts: true), AfterSync(run: ["reload"]), AfterSync(signal: "HUP")]
        let question = TakeupQuestion(service: service, image: "sha256:1", containers: [container])
        let takeup = Takeup(question, image: ImageConfiguration(), files: nil)
        #expect(takeup.after == [AfterSync(run: ["reload"])])
        #expect(!isSynced("a", takeup), "what it asks for can't be done")
    }

    /// A startup probe is for the start of a container, and not for a program that starts again in it.
    @Test(arguments: [
        (#"{}"#, true), (#"{"livenessProbe": {"periodSeconds": 1}}"#, true),
        (#"{"livenessProbe": {"initialDelaySeconds": 30}, "startupProbe": {"periodSeconds": 1}}"#, true),
        (#"{"livenessProbe": {"initialDelaySeconds": 5, "periodSeconds": 1}}"#, false),
        (
            #"{"livenessProbe": {"periodSeconds": 1}, "startupProbe": {"periodSeconds": 1, "failureThreshold": 30}}"#,
            false
        ),
    ])
    func whatTheLivenessProbeWouldEndIsNotStartedAgainInItsPlace(json: String, isPossible: Bool) throws {
        var service = Configuration.Service.blank(at: "")
        service.onSync = [AfterSync(restarts: true)]
        let container = ContainerSpecification(try JSONParser.parse(Array(json.utf8)))
        let question = TakeupQuestion(service: service, image: "sha256:1", containers: [container])
        #expect(isSynced("a", Takeup(question, image: ImageConfiguration(), files: nil)) == isPossible)
    }
}
