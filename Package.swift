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
        .testTarget(name: "WatcherTests", dependencies: ["Watcher"]),
        .testTarget(name: "RunnerTests", dependencies: ["Runner"]),
        .testTarget(name: "DevloopTests", dependencies: ["devloop", "Watcher", "Runner"]),
        .testTarget(name: "EndToEndTests", dependencies: ["devloop", "Runner", "Watcher"]),
    ],
    swiftLanguageModes: [.v6]
)
