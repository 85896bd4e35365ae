// swift-tools-version: 6.0
import PackageDescription

let package = Package(
    name: "devloop",
    platforms: [.macOS(.v15)],
    products: [.executable(name: "devloop", targets: ["devloop"])],
    targets: [
        .target(name: "Watcher"),
        .target(name: "Runner"),
        .executableTarget(name: "devloop", dependencies: ["Watcher", "Runner"]),
        .executableTarget(
            name: "WatcherBenchmark", dependencies: ["Watcher"], path: "Benchmarks/WatcherBenchmark",
            exclude: ["floor.c"]),
        .target(name: "TestSupport", path: "Tests/TestSupport"),
        .testTarget(name: "WatcherTests", dependencies: ["Watcher", "TestSupport"]),
        .testTarget(name: "RunnerTests", dependencies: ["Runner", "TestSupport"]),
        .testTarget(name: "DevloopTests", dependencies: ["devloop", "Watcher", "Runner", "TestSupport"]),
        .testTarget(name: "EndToEndTests", dependencies: ["devloop", "Runner", "Watcher", "TestSupport"]),
    ],
    swiftLanguageModes: [.v6]
)
