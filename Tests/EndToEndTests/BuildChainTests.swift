import Foundation
import TestSupport
import Testing

/// A base, two libraries on it and five services on these, edited at all three levels while they are built: in the end every
/// container runs what builds by hand, in order and without a cache, make of the last state.
@Suite(
    .enabled(if: DockerStage.isAvailable && TinyProject.isPossible, "needs Docker and busybox-static"), .serialized)
struct BuildChainTests {
    /// How many edits: a hundred on demand.
    private static let count = ProcessInfo.processInfo.environment["DEVLOOP_CHAIN_EDITS"].flatMap(Int.init) ?? 25
    private static let seed = ProcessInfo.processInfo.environment["DEVLOOP_CHAIN_SEED"].flatMap(UInt64.init) ?? 14

    @Test(.timeLimit(.minutes(30)), arguments: ImageBuilderProgram.builders)
    func editsAtAllLevelsDuringBuildsEndWithWhatBuildsByHandMake(builder: ImageBuilderProgram) async throws {
        let chain = try BuildChain(usesBuildKit: builder.usesBuildKit)
        let project = chain.project
        try await project.run {
            try await DevloopProcess.dev(
                ["--target=docker", "--color=never"], of: BuildChain.services, in: project.folder,
                environment: project.environment(builder)
            ) { dev in
                var random = SeededGenerator(seed: Self.seed)
                for _ in 0..<Self.count {
                    try chain.edit(&random)
                    try await Task.sleep(for: .milliseconds(Int.random(in: 0...1200, using: &random)))
                }
                try chain.repair()
                let byHand = try await chain.buildByHand(with: builder)
                for service in BuildChain.services {
                    let wanted = try #require(byHand[service])
                    let found = try await Shell.eventually(within: .seconds(180)) {
                        try await chain.running(service)
                    } is: {
                        $0 == [wanted]
                    }
                    #expect(
                        found == [wanted], "\(service) of \(builder), seed \(Self.seed), at its end:\n\(dev.output)")
                }
                // Those that share a request share the image.
                #expect(try await chain.image(of: "cat") == chain.image(of: "dog"))
            }
        }
    }

    /// What is only built upon runs nowhere, and nothing is said of it.
    @Test(.timeLimit(.minutes(5)), arguments: ImageBuilderProgram.builders)
    func aBaseThatFailsHoldsTheOthersUntilItIsRepaired(builder: ImageBuilderProgram) async throws {
        let chain = try BuildChain(usesBuildKit: builder.usesBuildKit)
        let project = chain.project
        try await project.run {
            try chain.breakDockerfile(of: "base")
            let dev = try DevloopProcess(
                ["dev", "--target=docker", "--color=never"], folder: project.folder,
                environment: project.environment(builder))
            for service in BuildChain.services + ["left", "right"] {
                try await dev.line(
                    containing: "\(service) waits for base, whose image it is built on and whose build failed")
            }
            try chain.repair()
            for service in BuildChain.services { try await dev.line(containing: "✓ \(service) live in") }
            #expect(!dev.output.contains("pull access denied") && !dev.output.contains("nothing runs its image"))
            dev.signal(SIGINT)
            #expect(await dev.exitStatus() == 0)
        }
    }

    @Test(.timeLimit(.minutes(5)), arguments: ImageBuilderProgram.builders)
    func aSecondBuildWithoutChangesBuildsNothing(builder: ImageBuilderProgram) async throws {
        let chain = try BuildChain(usesBuildKit: builder.usesBuildKit)
        let project = chain.project
        try await project.run {
            var results: [[String]] = []
            for _ in 0..<2 {
                let build = try DevloopProcess(
                    ["build", "-v", "--color=never"], folder: project.folder, environment: project.environment(builder))
                #expect(await build.exitStatus() == 0, "\(build.output)")
                results.append(build.output.split(separator: "\n").map(String.init))
            }
            let images = results.map { $0.filter { $0.contains(" sha256:") && $0.hasPrefix(project.name) }.sorted() }
            #expect(images[0].count == 8 && images[0] == images[1])
            // Each builder says which steps it has done before.
            let steps = results[1].filter { $0.contains(builder.usesBuildKit ? "CACHED" : "Using cache") }
            #expect(!steps.isEmpty && !results[1].contains { $0.contains("Running in") }, "\(results[1])")
            // Two services share one request.
            #expect(results[1].filter { $0.contains("docker build --tag=") }.count == 7)
            // What one is built on is built before it, and nothing else.
            let one = try DevloopProcess(
                ["build", "-v", "ant", "--color=never"], folder: project.folder,
                environment: project.environment(builder))
            #expect(await one.exitStatus() == 0)
            let built = one.output.split(separator: "\n").filter { $0.contains("docker build --tag=") }
            #expect(
                built.map { $0.contains("/base:") ? "base" : $0.contains("/left:") ? "left" : "ant" }
                    == ["base", "left", "ant"], "\(built)")
        }
    }
}
