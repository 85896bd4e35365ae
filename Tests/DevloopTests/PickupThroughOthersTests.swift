import Testing

@testable import devloop

/// Whether a program is found through shells, wrappers, scripts and starters.
@Suite struct PickupThroughOthersTests {
    private static let nodemon = ["dev": "nodemon index.js"]

    @Test(arguments: [
        PickupCase("npm run dev", "nodemon", takes: "a.js", not: "a.ts", scripts: nodemon),
        PickupCase("npm run dev -- --ext ts", "nodemon", takes: "a.ts", not: "a.js", scripts: nodemon),
        PickupCase("npm run dev --ext ts", "nodemon", takes: "a.js", not: "a.ts", scripts: nodemon),
        PickupCase(
            "npm start", "vite", takes: "a.css", not: "yarn.lock", scripts: ["start": "npm run x", "x": "vite"]),
        PickupCase("npm --silent run dev", "nodemon", takes: "a.js", not: "a.ts", scripts: nodemon),
        PickupCase("yarn dev --ext ts", "nodemon", takes: "a.ts", not: "a.js", scripts: nodemon),
        PickupCase("yarn run dev", "nodemon", takes: "a.js", not: "a.ts", scripts: nodemon),
        PickupCase("yarn nodemon a.js", "nodemon", takes: "a.js", not: "a.ts", scripts: ["x": "y"]),
        PickupCase("pnpm dev", "nodemon", takes: "a.js", not: "a.ts", scripts: nodemon),
        PickupCase("pnpm run dev", "nodemon", takes: "a.js", not: "a.ts", scripts: nodemon),
        PickupCase("pnpm exec nodemon a.js", "nodemon", takes: "a.js", not: "a.ts"),
        PickupCase("bun run dev", "nodemon", takes: "a.js", not: "a.ts", scripts: nodemon),
        PickupCase("bunx vite", "vite", takes: "a.css", not: "vite.config.ts"),
        PickupCase("npm exec -- vite --host", "vite", takes: "a.css", not: "vite.config.ts"),
        PickupCase(
            "npm --prefix web run dev", "vite", takes: "web/a.css", not: "api/a.css",
            files: ["web/package.json": #"{"scripts": {"dev": "vite"}}"#]),
        PickupCase(
            "yarn --cwd web dev", "vite", takes: "web/a.css", not: "a.css",
            files: ["web/package.json": #"{"scripts": {"dev": "vite"}}"#]),
        PickupCase(
            "pnpm -C web dev", "vite", takes: "web/a.css", not: "a.css",
            files: ["web/package.json": #"{"scripts": {"dev": "vite"}}"#]),
        PickupCase(
            "npm run dev -w web", "vite", takes: "packages/web/a.css", not: "a.css",
            files: [
                "package.json": #"{"workspaces": ["packages/*"]}"#,
                "packages/web/package.json": #"{"name": "web", "scripts": {"dev": "vite"}}"#,
            ]),
        PickupCase(
            "yarn workspace @me/web dev", "vite", takes: "apps/web/a.css", not: "a.css",
            files: ["apps/web/package.json": #"{"name": "@me/web", "scripts": {"dev": "vite"}}"#]),
        PickupCase(
            "npm run dev", "nodemon", takes: "a.js", not: "a.ts", scripts: ["dev": "cross-env A=1 nodemon a.js"]),
        PickupCase(
            "npm run dev", "nodemon", takes: "a.js", not: "a.ts", scripts: ["dev": "NODE_ENV=dev B='c d' nodemon a.js"]),
        PickupCase(
            "npm run dev", "nodemon", takes: "a.js", not: "a.ts", scripts: ["dev": "dotenv -e .env -- nodemon a.js"]),
        PickupCase(
            "npm run dev", "nodemon", takes: "a.js", not: "a.ts", scripts: ["dev": "env-cmd -f .env nodemon a.js"]),
        PickupCase(
            "npm run dev", "nodemon", takes: "a.js", not: "a.ts", scripts: ["dev": "doppler run -- nodemon a.js"]),
        PickupCase(
            "npm run dev", "nodemon", takes: "a.js", not: "a.ts", scripts: ["dev": "nodemon a.js | pino-pretty -c"]),
        PickupCase(
            "npm run dev", "nest start --watch", takes: "a.ts", not: "a.js",
            scripts: ["dev": "rimraf dist && nest start --watch"]),
        PickupCase(
            "npm run dev", "nodemon", takes: "a.js", not: "prisma/seed.js",
            scripts: ["dev": "prisma migrate deploy && npm run seed && nodemon a.js", "seed": "node prisma/seed.js"]),
        PickupCase(
            "npm run dev", "vite and nodemon", takes: "src/a.js", not: "a.txt",
            scripts: ["dev": "concurrently -k \"vite\" \"nodemon a.js\""]),
        PickupCase(
            "npm run dev", "vite and nodemon", takes: "web/a.css", not: "api/a.css",
            files: [
                "package.json": #"{"scripts": {"dev": "concurrently 'cd web && vite' 'cd api && nodemon a.js'"}}"#
            ]),
        PickupCase(
            "npm run dev", "nodemon and vite", takes: "a.css", not: "a.html",
            scripts: ["dev": "concurrently -n a,b npm:api npm:web", "api": "nodemon a.js", "web": "vite"]),
        PickupCase(
            "npm run dev", "nodemon", takes: "src/a.ts", not: "src/a.css",
            scripts: ["dev": "concurrently 'tsc -w' 'nodemon dist/a.js'"]),
        PickupCase(
            "npm run dev", "node --watch", takes: "src/a.ts", not: "src/a.css",
            scripts: ["dev": "tsc --watch & node --watch dist/a.js"]),
        PickupCase(
            "npm run dev", "nodemon and vite", takes: "src/a.vue", not: "a.ts",
            scripts: ["dev": "run-p api web", "api": "nodemon a.js", "web": "vite"]),
        PickupCase(
            "npm run dev", "nodemon", takes: "a.js", not: "a.css",
            scripts: ["dev": "npm-run-all clean -p dev:*", "clean": "rimraf dist", "dev:a": "nodemon a.js"]),
        PickupCase(
            "npm run dev", "vite", takes: "a.css", not: "vite.config.js",
            scripts: ["dev": "concurrently 'tsc --noEmit --watch' 'vite'"]),
        PickupCase(
            "deno task dev", "deno run --watch", takes: "a.ts", not: "deno.json",
            files: ["deno.json": #"{"tasks": {"dev": "deno run --watch main.ts"}}"#]),
        PickupCase("sh -c 'nodemon index.js'", "nodemon", takes: "a.js", not: "a.ts"),
        PickupCase("/bin/sh -c 'exec nodemon index.js'", "nodemon", takes: "a.js", not: "a.ts"),
        PickupCase("bash -lc 'cd web && npx vite'", "vite", takes: "web/a.css", not: "a.css"),
        PickupCase("sh -ec 'uvicorn a:b --reload --port $PORT'", "uvicorn --reload", takes: "a.py", not: "a.js"),
        PickupCase(
            "sh -c 'uvicorn a:b --reload --port ${PORT:-80} > log 2>&1'", "uvicorn --reload", takes: "a.py", not: "log"),
        PickupCase("sh -c 'gunicorn -b 0.0.0.0:$PORT --reload a:b'", "gunicorn --reload", takes: "a.py", not: "a.js"),
        PickupCase(
            "sh -c 'python manage.py migrate && python manage.py runserver 0:8000'", "manage.py runserver",
            takes: "a/b.py",
            not: "a/migrations/0001.py"),
        PickupCase(
            "sh -c 'python manage.py collectstatic --noinput; ./manage.py runserver'", "manage.py runserver",
            takes: "a/b.py",
            not: "a/static/a.css"),
        PickupCase(
            "sh -c 'rm -f tmp/pids/server.pid && bundle exec rails s'", "rails server", takes: "app/a.rb", not: "a.rb"),
        PickupCase("sh -c 'npm install && npx nodemon a.js'", "nodemon", takes: "a.js", not: "a.ts"),
        PickupCase("sh -c 'npm ci || exit 1; nodemon a.js'", "nodemon", takes: "a.js", not: "a.ts"),
        PickupCase("sh -c 'cp -r conf /srv/conf && nodemon a.js'", "nodemon", takes: "a.js", not: "conf/a.js"),
        PickupCase("sh -c 'php-fpm & exec nginx'", "php-fpm and nginx", takes: "/var/www/a.php", not: "/etc/a.php"),
        PickupCase("sh -c 'nodemon a.js & cd web && vite & wait'", "nodemon and vite", takes: "a.js", not: "a.css"),
        PickupCase(
            "sh local.sh", "manage.py runserver", takes: "a.py", not: "a.txt",
            files: [
                "local.sh": """
                #!/bin/bash
                set -euo pipefail
                tries=0
                until nc -z "$MYSQL_HOST" "${MYSQL_PORT:-3306}" || [ $tries -ge 30 ]; do
                  tries=$((tries+1))
                  sleep 1
                done
                until PGPASSWORD=x psql -h "db" -c '\\q'; do
                  >&2 echo "Postgres isn't there" # yet
                  sleep 1
                done
                echo Applying migrations
                python manage.py migrate --noinput || true
                ./wait-for-it.sh db:5432 -- python manage.py runserver 0.0.0.0:8000
                exec "$@"
                """
            ]),
        PickupCase(
            "npm run dev", "tsx watch and next dev", takes: "server/a.ts", not: "server/a.yml",
            files: [
                "package.json": """
                {"scripts": {"dev": "concurrently -n server,client 'npm:dev:server' 'npm:dev:client'",
                "dev:server": "tsx watch server/main.ts", "dev:client": "next dev"}}
                """
            ]),
        PickupCase(
            "npm run dev", "vite and nodemon", takes: "client/a.css", not: "server/a.css",
            files: [
                "package.json": """
                {"scripts": {"dev": "concurrently \\"npm run dev --prefix client\\" \\"npm run dev --prefix server\\""}}
                """,
                "client/package.json": #"{"scripts": {"dev": "vite"}}"#,
                "server/package.json": #"{"scripts": {"dev": "nodemon --exec ts-node src/a.ts"}}"#,
            ]),
        PickupCase("yarn k8s", "nodemon", takes: "a.js", not: "a.ts", scripts: ["k8s": "nodemon app --ignore client"]),
        PickupCase(
            "npm run dev", "nodemon", takes: "dist/a.js", not: "src/a.js",
            scripts: ["dev": "nodemon --exec babel-node dist/index.js"]),
        PickupCase(
            "npm run dev", "nodemon", takes: "src/a.ts", not: "a.js",
            scripts: ["dev": "nodemon -w src -e ts --exec 'npm run build && node dist/a.js'", "build": "tsc"]),
        PickupCase("tini -- nodemon a.js", "nodemon", takes: "a.js", not: "a.ts"),
        PickupCase("/sbin/tini -g -- npm run dev", "nodemon", takes: "a.js", not: "a.ts", scripts: nodemon),
        PickupCase("dumb-init nodemon a.js", "nodemon", takes: "a.js", not: "a.ts"),
        PickupCase("docker-entrypoint.sh nodemon a.js", "nodemon", takes: "a.js", not: "a.ts"),
        PickupCase("env A=b nodemon a.js", "nodemon", takes: "a.js", not: "a.ts"),
        PickupCase("su-exec node nodemon a.js", "nodemon", takes: "a.js", not: "a.ts"),
        PickupCase("gosu app nodemon a.js", "nodemon", takes: "a.js", not: "a.ts"),
        PickupCase("nice -n 5 time nodemon a.js", "nodemon", takes: "a.js", not: "a.ts"),
        PickupCase("./wait-for-it.sh db:5432 -t 60 -- nodemon a.js", "nodemon", takes: "a.js", not: "a.ts"),
        PickupCase("dockerize -wait tcp://db:5432 -timeout 60s nodemon a.js", "nodemon", takes: "a.js", not: "a.ts"),
        PickupCase("ddtrace-run uvicorn a:b --reload", "uvicorn --reload", takes: "a.py", not: "a.js"),
        PickupCase("poetry run uvicorn a:b --reload", "uvicorn --reload", takes: "a.py", not: "a.js"),
        PickupCase("pipenv run python manage.py runserver", "manage.py runserver", takes: "a.py", not: "a.js"),
        PickupCase("uv run --no-sync fastapi dev", "fastapi dev", takes: "a.py", not: "a.js"),
        PickupCase(
            "conda run -n web --no-capture-output uvicorn a:b --reload", "uvicorn --reload", takes: "a.py", not: "a.js"),
        PickupCase(
            "./entrypoint.sh npm run dev", "nodemon", takes: "a.js", not: "a.ts",
            files: [
                "package.json": #"{"scripts": {"dev": "nodemon a.js"}}"#,
                "entrypoint.sh": """
                #!/bin/sh
                set -e
                # waits
                if [ "$DB" = "postgres" ]; then
                    echo "Waiting for it's start..."
                    while ! nc -z $SQL_HOST $SQL_PORT; do
                      sleep 0.1
                    done
                fi
                python manage.py flush --no-input
                npx prisma migrate deploy
                exec "$@"
                """,
            ]),
        PickupCase(
            "entrypoint.sh python manage.py runserver", "manage.py runserver", takes: "a.py", not: "a.js",
            files: [
                "/usr/local/bin/entrypoint.sh":
                    "#!/bin/bash\npython manage.py migrate --noinput || exit 1\nexec \"$@\"\n"
            ]),
        PickupCase(
            "sh start.sh", "uvicorn --reload", takes: "a.py", not: "start.sh",
            files: ["start.sh": "alembic upgrade head\nuvicorn a:b \\\n  --reload\n"]),
        PickupCase(
            "bin/dev", "rails server", takes: "app/a.rb", not: "app/a.css",
            files: [
                "bin/dev": "#!/usr/bin/env bash\nexec foreman start -f Procfile.dev \"$@\"",
                "Procfile.dev": "web: bin/rails server -p 3000\n# css\ncss: tailwindcss --watch\n",
            ]),
        PickupCase(
            "honcho start", "uvicorn --reload and watchfiles", takes: "a.py", not: "a.txt",
            files: ["Procfile": "web: uvicorn a:b --reload\nworker: watchfiles 'celery -A a worker'\n"]),
        PickupCase(
            "overmind start -l web", "uvicorn --reload", takes: "a.py", not: "a.txt",
            files: ["Procfile": "web: uvicorn a:b --reload\nworker: celery -A a worker\n"]),
    ])
    func aProgramIsFound(row: PickupCase) {
        #expect(row.pickup?.name == row.name)
        #expect(row.takes(row.taken) == true)
        #expect(row.takes(row.left) == false)
    }
}
