import Foundation
import Testing

@testable import Runner

/// The programs that stand in docker's place.
@Suite(.timeLimit(.minutes(1))) struct ImageProgramTests {
    private func builder(_ name: ImageProgramName, _ branches: String) throws -> (StandIn, ImageBuilder) {
        let standIn = try StandIn([name.program.name: branches])
        return (
            standIn, ImageBuilder(launcher: standIn.launcher, scratch: standIn.scratch, program: name.program)
        )
    }

    private func reference(_ name: String) throws -> ImageReference { try #require(ImageReference(name)) }

    private func image() throws -> BuiltImage { BuiltImage(reference: try reference("shop/web"), id: "sha256:1") }

    private static func digest(_ digit: String) -> String { "sha256:" + String(repeating: digit, count: 64) }

    @Test(arguments: [
        (ImageProgramName.docker, "docker build"), (.podman, "podman build"),
        (.nerdctl, "nerdctl --namespace=k8s.io build"), (.buildx, "docker buildx build --load"),
    ])
    func eachBuildsByTheSameFlags(name: ImageProgramName, start: String) async throws {
        let branch = "*build\\ --*tag=*) printf 'sha256:12\\n' >\"$id\"; echo built;;"
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
        #expect(error == TargetError("\(name.program.name) build of shop/web failed (exit status 3)", details: ["why"]))
        program.verify()
        let none = try StandIn([:])
        let missing = ImageBuilder(launcher: none.launcher, scratch: none.scratch, program: name.program)
        let absence = try await targetError { try await missing.prepare() }
        #expect(absence.severity == .unavailable && absence.summary == "\(name.program.name) was not found on PATH")
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
        #expect(try await builder.ability().kind == .podman)
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
        #expect(try await builder.ability().kind == .buildKit)
        // Nothing can look into its images: what is asked for is taken to be there.
        #expect(try await builder.paths(["/a"], in: "sha256:1") == ["/a"])
        program.verify()
    }

    private static let buildx = #"""
        'version '*|'buildx version') echo 1;;
        'buildx build --help') echo 'Usage: docker buildx build'; echo '      --build-context stringArray'; echo '  -t, --tag';;
        'buildx build --push '*) for word in "$@"; do case "$word" in --metadata-file=*) file=${word#*=};; esac; done
            echo '{"containerimage.config.digest":"sha256:c","containerimage.digest":"DIGEST"}' >"$file";;
        'pull --quiet r:5000/shop/'*'@DIGEST') ;;
        'image inspect --format={{.Id}} '*) echo sha256:1;;
        'tag sha256:1 '*) ;;
        """#.replacingOccurrences(of: "DIGEST", with: digest("9"))

    /// The builder may be on another machine, and leave no image here.
    @Test func whatBuildxPushesIsKnownByItsMetadataAndPulled() async throws {
        let (program, builder) = try builder(.buildx, Self.buildx)
        var request = BuildRequest(
            reference: try reference("shop/base"), context: "/c", dockerfile: "/c/Dockerfile",
            otherNames: [try reference("shop/base:dev")])
        request.destination = try reference("r:5000/shop/base")
        let pushed = PushedImage(reference: try reference("r:5000/shop/base"), digest: Self.digest("9"))
        let base = try await builder.build(request)
        #expect(base == BuiltImage(reference: request.reference, id: "sha256:1", pushed: pushed))
        let build = program.calls[0]
        // Nothing is pushed by a name of this machine.
        #expect(build.filter { $0.hasPrefix("--tag=") } == ["--tag=r:5000/shop/base:latest"])
        #expect(
            program.callLines.suffix(2) == [
                "docker tag sha256:1 shop/base:latest", "docker tag sha256:1 shop/base:dev",
            ])

        var dependant = BuildRequest(
            reference: try reference("shop/web"), context: "/c", dockerfile: "/c/Dockerfile",
            bases: [BuiltImage(reference: try reference("shop/base"), id: "sha256:1")])
        dependant.destination = try reference("r:5000/shop/web")
        _ = try await builder.build(dependant)
        #expect(
            program.callLines.contains {
                $0.contains(" --build-context=shop/base=docker-image://r:5000/shop/base@\(Self.digest("9")) ")
            })
        #expect(try await builder.ability() == BuilderAbility(.buildKit, flags: ["build-context", "tag"]))
        program.verify()
    }

    @Test func withoutBuildxOrADigestItSaysSo() async throws {
        let (program, builder) = try builder(
            .buildx,
            """
            'version '*) echo 20;;
            'buildx version') echo "docker: 'buildx' is not a docker command." >&2; exit 1;;
            'buildx build '*) ;;
            """)
        let error = try await targetError { try await builder.prepare() }
        #expect(error.severity == .unavailable && error.summary == "docker has no buildx")
        var request = BuildRequest(reference: try reference("a/b"), context: "/c", dockerfile: "/c/Dockerfile")
        request.destination = try reference("r:5000/a/b")
        let failure = try await targetError { try await builder.build(request) }
        #expect(failure.summary == "docker build of a/b ended without a digest")
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
            (ImageDelivery.push(registry: "r"), "lab", [.docker, .podman, .nerdctl, .buildx]),
            (.shared, "colima", [.docker, .nerdctl, .buildx]),
            (.shared, "rancher-desktop", [.docker, .nerdctl, .buildx]),
            (.shared, "docker-desktop", [.docker, .buildx]), (.kind(cluster: "k"), "kind-k", [.docker, .buildx]),
            (.k3d(cluster: "k"), "k3d-k", [.docker, .buildx]),
        ] as [(ImageDelivery, String, [ImageProgramName])])
    func onlyARegistryTakesWhatEachOfThemBuilds(
        delivery: ImageDelivery, context: String, possible: [ImageProgramName]
    ) {
        for name in ImageProgramName.allCases {
            let problem = delivery.problem(with: name.program, in: context)
            #expect((problem == nil) == possible.contains(name), "\(name)")
            #expect(problem.map { $0.severity == .configuration && $0.advice?.contains("--registry") == true } != false)
        }
    }
}
