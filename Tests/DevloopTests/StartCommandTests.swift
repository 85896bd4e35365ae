import Runner
import Testing

@testable import devloop

/// What a container starts, of what its image and its manifest say.
@Suite struct StartCommandTests {
    private static let image = ImageConfiguration(
        entrypoint: ["/entry"], command: ["a", "b"], workingDirectory: "/app",
        environment: ["A": "image", "B": "image"])

    @Test(
        arguments: [
            (nil, nil, ["/entry", "a", "b"]), (["x"], nil, ["x"]), (nil, ["y"], ["/entry", "y"]),
            (["x"], ["y"], ["x", "y"]),
            ([], [], ["/entry", "a", "b"]),
        ] as [([String]?, [String]?, [String])])
    func theManifestReplacesWhatTheImageSays(command: [String]?, args: [String]?, expected: [String]) {
        let container = StartCommand.Container(command: command, args: args)
        #expect(StartCommand(image: Self.image, manifest: container).arguments == expected)
    }

    @Test(arguments: [
        ("$(A)", "1"), ("x$(A)y$(A)", "x1y1"), ("$$(A)", "$(A)"), ("$(NO)", "$(NO)"), ("$A", "$A"), ("$(A", "$(A"),
        ("$", "$"),
        ("$$", "$"),
    ])
    func variablesOfTheManifestAreExpanded(word: String, expected: String) {
        let container = StartCommand.Container(command: [word], environment: ["A": "1"])
        #expect(StartCommand(image: Self.image, manifest: container).arguments == [expected])
    }

    @Test func aVariableOfTheImageIsNotExpanded() {
        let container = StartCommand.Container(args: ["$(B)"], environment: ["A": "1"])
        #expect(StartCommand(image: Self.image, manifest: container).arguments == ["/entry", "$(B)"])
    }

    @Test func theManifestsVariablesAndDirectoryWin() {
        let container = StartCommand.Container(workingDirectory: "/web/", environment: ["A": "manifest"])
        let command = StartCommand(image: Self.image, manifest: container)
        #expect(command.environment == ["A": "manifest", "B": "image"])
        #expect(command.workingDirectory == "/web")
    }

    @Test func withoutADirectoryItIsTheRoot() {
        #expect(StartCommand(image: ImageConfiguration(command: ["a"])).workingDirectory == "/")
    }
}
