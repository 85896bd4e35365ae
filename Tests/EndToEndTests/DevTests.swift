import Foundation
import Testing

/// `devloop dev` with stand-ins for docker and kubectl: what a save sets going, failures, signals, odd files.
@Suite(.timeLimit(.minutes(1))) struct DevTests {
    /// Runs the body beside a `dev` whose two services are live.
    private func withDev(
        docker: String = StandIns.docker, kubectl: String = StandIns.kubectl,
        _ body: (StandIns, DevloopProcess) async throws -> Void
    ) async throws {
        let standIns = try StandIns(docker: docker, kubectl: kubectl)
        defer { standIns.remove() }
        let dev = try standIns.devloop("dev", "--color=never")
        for service in ["web", "api"] { try await dev.line(containing: "✓ \(service) live in") }
        try await body(standIns, dev)
        if dev.isRunning { dev.signal(SIGINT) }
        #expect(await dev.exitStatus() == 0, "\(dev.output)")
        #expect(standIns.unexpected == [])
        #expect(try await processes(of: standIns) == [])
    }

    private func processes(of standIns: StandIns) async throws -> [String] {
        try await Shell.run("ps", "-eo", "pid,args").split(separator: "\n").map(String.init)
            .filter { $0.contains(standIns.folder.path) && !$0.contains("ps -eo") }
    }

    @Test func theFirstPassBuildsDeliversAndAppliesWithTheDeliveredImages() async throws {
        try await withDev { standIns, _ in
            #expect(standIns.applied.contains(#""image":"registry:5000/shop/web:latest","imagePullPolicy":"Always""#))
            #expect(standIns.calls.contains("docker push registry:5000/shop/api:latest"))
        }
    }

    @Test func aSaveBuildsAndRestartsItsOwnServiceOnly() async throws {
        try await withDev { standIns, dev in
            let (line, call) = (dev.lineCount, standIns.calls.count)
            try standIns.write("new", to: "web/index.js")
            try await dev.line(from: line, containing: "✓ web live in")
            let calls = standIns.calls.dropFirst(call)
            // Beside the rollout, what a container of the image starts is looked at.
            #expect(calls.count { $0.hasPrefix("docker image inspect --format={{json .Config}}") } == 1, "\(calls)")
            #expect(calls.count == 5, "\(calls)")
            #expect(calls.allSatisfy { !$0.contains("api") }, "\(calls)")
            #expect(calls.last == "kubectl --context=here --namespace=default rollout restart deployment/web")
        }
    }

    @Test func everyCallToTheClusterNamesContextAndNamespace() async throws {
        try await withDev { standIns, _ in
            let calls = standIns.calls.filter { $0.hasPrefix("kubectl") }
                .filter { !$0.contains(" --local ") && $0 != "kubectl config view --output=json" }
            #expect(!calls.isEmpty)
            #expect(calls.allSatisfy { $0.hasPrefix("kubectl --context=here --namespace=default ") }, "\(calls)")
        }
    }

    @Test func anImageThatCameOutTheSameIsNeitherPushedNorRestarted() async throws {
        try await withDev { standIns, dev in
            let (line, call) = (dev.lineCount, standIns.calls.count)
            try standIns.write(StandIns.dockerfile, to: "web/Dockerfile")
            try await dev.line(from: line, containing: "web unchanged")
            let calls = standIns.calls.dropFirst(call)
            #expect(calls.count == 1 && calls.first?.hasPrefix("docker build") == true, "\(calls)")
        }
    }

    @Test func aBaseOfAnotherImageNeedsNoManifestAndItsChangeRebuildsWhatIsBuiltOnIt() async throws {
        let onlyAPI =
            #""label --local"*) echo '{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"api"},"spec":{"template":{"spec":{"containers":[{"name":"c","image":"shop/api"}]}}}}';;"#
        let standIns = try StandIns(kubectl: onlyAPI + "\n" + StandIns.kubectl)
        defer { standIns.remove() }
        try standIns.write("FROM registry:5000/shop/web\nCOPY . /\n", to: "api/Dockerfile")
        let dev = try standIns.devloop("dev", "--color=never")
        try await dev.line(containing: "✓ web built in")
        try await dev.line(containing: "✓ api live in")
        let (line, call) = (dev.lineCount, standIns.calls.count)
        try standIns.write("new", to: "web/index.js")
        try await dev.line(from: line, containing: "web: index.js changed, building")
        try await dev.line(from: line, containing: "api: web changed, building")
        try await dev.line(from: line, containing: "✓ api live in")
        dev.signal(SIGINT)
        #expect(await dev.exitStatus() == 0, "\(dev.output)")
        #expect(standIns.unexpected == [])
        let builds = standIns.calls.dropFirst(call).filter { $0.hasPrefix("docker build") }
        #expect(builds.count == 2 && builds[0].hasSuffix("web") && builds[1].hasSuffix("api"), "\(builds)")
        // The builder finds it by the name that the Dockerfile has for it; nobody else needs it.
        #expect(builds[0].contains("--tag=shop/web:latest"))
        #expect(builds[0].contains("--tag=registry:5000/shop/web:latest"))
        #expect(!standIns.calls.contains("docker push registry:5000/shop/web:latest"))
    }

    @Test func anEditThatIsTriedAgainUntilDockerIsBackIsAnnouncedOnce() async throws {
        let away =
            #"build*web) if [ -e "$here/down" ] && [ ! -e "$here/second" ]; then if [ -e "$here/first" ]; then : >"$here/second"; fi; : >"$here/first"; echo "Cannot connect to the Docker daemon at unix:///x" >&2; exit 1; fi; printf 'sha256:%s' "$(cat "$here"/web/* | cksum | cut -d' ' -f1)" >"$id";;"#
        try await withDev(docker: away + "\n" + StandIns.docker) { standIns, dev in
            let line = dev.lineCount
            try standIns.write("", to: "down")
            try standIns.write("new", to: "web/index.js")
            try await dev.line(from: line, containing: "✓ web live in")
            #expect(standIns.exists("second"))
            let lines = dev.output.split(separator: "\n")
            #expect(lines.count { $0.contains("web: index.js changed, building") } == 1, "\(dev.output)")
            #expect(lines.count { $0.contains("devloop goes on trying") } == 1, "\(dev.output)")
        }
    }

    @Test func aBuildThatFailsIsShownAndTheNextSaveIsBuilt() async throws {
        let failing =
            #"build*web) if [ -e "$here/web/bad" ]; then echo "no such thing: npm"; exit 1; fi; printf 'sha256:%s' "$(cat "$here"/web/* | cksum | cut -d' ' -f1)" >"$id";;"#
        try await withDev(docker: failing + "\n" + StandIns.docker) { standIns, dev in
            let (line, call) = (dev.lineCount, standIns.calls.count)
            try standIns.write("", to: "web/bad")
            try await dev.line(from: line, containing: "web: docker build of shop/web failed")
            try await dev.line(from: line, containing: "no such thing: npm")
            #expect(!standIns.calls.dropFirst(call).contains { $0.contains("rollout") || $0.contains("push") })
            try FileManager.default.removeItem(at: standIns.folder.appendingPathComponent("web/bad"))
            try standIns.write("better", to: "web/index.js")
            try await dev.line(from: line, containing: "✓ web live in")
        }
    }

    @Test(arguments: ["push*web*", "tag*web*"]) func aDeliveryThatFailsLeavesWhatRunsAlone(_ pattern: String)
        async throws
    {
        let failing =
            "\(pattern)) if [ -e \"$here/down\" ]; then echo 'no space left' >&2; exit 1; fi; echo 'x: digest: sha256:0123 size: 1';;\n"
        try await withDev(docker: failing + StandIns.docker) { standIns, dev in
            let (line, call) = (dev.lineCount, standIns.calls.count)
            try standIns.write("", to: "down")
            try standIns.write("new", to: "web/index.js")
            try await dev.line(from: line, containing: "no space left")
            #expect(!standIns.calls.dropFirst(call).contains { $0.contains("rollout") })
            try FileManager.default.removeItem(at: standIns.folder.appendingPathComponent("down"))
            try standIns.write("newer", to: "web/index.js")
            try await dev.line(from: line, containing: "✓ web live in")
        }
    }

    @Test func aRolloutThatFailsIsExplainedAndTheNextSaveIsBuilt() async throws {
        try await withDev { standIns, dev in
            let line = dev.lineCount
            try standIns.write("", to: "server/bad")
            try standIns.write("new", to: "web/index.js")
            try await dev.line(from: line, containing: "web: deployment/web did not become ready")
            try await dev.line(from: line, containing: "exceeded its progress deadline")
            try FileManager.default.removeItem(at: standIns.folder.appendingPathComponent("server/bad"))
            try standIns.write("newer", to: "web/index.js")
            try await dev.line(from: line, containing: "✓ web live in")
        }
    }

    @Test func aDaemonThatGoesAwayIsToldOnceAndTheEditIsBuiltWhenItIsBack() async throws {
        let failing =
            #"build*web) if [ -e "$here/down" ]; then echo "Cannot connect to the Docker daemon at x. Is the docker daemon running?"; : >>"$here/tried"; exit 1; fi; printf 'sha256:%s' "$(cat "$here"/web/* | cksum | cut -d' ' -f1)" >"$id";;"#
        try await withDev(docker: failing + "\n" + StandIns.docker) { standIns, dev in
            let line = dev.lineCount
            try standIns.write("", to: "down")
            try standIns.write("new", to: "web/index.js")
            try await dev.line(from: line, containing: "web: the Docker daemon cannot be reached")
            try FileManager.default.removeItem(at: standIns.folder.appendingPathComponent("down"))
            try await dev.line(from: line, containing: "✓ web live in")
            #expect(dev.output.components(separatedBy: "Docker daemon cannot be reached").count == 2)
        }
    }

    /// The first build of `web` hangs until it is stopped: a save during it must do that, and be built.
    @Test func aSaveDuringABuildStopsItAndIsBuilt() async throws {
        let hanging =
            #"build*web) if [ -e "$here/slow" ]; then rm "$here/slow"; echo building; : >"$here/hangs"; exec sleep 1000; fi; printf 'sha256:%s' "$(cat "$here"/web/* | cksum | cut -d' ' -f1)" >"$id";;"#
        try await withDev(
            docker: hanging.replacingOccurrences(of: "rm \"$here/slow\"", with: "cat /dev/null >\"$here/slow-was\"")
                + "\n" + StandIns.docker
        ) { standIns, dev in
            let line = dev.lineCount
            try standIns.write("", to: "slow")
            try standIns.write("one", to: "web/index.js")
            try await Shell.until { standIns.exists("hangs") }
            try FileManager.default.removeItem(at: standIns.folder.appendingPathComponent("slow"))
            try standIns.write("two", to: "web/index.js")
            try await dev.line(from: line, containing: "✓ web live in")
            #expect(standIns.calls.count { $0.hasPrefix("docker build --tag=shop/web") } >= 3)
        }
    }

    @Test(arguments: [SIGINT, SIGTERM, SIGHUP]) func aSignalEndsEverythingAlsoWhatIgnoresIt(_ number: Int32)
        async throws
    {
        let stubborn = "build*api) trap '' TERM INT HUP; : >\"$here/hangs\"; while :; do sleep 1000; done;;\n"
        let standIns = try StandIns(docker: stubborn + StandIns.docker)
        defer { standIns.remove() }
        let dev = try standIns.devloop("dev")
        try await Shell.until { standIns.exists("hangs") }
        dev.signal(number)
        #expect(await dev.exitStatus() == 0)
        #expect(dev.output.contains("devloop down"))
        #expect(try await processes(of: standIns) == [])
    }

    @Test func signalsThatGoOnComingEndItAtOnce() async throws {
        let stubborn = "build*api) trap '' TERM INT HUP; : >\"$here/hangs\"; while :; do sleep 1000; done;;\n"
        let standIns = try StandIns(docker: stubborn + StandIns.docker)
        defer { standIns.remove() }
        let dev = try standIns.devloop("dev")
        try await Shell.until { standIns.exists("hangs") }
        dev.signal(SIGINT)
        // What follows at once is taken for the same one.
        try await Shell.until {
            dev.signal(SIGTERM)
            return !dev.isRunning
        }
        #expect(await dev.exitStatus() == 130)
        #expect(
            try await Shell.eventually {
                try await processes(of: standIns)
            } is: {
                $0.isEmpty
            } == [])
    }

    @Test func oddThingsInATreeEndNothing() async throws {
        try await withDev { standIns, dev in
            let web = standIns.folder.appendingPathComponent("web").path
            let line = dev.lineCount
            symlink(web, "\(web)/loop")
            symlink("/nowhere", "\(web)/dangling")
            for name: [CChar] in [[0x66, -1, -2, 0], Array("new\nline".utf8CString), Array("e\u{1B}[31m".utf8CString)] {
                let path = Array("\(web)/".utf8CString.dropLast()) + name
                close(open(path, O_CREAT | O_WRONLY, 0o644))
            }
            try await dev.line(from: line, containing: "web unchanged")
            #expect(!dev.output.contains("\u{1B}"))
            let next = dev.lineCount
            try standIns.write("new", to: "web/index.js")
            try await dev.line(from: next, containing: "✓ web live in")
        }
    }

    /// `cat` in the stand-in would wait for a writer, as a build does not: docker leaves such files to itself.
    @Test(arguments: ["fifo", "socket"]) func aSpecialFileEndsNothing(_ kind: String) async throws {
        let plain =
            #"build*) printf 'sha256:%s' "$(cat "$here"/web/index.js "$here"/api/Dockerfile | cksum | cut -d' ' -f1)$image" >"$id";;"#
        try await withDev(docker: plain + "\n" + StandIns.docker) { standIns, dev in
            let path = standIns.folder.appendingPathComponent("web/special").path
            let line = dev.lineCount
            if kind == "fifo" {
                #expect(mkfifo(path, 0o644) == 0)
            } else {
                #expect(mknod(path, S_IFSOCK | 0o644, 0) == 0)
            }
            try await dev.line(from: line, containing: "web unchanged")
            try standIns.write("new", to: "web/index.js")
            try await dev.line(from: line, containing: "✓ web live in")
        }
    }

    @Test func aContextThatIsDeletedAndComesBackIsBuiltAgain() async throws {
        let failing =
            #"build*web) if [ ! -d "$here/web" ]; then echo "unable to prepare context: path not found"; exit 1; fi; printf 'sha256:%s' "$(cat "$here"/web/* | cksum | cut -d' ' -f1)" >"$id";;"#
        try await withDev(docker: failing + "\n" + StandIns.docker) { standIns, dev in
            let line = dev.lineCount
            let web = standIns.folder.appendingPathComponent("web")
            try FileManager.default.removeItem(at: web)
            try await dev.line(from: line, containing: "path not found")
            try FileManager.default.createDirectory(at: web, withIntermediateDirectories: true)
            try standIns.write(StandIns.dockerfile, to: "web/Dockerfile")
            try standIns.write("back", to: "web/index.js")
            try await dev.line(from: line, containing: "✓ web live in")
        }
    }

    @Test func aManifestThatIsSavedIsAppliedAgainAndABadOneIsLeftAside() async throws {
        let reading =
            #""label --local"*) if grep -q bad "$here/k8s/all.yaml"; then echo "error: bad YAML" >&2; exit 1; fi; label='{}'; if grep -q more "$here/k8s/all.yaml"; then label='{"more":"yes"}'; fi; for name in web api; do echo '{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"'$name'","labels":'$label'},"spec":{"template":{"spec":{"containers":[{"name":"c","image":"shop/'$name'"}]}}}}'; done;;"#
            .replacingOccurrences(
                of: "grep -q bad \"$here/k8s/all.yaml\"", with: "[ \"$(cat \"$here/k8s/all.yaml\")\" = bad ]"
            )
            .replacingOccurrences(
                of: "grep -q more \"$here/k8s/all.yaml\"", with: "[ \"$(cat \"$here/k8s/all.yaml\")\" = more ]")
        try await withDev(kubectl: reading + "\n" + StandIns.kubectl) { standIns, dev in
            let line = dev.lineCount
            try standIns.write("bad", to: "k8s/all.yaml")
            try await dev.line(from: line, containing: "the change of k8s/all.yaml is left aside")
            try await dev.line(from: line, containing: "error: bad YAML")
            try standIns.write("more", to: "k8s/all.yaml")
            try await dev.line(from: line, containing: "applying the manifests again")
            try await Shell.until { standIns.applied.contains(#""more":"yes""#) }
        }
    }

    @Test func aConfigurationThatIsSavedIsLoadedAndABadOneIsLeftAside() async throws {
        try await withDev { standIns, dev in
            let line = dev.lineCount
            try standIns.write("{ half a file", to: "devloop.json")
            try await dev.line(from: line, containing: "the change of devloop.json is left aside")
            try standIns.write(
                StandIns.configuration.replacingOccurrences(
                    of: #""context": "api""#, with: #""context": "api", "stage": "dev""#), to: "devloop.json")
            try await dev.line(from: line, matching: { $0.contains("api unchanged") || $0.contains("✓ api live") })
            #expect(standIns.calls.contains { $0.contains("--target=dev") })
            let next = dev.lineCount
            try standIns.write("new", to: "web/index.js")
            try await dev.line(from: next, containing: "✓ web live in")
        }
    }

    @Test func aManifestThatIsNamedBeforeItExistsIsReadOnceItDoes() async throws {
        let reading =
            #""label --local"*"/more.yaml "*) echo '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"more"}}';;"#
        try await withDev(kubectl: reading + "\n" + StandIns.kubectl) { standIns, dev in
            let line = dev.lineCount
            try standIns.write(
                StandIns.configuration.replacingOccurrences(of: #"["k8s"]"#, with: #"["k8s", "more.yaml"]"#),
                to: "devloop.json")
            try await dev.line(from: line, containing: "the change of devloop.json is left aside")
            try standIns.write("kind: recorded\n", to: "more.yaml")
            try await dev.line(from: line, containing: "applying the manifests again")
            try await Shell.until { standIns.applied.contains(#""name":"more""#) }
        }
    }

    @Test func whatDockerignoreLeavesOutIsNotBuiltAndAChangeOfItCounts() async throws {
        try await withDev { standIns, dev in
            let line = dev.lineCount
            try standIns.write("*.md\n", to: "web/.dockerignore")
            try await dev.line(from: line, containing: "web unchanged")
            // The new rule is in force once a save of what it leaves out sets nothing going, while that of another
            // service, made after it, does.
            try await Shell.until {
                let (line, call) = (dev.lineCount, standIns.calls.count)
                try standIns.write("\(call)", to: "web/README.md")
                try standIns.write("\(call)", to: "api/index.js")
                try await dev.line(from: line, containing: "✓ api live in")
                return !standIns.calls.dropFirst(call).contains { $0.contains("build --tag=shop/web") }
            }
        }
    }

    @Test func aReaderThatGoesAwayEndsItQuietly() async throws {
        let standIns = try StandIns()
        defer { standIns.remove() }
        let process = try standIns.devloop("--help")
        #expect(await process.exitStatus() == 0)
        let output = try await Shell.run(
            "sh", "-c",
            "cd '\(standIns.folder.path)' && PATH='\(standIns.path)' LC_ALL=C.UTF-8 '\(DevloopProcess.executable)' dev | head -n 1"
        )
        #expect(output.hasPrefix("· shop on"))
        #expect(
            try await Shell.eventually {
                try await processes(of: standIns)
            } is: {
                $0.isEmpty
            } == [])
    }
}
