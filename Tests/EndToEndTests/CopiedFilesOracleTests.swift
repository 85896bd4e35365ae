import Foundation
import Runner
import TestSupport
import Testing
import Watcher

@testable import devloop

/// Docker itself says where a Dockerfile's copies put the files of a context: random trees are built with random
/// Dockerfiles, what is called to be in the image is looked for there; then the tree is changed where each change can be
/// brought into the image by hand, and what is built from it has to be the image with the changes, and nothing else: but
/// for what a base image or a `RUN` has in the place of a deleted file, which a look into the image has to find.
///
/// `DEVLOOP_ORACLE_CASES` is the number of cases, `DEVLOOP_ORACLE_SEED` where they begin; a failing case names its seed.
@Suite(.enabled(if: Docker.isThere), .serialized) struct CopiedFilesOracleTests {
    @Test(.timeLimit(.minutes(120)), arguments: ImageBuilderProgram.builders)
    func whatIsSaidToBeInTheImageIsThereAndAChangeOfItChangesNothingElse(builder: ImageBuilderProgram) async throws {
        let environment = ProcessInfo.processInfo.environment
        let count = environment["DEVLOOP_ORACLE_CASES"].flatMap { Int($0) } ?? 100
        let firstSeed = environment["DEVLOOP_ORACLE_SEED"].flatMap { UInt64($0) } ?? 1
        let base = try await OracleBase()
        var counts = CopyCounts()
        // Side by side: a builder mostly waits for the disk.
        var seeds = (firstSeed..<(firstSeed + UInt64(count)))[...]
        try await withThrowingTaskGroup(of: CopyCounts.self) { group in
            func startNext() {
                guard let seed = seeds.popFirst() else { return }
                let name = base.name
                group.addTask { try await Self.check(seed, builder, base: name) }
            }
            for _ in 0..<4 { startNext() }
            for try await result in group {
                counts.add(result)
                startNext()
            }
        }
        await base.remove()
        print("\(builder): \(counts) in \(count) cases")
        #expect(counts.built * 3 > count, "only \(counts.built) of the \(count) cases could be built")
        #expect(counts.inImage * 6 > counts.files, "only \(counts.inImage) of \(counts.files) files are in the image")
    }

    private static func check(
        _ seed: UInt64, _ builder: ImageBuilderProgram, base: String
    ) async throws -> CopyCounts {
        let example = CopyCase(seed: seed, base: base, usesBuildKit: builder.usesBuildKit)
        var counts = CopyCounts()
        var check = try CopyCheck(example, builder)
        let differences = try await check.run(&counts)
        await check.remove()
        #expect(differences.isEmpty, "seed \(seed):\n\(differences.joined(separator: "\n"))\n\(example)")
        return counts
    }
}

private struct CopyCounts: CustomStringConvertible {
    var (built, files, inImage, nowhere, changes, uncovered) = (0, 0, 0, 0, 0, 0)

    mutating func add(_ other: CopyCounts) {
        built += other.built
        files += other.files
        inImage += other.inImage
        nowhere += other.nowhere
        changes += other.changes
        uncovered += other.uncovered
    }

    var description: String {
        "\(built) built, \(files) files, \(inImage) in the image, \(nowhere) nowhere, \(changes) changes, \(uncovered) uncovered"
    }
}

/// An image with a shell and some files, from elsewhere as far as a Dockerfile tells.
private struct OracleBase {
    let name = "devloop-copied-files-base:" + UUID().uuidString.prefix(8).lowercased()

    init() async throws {
        let setUp = [
            "/bin/busybox --install -s /bin", "mkdir -p /app/lib /data/conf /srv/x/index.js /tmp",
            "echo base > /app/base.txt", "echo base > /app/lib/a.txt", "echo base > /data/index.js",
            // What copies are likely to cover.
            "mkdir -p /app/conf/new",
            "for f in a.txt index.js .env; do echo base > /app/$f; echo base > /app/conf/$f; done",
            "echo node:x:1000:1000::/:/bin/sh > /etc/passwd", "echo node:x:1000: > /etc/group",
        ]
        let run = "RUN /bin/busybox mkdir -p /etc && " + setUp.joined(separator: " && ")
        _ = try await TinyImage.build(name, run + "\nWORKDIR /app")
    }

    func remove() async { _ = try? await Shell.attempt("docker", ["rmi", name]) }
}

/// One case, built twice.
private struct CopyCheck {
    private let example: CopyCase
    private let builder: ImageBuilderProgram
    private let files: CopiedFiles
    private let filter: PathFilter
    private var images: [String] = []
    private let folder =
        FileManager.default.temporaryDirectory.resolvingSymlinksInPath().path + "/devloop-copied-" + UUID().uuidString

    init(_ example: CopyCase, _ builder: ImageBuilderProgram) throws {
        (self.example, self.builder) = (example, builder)
        files = CopiedFiles(
            dockerfile: Array(example.dockerfile.utf8), stage: example.stage,
            skipsUnneededStages: builder.usesBuildKit)
        filter = PathFilter(ignoring: [try IgnorePatterns(parsing: Array(example.ignoreFile.utf8))])
    }

    /// - Returns: what is not as it was said to be.
    mutating func run(_ counts: inout CopyCounts) async throws -> [String] {
        guard case .success(let before) = try await build(example.tree) else { return [] }
        counts.built += 1
        var differences: [String] = []
        for path in example.tree.paths where filter.includes(path) {
            counts.files += 1
            switch place(of: path, in: example.tree) {
            case .image(let destinations):
                counts.inImage += 1
                for destination in destinations {
                    let place = self.path(of: destination, in: before)
                    let (there, expected) = (before.entries[place], entry(path, in: example.tree, destination))
                    if there != expected { differences.append("\(path): at \(place) is \(describe(there))") }
                }
            case .nowhere: counts.nowhere += 1
            case .used: break
            }
        }
        if !differences.isEmpty { return differences }
        var (random, tree, model, done) = (example, example.tree, CopyModel(image: before), [String]())
        for _ in 0..<10 {
            guard let what = change(&tree, of: &model, by: &random) else { continue }
            done.append(what)
        }
        counts.changes += done.count
        switch try await build(tree) {
        case .success(let after):
            let removed = model.removed
            let scratch = try ScratchFolder()
            defer { scratch.remove() }
            let looker = ImageBuilder(launcher: Docker.launcher, scratch: scratch)
            let found = try await looker.paths(removed, in: images.last ?? "")
            counts.uncovered += found.count
            if found != removed.filter({ after.entries[$0] != nil }) {
                differences.append("found \(found) of \(removed)")
            }
            for path in found { model.image.entries[path] = after.entries[path] }
            differences += after.differences(from: model.image)
        case .failure(let failure): differences.append("the build fails: \(failure.text)")
        }
        return differences.isEmpty ? [] : differences + ["after: \(done.joined(separator: ", "))", "in \(tree)"]
    }

    private func describe(_ entry: ImageFiles.Entry?) -> String { entry.map(\.description) ?? "nothing" }

    // MARK: - What is said

    private func place(of path: String, in tree: CopyTree) -> CopiedFiles.Place {
        files.place(
            of: path,
            kind: { path in
                if path == CopyTree.ignoreFile { return .file }
                guard filter.includes(path) else { return nil }
                return switch tree.nodes[path] {
                case .folder?: .folder
                case .file?: .file
                case .link?: .link
                case nil: nil
                }
            }, names: { $0.isEmpty ? tree.names(in: $0) + [CopyTree.ignoreFile] : tree.names(in: $0) },
            isLeftOut: { !filter.includes($0) })
    }

    /// The path, as one who looks into the image knows it.
    private func path(of destination: CopiedFiles.Destination, in image: ImageFiles) -> String {
        guard let name = destination.nameInFolder, image.entries[destination.path]?.isFolder == true else {
            return destination.path
        }
        return destination.path + "/" + name
    }

    /// What should be at a destination.
    private func entry(
        _ path: String, in tree: CopyTree, _ destination: CopiedFiles.Destination
    ) -> ImageFiles.Entry? {
        let ids = (destination.owner ?? "0").split(separator: ":").map { $0 == "node" ? 1000 : Int($0) ?? -1 }
        var entry = ImageFiles.Entry(kind: .folder, owner: ids[0], group: ids.count > 1 ? ids[1] : ids[0])
        switch tree.nodes[path] {
        case .folder?: break
        case .file(let text, let mode)?:
            entry.kind = .file(Array(text.utf8))
            entry.mode = destination.mode.map { Int($0) } ?? mode
        case .link(let target)?:
            entry.kind = .link(target)
            entry.mode = 0o777
        case nil: return nil
        }
        return entry
    }

    // MARK: - Changes

    /// Changes the tree, and the image that is expected of it; `nil` where the change has to be built.
    private func change(
        _ tree: inout CopyTree, of model: inout CopyModel, by random: inout CopyCase
    ) -> String? {
        var (newTree, newModel) = (tree, model)
        let (what, paths) = random.change(&newTree)
        let isRemoval = paths.contains { newTree.nodes[$0] == nil }
        for path in isRemoval ? paths.reversed() : paths where filter.includes(path) {
            switch place(of: path, in: newTree) {
            case .used: return nil
            case .nowhere: continue
            case .image(let destinations):
                for destination in destinations {
                    let place = self.path(of: destination, in: newModel.image)
                    if let entry = entry(path, in: newTree, destination) {
                        // One who writes it meets what the base image, or a RUN, has there.
                        if let there = newModel.image.entries[place], there.isFolder != entry.isFolder { return nil }
                        newModel.put(entry, at: place)
                    } else {
                        newModel.remove(place)
                    }
                }
            }
        }
        (tree, model) = (newTree, newModel)
        return paths.isEmpty ? nil : what
    }

    // MARK: - Building

    private mutating func build(_ tree: CopyTree) async throws -> Result<ImageFiles, Docker.Failure> {
        try tree.write(to: folder + "/context")
        try Data(example.dockerfile.utf8).write(to: URL(fileURLWithPath: folder + "/Dockerfile"))
        try Data(example.ignoreFile.utf8).write(to: URL(fileURLWithPath: folder + "/context/.dockerignore"))
        let built = try await builder.build(
            context: folder + "/context", dockerfile: folder + "/Dockerfile", stage: example.stage, arguments: [])
        images += ImageBuilderProgram.parts(of: built.output)
        guard let id = built.id else { return .failure(Docker.Failure(text: String(built.output.suffix(500)))) }
        images.append(id)
        do {
            return .success(try ImageFiles.export(id).withoutIgnoreFile)
        } catch let failure as Docker.Failure {
            // Its WORKDIR is a file: the legacy builder makes it, and nothing runs in it.
            return .failure(failure)
        }
    }

    func remove() async {
        await builder.remove(images.reversed())
        try? FileManager.default.removeItem(atPath: folder)
    }
}

extension CopyTree {
    /// It is there beside what the tree holds.
    fileprivate static let ignoreFile = ".dockerignore"
}

extension ImageFiles {
    /// Copies of the whole context have the ignore file as well, by another name where a wildcard takes it. The client of
    /// the legacy builder adds to it what it calls the Dockerfile, another name each time.
    fileprivate var withoutIgnoreFile: ImageFiles {
        ImageFiles(
            entries.filter { path, entry in
                guard case .file(let text) = entry.kind, text.count < 1000 else { return true }
                return !path.hasSuffix("/.dockerignore")
                    && !String(decoding: text, as: UTF8.self).contains(".dockerfile.")
            })
    }
}

/// What a container has that changes are brought into.
private struct CopyModel {
    var image: ImageFiles
    /// What was removed from it.
    var removed: Set<String> = []

    mutating func put(_ entry: ImageFiles.Entry, at path: String) {
        var parent = CopyTree.parent(of: path)
        while !parent.isEmpty, image.entries["/" + parent] == nil {
            image.entries["/" + parent] = ImageFiles.Entry(kind: .folder)
            removed.remove("/" + parent)
            parent = CopyTree.parent(of: parent)
        }
        image.entries[path] = entry
        removed.remove(path)
    }

    /// A folder with what others put there stays.
    mutating func remove(_ path: String) {
        guard !image.entries.keys.contains(where: { $0.hasPrefix(path + "/") }) else { return }
        image.entries[path] = nil
        removed.insert(path)
    }
}
