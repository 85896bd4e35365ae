import Runner
import Testing

@testable import devloop

struct EndingTests {
    @Test func whatFollowsWithinHalfASecondIsTheSameCtrlC() {
        let ending = Ending()
        let start = ContinuousClock.now
        #expect(ending.request(at: start) == .first)
        for milliseconds in [0, 1, 20, 300, 499] {
            #expect(ending.request(at: start + .milliseconds(milliseconds)) == .same)
        }
        #expect(!ending.isForced)
        #expect(ending.request(at: start + .milliseconds(500)) == .forced)
        #expect(ending.isForced)
        #expect(ending.request(at: start + .seconds(9)) == .forced)
    }

    @Test func aRequestBeforeThereIsATaskCancelsIt() async {
        let ending = Ending()
        ending.request()
        let task = Task { () -> ExitCode in
            let (never, continuation) = AsyncStream.makeStream(of: Void.self)
            await withTaskCancellationHandler {
                for await _ in never {}
            } onCancel: {
                continuation.finish()
            }
            return .interrupted
        }
        ending.cancels(task)
        #expect(await task.value == .interrupted)
    }

    @Test func whoForcesTheEndIsToldWhatIsLeftAndWhatDeletesIt() {
        let farewell = Farewell()
        #expect(farewell.text == "ended at once")
        farewell.leaves("nothing was deleted", deletedBy: CommonOptions().downCommand(program: "devloop"))
        #expect(farewell.text == "ended at once; nothing was deleted: devloop down")
    }

    @Test func theCommandThatDeletesCanBeTypedAsItIsShown() {
        var options = CommonOptions()
        options.file = "my shop/devloop.json"
        options.settings = [
            "target": "kubernetes", "kubeContext": "it's", "namespace": "dev", "registry": "localhost:5000",
        ]
        options.isClusterAllowed = true
        #expect(
            options.downCommand(program: "./my tools/devloop").description
                == "'./my tools/devloop' down -f 'my shop/devloop.json' --target kubernetes"
                + " --context 'it'\\''s' -n dev --yes")
        #expect(CommonOptions().downCommand(program: "devloop", .everything).description == "devloop down --data")
    }

    @Test(arguments: [DeletionScope.allButData, .everything])
    func theCommandThatDeletesIsOneThatTheCommandLineTakes(_ scope: DeletionScope) throws {
        var options = CommonOptions()
        (options.file, options.isClusterAllowed) = ("a b", true)
        options.settings = ["target": "docker", "kubeContext": "x", "namespace": "n"]
        let arguments = options.downCommand(program: "devloop", scope).arguments
        guard case .run(let command, let read) = try Invocation.parse(arguments) else { throw UsageError.empty }
        #expect((command as? DownCommand)?.scope == scope && read == options)
    }
}
