import Testing

@testable import devloop

/// Where a Dockerfile's copies put the files of a context.
@Suite struct CopiedFilesTests {
    /// Files, and what they are in.
    private struct Context {
        var kinds: [String: CopiedFiles.Kind] = ["": .folder]

        init(_ files: String, links: String = "") {
            for (paths, kind) in [(files, CopiedFiles.Kind.file), (links, .link)] {
                for path in paths.split(separator: " ") {
                    let parts = path.split(separator: "/")
                    for count in 1..<max(1, parts.count) { kinds[parts.prefix(count).joined(separator: "/")] = .folder }
                    kinds[String(path)] = path.hasSuffix("/") ? .folder : kind
                    if path.hasSuffix("/") { kinds[String(path.dropLast())] = .folder }
                }
            }
        }

        func names(in folder: String) -> [String] {
            kinds.keys.filter { !$0.isEmpty && $0.split(separator: "/").dropLast().joined(separator: "/") == folder }
                .map { String($0.split(separator: "/").last ?? "") }
        }
    }

    private static let tree = "index.js package.json package-lock.json nginx.conf src/a.js src/b/c.js html/index.html"

    /// In one line: `/app/a`, `/app/a 1000:1000 640`, `/app/a|a` where it may be a folder, several with commas; `used by …`,
    /// `nowhere`.
    private func place(
        _ file: String, _ dockerfile: String, _ tree: String = tree, links: String = "", stage: String? = nil,
        isGone: Bool = false, leavesOut: Set<String> = [], skipsUnneededStages: Bool = true
    ) -> String {
        var context = Context(tree, links: links)
        if isGone { context.kinds[file] = nil }
        let files = CopiedFiles(
            dockerfile: Array(dockerfile.utf8), stage: stage, skipsUnneededStages: skipsUnneededStages)
        switch files.place(of: file, kind: { context.kinds[$0] }, names: context.names, isLeftOut: leavesOut.contains) {
        case .nowhere: return "nowhere"
        case .used(let use): return "used by \(use)"
        case .image(let destinations):
            return destinations.map { destination in
                let details = [destination.owner, destination.mode.map { String($0, radix: 8) }].compactMap { $0 }
                let name = destination.nameInFolder.map { "|\($0)" } ?? ""
                return ([destination.path + name] + details).joined(separator: " ")
            }.joined(separator: ", ")
        }
    }

    // MARK: - Dockerfiles as they are written

    private static let node = """
        FROM node:20
        WORKDIR /app
        COPY package*.json ./
        RUN npm install
        COPY . .
        CMD ["npm", "run", "dev"]
        """

    @Test(arguments: [
        ("index.js", "/app/index.js"), ("src/b/c.js", "/app/src/b/c.js"), ("package.json", "used by RUN npm install"),
        ("src", "/app/src"), ("README.md", "/app/README.md"),
    ])
    func whatIsCopiedAfterTheInstallationIsInTheImage(file: String, expected: String) {
        #expect(place(file, Self.node, Self.tree + " README.md") == expected)
    }

    @Test func whatIsBuiltFromIsUsed() {
        #expect(place("index.js", Self.node + "\nRUN npm run build") == "used by RUN npm run build")
    }

    @Test(arguments: [
        ("COPY src/ /app/src/", "src/a.js", "/app/src/a.js"),
        ("COPY src /app", "src/b/c.js", "/app/b/c.js"),
        ("COPY src /app", "index.js", "nowhere"),
        ("COPY --chown=node:node . /app", "index.js", "/app/index.js node:node"),
        ("COPY --chown=1000 --chmod=0640 index.js /app/", "index.js", "/app/index.js 1000 640"),
        ("COPY --link . /app", "index.js", "/app/index.js"),
        ("ADD . /app", "src/a.js", "/app/src/a.js"),
        ("COPY html /usr/share/nginx/html", "html/index.html", "/usr/share/nginx/html/index.html"),
        ("COPY nginx.conf /etc/nginx/nginx.conf", "nginx.conf", "/etc/nginx/nginx.conf|nginx.conf"),
        ("COPY nginx.conf /etc/nginx/conf.d/default.conf", "nginx.conf", "/etc/nginx/conf.d/default.conf|nginx.conf"),
        ("COPY index.js package.json /app/", "index.js", "/app/index.js"),
        ("COPY *.js src/*.js /app/", "src/a.js", "/app/a.js"),
        ("COPY *.js /app/", "package.json", "nowhere"),
        ("COPY s* /app/", "src/a.js", "/app/a.js"),
        ("WORKDIR /a\nCOPY *.js* .", "package.json", "/a/package.json"),
        ("COPY [\"index.js\", \"/a b/\"]", "index.js", "/a b/index.js"),
        ("ENV HOME=/home/a\nCOPY . $HOME/x", "index.js", "/home/a/x/index.js"),
        ("COPY . /a/../b/./c/", "index.js", "/b/c/index.js"),
        ("COPY . /a\nCOPY src /b", "src/a.js", "/a/src/a.js, /b/a.js"),
        ("WORKDIR /a\nWORKDIR b\nCOPY . .", "index.js", "/a/b/index.js"),
        ("WORKDIR /a\nCOPY index.js .", "index.js", "/a/index.js"),
        ("WORKDIR /a/b\nCOPY index.js /a", "index.js", "/a/index.js"),
        ("COPY src /a\nCOPY index.js /a", "index.js", "/a/index.js"),
        ("COPY src /a\nCOPY index.js /a/a.js", "index.js", "/a/a.js"),
        ("ENV A=b\nEXPOSE 80\nUSER a\nCOPY . /a\nCMD a\nLABEL a=b\nHEALTHCHECK NONE", "index.js", "/a/index.js"),
        ("RUN apt install\nVOLUME /data\nCOPY . /a", "index.js", "/a/index.js"),
        ("COPY . /a\nVOLUME /a", "index.js", "/a/index.js"),
        ("COPY . /a\nONBUILD RUN make", "index.js", "/a/index.js"),
        ("COPY src /a\nCOPY --from=x /b /b", "src/a.js", "/a/a.js"),
        ("COPY <<EOF /b/\nEOF\nCOPY src /a", "src/a.js", "/a/a.js"),
        ("RUN --mount=type=bind,source=package.json,target=/p npm i\nCOPY src /a", "src/a.js", "/a/a.js"),
    ])
    func aCopyPutsItsFilesWhereItSays(instructions: String, file: String, expected: String) {
        #expect(place(file, "FROM node\n" + instructions) == expected)
    }

    @Test(arguments: [
        ("COPY . .", "COPY . . (the working directory of the base image is not known)"),
        ("WORKDIR app\nCOPY . .", "COPY . . (the working directory of the base image is not known)"),
        ("COPY . $X", "COPY . $X (the destination is not known)"),
        ("COPY . /x\nRUN   make \\\n  all", "RUN make all"),
        ("COPY . /x\nCOPY --from=other / /", "COPY --from=other / /"),
        ("COPY --from=other / /y\nCOPY . /x\nCOPY --from=other /a /x/index.js", "COPY --from=other /a /x/index.js"),
        ("COPY --parents . /x", "COPY --parents . /x (--parents)"),
        ("COPY --exclude=a . /x", "COPY --exclude=a . /x (--exclude)"),
        ("COPY --chmod=u+x . /x", "COPY --chmod=u+x . /x (--chmod)"),
        ("COPY --chown=$X . /x", "COPY --chown=$X . /x (--chown)"),
        ("ADD index.js /x/", "ADD index.js /x/"),
        ("COPY *.js /x", "COPY *.js /x"),
        ("COPY i* /x", "COPY i* /x"),
        ("COPY index.js package.json /x", "COPY index.js package.json /x"),
        ("COPY [i]ndex.js /x/", "COPY [i]ndex.js /x/"),
        ("COPY --link index.js /x", "COPY --link index.js /x"),
        ("VOLUME /x\nCOPY . /x", "VOLUME /x"),
        ("VOLUME [\"/y\", \"/x\"]\nCOPY . /x", "VOLUME [\"/y\", \"/x\"]"),
        (
            "RUN --mount=type=bind,source=index.js,target=/p cat /p\nCOPY . /x",
            "RUN --mount=type=bind,source=index.js,target=/p cat /p"
        ),
        ("COPY . /x\nCOPY <<EOF /x/\nEOF", "COPY /x/"),
        ("COPY . /x\nADD https://example.com/a /x/", "ADD https://example.com/a /x/"),
        ("COPY src/*.js index.js /x/\nCOPY *.json /x", "COPY *.json /x"),
        ("# syntax=other\nCOPY . /x\nUNHEARD OF", "a Dockerfile that devloop does not follow: an unknown instruction"),
    ])
    func aFileIsUsedWhereSomethingElseMayDependOnIt(instructions: String, use: String) {
        #expect(place("index.js", "FROM node\n" + instructions) == "used by " + use)
    }

    @Test func aLongInstructionIsShortened() {
        let text = place("index.js", "FROM a\nCOPY . /x\nRUN " + String(repeating: "abcdefghi ", count: 10))
        #expect(text == "used by RUN abcdefghi abcdefghi abcdefghi abcdefghi abcdefghi abcde…")
    }

    // MARK: - Several copies

    @Test(arguments: [
        ("index.js", "nowhere"), ("html/index.html", "/x/index.html"), ("src/a.js", "/x/src/a.js"),
        ("nginx.conf", "/x/index.js, /x/nginx.conf"),
    ])
    func theLastCopyOfAPathCounts(file: String, expected: String) {
        let dockerfile = "FROM node\nCOPY . /x\nCOPY html /x\nCOPY nginx.conf /x/index.js"
        #expect(
            place(file, dockerfile).replacing("/x/html/index.html, ", with: "") == expected)
    }

    @Test func whatIsCoveredBeforeARunIsNotUsedByIt() {
        let dockerfile = "FROM node\nCOPY index.js /x/\nCOPY src/a.js /x/index.js\nRUN make"
        #expect(place("index.js", dockerfile) == "nowhere")
    }

    @Test func aDeletedFileThatCoveredAnotherIsUsed() {
        let dockerfile = "FROM scratch\nCOPY index.js /x/\nCOPY src /x"
        #expect(place("src/index.js", dockerfile, isGone: true) == "used by COPY index.js /x/")
    }

    @Test(arguments: [
        ("src/a.js", "/app/src/a.js"), ("src/new", "/app/src/new"), ("index.js", "/app/index.js"),
        ("package.json", "used by COPY package*.json ./"),
    ])
    func aDeletedFileIsWhereItWas(file: String, expected: String) {
        #expect(place(file, Self.node, isGone: true) == expected)
    }

    @Test(arguments: ["WORKDIR /app/src", "WORKDIR /app/src/b", "VOLUME /app/src"])
    func aDeletedFolderIsUsedWhereSomethingElseMakesIt(folder: String) {
        for dockerfile in ["\(folder)\nCOPY . /app", "COPY . /app\n\(folder)"] {
            #expect(place("src", "FROM scratch\n" + dockerfile, "index.js") == "used by " + folder)
        }
        #expect(place("html", "FROM scratch\nCOPY . /app\n\(folder)", "index.js") == "/app/html")
    }

    @Test(arguments: ["COPY index.js /x/", "COPY index.js src /x/", "COPY *.js /x/"])
    func aBuildMayFailWithoutAFileThatACopyNames(copy: String) {
        #expect(place("index.js", "FROM node\n" + copy, isGone: true) == "used by " + copy)
    }

    /// A folder that the ignore file leaves out is in the context for what it does not leave out.
    @Test func aBuildMayFailWithoutTheLastFileOfAFolderThatACopyNames() {
        #expect(place("lib/a.js", "FROM node\nCOPY lib /x/", isGone: true) == "used by COPY lib /x/")
        #expect(place("src/new.js", "FROM node\nCOPY src /x/", isGone: true) == "/x/new.js")
        #expect(place("src/b/new.js", "FROM node\nCOPY . /x/", isGone: true) == "/x/src/b/new.js")
        let leavesOut = place("src/b/c.js", "FROM node\nCOPY . /x/", isGone: true, leavesOut: ["src/b"])
        #expect(leavesOut == "used by COPY . /x/")
    }

    @Test func aBuilderThatBuildsAllStagesFailsWithoutAFileThatOneNames() {
        let dockerfile = "FROM node AS test\nCOPY index.js /x/\nFROM node\nCOPY . /x"
        let places = [true, false].map { place("index.js", dockerfile, isGone: true, skipsUnneededStages: $0) }
        #expect(places == ["/x/index.js", "used by COPY index.js /x/"])
    }

    @Test func aStageThatIsNotNeededUsesNothing() {
        let dockerfile = "FROM node AS test\nCOPY . /x\nRUN make\nFROM node\nCOPY . /x"
        #expect(place("index.js", dockerfile, skipsUnneededStages: false) == "/x/index.js")
    }

    @Test func aWildcardThatTakesSeveralFilesMakesSomeBuildersFailWithoutASlash() {
        let dockerfile = "FROM node\nWORKDIR /x\nCOPY *.js* ."
        #expect(place("index.js", dockerfile, skipsUnneededStages: false) == "used by COPY *.js* .")
        #expect(place("index.js", dockerfile, "index.js", skipsUnneededStages: false) == "/x/index.js")
    }

    // MARK: - Scratch

    @Test func aPathThatNothingMadeAFolderIsAFile() {
        #expect(place("index.js", "FROM scratch\nCOPY index.js /a/b") == "/a/b")
    }

    @Test func destinationsOfAnEmptyImageAreInItsRoot() {
        #expect(place("index.js", "FROM scratch\nCOPY . .") == "/index.js")
    }

    // MARK: - Stages

    private static let stages = """
        FROM node AS base
        WORKDIR /app
        COPY package.json .
        FROM base AS dev
        COPY . .
        FROM base AS build
        COPY . .
        RUN npm run build
        FROM nginx AS web
        COPY --from=build /app/dist /usr/share/nginx/html
        COPY nginx.conf /etc/nginx/
        """

    @Test(arguments: [
        ("dev", "index.js", "/app/index.js"), ("dev", "package.json", "/app/package.json"),
        ("web", "index.js", "used by RUN npm run build"), ("web", "nginx.conf", "used by RUN npm run build"),
        ("base", "index.js", "nowhere"), ("base", "package.json", "/app/package.json"),
    ])
    func stagesThatEndInTheBuiltOneCount(stage: String, file: String, expected: String) {
        #expect(place(file, Self.stages, stage: stage) == expected)
    }

    @Test(arguments: [
        "COPY --from=a /x /y", "COPY --from=0 /x /y", "RUN --mount=from=a,target=/x true",
        "RUN --mount=type=bind,from=A,target=/x true",
    ])
    func whatAnotherStageHasOfAStageIsUsed(reader: String) {
        let text = place("index.js", "FROM node AS a\nCOPY . /x\nFROM node\n\(reader)\nCOPY . /z")
        #expect(text == "used by " + reader)
    }

    @Test func aStageThatReadsItsOwnBaseUsesIt() {
        let text = place("index.js", "FROM node AS a\nCOPY . /x\nFROM a\nCOPY --from=a /x /y")
        #expect(text == "used by COPY --from=a /x /y")
    }

    @Test func aTriggerRunsInTheStagesThatAreBasedOnItsOwn() {
        let dockerfile = "FROM node AS a\nCOPY . /x\nONBUILD RUN make\nFROM a\nCOPY src /y"
        #expect(place("index.js", dockerfile) == "used by ONBUILD RUN make")
        #expect(place("index.js", dockerfile, stage: "a") == "/x/index.js")
    }

    @Test(arguments: [("FROM scratch", "/"), ("FROM a\nWORKDIR /b\nWORKDIR ../c", "/c"), ("FROM a", nil)])
    func theWorkingDirectoryIsThatOfTheBuiltStage(dockerfile: String, expected: String?) {
        let files = CopiedFiles(dockerfile: Array(dockerfile.utf8), skipsUnneededStages: true)
        #expect(files.workingDirectory == expected)
    }

    @Test(arguments: [
        "FROM a AS b\nFROM a AS b\nFROM b\nCOPY . /x", "ARG TARGETARCH\nFROM $TARGETARCH\nCOPY . /x",
        "FROM a AS b\nFROM a AS b\nCOPY . /x",
    ])
    func whatMayBeBuiltOnSeveralStagesIsNotFollowed(dockerfile: String) {
        let stage = dockerfile.hasSuffix("AS b\nCOPY . /x") ? "b" : nil
        #expect(place("index.js", dockerfile, stage: stage).hasPrefix("used by a Dockerfile that devloop"))
    }

    // MARK: - What is in the context

    @Test(arguments: [
        ("COPY ln /x/", "used by COPY ln /x/ (through a symbolic link)"),
        ("COPY l* /x/", "used by COPY l* /x/ (through a symbolic link)"),
        ("COPY ln/a /x/\nCOPY . /y", "used by COPY ln/a /x/ (through a symbolic link)"),
        ("COPY . /x", "/x/index.js"),
    ])
    func whatALinkLeadsToIsUsedWhereBuildersFollowIt(instructions: String, expected: String) {
        #expect(place("index.js", "FROM node\n" + instructions, links: "ln") == expected)
    }

    @Test func aLinkInAFolderIsCopiedAsALink() {
        #expect(place("html/ln", "FROM node\nCOPY html /x", links: "html/ln") == "/x/ln")
    }

    @Test func nothingIsKnownBehindALinkThatWasCopied() {
        let dockerfile = "FROM node\nCOPY html /x\nCOPY src /x/ln"
        #expect(place("src/a.js", dockerfile, links: "html/ln") == "used by COPY html /x")
    }

    @Test func aFileInThePlaceOfACopiedFolderIsUsed() {
        #expect(place("src", "FROM node\nCOPY src/a.js /x/", "src") == "used by COPY src/a.js /x/")
    }

    /// Some builders put the file there, which takes the folder's place.
    @Test func aFileOfTheNameOfAFolderThatMayGoWhereThatIsUsesWhatIsInIt() {
        let dockerfile = "FROM scratch\nCOPY . /app\nCOPY src/lib /app"
        #expect(place("lib/a", dockerfile, "lib/a src/lib") == "used by COPY src/lib /app")
        #expect(place("other/a", dockerfile, "other/a src/lib") == "/app/other/a")
    }

    @Test func withoutTheNamesInAFolderAWildcardMayTakeAnything() {
        let files = CopiedFiles(dockerfile: Array(Self.node.utf8), skipsUnneededStages: true)
        #expect(files.place(of: "index.js", kind: { _ in .file }) == .used(by: "COPY package*.json ./"))
    }
}
