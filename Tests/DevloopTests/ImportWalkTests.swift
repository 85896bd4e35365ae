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
        ("readFileSync('./data.json')", []), ("myrequire('./no')", []), ("require('express')", []),
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

    @Test func nodeTakesUpWhatItsScriptImports() throws {
        let files = ["/app/index.js": "require('./lib.js')", "/app/lib.js": "", "/app/worker.js": ""]
        let start = StartCommand(arguments: ["node", "--watch", "index.js"], workingDirectory: "/app")
        let pickup = try #require(Pickup(start) { files[$0].map { Array($0.utf8) } })
        #expect(pickup.takes("/app/lib.js"))
        #expect(!pickup.takes("/app/worker.js"))
    }
}
