import Testing

@testable import devloop

/// Whether a container's program takes up changed files.
@Suite struct PickupTests {
    private func check(_ row: PickupCase) {
        #expect(row.pickup?.name == row.name)
        #expect(row.takes(row.taken) == true)
        #expect(row.takes(row.left) == false)
    }

    @Test(arguments: [
        PickupCase("nodemon server.js", "nodemon", takes: "src/a.js", not: "public/a.css"),
        PickupCase("nodemon", "nodemon", takes: "index.js", not: "package.json"),
        PickupCase("npx nodemon index.js", "nodemon", takes: "a.json", not: "a.ts"),
        PickupCase("./node_modules/.bin/nodemon index.js", "nodemon", takes: "a.js", not: "a.html"),
        PickupCase("node node_modules/.bin/nodemon index.js", "nodemon", takes: "a.js", not: "node_modules/a.js"),
        PickupCase("node ./node_modules/nodemon/bin/nodemon.js index.js", "nodemon", takes: "a.js", not: "/a.js"),
        PickupCase("nodemon src/index.ts", "nodemon", takes: "src/a.ts", not: "src/a.js"),
        PickupCase("nodemon --exec ts-node src/index.ts", "nodemon", takes: "src/a.ts", not: "src/a.css"),
        PickupCase("nodemon --exec 'ts-node src/index.ts'", "nodemon", takes: "src/a.js", not: "src/a.ts"),
        PickupCase("nodemon -e ts,tsx --exec 'ts-node a.ts'", "nodemon", takes: "src/a.tsx", not: "src/a.js"),
        PickupCase("nodemon -x 'python app.py' --ext py", "nodemon", takes: "app.py", not: "a.js"),
        PickupCase("nodemon --watch src index.js", "nodemon", takes: "src/a.js", not: "lib/a.js"),
        PickupCase("nodemon -w 'src/**/*.ts' -e ts -x ts-node src/a.ts", "nodemon", takes: "src/b/c.ts", not: "c.ts"),
        PickupCase("nodemon --ignore 'src/*.test.js' index.js", "nodemon", takes: "src/a.js", not: "src/a.test.js"),
        PickupCase("nodemon -i public/ index.js", "nodemon", takes: "src/a.js", not: "public/a.js"),
        PickupCase("nodemon -L --inspect=0.0.0.0:9229 index.js", "nodemon", takes: "a.js", not: "yarn.lock"),
        PickupCase("nodemon dist/index.js", "nodemon", takes: "dist/a.js", not: "src/a.js"),
        PickupCase("nodemon --cwd server index.js", "nodemon", takes: "server/a.js", not: "client/a.js"),
        PickupCase(
            "nodemon", "nodemon", takes: "src/a.ts", not: "src/a.spec.ts",
            files: [
                "nodemon.json": #"{"watch": ["src"], "ext": "ts,json", "ignore": ["src/**/*.spec.ts"], "exec": "x"}"#
            ]),
        PickupCase(
            "nodemon a.js", "nodemon", takes: "lib/a.mjs", not: "src/a.mjs",
            files: ["package.json": #"{"nodemonConfig": {"watch": "lib", "ext": "mjs"}}"#]),
        PickupCase(
            "nodemon", "nodemon", takes: "a.ts", not: "a.js", files: ["package.json": #"{"main": "src/main.ts"}"#]),
        PickupCase("ts-node-dev --respawn --transpile-only src/a.ts", "ts-node-dev", takes: "src/b.ts", not: "b.json"),
        PickupCase("tsnd --ignore-watch lib src/a.ts", "ts-node-dev", takes: "src/b.ts", not: "lib/b.ts"),
        PickupCase("tsx watch src/a.ts", "tsx watch", takes: "src/b.tsx", not: "src/b.json"),
        PickupCase("tsx --watch src/a.ts", "tsx watch", takes: "src/b.ts", not: "dist/b.ts"),
        PickupCase("npx tsx watch --clear-screen=false a.ts", "tsx watch", takes: "b.ts", not: ".env"),
        PickupCase("node --watch server.js", "node --watch", takes: "routes/a.js", not: "a.json"),
        PickupCase("node --watch --inspect src/a.mjs", "node --watch", takes: "src/a.mjs", not: "src/a.ts"),
        PickupCase("node --watch --import tsx src/a.ts", "node --watch", takes: "src/b.ts", not: "b.css"),
        PickupCase("node --watch-path=./src index.js", "node --watch", takes: "src/a.txt", not: "index.js"),
        PickupCase("node --watch /srv/app/a.js", "node --watch", takes: "/srv/app/b.js", not: "b.js"),
        PickupCase("node --watch /srv/app/a.js", "node --watch", takes: "/srv/app/b.js", not: "/tmp/b.js", in: "/"),
        PickupCase("node-dev a.js", "node-dev", takes: "b.js", not: "b.ts"),
        PickupCase("babel-watch src/a.js", "babel-watch", takes: "src/b.js", not: "b.css"),
        PickupCase("node ace serve --watch", "node ace serve", takes: "app/a.ts", not: "resources/a.edge"),
        PickupCase("nest start --watch", "nest start --watch", takes: "src/a.ts", not: "nest-cli.json"),
        PickupCase("npx @nestjs/cli start -w", "nest start --watch", takes: "src/a.ts", not: "test/a.ts"),
        PickupCase("tsc-watch --onSuccess 'node dist/a.js'", "tsc-watch", takes: "src/a.ts", not: "src/a.json"),
        PickupCase("tsup src/a.ts --watch --onSuccess 'node dist/a.js'", "tsup", takes: "src/a.ts", not: "a.md"),
        PickupCase("vite-node -w src/a.ts", "vite-node --watch", takes: "src/b.ts", not: "vite.config.ts"),
        PickupCase("bun --watch src/a.ts", "bun --watch", takes: "src/b.ts", not: "bun.lockb"),
        PickupCase("bun run --hot a.ts", "bun --hot", takes: "b.ts", not: "b.json"),
        PickupCase("deno run -A --watch main.ts", "deno run --watch", takes: "a.ts", not: "deno.json"),
        PickupCase("wrangler dev --port 80", "wrangler dev", takes: "src/a.ts", not: "wrangler.toml"),
        PickupCase("strapi develop", "strapi develop", takes: "src/api/a.js", not: "config/a.js"),
        PickupCase("json-server --watch db.json --port 3000", "json-server --watch", takes: "db.json", not: "b.json"),
    ])
    func aReloaderOfNodeIsKnown(row: PickupCase) { check(row) }

    @Test(arguments: [
        PickupCase("next dev", "next dev", takes: "pages/index.tsx", not: "next.config.js"),
        PickupCase("next dev -p 3000 -H 0.0.0.0", "next dev", takes: "styles/a.css", not: "package-lock.json"),
        PickupCase("next", "next dev", takes: "app/page.js", not: ".env.local"),
        PickupCase("next dev apps/web", "next dev", takes: "apps/web/a.js", not: "apps/api/a.js"),
        PickupCase("nuxt", "nuxt dev", takes: "pages/a.vue", not: "nuxt.config.ts"),
        PickupCase("nuxi dev --host 0.0.0.0", "nuxi dev", takes: "pages/a.vue", not: "tsconfig.json"),
        PickupCase("remix dev", "remix dev", takes: "app/a.tsx", not: "server.js"),
        PickupCase("remix vite:dev", "remix vite:dev", takes: "app/a.tsx", not: "vite.config.ts"),
        PickupCase("react-router dev", "react-router dev", takes: "app/a.tsx", not: "dist/a.js"),
        PickupCase("astro dev --host", "astro dev", takes: "src/a.astro", not: "astro.config.mjs"),
        PickupCase("vite", "vite", takes: "index.html", not: "vite.config.js"),
        PickupCase("vite --host 0.0.0.0 --port 3000", "vite", takes: "src/a.vue", not: "yarn.lock"),
        PickupCase("vite dev client", "vite dev", takes: "client/a.js", not: "server/a.js"),
        PickupCase("webpack serve --mode development", "webpack serve", takes: "src/a.js", not: "webpack.dev.js"),
        PickupCase("webpack-dev-server --hot", "webpack-dev-server", takes: "src/a.css", not: "babel.config.js"),
        PickupCase("react-scripts start", "react-scripts start", takes: "src/App.css", not: "src/setupProxy.js"),
        PickupCase("craco start", "craco start", takes: "src/App.jsx", not: "craco.config.js"),
        PickupCase("vue-cli-service serve", "vue-cli-service serve", takes: "src/A.vue", not: "vue.config.js"),
        PickupCase("ng serve --host 0.0.0.0", "ng serve", takes: "src/app/a.html", not: "angular.json"),
        PickupCase("npx -y @angular/cli@17 serve", "ng serve", takes: "src/a.scss", not: "/src/a.scss"),
        PickupCase(
            "node node_modules/@angular/cli/bin/ng serve", "ng serve", takes: "src/a.ts", not: "tsconfig.app.json"),
        PickupCase("svelte-kit dev", "svelte-kit dev", takes: "src/a.svelte", not: "svelte.config.js"),
        PickupCase("parcel index.html", "parcel", takes: "a.css", not: "node_modules/a/a.css"),
        PickupCase("gatsby develop -H 0.0.0.0", "gatsby develop", takes: "src/a.js", not: "gatsby-node.js"),
        PickupCase("storybook dev -p 6006", "storybook dev", takes: "src/a.stories.tsx", not: ".storybook/main.ts"),
        PickupCase("docusaurus start", "docusaurus start", takes: "docs/a.md", not: "docusaurus.config.js"),
        PickupCase("hugo server --bind 0.0.0.0", "hugo server", takes: "content/a.md", not: "config.toml"),
    ])
    func aDevelopmentServerOfAFrontEndIsKnown(row: PickupCase) { check(row) }

    @Test(arguments: [
        PickupCase("uvicorn main:app --reload", "uvicorn --reload", takes: "a/b.py", not: "a/b.html"),
        PickupCase(
            "uvicorn main:app --host 0.0.0.0 --reload --reload-dir app", "uvicorn --reload", takes: "app/b.py",
            not: "b.py"),
        PickupCase("python -m uvicorn main:app --reload", "uvicorn --reload", takes: "a.py", not: "requirements.txt"),
        PickupCase(
            "uvicorn main:app --reload --reload-exclude 'tests/*'", "uvicorn --reload", takes: "a.py", not: "tests/a.py"
        ),
        PickupCase("uvicorn m:a --reload --reload-include '*.html'", "uvicorn --reload", takes: "a.py", not: "a.html"),
        PickupCase(
            "uvicorn m:a --reload --reload-include '*.html'", "uvicorn --reload", takes: "a.html", not: "a.css",
            files: ["requirements.txt": "uvicorn[standard]==0.30"]),
        PickupCase("hypercorn --reload app:app", "hypercorn --reload", takes: "a.py", not: "a.toml"),
        PickupCase(
            "gunicorn --reload -b 0.0.0.0:80 app:app", "gunicorn --reload", takes: "a.py", not: "gunicorn.conf.py"),
        PickupCase(
            "gunicorn -c conf.py app:app", "gunicorn --reload", takes: "a.py", not: "a.html",
            files: ["conf.py": "bind = ':80'\nreload = True\n"]),
        PickupCase(
            "gunicorn app:app", "gunicorn --reload", takes: "a.py", not: "a.txt",
            environment: ["GUNICORN_CMD_ARGS": "--reload --workers 2"]),
        PickupCase("flask run --debug", "flask run --debug", takes: "templates/a.html", not: "a.html"),
        PickupCase(
            "flask --app web --debug run -h 0.0.0.0", "flask run --debug", takes: "web/static/a.css", not: "a.css"),
        PickupCase(
            "python3 -m flask run", "flask run --debug", takes: "a.py", not: ".flaskenv",
            environment: ["FLASK_DEBUG": "1"]),
        PickupCase("flask run --reload", "flask run --reload", takes: "a.py", not: "templates/a.html"),
        PickupCase(
            "flask run", "flask run --debug", takes: "a.py", not: "a.cfg", environment: ["FLASK_ENV": "development"],
            files: ["requirements.txt": "Flask==1.1.4"]),
        PickupCase(
            "python manage.py runserver 0.0.0.0:8000", "manage.py runserver", takes: "blog/views.py", not: "a.json"),
        PickupCase(
            "python -u manage.py runserver", "manage.py runserver", takes: "blog/templates/a.html", not: "a.html"),
        PickupCase("./manage.py runserver", "manage.py runserver", takes: "blog/static/a.css", not: "Pipfile"),
        PickupCase(
            "./manage.py runserver", "manage.py runserver", takes: "a/b.py", not: "a/b.mo",
            files: ["manage.py": "#!/usr/bin/env python\nimport os"]),
        PickupCase("python src/manage.py runserver", "manage.py runserver", takes: "src/a.py", not: "other/a.py"),
        PickupCase(
            "python /code/manage.py runserver", "manage.py runserver", takes: "/code/a.py", not: "/x/a.py", in: "/"),
        PickupCase(
            "python -m debugpy --listen 0.0.0.0:5678 -m uvicorn a:b --reload", "uvicorn --reload", takes: "a.py",
            not: "a.js"),
        PickupCase("fastapi dev app/main.py --host 0.0.0.0", "fastapi dev", takes: "app/a.py", not: "app/a.html"),
        PickupCase("fastapi run --reload", "fastapi run --reload", takes: "a.py", not: "uv.lock"),
        PickupCase("watchfiles 'python main.py' src", "watchfiles", takes: "src/a.txt", not: "a.py"),
        PickupCase("watchfiles --filter python 'python main.py'", "watchfiles", takes: "a.py", not: "a.txt"),
        PickupCase(
            "watchmedo auto-restart -d src -p '*.py;*.yml' -R -- python -m src", "watchmedo auto-restart",
            takes: "src/a/b.yml",
            not: "a.py"),
        PickupCase("sanic app:app --dev", "sanic --dev", takes: "a.py", not: "a.html"),
        PickupCase("litestar --app a:b run --reload", "litestar run --reload", takes: "a.py", not: "a.html"),
        PickupCase(
            "uwsgi --http :80 --py-autoreload=1 --wsgi-file a.py", "uwsgi --py-autoreload", takes: "b.py", not: "u.ini"),
        PickupCase("streamlit run app.py --server.runOnSave=true", "streamlit run", takes: "b.py", not: "b.csv"),
    ])
    func aReloaderOfPythonIsKnown(row: PickupCase) { check(row) }

    @Test(arguments: [
        PickupCase(
            "rails server -b 0.0.0.0", "rails server", takes: "app/models/a.rb", not: "config/initializers/a.rb"),
        PickupCase("bundle exec rails s", "rails server", takes: "app/views/a.html.erb", not: "Gemfile.lock"),
        PickupCase("bin/rails s -e development", "rails server", takes: "config/routes.rb", not: "lib/a.rb"),
        PickupCase(
            "./bin/rails server", "rails server", takes: "lib/a.rb", not: "db/migrate/a.rb",
            files: [
                "bin/rails": "#!/usr/bin/env ruby\nrequire 'x'",
                "config/application.rb": "  config.autoload_lib(ignore: %w[tasks])",
            ]),
        PickupCase(
            "bundle exec puma -C config/puma.rb", "puma with Rails", takes: "app/assets/a.css",
            not: "app/javascript/a.js",
            files: ["config/application.rb": "class Application < Rails::Application"]),
        PickupCase("rerun -d lib,app -- ruby app.rb", "rerun", takes: "lib/a.rb", not: "a.rb"),
        PickupCase("shotgun -o 0.0.0.0 config.ru", "shotgun", takes: "a.rb", not: "a.css"),
        PickupCase("air", "air", takes: "cmd/a.go", not: "cmd/a_test.go"),
        PickupCase(
            "air -c .air.toml", "air", takes: "web/a.templ", not: "gen/a.go",
            files: [".air.toml": "[build]\n  include_ext = [\"go\", 'templ'] # kinds\nexclude_dir = [\n  \"gen\",\n]\n"]
        ),
        PickupCase("go run github.com/air-verse/air@latest", "air", takes: "a.tmpl", not: "go.sum"),
        PickupCase("reflex -r '\\.go$' -s -- go run .", "reflex", takes: "a.go", not: "a.html"),
        PickupCase("reflex -sr '(\\.go$|go\\.mod)' -- go run .", "reflex", takes: "a.go", not: "go.mod"),
        PickupCase("reflex -g '*.go' --start-service go run .", "reflex", takes: "b/a.go", not: "a.css"),
        PickupCase("CompileDaemon --build='go build' --command=./main", "CompileDaemon", takes: "a.go", not: "a.html"),
        PickupCase("gow -e=go,html run .", "gow", takes: "a.html", not: "a.css"),
        PickupCase("fresh", "fresh", takes: "a.go", not: "a.css"),
        PickupCase("wgo run main.go", "wgo", takes: "a.go", not: "a.html"),
        PickupCase("watchexec -r -e py,html -- python app.py", "watchexec", takes: "a.html", not: "a.css"),
        PickupCase("watchexec --restart -w src -- python app.py", "watchexec", takes: "src/a.css", not: "a.py"),
        PickupCase("cargo watch -x run", "cargo watch", takes: "src/main.rs", not: "target/a.rs"),
        PickupCase("cargo-watch -w src -x 'run --bin api'", "cargo watch", takes: "src/a.rs", not: "Cargo.toml"),
        PickupCase(
            "dotnet watch run --non-interactive --project Api/Api.csproj", "dotnet watch", takes: "Api/A.cs",
            not: "B/A.cs"),
        PickupCase("./mvnw quarkus:dev", "quarkus:dev", takes: "src/main/java/A.java", not: "src/test/java/A.java"),
        PickupCase("mix phx.server", "mix phx.server", takes: "lib/a_web/a.heex", not: "config/dev.exs"),
        PickupCase("iex -S mix phx.server", "mix phx.server", takes: "lib/a.ex", not: "priv/a.ex"),
    ])
    func aReloaderOfOtherLanguagesIsKnown(row: PickupCase) { check(row) }

    @Test(arguments: [
        PickupCase(
            "nginx -g 'daemon off;'", "nginx", takes: "/usr/share/nginx/html/a.css", not: "/etc/nginx/nginx.conf",
            in: "/"),
        PickupCase(
            "/docker-entrypoint.sh nginx -g 'daemon off;'", "nginx", takes: "/var/www/a.js", not: "/var/www/a.conf"),
        PickupCase(
            "caddy run --config /etc/caddy/Caddyfile", "caddy", takes: "/srv/a.html", not: "/etc/caddy/Caddyfile"),
        PickupCase("caddy file-server --root dist", "caddy file-server", takes: "dist/a.html", not: "a.html"),
        PickupCase(
            "httpd-foreground", "apache", takes: "/usr/local/apache2/htdocs/a.html", not: "/usr/local/apache2/conf/a"),
        PickupCase("apachectl -D FOREGROUND", "apache", takes: "/var/www/html/a.html", not: "/etc/apache2/a"),
        PickupCase(
            "docker-php-entrypoint apache2-foreground", "apache", takes: "/var/www/html/a.php",
            not: "/var/www/html/.htaccess"),
        PickupCase(
            "php-fpm", "php-fpm", takes: "/var/www/html/a.php", not: "/usr/local/etc/php/php.ini", in: "/var/www/html"),
        PickupCase("php -S 0.0.0.0:80 -t public", "php -S", takes: "src/a.php", not: "composer.json"),
        PickupCase("php artisan serve --host=0.0.0.0", "artisan serve", takes: "resources/a.blade.php", not: ".env"),
        PickupCase("http-server dist -p 80", "http-server", takes: "dist/a.js", not: "src/a.js"),
        PickupCase("npx serve -s build -l 3000", "serve", takes: "build/a.js", not: "src/a.js"),
        PickupCase("python3 -m http.server 80", "python -m http.server", takes: "a.html", not: "/a.html"),
        PickupCase("python -m http.server -d www", "python -m http.server", takes: "www/a.html", not: "a.html"),
        PickupCase("busybox httpd -f -h /www", "httpd", takes: "/www/a.html", not: "a.html"),
        PickupCase("httpd -f -p 80 -h /www", "httpd", takes: "/www/a.html", not: "/etc/httpd.conf"),
        PickupCase(
            "lighttpd -D -f /etc/lighttpd/lighttpd.conf", "lighttpd", takes: "/var/www/a.html", not: "/etc/a.html"),
    ])
    func aServerOfFilesIsKnown(row: PickupCase) { check(row) }

    @Test(arguments: ["nginx", "php-fpm", "http-server", "python -m http.server"])
    func aServerOfFilesServes(command: String) { #expect(PickupCase(command).pickup?.kind == .serves) }

    @Test(arguments: ["nodemon", "vite", "uvicorn a:b --reload", "air"])
    func aReloaderReloads(command: String) { #expect(PickupCase(command).pickup?.kind == .reloads) }

    @Test(arguments: [
        "package.json", "package-lock.json", "node_modules/a/b.js", "vendor/a.js", ".env", ".git/a.js", "start.sh",
        "Dockerfile",
        "nodemon.json", "tsconfig.json", "/etc/a.js", "/usr/local/bin/a.js", "../a.js", "", ".", "src/", "src/../a.js",
        "a",
    ])
    func aFileThatNoReloaderAppliesIsLeft(path: String) {
        #expect(PickupCase("nodemon a.js").pickup?.takes(path.hasPrefix("/") ? path : "/app/" + path) == false)
    }

    @Test(arguments: ["nodemon a.js", "next dev", "node --watch-path=. a.js", "watchfiles x", "nest start --watch"])
    func aProgramThatWatchesFoldersSeesFilesComeAndGo(command: String) {
        #expect(
            PickupCase(command).pickup?.takes(
                "/app/src/a.\(command.hasPrefix("nest") ? "ts" : "js")", isAddedOrRemoved: true) == true)
    }

    @Test(arguments: [
        ("node --watch a.js", "js"), ("tsx watch a.ts", "ts"), ("gunicorn --reload a:b", "py"),
        ("flask run --debug", "py"),
        ("uvicorn a:b --reload", "py"), ("python manage.py runserver", "py"), ("bun --watch a.ts", "ts"),
    ])
    func aProgramThatWatchesItsModulesDoesNot(command: String, fileExtension: String) {
        let pickup = PickupCase(command).pickup
        #expect(pickup?.takes("/app/src/a.\(fileExtension)") == true)
        #expect(pickup?.takes("/app/src/a.\(fileExtension)", isAddedOrRemoved: true) == false)
    }

    @Test func aRelativePathIsLeft() { #expect(PickupCase("nodemon a.js").pickup?.takes("app/a.js") == false) }
}
