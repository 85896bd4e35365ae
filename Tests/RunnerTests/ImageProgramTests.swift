import Foundation
import Testing

@testable import Runner

/// The programs that stand in docker's place.
@Suite(.timeLimit(.minutes(1))) struct ImageProgramTests {
    private func builder(_ name: ImageProgramName, _ branches: String) throws -> (StandIn, ImageBuilder) {
        let standIn = try StandIn([name.rawValue: branches])
        return (
            standIn, ImageBuilder(launcher: standIn.launcher, scratch: standIn.scratch, program: name.program)
        )
    }

    private func reference(_ name: String) throws -> ImageReference { try #require(ImageReference(name)) }

    private func image() throws -> BuiltImage { BuiltImage(reference: try reference("shop/web"), id: "sha256:1") }

    private static func digest(_ digit: String) -> String { "sha256:" + String(repeating: digit, count: 64) }

    @Test(arguments: [
        (ImageProgramName.docker, "docker build"), (.podman, "podman build"),
        (.nerdctl, "nerdctl --namespace=k8s.io build"),
    ])
    func eachBuildsByTheSameFlags(name: ImageProgramName, start: String) async throws {
        let branch = "*build\\ --tag=*) printf 'sha256:12\\n' >\"$id\"; echo built;;"
        let (program, builder) = try builder(name, branch)
        let request = BuildRequest(reference: try reference("shop/web"), context: "/c", dockerfile: "/c/Dockerfile")
        #expect(try await builder.build(request).id == "sha256:12")
        let call = try #require(program.callLines.first)
        #expect(call.hasPrefix("\(start) --tag=shop/web:latest --file=/c/Dockerfile --iidfile="))
        program.verify()
    }

    @Test(arguments: ImageProgramName.allCases) func eachIsNamedWhereItFailsOrIsMissing(name: ImageProgramName)
        async throws
    {
        let (program, builder) = try builder(name, "*build*) echo why; exit 3;;")
        let request = BuildRequest(reference: try reference("shop/web"), context: "/c", dockerfile: "/c/Dockerfile")
        let error = try await targetError { try await builder.build(request) }
        #expect(error == TargetError("\(name.rawValue) build of shop/web failed (exit status 3)", details: ["why"]))
        program.verify()
        let none = try StandIn([:])
        let missing = ImageBuilder(launcher: none.launcher, scratch: none.scratch, program: name.program)
        let absence = try await targetError { try await missing.prepare() }
        #expect(absence.severity == .unavailable && absence.summary == "\(name.rawValue) was not found on PATH")
        #expect(absence.advice?.contains("install") == true)
    }

    @Test func podmanWritesTheDigestOfAPushToAFile() async throws {
        let (program, builder) = try builder(
            .podman,
            """
            tag*) ;;
            push*) file=$2; case "$2" in --tls*) file=$3;; esac; printf sha256:9 >"${file#--digestfile=}"; echo 'Writing manifest' >&2;;
            """)
        #expect(try await builder.push(try image(), as: try reference("r.test/shop/web")) == "sha256:9")
        #expect(try await builder.push(try image(), as: try reference("localhost:5000/shop/web")) == "sha256:9")
        let pushes = program.callLines.filter { $0.hasPrefix("podman push") }
        #expect(pushes[0].hasPrefix("podman push --digestfile=") && pushes[0].hasSuffix(" r.test/shop/web:latest"))
        #expect(pushes[1].hasPrefix("podman push --tls-verify=false --digestfile="))
        program.verify()
    }

    @Test(arguments: [
        ("localhost:5000/a/b", true), ("127.0.0.1:5000/a", true), ("[::1]:5000/a", true), ("r.test:5000/a", false),
        ("localhost.test/a", false), ("a/b", false),
    ])
    func podmanAsksOnlyThisMachineWithoutTLS(name: String, isPlain: Bool) throws {
        #expect(PodmanProgram().registryFlags(try reference(name)) == (isPlain ? ["--tls-verify=false"] : []))
    }

    @Test func podmansIdsAreIdsAsAllOthers() async throws {
        let (program, builder) = try builder(
            .podman,
            """
            'image inspect --format={{.Id}} a:latest') echo 12ab;;
            'image inspect '*) echo 'Error: inspecting object: b:latest: image not known' >&2; exit 125;;
            """)
        #expect(try await builder.id(of: "a:latest") == "sha256:12ab")
        #expect(try await builder.id(of: "b:latest") == nil)
        #expect(try await builder.kind() == .podman)
        program.verify()
    }

    /// The image here has another manifest than the one that was pushed, and podman lists both.
    @Test func whatPodmanHasPushedIsFoundOutByAPull() async throws {
        let (program, builder) = try builder(
            .podman,
            """
            *'r.test/web:latest') echo sha256:1;;
            *RepoDigests*) echo '["localhost/web@\(Self.digest("7"))","r.test/web@\(Self.digest("8"))","r.test/web@\(Self.digest("9"))"]';;
            *'r.test/web@\(Self.digest("8"))') echo 'manifest unknown' >&2; exit 125;;
            *'r.test/web@\(Self.digest("9"))') echo sha256:1;;
            """)
        let digest = try await builder.digest(of: "sha256:1", pushedAs: try reference("r.test/web"))
        #expect(digest == Self.digest("9"))
        program.verify()
    }

    @Test func podmanLooksIntoAContainerThatIsNeverStarted() async throws {
        let (program, builder) = try builder(
            .podman,
            """
            'create sha256:1 /') echo c1;;
            'cp c1:/bin/sh -') echo tar;;
            'cp c1:'*) echo 'could not be found' >&2; exit 125;;
            'rm --force c1') ;;
            """)
        #expect(try await builder.paths(["/bin/sh", "/nowhere"], in: "sha256:1") == ["/bin/sh"])
        #expect(program.callLines.last == "podman rm --force c1")
        let many = Set((0..<21).map { "/\($0)" })
        #expect(try await builder.paths(many, in: "sha256:1") == many)
        program.verify()
    }

    @Test func nerdctlKnowsTheDigestOfWhatItHasPushed() async throws {
        let (program, builder) = try builder(
            .nerdctl,
            """
            *' tag sha256:1 localhost:5000/web:latest') ;;
            *' push localhost:5000/web:latest') echo 'manifest-sha256:9: done';;
            *RepoDigests*) echo '["localhost:5000/web@\(Self.digest("9"))"]';;
            """)
        #expect(try await builder.push(try image(), as: try reference("localhost:5000/web")) == Self.digest("9"))
        #expect(program.callLines.allSatisfy { $0.hasPrefix("nerdctl --namespace=k8s.io ") })
        #expect(try await builder.kind() == .buildKit)
        // Nothing can look into its images: what is asked for is taken to be there.
        #expect(try await builder.paths(["/a"], in: "sha256:1") == ["/a"])
        program.verify()
    }

    @Test(arguments: [
        "level=fatal msg=\"no buildkit host is available, tried 2 candidates\"",
        "level=fatal msg=\"cannot access containerd socket\"",
    ])
    func nerdctlWithoutItsDaemonsIsTriedAgain(words: String) async throws {
        let (program, builder) = try builder(.nerdctl, "*) echo '\(words)'; exit 1;;")
        let request = BuildRequest(reference: try reference("a"), context: "/c", dockerfile: "/c/Dockerfile")
        let error = try await targetError { try await builder.build(request) }
        #expect(error.severity == .unavailable && error.advice?.contains("buildkitd") == true)
        let absence = try await targetError { try await builder.prepare() }
        #expect(absence.severity == .unavailable)
        program.verify()
    }

    @Test(arguments: [(ImageProgramName.podman, "podman login r.test"), (.nerdctl, "nerdctl login r.test")])
    func aRegistryThatNeedsALoginIsToldWithTheProgramsOwnCommand(name: ImageProgramName, advice: String) async throws {
        let (program, builder) = try builder(
            name, "*tag*) ;; *push*) echo 'unauthorized: authentication required' >&2; exit 1;;")
        let error = try await targetError { try await builder.push(try image(), as: try reference("r.test/web")) }
        #expect(error.advice == "log in first: \(advice)")
        program.verify()
    }

    @Test(
        arguments: [
            (ImageDelivery.push(registry: "r"), [.docker, .podman, .nerdctl]), (.shared, [.docker, .nerdctl]),
            (.kind(cluster: "k"), [.docker]), (.k3d(cluster: "k"), [.docker]),
        ] as [(ImageDelivery, [ImageProgramName])])
    func onlyARegistryTakesWhatEachOfThemBuilds(delivery: ImageDelivery, possible: [ImageProgramName]) {
        for name in ImageProgramName.allCases {
            let problem = delivery.problem(with: name.program)
            #expect((problem == nil) == possible.contains(name), "\(name)")
            #expect(problem.map { $0.severity == .configuration && $0.advice?.contains("--registry") == true } != false)
        }
    }
}
