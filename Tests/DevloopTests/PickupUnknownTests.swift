import Testing

@testable import devloop

/// What takes up nothing, or isn't known to.
@Suite struct PickupUnknownTests {
    @Test(arguments: [
        PickupCase("node index.js"), PickupCase("node server.js --watch"), PickupCase("node --watch"),
        PickupCase("node --watch -e 'x'"), PickupCase("node --watch --test a.js"), PickupCase("node"),
        PickupCase("gunicorn app:app"), PickupCase("gunicorn --reload --preload app:app"),
        PickupCase("uvicorn main:app"), PickupCase("flask run"), PickupCase("flask run --debug --no-reload"),
        PickupCase("flask run", environment: ["FLASK_ENV": "development"]),
        PickupCase("flask run", environment: ["FLASK_DEBUG": "0"]),
        PickupCase("python app.py"), PickupCase("python app.py --reload"), PickupCase("python -m app --reload"),
        PickupCase("python -c 'uvicorn --reload'"), PickupCase("python manage.py runserver --noreload"),
        PickupCase("python manage.py migrate"), PickupCase("fastapi run"), PickupCase("celery -A a worker"),
        PickupCase("streamlit run app.py"), PickupCase("watchmedo auto-restart -p '*.py' python a.py"),
        PickupCase("next start"), PickupCase("next build"), PickupCase("vite build --watch"),
        PickupCase("vite preview"),
        PickupCase("ng serve --watch=false"), PickupCase("ng build --watch"), PickupCase("webpack --watch"),
        PickupCase("vite", files: ["vite.config.ts": "server: { watch: null }"]),
        PickupCase("tsc --watch"), PickupCase("astro preview"), PickupCase("nest start"), PickupCase("tsx src/a.ts"),
        PickupCase("ts-node src/a.ts"), PickupCase("bun src/a.ts"), PickupCase("deno run -A main.ts"),
        PickupCase("nodemon --ext=ts a.js"), PickupCase("nodemon --watch src dist/a.js"),
        PickupCase("nodemon a.js", in: "/"),
        PickupCase("nodemon", files: ["nodemon.json": "{"]),
        PickupCase("nodemon", files: ["nodemon.json": "{\"ext\": 1}"]),
        PickupCase("pm2-runtime start a.js"), PickupCase("npm start"), PickupCase("npm run dev"), PickupCase("npm"),
        PickupCase("npm start", scripts: ["start": "node server.js"]),
        PickupCase("npm start", scripts: ["start": "node server.js # nodemon"]),
        PickupCase("npm run dev", scripts: ["dev": "npm run build && nodemon a.js", "build": "tsc"]),
        PickupCase("npm run dev", scripts: ["dev": "turbo run dev"]), PickupCase("npm run dev", scripts: ["dev": ""]),
        PickupCase("npm run dev", scripts: ["dev": "concurrently 'nodemon a.js' 'node b.js'"]),
        PickupCase("npm run dev", scripts: ["dev": "run-p a b", "a": "vite", "b": "node b.js"]),
        PickupCase("npm run dev", scripts: ["dev": "concurrently 'tsc -w' 'nodemon -w src a.js'"]),
        PickupCase("npm run dev", scripts: ["dev": "tsc -w && nodemon dist/a.js"]),
        PickupCase("npm run dev -w nowhere", scripts: ["dev": "vite"]),
        PickupCase("pnpm -r dev", scripts: ["dev": "vite"]),
        PickupCase("rails s", environment: ["RAILS_ENV": "production"]), PickupCase("rails s -e production"),
        PickupCase("rails s", files: ["config/environments/development.rb": "  config.cache_classes = true"]),
        PickupCase("bundle exec puma -C config/puma.rb"), PickupCase("rails console"), PickupCase("sidekiq"),
        PickupCase("php artisan queue:work"), PickupCase("php a.php"),
        PickupCase("php-fpm", environment: ["APP_ENV": "prod"]), PickupCase("php-fpm", environment: ["APP_ENV": ""]),
        PickupCase("php-fpm", environment: ["PHP_OPCACHE_VALIDATE_TIMESTAMPS": "0"]),
        PickupCase("php-fpm", files: ["/usr/local/etc/php/conf.d/opcache.ini": "opcache.validate_timestamps = 0"]),
        PickupCase("sh -c 'php artisan config:cache && php-fpm'"), PickupCase("supervisord -n"), PickupCase("nginx -t"),
        PickupCase("caddy reverse-proxy --to :80"), PickupCase("/app/server"), PickupCase("./serve"),
        PickupCase("/app/air"), PickupCase("java -jar a.jar"),
        PickupCase("go run ."), PickupCase("./main"), PickupCase("dotnet run"), PickupCase("dotnet watch run"),
        PickupCase("cargo run"), PickupCase("cargo watch"), PickupCase("cargo watch -x check"),
        PickupCase("reflex -r x ./a"),
        PickupCase("watchexec -e py -- python a.py"), PickupCase("CompileDaemon -build=x"),
        PickupCase("air -c missing.toml"), PickupCase("air --build.cmd x"),
        PickupCase("air", files: [".air.toml": "[build]\ninclude_ext = go"]),
        PickupCase("mix phx.server", environment: ["MIX_ENV": "prod"]), PickupCase("mvn spring-boot:run"),
        PickupCase("postgres"), PickupCase("redis-server"), PickupCase("sleep infinity"),
        PickupCase("tail -f /dev/null"),
        PickupCase("docker-entrypoint.sh"), PickupCase("docker-entrypoint.sh --reload"),
        PickupCase("docker-php-entrypoint -F"),
    ])
    func whatIsNotKnownToTakeUpChangesIsNot(row: PickupCase) { #expect(row.pickup == nil) }

    @Test(arguments: [
        "if [ $A = b ]; then nodemon a.js; else node a.js; fi", "while true; do nodemon a.js; done", "(nodemon a.js)",
        "{ nodemon a.js; }", "f() { nodemon a.js; }; f", "case $A in *) nodemon;; esac", "$(echo nodemon a.js)",
        "`echo nodemon`", "$CMD", "eval nodemon a.js", "nodemon a.js & node b.js", "node b.js & nodemon a.js",
        "nodemon a.js &", "nodemon $EMPTY a.js", "nodemon $FILE", "nodemon --watch $DIR a.js", "nodemon -e ${EXT} a.js",
        "nodemon src/*",
        "nodemon 'a.js", "nodemon \"a.js", "nodemon ${A", "nodemon $(", "cat <<E | nodemon\nE", "cd $A && nodemon a.js",
        "cd web || true; make && nodemon a.js", "node build.js && nodemon a.js", "exec \"$@\"", "exec",
        "set -- a; nodemon a.js",
        ". ./env.sh; nodemon a.js", "true || nodemon a.js", "nodemon a.js | sh", "trap x EXIT", ";", "&", "&&", "|", "",
        "#",
        "fi", "done; nodemon", "if true; then", "FOO=bar", "export A=1", "exit 1; nodemon a.js",
        "[ -f a ] && nodemon a.js || node a.js", "sed -i s/a/b/ a.js && nodemon a.js",
        "echo $((1 + 1)); nodemon $((1))",
        "sh -c \"sh -c 'node a.js'\"", "alias nodemon=node; nodemon a.js", "make dev",
        "for i in a b; do nodemon $i; done",
    ])
    func aScriptThatIsNotUnderstoodIsNotKnown(script: String) {
        #expect(PickupCase("", environment: ["EMPTY": ""]).with(["sh", "-c", script]).pickup == nil)
    }

    @Test(arguments: [
        [], [""], ["", ""], [" "], ["sh"], ["sh", "-c"], ["sh", "-c", ""], ["-"], ["--"], ["exec"], ["env"],
        ["env", "A=b"],
        ["npx"], ["npm", "run"], ["npm", "--prefix"], ["nodemon", "--exec"], ["nodemon", "--config"], ["python", "-m"],
        ["tini", "--"], ["sh", "-c", "\u{0}\u{FFFD}"], ["bundle", "exec"], ["concurrently"],
        ["concurrently", "", "\""],
        ["foreman", "start"], ["watchexec", "-r"], ["uv", "run", "-m"], ["gunicorn", "-c"], ["/"], ["./"], [".."],
        ["node", "-"],
        ["reflex", "-s", "-r"], ["next", "--"], ["php", "-S"], ["go"], ["go", "run"], ["sh", "-o"], ["bash", "-", "x"],
        [String(repeating: "(", count: 10_000)], ["sh", "-c", String(repeating: "$(", count: 10_000)],
        ["sh", "-c", String(repeating: "if ", count: 5_000)], Array(repeating: "exec", count: 500),
        Array(repeating: "sh", count: 500), ["sh", "-c", String(repeating: "nodemon & ", count: 500)],
        ["nodemon", "-i", String(repeating: "{a,b}", count: 50)],
        ["nodemon", "-w", String(repeating: "**/", count: 500)],
        ["nodemon", "a.js", "-i", String(repeating: "*a", count: 500)],
    ])
    func garbageIsSurvived(arguments: [String]) {
        let pickup = PickupCase("").with(arguments).pickup
        _ = pickup?.takes("/app/" + String(repeating: "a/", count: 50) + "a.js")
    }

    @Test(.timeLimit(.minutes(1))) func randomCommandsAreSurvived() {
        let words = [
            "npm", "run", "dev", "sh", "-c", "exec", "\"$@\"", "nodemon", "&&", "&", ";", "|", "'", "\"", "$(",
            "${A:-b}", "-w",
            "--", "concurrently", "run-p", "*", "if", "fi", "cd", "..", "a.js", "env", "A=b", "python", "-m", "flask",
            "[", "]",
            "npx", "tsx", "watch", "node", "--watch", "\n", ">", "<<", "{", "}", "wait", "air", "php", "-S", "uv",
            "manage.py",
        ]
        var seed: UInt64 = 12
        func next(_ bound: Int) -> Int {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(seed >> 33) % bound
        }
        func text() -> String { (0..<next(9)).map { _ in words[next(words.count)] }.joined(separator: " ") }
        for _ in 0..<500 {
            let row = PickupCase(
                "", files: ["start.sh": text(), "Procfile": "a: " + text()],
                scripts: ["dev": text().replacing("\n", with: ";")])
            for arguments in [
                ["npm", "run", "dev"], ["sh", "-c", text()], text().split(separator: " ").map(String.init),
            ] {
                _ = row.with(arguments).pickup?.takes("/app/src/a.js")
            }
        }
    }

    @Test(
        .timeLimit(.minutes(1)),
        arguments: [
            ["dev": "npm run dev"], ["dev": "npm run dev && npm run dev"], ["dev": "npm run a", "a": "yarn dev"],
            ["dev": "concurrently 'npm run dev' 'npm run dev' 'npm run dev'"], ["dev": "run-p dev dev dev"],
            ["dev": "npm run dev || true; npm run dev & npm run dev"],
        ])
    func aScriptThatStartsItselfEnds(scripts: [String: String]) {
        #expect(PickupCase("npm run dev", scripts: scripts).pickup == nil)
    }

    @Test(
        .timeLimit(.minutes(1)),
        arguments: [
            "#!/bin/sh\n./start.sh", "#!/bin/sh\nexec \"$0\"", "#!/usr/bin/env npx\n", "#!/app/start.sh\n", "#!\n",
            "#!/usr/bin/env\n",
            "#!/bin/sh\nsh start.sh & sh start.sh & exec ./start.sh", "#!/bin/sh\nexec ./start.sh \"$@\" \"$@\"",
        ])
    func aFileThatStartsItselfEnds(text: String) {
        let row = PickupCase("./start.sh a", files: ["start.sh": text, "Procfile": "a: foreman start"])
        #expect(row.pickup == nil)
    }
}

extension PickupCase {
    func with(_ arguments: [String]) -> PickupCase {
        var row = self
        row.arguments = arguments
        return row
    }
}
