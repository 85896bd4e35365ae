import Foundation
import Testing

/// Files that are read from elsewhere than where they are named.
@Suite(.timeLimit(.minutes(1))) struct InputTests {
    /// The kustomization stands in for its base, which is JSON already.
    private static let kubectl =
        "kustomize*) cat \"$here\"/base/web.yaml;;\n\"label --local\"*\"--filename=-\"*) cat;;\n" + StandIns.kubectl

    private static let configuration = StandIns.configuration
        .replacingOccurrences(of: #"{ "image": "shop/api", "context": "api" }"#, with: "")

    private func object(_ note: String) -> String {
        """
        {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","annotations":{"note":"\(note)"}},
        "spec":{"template":{"spec":{"containers":[{"name":"c","image":"shop/web"}]}}}}
        """
    }

    @Test func anEditOfABaseBesideAKustomizationIsApplied() async throws {
        let standIns = try StandIns(kubectl: Self.kubectl, configuration: Self.configuration)
        defer { standIns.remove() }
        try FileManager.default.createDirectory(
            at: standIns.folder.appendingPathComponent("base"), withIntermediateDirectories: false)
        try standIns.write("resources: [../base]\n", to: "k8s/kustomization.yaml")
        try standIns.write("resources: [web.yaml]\n", to: "base/kustomization.yaml")
        try standIns.write(object("one"), to: "base/web.yaml")
        let dev = try standIns.devloop("dev")
        try await dev.line(containing: "· building")
        try standIns.write(object("two"), to: "base/web.yaml")
        try await dev.line(containing: "applying the manifests again")
        try await Shell.until { standIns.applied.contains("two") }
        dev.signal(SIGTERM)
        #expect(await dev.exitStatus() == 0)
    }

    @Test func aFileOfAContextInsideAnotherOneIsBuiltForBoth() async throws {
        let standIns = try StandIns(
            configuration: StandIns.configuration.replacingOccurrences(
                of: #""context": "api""#, with: #""context": ".", "dockerfile": "api/Dockerfile""#))
        defer { standIns.remove() }
        try standIns.write("FROM scratch\nCOPY web /web\n", to: "api/Dockerfile")
        let dev = try standIns.devloop("dev", "--color=never")
        try await dev.line(containing: "· building")
        try standIns.write("edited", to: "web/file")
        try await dev.line(containing: "web: file changed, building")
        try await dev.line(containing: "api: web/file changed, building")
        dev.signal(SIGTERM)
        #expect(await dev.exitStatus() == 0)
    }

    @Test func anEditOfWhatALinkedDockerfileLeadsToIsBuilt() async throws {
        let standIns = try StandIns(configuration: Self.configuration)
        defer { standIns.remove() }
        let dockerfile = standIns.folder.appendingPathComponent("web/Dockerfile")
        try standIns.write(StandIns.dockerfile, to: "one")
        try standIns.write(StandIns.dockerfile + "# another\n", to: "two")
        try FileManager.default.removeItem(at: dockerfile)
        try FileManager.default.createSymbolicLink(atPath: dockerfile.path, withDestinationPath: "../one")
        let dev = try standIns.devloop("dev")
        try await dev.line(containing: "· building")
        for edit in [
            { try standIns.write(StandIns.dockerfile + "# edited\n", to: "one") },
            {
                try FileManager.default.removeItem(at: dockerfile)
                try FileManager.default.createSymbolicLink(atPath: dockerfile.path, withDestinationPath: "../two")
            },
            { try standIns.write(StandIns.dockerfile + "# edited too\n", to: "two") },
        ] {
            let mark = dev.lineCount
            try edit()
            try await dev.line(from: mark, containing: "web: Dockerfile changed, building")
        }
        dev.signal(SIGTERM)
        #expect(await dev.exitStatus() == 0)
    }
}
