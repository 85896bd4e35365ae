import Testing

@testable import devloop

struct ImportWalkTests {
    @Test(arguments: [
        ("const a = require('./a'); const b = require(\"../b.js\")", ["./a", "../b.js"]),
        ("import x from './x.mjs'\nimport './y.js';", ["./x.mjs", "./y.js"]),
        ("import {\n  a,\n} from\n  './z'", ["./z"]), ("export * from './e'", ["./e"]),
        ("const m = await import( './m' )", ["./m"]),
        // What is started, resolved or read is not imported.
        ("fork('./worker.js')", []), ("new Worker('./worker.js')", []), ("require.resolve('./r')", []),
        ("readFileSync('./data.json')", []), ("myrequire('./no')", []), ("require('express')", ["express"]),
        ("new URL('./w.js', import.meta.url)", []), ("require(`./${name}`)", []), ("require('./open", []), ("'", []),
    ])
    func pathsAreFoundBehindTheWordsThatImport(_ text: String, _ found: [String]) {
        #expect(ImportWalk.specifiers(in: text) == found)
    }

    @Test func importsOfImportsAreFollowedAndCirclesEnd() throws {
        let files = [
            "/app/index.js": "require('./lib'); require('./routes/a.js'); fork('./worker.js')",
            "/app/lib/index.js": "require('../util')", "/app/util.json": "{}",
            "/app/routes/a.js": "require('../index')",
            "/app/worker.js": "require('./job')", "/app/job.js": "",
        ]
        let walk = try #require(ImportWalk(from: "/app/index.js") { files[$0] })
        #expect(walk.files == ["/app/index.js", "/app/lib/index.js", "/app/util.json", "/app/routes/a.js"])
        #expect(ImportWalk(from: "/app/none.js") { files[$0] } == nil)
    }

    private func pickup(_ command: String, _ files: [String: String]) throws -> Pickup {
        let words = command.split(separator: " ").map(String.init)
        let start = StartCommand(arguments: words, workingDirectory: "/app")
        return try #require(Pickup(start) { files[$0].map { Array($0.utf8) } })
    }

    @Test(arguments: [
        "node --watch index.js", "tsx watch index.js", "ts-node-dev --respawn index.js", "bun --watch index.js",
        "bun --hot run index.js", "deno run -A --watch index.js", "node-dev index.js",
    ])
    func whatAScriptImportsIsTakenUpAndNothingElse(command: String) throws {
        let pickup = try pickup(
            command, ["/app/index.js": "import './lib.js'", "/app/lib.js": "", "/app/worker.js": ""])
        #expect(pickup.takes("/app/lib.js"))
        #expect(!pickup.takes("/app/worker.js"))
    }

    @Test(arguments: [
        ("tsx watch --include ./views/*.hbs index.js", "views/a.hbs"),
        ("deno run --watch=a.txt,b.txt index.js", "b.txt"),
        ("ts-node-dev --watch a.yml,b.yml index.js", "a.yml"),
    ])
    func whatTheyAreToldToWatchIsTakenUpToo(command: String, path: String) throws {
        let pickup = try pickup(command, ["/app/index.js": ""])
        #expect(pickup.takes("/app/\(path)"))
        #expect(!pickup.takes("/app/other.\(ContainerPath.fileExtension(path))"))
    }

    /// It replaces functions, and leaves what was made when a module was loaded.
    @Test(arguments: ["deno run --watch-hmr index.ts", "deno watch index.ts"])
    func whatKeepsTheStateOfModulesTakesNothingUp(command: String) {
        let start = StartCommand(arguments: command.split(separator: " ").map(String.init), workingDirectory: "/app")
        #expect(Pickup(start) { _ in [] } == nil)
    }

    @Test func aScriptNamesWhatItsSourceIsMadeTo() throws {
        let files = [
            "/app/a.ts": "import './b.js'; import './c'; import type {} from './d.mjs'", "/app/b.ts": "",
            "/app/c.tsx": "",
            "/app/d.mts": "",
        ]
        let walk = try #require(ImportWalk(from: "/app/a.ts") { files[$0] })
        #expect(walk.files == Set(files.keys))
    }

    @Test(arguments: [
        ("tsconfig.json", #"{ "compilerOptions": { "paths": { "@/*": ["./src/*"] } } } // ours"#, "@/b"),
        ("tsconfig.json", #"{ "compilerOptions": { "baseUrl": "src", "paths": { "~b": ["b.ts"] } } }"#, "~b"),
        ("tsconfig.json", #"{ "compilerOptions": { "baseUrl": "./src" } }"#, "b"),
        ("package.json", ##"{ "imports": { "#own/*.js": "./src/*.ts" } }"##, "#own/b.js"),
        ("deno.json", #"{ "imports": { "@/": "./src/" } }"#, "@/b.ts"),
        ("deno.json", #"{ "imports": { "own": "./src/b.ts" } }"#, "own"),
    ])
    func namesOfAProjectForItsOwnFilesAreFollowed(file: String, text: String, name: String) throws {
        let pickup = try pickup(
            "tsx watch src/a.ts",
            [
                "/app/\(file)": text, "/app/src/a.ts": "import '\(name)'; import 'express'", "/app/src/b.ts": "",
                "/app/src/c.ts": "",
            ])
        #expect(pickup.takes("/app/src/b.ts"))
        #expect(!pickup.takes("/app/src/c.ts"))
    }

    /// A bundler's configuration may say what they mean.
    @Test func whereNobodyKnowsWhatANameMeansAnyFileMayBeImported() throws {
        #expect(ImportWalk(from: "/app/a.ts") { $0 == "/app/a.ts" ? "import '@/b'" : nil } == nil)
        #expect(ImportWalk(from: "/app/a.ts") { $0 == "/app/a.ts" ? "import '@nestjs/core'" : nil } != nil)
    }
}
