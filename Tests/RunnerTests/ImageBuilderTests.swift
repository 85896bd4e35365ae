import Foundation
import Synchronization
import Testing

@testable import Runner

@Suite(.timeLimit(.minutes(1))) struct ImageBuilderTests {
    private func builder(_ docker: String) throws -> (StandIn, ImageBuilder) {
        let standIn = try StandIn(["docker": docker])
        return (standIn, ImageBuilder(launcher: standIn.launcher, scratch: standIn.scratch))
    }

    private func request(_ name: String = "blog/posts") throws -> BuildRequest {
        BuildRequest(
            reference: try #require(ImageReference(name)), context: "/src/posts", dockerfile: "/src/posts/Dockerfile")
    }

    private func image(_ name: String = "blog/posts") throws -> BuiltImage {
        BuiltImage(reference: try #require(ImageReference(name)), id: "sha256:1")
    }

    @Test func aBuildNamesTagFileStageArgumentsAndContext() throws {
        var request = try request("localhost:5000/blog/posts:dev")
        request.stage = "dev"
        request.dockerfile = "/src/a b/Dockerfile"
        request.arguments = [
            .init(name: "KEY", value: "some value"), .init(name: "TOKEN", value: nil), .init(name: "EMPTY", value: ""),
        ]
        #expect(
            ImageBuilder.buildCommand(request, idFile: "/tmp/id").arguments == [
                "build", "--tag=localhost:5000/blog/posts:dev", "--file=/src/a b/Dockerfile", "--iidfile=/tmp/id",
                "--target=dev", "--build-arg=KEY=some value", "--build-arg=TOKEN", "--build-arg=EMPTY=", "/src/posts",
            ])
    }

    @Test func aBuildThatNobodyWaitsForGivesWay() throws {
        var request = try request()
        request.givesWay = true
        #expect(ImageBuilder.buildCommand(request, idFile: "/tmp/id").arguments.contains("--cpu-shares=64"))
    }

    @Test func onlyImagesThatNobodyHasANameForAreRemoved() async throws {
        let digest = "sha256:\(String(repeating: "9", count: 64))"
        let (docker, builder) = try builder(
            """
            "image inspect"*) echo 'sha256:1 0 '; echo 'sha256:2 1 '; echo 'sha256:3 0 '
              echo 'sha256:5 0 r:5000/blog/posts@\(digest) s/blog/posts@\(digest)'; echo 'sha256:6 0 alpine@\(digest)'
              echo 'Error: No such image: sha256:4' >&2; exit 1;;
            "image rm"*) printf 'Untagged: a@sha256:9\\nDeleted: sha256:1\\nDeleted: sha256:layer\\nDeleted: sha256:5\\n'
              echo 'conflict: unable to delete 3 (cannot be forced)' >&2; exit 1;;
            """)
        let reference = try image().reference
        let gone = try await builder.remove((1...6).map { BuiltImage(reference: reference, id: "sha256:\($0)") })
        #expect(gone == ["sha256:1", "sha256:4", "sha256:5"])
        // Somebody has pulled the last one by another repository's digest.
        #expect(
            docker.calls.last == [
                "docker", "image", "rm", "sha256:1", "sha256:3", "r:5000/blog/posts@\(digest)",
                "s/blog/posts@\(digest)",
            ])
        // Docker's templates have no join for this list.
        #expect(
            docker.calls.first?.contains("--format={{.Id}} {{len .RepoTags}}{{range .RepoDigests}} {{.}}{{end}}")
                == true)
        #expect(try await builder.remove([]) == [])
        #expect(docker.calls.count == 2)
    }

    @Test func theIdIsTheOneThatDockerWrote() async throws {
        let (docker, builder) = try builder(
            "build*) echo Step 1; echo Step 2 >&2; printf 'sha256:12\\n' >\"$id\";;")
        let lines = Mutex<Set<String>>([])
        let image = try await builder.build(try request()) { line in
            lines.withLock { _ = $0.insert(String(decoding: line, as: UTF8.self)) }
        }
        #expect(image == BuiltImage(reference: try #require(ImageReference("blog/posts")), id: "sha256:12"))
        #expect(lines.withLock { $0 } == ["Step 1", "Step 2"])
        let call = try #require(docker.calls.first)
        #expect(call[...2] == ["docker", "build", "--tag=blog/posts:latest"])
        #expect(call[3] == "--file=/src/posts/Dockerfile" && call[4].hasPrefix("--iidfile=\(docker.scratch.path)/"))
        #expect(call[5...] == ["/src/posts"])
        #expect(try FileManager.default.contentsOfDirectory(atPath: docker.scratch.path) == [])
        docker.verify()
    }

    @Test(
        arguments: [
            ("echo sha256:b", false), ("echo sha256:other", true),
            ("echo 'Error: No such image: shop/base' >&2; exit 1", true),
        ], [true, false])
    func whatABuildIsBasedOnIsLookedAtAfterIt(_ answer: (says: String, isMoved: Bool), _ succeeds: Bool) async throws {
        let build = succeeds ? "printf 'sha256:12\\n' >\"$id\";;" : "echo manifest unknown; exit 1;;"
        let (docker, builder) = try builder(
            """
            build*) \(build)
            'image inspect --format={{.Id}} shop/base:latest') \(answer.says);;
            'image inspect --format={{.Id}} sha256:b') echo sha256:b;;
            """)
        let base = BuiltImage(reference: try #require(ImageReference("shop/base")), id: "sha256:b")
        var request = try request()
        request.bases = [base]
        if answer.isMoved {
            await #expect(throws: MovedBases(names: [base.reference])) { try await builder.build(request) }
        } else if succeeds {
            #expect(try await builder.build(request).id == "sha256:12")
        } else {
            await #expect(throws: TargetError.self) { try await builder.build(request) }
        }
        #expect(docker.calls.first?[1] == "build")
        docker.verify()
    }

    @Test func aBaseThatItsStoreKnowsByAnotherIdIsWhereItWas() async throws {
        let (docker, builder) = try builder(
            "build*) printf 'sha256:12\\n' >\"$id\";; 'image inspect '*) echo sha256:manifest;;")
        var request = try request()
        request.bases = [BuiltImage(reference: try #require(ImageReference("shop/base")), id: "sha256:config")]
        #expect(try await builder.build(request).id == "sha256:12")
        docker.verify()
    }

    @Test func anImageOfTheVerySameIsGivenTheNamesAndNothingIsBuilt() async throws {
        let docker = try StandIn([
            "docker": "tag*) ;; 'image inspect --format={{.Id}} shop/web:latest') echo sha256:1;;"
        ])
        let builder = ImageBuilder(launcher: docker.launcher, scratch: docker.scratch)
        let original = BuiltImage(reference: try #require(ImageReference("shop/web")), id: "sha256:1")
        var request = BuildRequest(
            reference: try #require(ImageReference("shop/worker")), context: "/c", dockerfile: "/c/Dockerfile",
            otherNames: [try #require(ImageReference("r:5000/worker"))], bases: [original])
        request.original = original
        let image = try await builder.build(request)
        #expect(image == BuiltImage(reference: request.reference, id: "sha256:1"))
        #expect(
            docker.callLines == [
                "docker tag sha256:1 shop/worker:latest", "docker tag sha256:1 r:5000/worker:latest",
                "docker image inspect --format={{.Id}} shop/web:latest",
            ])
        docker.verify()
    }

    @Test func anImageOfTheVerySameThatIsGoneIsOneThatMoved() async throws {
        let docker = try StandIn([
            "docker": "*) echo 'Error: No such image: sha256:1' >&2; exit 1;;"
        ])
        let builder = ImageBuilder(launcher: docker.launcher, scratch: docker.scratch)
        let original = BuiltImage(reference: try #require(ImageReference("shop/web")), id: "sha256:1")
        var request = BuildRequest(
            reference: try #require(ImageReference("shop/worker")), context: "/c", dockerfile: "/c/Dockerfile",
            bases: [original])
        request.original = original
        await #expect(throws: MovedBases(names: [original.reference])) { try await builder.build(request) }
        docker.verify()
    }

    @Test(arguments: [
        (
            "Usage:  docker build [OPTIONS] PATH | URL | -\n  --security-opt strings  Security options",
            BuilderKind.legacy
        ),
        ("Usage:  docker build [OPTIONS] PATH | URL | -\n      --secret stringArray  Secret file", .buildKit),
        ("Usage:  docker buildx build [OPTIONS] PATH | URL | -\n\nStart a build", .buildKit),
        (
            "Build an image using instructions from Containerfiles\n\nUsage:\n  podman build [options] [CONTEXT]",
            .podman
        ),
        ("ERROR: BuildKit is enabled but the buildx component is missing or broken.", .unknown), ("", .unknown),
    ])
    func theHelpOfTheClientTellsWhichBuilderBuilds(help: String, kind: BuilderKind) async throws {
        let (docker, builder) = try builder("'build --help') cat <<'END'\n\(help)\nEND\n;;")
        #expect(try await builder.ability().kind == kind)
        #expect(kind.skipsUnneededStages == (kind == .buildKit))
        docker.verify()
    }

    /// What is there, beside the Dockerfile `/d/D` and in the context `/c`, and what each builder obeys.
    @Test(
        arguments: [
            (["/c/.dockerignore"], "/c/.dockerignore", "/c/.dockerignore", "/c/.dockerignore", "/c/.dockerignore"),
            (
                ["/c/.dockerignore", "/d/D.dockerignore"], "/c/.dockerignore", "/d/D.dockerignore", "/d/D.dockerignore",
                nil
            ),
            (["/d/D.dockerignore"], nil, "/d/D.dockerignore", "/d/D.dockerignore", nil),
            (
                ["/c/.dockerignore", "/c/.containerignore"], "/c/.dockerignore", "/c/.dockerignore",
                "/c/.containerignore", nil
            ),
            (["/d/D.containerignore", "/c/.containerignore"], nil, nil, "/d/D.containerignore", nil),
            ([], nil, nil, nil, nil),
        ] as [([String], String?, String?, String?, String?)])
    func eachBuilderObeysItsOwnIgnoreFile(
        there: [String], legacy: String?, buildKit: String?, podman: String?, unknown: String?
    ) {
        for (kind, obeyed) in [
            (BuilderKind.legacy, legacy), (.buildKit, buildKit), (.podman, podman), (.unknown, unknown),
        ] {
            #expect(
                kind.ignoreFile(dockerfile: "/d/D", context: "/c") { there.contains($0) } == obeyed, "\(kind): \(there)"
            )
        }
    }

    @Test func theNoticeOfTheOldBuilderIsLeftOut() async throws {
        let (docker, builder) = try builder(
            """
            build*) echo 'DEPRECATED: The legacy builder is deprecated and will be removed in a future release.'
                echo '            Install the buildx component to build images with BuildKit:'
                echo '            https://docs.docker.com/go/buildx/'; echo kept; exit 1;;
            """)
        let error = try await targetError { try await builder.build(try request()) }
        #expect(error.details == ["kept"])
        docker.verify()
    }

    @Test func aFailedBuildShowsTheEndOfItsOutput() async throws {
        let (docker, builder) = try builder("build*) seq 1000; exit 3;;")
        let error = try await targetError { try await builder.build(try request()) }
        #expect(error.severity == .failed)
        #expect(error.summary == "docker build of blog/posts failed (exit status 3)")
        #expect(error.details == (961...1000).map(String.init))
        docker.verify()
    }

    @Test(arguments: ["", "garbage"]) func aBuildWithoutAnIdIsAFailure(_ content: String) async throws {
        let (docker, builder) = try builder("build*) printf '\(content)' >\"$id\";;")
        let error = try await targetError { try await builder.build(try request()) }
        #expect(error.summary == "docker build of blog/posts ended without an image id")
        docker.verify()
    }

    @Test(arguments: [
        ("Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?", "start"),
        ("error during connect: this error may indicate that the docker daemon is not running", "start"),
        ("permission denied while trying to connect to unix:///var/run/docker.sock", "group docker"),
    ])
    func aDaemonThatCannotBeReachedIsUnavailable(words: String, advice: String) async throws {
        let (docker, builder) = try builder("*) echo '\(words)' >&2; exit 1;;")
        let errors = [
            try await targetError { try await builder.prepare() },
            try await targetError { try await builder.build(try request()) },
            try await targetError { try await builder.push(try image(), as: try image().reference) },
        ]
        for error in errors {
            #expect(error.severity == .unavailable)
            #expect(error.advice?.contains(advice) == true)
        }
        #expect(docker.callLines.first == "docker version --format={{.Server.Version}}")
    }

    @Test func withoutDockerItSaysHowToInstallIt() async throws {
        let standIn = try StandIn([:])
        let builder = ImageBuilder(launcher: standIn.launcher, scratch: standIn.scratch)
        let error = try await targetError { try await builder.prepare() }
        #expect(error.severity == .unavailable)
        #expect(error.summary == "docker was not found on PATH")
        #expect(error.advice?.contains("install Docker") == true)
    }

    @Test func aPushTagsFirstAndReturnsTheDigest() async throws {
        let (docker, builder) = try builder(
            """
            tag*) ;;
            push*) echo 'The push refers to repository [localhost:5000/blog/posts]'; echo 'abc: Layer already exists'
                echo 'latest: digest: sha256:0123 size: 528';;
            """)
        let reference = try #require(ImageReference("localhost:5000/blog/posts"))
        #expect(try await builder.push(try image(), as: reference) == "sha256:0123")
        #expect(
            docker.callLines == [
                "docker tag sha256:1 localhost:5000/blog/posts:latest", "docker push localhost:5000/blog/posts:latest",
            ])
        docker.verify()
    }

    private static let retrying = """
        tag*) ;;
        push*) echo 'abc: Preparing'; echo 'abc: Retrying in 5 seconds'; echo 'abc: Retrying in 4 seconds'
        """

    /// Docker doesn't say why before it gives up.
    @Test func aPushThatDockerTriesAgainIsToldOnceAtOnce() async throws {
        let (docker, builder) = try builder(
            "\(Self.retrying); cat \"$here/go\"; echo '500 Internal Server Error' >&2; exit 1;;")
        try #require(mkfifo("\(docker.folder.path)/go", 0o600) == 0)
        let (notices, inbox) = AsyncStream.makeStream(of: String.self)
        async let failure = targetError {
            try await builder.push(try image(), as: try image("r:1/a").reference) { inbox.yield($0) }
        }
        let said = await notices.first { _ in true }
        #expect(said == "docker push of r:1/a:latest fails, docker tries again: abc: Retrying in 5 seconds")
        close(open("\(docker.folder.path)/go", O_WRONLY | O_CLOEXEC))
        #expect(try await failure.details == ["500 Internal Server Error"])
        inbox.finish()
        #expect(await notices.first { _ in true } == nil)
        docker.verify()
    }

    @Test func aPushThatFailedBeforeEndsWhereDockerWouldTryAgain() async throws {
        let (docker, builder) = try builder("\(Self.retrying); exec sleep 1000;;")
        let before = TargetError(.unavailable, "as before")
        let error = try await targetError {
            try await builder.push(try image(), as: try image("r:1/a").reference, lastFailure: before) {
                Issue.record("told again: \($0)")
            }
        }
        #expect(error == before)
        docker.verify()
    }

    @Test(arguments: [
        ("received unexpected HTTP status: 500 Internal Server Error", true), ("unexpected EOF", true),
        ("dial tcp 127.0.0.1:5000: i/o timeout", true), ("write /data: no space left on device", true),
        ("manifest invalid: manifest invalid", false), ("name unknown: repository not known", false),
    ])
    func aPushThatFailsWhileTheRegistryIsDownIsTriedAgain(words: String, isDown: Bool) async throws {
        let (docker, builder) = try builder("tag*) ;; push*) echo '\(words)' >&2; exit 1;;")
        let error = try await targetError { try await builder.push(try image(), as: try image("r:1/a").reference) }
        #expect(error.severity == (isDown ? .unavailable : .failed))
        docker.verify()
    }

    @Test(arguments: [
        ("echo 'unexpected EOF'; exit 1", true), ("kill -9 $$", true),
        ("echo 'unable to find image \"sha256:9fe4\"'; exit 1", true),
        ("echo 'write /var/lib/docker/tmp/x: no space left on device'; exit 1", true),
        (
            "echo 'npm error connect: connection refused, unexpected EOF'; echo 'returned a non-zero code: 1'; exit 1",
            false
        ),
    ])
    func aBuildThatWasCutOffIsTriedAgain(script: String, isCutOff: Bool) async throws {
        let (docker, builder) = try builder("build*) \(script);;")
        let error = try await targetError { try await builder.build(try request()) }
        #expect(error.severity == (isCutOff ? .unavailable : .failed))
        docker.verify()
    }

    @Test(arguments: [
        ("blog/posts", "denied: requested access to the resource is denied", "--registry"),
        (
            "localhost:5000/posts", "dial tcp 127.0.0.1:5000: connect: connection refused",
            "curl http://localhost:5000/v2/"
        ),
        ("registry.test/posts", "dial tcp: lookup registry.test: no such host", "curl http://registry.test/v2/"),
        ("registry.test/posts", "unauthorized: authentication required", "docker login registry.test"),
        ("registry.test/posts", "no basic auth credentials", "docker login registry.test"),
        ("registry.test/posts", "http: server gave HTTP response to HTTPS client", "insecure-registries"),
    ])
    func aFailedPushSaysWhatToDoAndWhetherTheRegistryIsDown(name: String, words: String, advice: String) async throws {
        let (docker, builder) = try builder("tag*) ;; push*) echo waiting; echo '\(words)' >&2; exit 1;;")
        let error = try await targetError { try await builder.push(try image(), as: try image(name).reference) }
        #expect(error.severity == (words.hasPrefix("dial tcp") ? .unavailable : .failed))
        #expect(error.details == [words])
        #expect(error.advice?.contains(advice) == true)
        docker.verify()
    }

    @Test func aPushWithoutADigestIsAFailure() async throws {
        let (docker, builder) = try builder("tag*) ;; push*) echo done; echo digest:;; *RepoDigests*) echo null;;")
        let error = try await targetError { try await builder.push(try image(), as: try image().reference) }
        #expect(error.summary.contains("named no digest"))
        docker.verify()
    }

    @Test func digestsComeFromDockersOwnList() async throws {
        let (docker, builder) = try builder(
            #"*sha256:1) echo '["a/b@sha256:2","c@sha256:3"]';; *sha256:4) echo null;; *sha256:5) exit 1;;"#)
        #expect(try await builder.repositoryDigests(of: "sha256:1") == ["a/b@sha256:2", "c@sha256:3"])
        #expect(try await builder.repositoryDigests(of: "sha256:4") == [])
        #expect(try await builder.repositoryDigests(of: "sha256:5") == [])
        #expect(docker.calls.first == ["docker", "image", "inspect", "--format={{json .RepoDigests}}", "sha256:1"])
        docker.verify()
    }

    @Test func aBuildThatHangsEndsWithItsTask() async throws {
        let (docker, builder) = try builder("build*) echo ready; exec sleep 1000;;")
        let ready = AsyncStream.makeStream(of: Void.self)
        let request = try request()
        let task = Task { try await builder.build(request) { _ in ready.continuation.yield() } }
        var iterator = ready.stream.makeAsyncIterator()
        await iterator.next()
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        docker.verify()
    }
}
