import Testing

@testable import Runner

struct EngineHostTests {
    @Test(
        arguments: [
            ("ssh://me@build", "me@build"), ("ssh://build:2222/var/run/docker.sock", "build"),
            ("tcp://build.lan:2376", "build.lan"), ("tcp://[fd00::7]:2376", "fd00::7"), ("tcp://127.0.0.1:2375", nil),
            ("tcp://localhost:2375", nil), ("tcp://[::1]:2375", nil), ("unix:///var/run/docker.sock", nil),
            ("unix:///home/me/.docker/desktop/docker.sock", nil), ("npipe:////./pipe/docker_engine", nil), ("", nil),
        ] as [(String, String?)])
    func anotherMachineIsNamedAsSSHTakesIt(text: String, machine: String?) {
        #expect(EngineHost(text: text).otherMachine == machine)
    }

    @Test func publishedPortsOfAnotherMachineAreToldWithTheWayToThem() {
        #expect(
            EngineHost(text: "ssh://me@build").portNotice
                == "published ports are 127.0.0.1's of me@build, where Docker runs: "
                + "ssh -L PORT:127.0.0.1:PORT me@build brings one here")
        #expect(EngineHost(text: "unix:///var/run/docker.sock").portNotice == nil)
    }

    @Test(arguments: [
        ("unix:///var/run/docker.sock", true), ("unix:///home/me/.docker/desktop/docker.sock", false),
        ("unix:///run/user/1000/docker.sock", false), ("tcp://127.0.0.1:2375", false), ("", false),
    ])
    func containersAreReachedWhereTheEngineRunsOnThisLinux(text: String, isReached: Bool) {
        #if os(Linux)
            #expect(EngineHost(text: text).reachesContainers == isReached)
        #else
            #expect(!EngineHost(text: text).reachesContainers)
        #endif
    }
}
