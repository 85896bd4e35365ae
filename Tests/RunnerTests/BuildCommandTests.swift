import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Runner

/// Images that a command of the project's own builds.
@Suite(.timeLimit(.minutes(1))) struct BuildCommandTests {
    /// A context with a program in it, and docker as a stand-in.
    private final class Stage: Sendable {
        let docker: StandIn
        let builder: ImageBuilder
        let context: TemporaryFolder

        /// - Parameters:
        ///   - script: what `./build` does; `nil` where there is none.
        ///   - docker: the branches of docker's `case`; the image is there where there are none.
        init(_ script: String?, docker: String = Stage.hasImage, isProgram: Bool = true) throws {
            self.docker = try StandIn(["docker": docker])
            builder = ImageBuilder(launcher: self.docker.launcher, scratch: self.docker.scratch)
            context = try TemporaryFolder()
            guard let script else { return }
            try TestFile.write(
                Array("#!/bin/sh\n\(script)\n".utf8), to: "\(context.path)/build", isProgram: isProgram)
        }

        static let hasImage = "'image inspect --format={{.Id}} shop/web:latest') echo sha256:1;;"
        static let hasNone = "'image inspect '*) echo 'Error: No such image' >&2; exit 1;;"

        func request(_ command: [String] = ["./build"], destination: String? = nil) throws -> BuildRequest {
            var request = BuildRequest(
                reference: try #require(ImageReference("shop/web")), context: context.path, dockerfile: "")
            request.command = command
            request.destination = try destination.map { try #require(ImageReference($0)) }
            return request
        }
    }

    @Test func itRunsInTheContextAndIsToldWhatToBuild() async throws {
        let stage = try Stage(#"pwd; echo "$IMAGE|$CONTEXT|$PUSH|$PLATFORM|$*" >&2"#)
        let lines = Mutex<Set<String>>([])
        let image = try await stage.builder.build(try stage.request(["./build", "-x", "a b"])) { line in
            lines.withLock { _ = $0.insert(String(decoding: line, as: UTF8.self)) }
        }
        #expect(image == BuiltImage(reference: try #require(ImageReference("shop/web")), id: "sha256:1"))
        let place = stage.context.path
        #expect(lines.withLock { $0 } == [place, "shop/web:latest|\(place)|||-x a b"])
        stage.docker.verify()
    }

    @Test func whatRunsIsShownAsOneWouldTypeIt() throws {
        let stage = try Stage(nil)
        let place = stage.context.path
        let command = ImageBuilder.command(of: try stage.request(["./build", "-x"], destination: "r:5000/shop/web"))
        #expect(
            "\(command)"
                == "cd \(place) && CONTEXT=\(place) IMAGE=r:5000/shop/web:latest PLATFORM='' PUSH=1 \(place)/build -x")
        #expect(ImageBuilder.command(of: try stage.request(["ko", "build"])).executable == "ko")
        #expect(ImageBuilder.command(of: try stage.request(["/opt/x"])).executable == "/opt/x")
    }

    @Test func theImageGetsTheOtherNamesThatItIsKnownBy() async throws {
        let stage = try Stage("", docker: Stage.hasImage + "'tag sha256:1 r:5000/shop/web:latest') ;;")
        var request = try stage.request()
        request.otherNames = [try #require(ImageReference("r:5000/shop/web"))]
        #expect(try await stage.builder.build(request).id == "sha256:1")
        #expect(stage.docker.callLines.last == "docker tag sha256:1 r:5000/shop/web:latest")
        stage.docker.verify()
    }

    @Test func aCommandThatFailsShowsTheEndOfItsOutput() async throws {
        let stage = try Stage("seq 1000; exit 3")
        let error = try await targetError { try await stage.builder.build(try stage.request()) }
        #expect(error.severity == .failed)
        #expect(error.summary == "the build command of shop/web (./build) failed (exit status 3)")
        #expect(error.details == (961...1000).map(String.init))
        #expect(stage.docker.calls.isEmpty)
    }

    @Test func aCommandThatIsMissingIsNamedWithThePlaceWhereItIsLookedFor() async throws {
        let stage = try Stage(nil)
        let error = try await targetError { try await stage.builder.build(try stage.request()) }
        #expect(error.severity == .failed)
        #expect(error.summary == "the build command of shop/web (./build) is not there")
        #expect(error.advice == "the path is relative to the context, \(stage.context.path)")
        let other = try await targetError { try await stage.builder.build(try stage.request(["gradlew"])) }
        #expect(other.summary == "the build command of shop/web (gradlew) was not found on PATH")
        #expect(other.advice != nil)
    }

    @Test func aScriptThatIsNoProgramIsToldWithTheWayToMakeItOne() async throws {
        let stage = try Stage("", isProgram: false)
        let error = try await targetError { try await stage.builder.build(try stage.request()) }
        #expect(error.summary == "the build command of shop/web (./build) can't be run")
        #expect(error.advice == "make it a program: chmod +x \(stage.context.path)/build")
    }

    @Test func aCommandThatLeavesNoImageIsAnErrorThatSaysWhatWasExpected() async throws {
        let stage = try Stage("echo done", docker: Stage.hasNone)
        let error = try await targetError { try await stage.builder.build(try stage.request()) }
        #expect(error.severity == .failed)
        #expect(
            error.summary
                == "the build command of shop/web (./build) ended without an error, but docker has no image "
                + "shop/web:latest")
        #expect(error.details == ["done"])
        #expect(error.advice?.contains("IMAGE") == true && error.advice?.contains("\"pushes\"") == true)
        stage.docker.verify()
    }

    private static func digest(_ digit: String) -> String { "sha256:" + String(repeating: digit, count: 64) }

    private static let pulled = """
        'pull --quiet r:5000/shop/web:latest') echo r:5000/shop/web:latest;;
        'image inspect --format={{.Id}} r:5000/shop/web:latest') echo sha256:1;;
        *RepoDigests*' sha256:1') echo '["other/web@\(digest("8"))","r:5000/shop/web@\(digest("9"))"]';;
        'tag sha256:1 shop/web:latest') ;;
        """

    @Test func whatItPushesIsPulledToBeKnown() async throws {
        let stage = try Stage(#"echo "$IMAGE $PUSH" >pushed"#, docker: Self.pulled)
        let destination = try #require(ImageReference("r:5000/shop/web"))
        let image = try await stage.builder.build(try stage.request(destination: "r:5000/shop/web"))
        #expect(
            image
                == BuiltImage(
                    reference: try #require(ImageReference("shop/web")), id: "sha256:1",
                    pushed: PushedImage(reference: destination, digest: Self.digest("9"))))
        #expect(TestFile.read("\(stage.context.path)/pushed") == "r:5000/shop/web:latest 1\n")
        stage.docker.verify()
    }

    @Test(arguments: [
        ("manifest for r:5000/shop/web:latest not found: manifest unknown", false),
        ("dial tcp 127.0.0.1:5000: connect: connection refused", true),
    ])
    func whatIsNotInTheRegistryAfterAPushIsAnError(words: String, isDown: Bool) async throws {
        let stage = try Stage("", docker: "pull*) echo '\(words)' >&2; exit 1;;")
        let error = try await targetError {
            try await stage.builder.build(try stage.request(destination: "r:5000/shop/web"))
        }
        #expect(error.severity == (isDown ? .unavailable : .failed))
        #expect(error.summary.contains("r:5000/shop/web:latest could not be pulled"))
        #expect(error.details == [words])
        #expect(error.advice?.contains("PUSH") == true)
        stage.docker.verify()
    }

    @Test func aHundredMegabytesOfOutputAreReadAndOnlyTheirEndIsKept() async throws {
        let stage = try Stage("for i in $(seq 100); do cat text; done; echo end; exit 1")
        let line = String(repeating: "x", count: 9_999) + "\n"
        try TestFile.write(Array(String(repeating: line, count: 100).utf8), to: "\(stage.context.path)/text")
        let bytes = Mutex(0)
        let error = try await targetError {
            try await stage.builder.build(try stage.request()) { line in bytes.withLock { $0 += line.count + 1 } }
        }
        #expect(bytes.withLock { $0 } == 100_000_004)
        #expect(error.details.count == 40 && error.details.last == "end")
        #expect(error.details.allSatisfy { $0.utf8.count <= 2000 })
    }

    @Test func aDaemonThatItForksIsNotWaitedFor() async throws {
        let daemon = "/usr/bin/setsid sh -c 'echo $$ >pid; mv pid daemon; exec sleep 1000' &"
        let stage = try Stage("\(daemon) while [ ! -e daemon ]; do sleep 0; done")
        #expect(try await stage.builder.build(try stage.request()).id == "sha256:1")
        let pid = try #require(TestFile.read("\(stage.context.path)/daemon").flatMap { Int32($0.dropLast()) })
        // It holds the command's output all the same.
        #expect(kill(pid, SIGKILL) == 0)
    }

    @Test func aCommandThatIgnoresTheRequestToEndIsKilledWithWhatItStarted() async throws {
        let lifeline = try Lifeline()
        let stage = try Stage("\(lifeline.hold); trap '' TERM; sleep 1000 & echo ready; while :; do sleep 1000; done")
        let ready = AsyncStream.makeStream(of: Void.self)
        let request = try stage.request()
        let task = Task { try await stage.builder.build(request) { _ in ready.continuation.yield() } }
        var iterator = ready.stream.makeAsyncIterator()
        await iterator.next()
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        await lifeline.end()
        #expect(stage.docker.calls.isEmpty)
    }
}
