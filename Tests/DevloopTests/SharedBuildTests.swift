import Runner
import TestSupport
import Testing

@testable import devloop

/// Named contexts and shared requests as dependencies between services.
struct SharedBuildTests {
    private func dependencies(
        _ services: String..., dockerfiles: [String: String] = [:]
    ) throws -> (ImageDependencies, Configuration) {
        let folder = try TemporaryFolder()
        for (name, text) in dockerfiles { try TestFile.write(Array(text.utf8), to: "\(folder.path)/\(name)") }
        let text = #"{ "services": [\#(services.joined(separator: ", "))] }"#
        let configuration = try Configuration.parse(
            Array(text.utf8), path: "\(folder.path)/devloop.json", file: "devloop.json")
        return (ImageDependencies(configuration, environment: [:], builder: .buildKit), configuration)
    }

    @Test func anImageInTheListOfContextsIsADependencyAndTakesThePlaceOfTheNameInTheDockerfile() throws {
        let (found, _) = try dependencies(
            #"{ "image": "shop/base", "context": "." , "dockerfile": "Base" }"#,
            #"{ "image": "shop/tools", "context": ".", "dockerfile": "Tools" }"#,
            #"{ "image": "shop/web", "context": ".", "dockerfile": "Web", "buildContexts": { "shop/tools": "x", "alpine": "docker-image://shop/base" } }"#,
            dockerfiles: [
                "Base": "FROM scratch\n", "Tools": "FROM scratch\nLABEL a=b\n",
                "Web": "FROM alpine\nCOPY --from=shop/tools /a /a\n",
            ])
        #expect(found.bases == ["web": ["base"]])
    }

    @Test func servicesOfOneRequestAreBuiltOnce() throws {
        let (found, configuration) = try dependencies(
            #"{ "image": "shop/web", "context": "." }"#, #"{ "image": "shop/worker", "context": "." }"#,
            #"{ "image": "shop/cron", "context": ".", "buildArgs": { "A": "1" } }"#,
            #"{ "image": "shop/jobs", "context": ".", "platform": "linux/arm64" }"#,
            dockerfiles: ["Dockerfile": "FROM scratch\n"])
        #expect(found.copies == ["worker": "web"])
        #expect(found.bases == [:] && found.allBases == [] && found.closure(of: ["worker"]) == ["worker"])
        let images = found.images(under: "worker", copying: "web", in: configuration) { "sha256:\($0)" }
        #expect(found.images(under: "worker", in: configuration) { $0 } == [:])
        let request = configuration.services[1].buildRequest(named: [], on: images, copying: found.copies["worker"])
        #expect(request.original?.id == "sha256:web" && request.bases == [request.original])
        #expect(ImageDependencies.copies(among: Array(configuration.services[1...])) == [:])
    }

    private func cause(_ files: String...) -> WorkPlan.Cause { .init(files: files, noticed: start) }
    private let start = ContinuousClock.now

    @Test func aChangeOfWhatIsSharedIsOneBuildAndThenTheOthersImage() {
        var plan = WorkPlan(jobs: 4)
        _ = plan.build(on: [:], copies: ["worker": "web"])
        #expect(plan.changed([("worker", cause("a")), ("web", cause("a"))]) == [.start("web", cause("a"))])
        #expect(plan.built("1", "web") == [.start("worker", cause("a"))])
        #expect(plan.original(of: "worker") == "web" && plan.original(of: "web") == nil)
        #expect(plan.built("1", "worker") == [])
        _ = plan.ended("web")
        _ = plan.ended("worker")
        // What is synced into both needs no image of either.
        #expect(plan.isCurrent("web") && plan.isCurrent("worker"))
        _ = plan.build(on: ["worker": ["web"]])
        #expect(!plan.isCurrent("web"))
    }

    @Test func whatTheOtherOneWasSentAndHasNoImageWithIsBuilt() {
        var plan = WorkPlan(jobs: 4)
        _ = plan.build(on: [:], copies: ["worker": "web"])
        _ = plan.changed([("worker", cause()), ("web", cause())])
        _ = plan.built("1", "web")
        #expect(plan.original(of: "worker") == "web")
        _ = plan.built("1", "worker")
        _ = plan.ended("web")
        _ = plan.ended("worker")
        #expect(plan.changed("worker", cause("a")) == [.start("worker", cause("a"))])
        #expect(plan.original(of: "worker") == nil)
        _ = plan.built("2", "worker")
        _ = plan.ended("worker")
        // Its image follows, and is the other one's again.
        _ = plan.changed("web", cause("a"))
        #expect(plan.built("2", "web") == [.start("worker", .init(bases: ["web"], noticed: start, isQuiet: true))])
        #expect(plan.original(of: "worker") == "web")
    }

    @Test func aServiceThatWasSentFilesMakesItsImageItselfWhereTheOtherOneHasNotHeardOfThem() {
        var plan = WorkPlan(jobs: 4)
        _ = plan.build(on: [:], copies: ["worker": "web"])
        _ = plan.changed([("worker", cause()), ("web", cause())])
        for service in ["web", "worker"] {
            _ = plan.built("1", service)
            _ = plan.ended(service)
        }
        let quiet = WorkPlan.Cause(noticed: start, isQuiet: true)
        #expect(plan.changed("worker", quiet) == [.start("worker", quiet)])
        #expect(plan.original(of: "worker") == nil)
    }

    @Test func aBuildOfTheOtherOneThatWasDroppedBringsNothing() {
        var plan = WorkPlan(jobs: 4)
        _ = plan.build(on: [:], copies: ["worker": "web"])
        _ = plan.changed([("worker", cause()), ("web", cause())])
        for service in ["web", "worker"] {
            _ = plan.built("1", service)
            _ = plan.ended(service)
        }
        let quiet = WorkPlan.Cause(noticed: start, isQuiet: true)
        _ = plan.changed([("web", quiet), ("worker", quiet)])
        _ = plan.dropQuiet("web")
        #expect(plan.ended("web") == [.start("worker", quiet)])
        #expect(plan.original(of: "worker") == nil)
    }

    /// Random days of two services that share their files: a save reaches both at once, one after the other, or only one
    /// of them, since the other is sent the file and has its image made later.
    @Test(arguments: 0..<20) func inNoOrderOfSavesIsAnOlderImageTaken(_ part: UInt64) {
        for seed in part * 100..<(part + 1) * 100 {
            var random = SeededGenerator(seed: seed)
            var plan = WorkPlan(jobs: Int.random(in: 1...2, using: &random))
            _ = plan.build(on: [:], copies: ["worker": "web"])
            var (saved, told, built): (Int, [String: Int], [String: Int]) = (0, [:], [:])
            /// What each pass builds, or takes.
            var runs: [String: Int] = [:]
            var isStopping: Set<String> = []
            func take(_ actions: [WorkPlan.Action]) {
                for action in actions {
                    switch action {
                    case .start(let service, _):
                        guard plan.original(of: service) != nil else {
                            runs[service] = saved
                            continue
                        }
                        runs[service] = built["web"]
                        #expect(built["web"] ?? 0 >= told["worker"] ?? 0, "seed \(seed): an older image is taken")
                    case .stop(let service): isStopping.insert(service)
                    default: break
                    }
                }
            }
            func tell(_ services: [String]) {
                for service in services { told[service] = saved }
                take(plan.changed(services.map { ($0, cause("\(saved)")) }))
            }
            func step() {
                guard let service = runs.keys.sorted().randomElement(using: &random), let content = runs[service] else {
                    return
                }
                runs[service] = nil
                if isStopping.remove(service) == nil {
                    built[service] = content
                    take(plan.built("\(content)", service))
                }
                take(plan.ended(service))
            }
            tell(["worker", "web"])
            for _ in 0..<30 {
                if Bool.random(using: &random) {
                    step()
                    continue
                }
                saved += 1
                switch Int.random(in: 0..<5, using: &random) {
                case 0: tell(["web", "worker"])
                case 1:
                    tell(["web"])
                    tell(["worker"])
                case 2:
                    tell(["worker"])
                    tell(["web"])
                case 3: tell(["worker"])
                default:
                    // It was sent the file, and its image follows when nobody waits.
                    told["worker"] = saved
                    take(plan.changed("worker", .init(noticed: start, isQuiet: true)))
                }
            }
            tell(["web"])
            while !runs.isEmpty { step() }
            #expect(plan.isIdle && built == ["web": saved, "worker": saved], "seed \(seed)")
        }
    }

    @Test func whatIsSharedAndFailsIsTriedOnceForAll() {
        var plan = WorkPlan(jobs: 4)
        _ = plan.build(on: [:], copies: ["worker": "web"])
        _ = plan.changed([("worker", cause("a")), ("web", cause("a"))])
        #expect(plan.ended("web") == [.hold("worker", base: "web")])
        _ = plan.changed([("worker", cause("b")), ("web", cause("b"))])
        #expect(plan.built("2", "web") == [.start("worker", cause("a", "b"))])
    }
}
