import Foundation

/// A project with stand-ins for `docker` and `kubectl` on `PATH`: scripts that record how they were called and answer as
/// they were told. A call that they were told nothing about is recorded apart and fails.
struct StandIns: Sendable {
    let folder: URL
    private var programs: URL { folder.appendingPathComponent("bin") }

    /// - Parameters:
    ///   - docker: the branches of a `case "$*" in`; `nil` leaves the program out.
    ///   - kubectl: likewise.
    ///   - configuration: the project's devloop.json.
    init(docker: String? = Self.docker, kubectl: String? = Self.kubectl, configuration: String = Self.configuration)
        throws
    {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("stand-ins-\(UUID().uuidString)")
        for name in ["bin", "web", "api", "k8s"] {
            try FileManager.default.createDirectory(
                at: folder.appendingPathComponent(name), withIntermediateDirectories: true)
        }
        try write(Self.dockerfile, to: "web/Dockerfile")
        try write(Self.dockerfile, to: "api/Dockerfile")
        try write("kind: recorded\n", to: "k8s/all.yaml")
        try write(configuration, to: "devloop.json")
        for (name, branches) in [("docker", docker), ("kubectl", kubectl)] {
            guard let branches else { continue }
            let script = """
                #!/bin/sh
                here='\(folder.path)'
                printf '\(name) %s\\n' "$*" >>"$here/calls"
                id=$(for word in "$@"; do case "$word" in --iidfile=*) echo "${word#--iidfile=}";; esac; done)
                image=$(for word in "$@"; do case "$word" in --tag=*) echo "${word#--tag=}";; esac; done)
                case "$*" in
                \(branches)
                *) printf '\(name) %s\\n' "$*" >>"$here/unexpected"; echo "unexpected call" >&2; exit 99;;
                esac
                """
            try write(script, to: "bin/\(name)")
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o755], ofItemAtPath: programs.appendingPathComponent(name).path)
        }
    }

    static let dockerfile = "FROM scratch\nCOPY . /\n"

    /// Every build makes another image.
    static let docker = #"""
        "version --format={{.Server.Version}}") echo 20.10;;
        "build --help") echo "Usage:  docker build [OPTIONS] PATH | URL | -";;
        "image inspect --format={{.Id}} "*) printf 'sha256:%s\n' "$(cat "$here"/web/* "$here"/api/* | cksum | cut -d' ' -f1)";;
        build*) printf 'sha256:%s' "$(cat "$here"/web/* "$here"/api/* | cksum | cut -d' ' -f1)" >"$id"; echo "built $image";;
        tag*|"image inspect"*) echo '[]';;
        push*) echo 'latest: digest: sha256:0123 size: 1';;
        """#

    static let kubectl = #"""
        "config view --output=json") echo '{"current-context":"here","contexts":[{"name":"here","context":{"cluster":"c"}},{"name":"there","context":{"cluster":"c"}}],"clusters":[{"name":"c","cluster":{"server":"https://nowhere"}}]}';;
        *"get --raw=/version"*) echo '{}';;
        "set env --local --list"*) ;;
        "label --local"*) for name in web api; do
            echo '{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"'$name'"},"spec":{"template":{"spec":{"containers":[{"name":"c","image":"shop/'$name'"}]}}}}'
          done;;
        *"get pods --output=json") for name in web api; do
            comma=$(if [ "$name" = api ]; then echo ,; else echo '{"items":['; fi)
            echo "$comma"'{"metadata":{"name":"'$name'-1-a","namespace":"default","uid":"'$name'","labels":{"pod-template-hash":"1"},"ownerReferences":[{"kind":"ReplicaSet","name":"'$name'-1","controller":true}]},"spec":{"containers":[{"name":"c","image":"registry:5000/shop/'$name':latest"}]},"status":{"phase":"Running","containerStatuses":[{"name":"c","imageID":"registry:5000/shop/'$name'@sha256:0123","state":{"running":{}}}]}}'
          done; echo ']}';;
        *"get pods --watch"*|*"get events --watch-only"*) exec sleep 1000;;
        *" apply --filename=-") cat >>"$here/applied"; echo >>"$here/applied"; echo "deployment.apps/web unchanged";;
        *" rollout "*) echo done;;
        *" delete "*) cat >/dev/null; echo 'deployment.apps "web" deleted';;
        """#

    static let configuration = """
        { "name": "shop", "manifests": ["k8s"], "registry": "registry:5000",
          "allowedContexts": ["here", "there"],
          "services": [{ "image": "shop/web", "context": "web" }, { "image": "shop/api", "context": "api" }] }
        """

    func write(_ text: String, to path: String) throws {
        try text.write(to: folder.appendingPathComponent(path), atomically: true, encoding: .utf8)
    }

    func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: folder.appendingPathComponent(path).path)
    }

    /// Where only the stand-ins and a few of the system's own tools are found.
    var path: String { "\(programs.path):\(folder.path)/tools" }

    /// Starts devloop where only the stand-ins and the system's own tools are found.
    func devloop(_ arguments: String..., environment: [String: String] = [:]) throws -> DevloopProcess {
        let tools = folder.appendingPathComponent("tools")
        if !FileManager.default.fileExists(atPath: tools.path) {
            // A real docker or kubectl beside the shell must not be found where a stand-in is left out.
            try FileManager.default.createDirectory(at: tools, withIntermediateDirectories: true)
            for tool in ["sh", "cat", "cksum", "cut", "sleep", "echo", "printf", "head"] {
                let path = ["/usr/bin/\(tool)", "/bin/\(tool)"].first { FileManager.default.fileExists(atPath: $0) }
                try FileManager.default.createSymbolicLink(
                    atPath: tools.appendingPathComponent(tool).path, withDestinationPath: path ?? "")
            }
        }
        return try DevloopProcess(
            arguments, folder: folder, environment: environment.merging(["PATH": path]) { $1 })
    }

    /// The images that were built so far, in order.
    var builds: [String] { calls.filter { $0.hasPrefix("docker build --tag") } }
    /// The calls so far, in order.
    var calls: [String] { lines(of: "calls") }
    /// The calls that no stand-in was told about.
    var unexpected: [String] { lines(of: "unexpected") }
    /// What was handed to `kubectl apply`.
    var applied: String { lines(of: "applied").joined(separator: "\n") }

    private func lines(of file: String) -> [String] {
        let text = try? String(contentsOf: folder.appendingPathComponent(file), encoding: .utf8)
        return (text ?? "").split(separator: "\n").map(String.init)
    }

    func remove() { try? FileManager.default.removeItem(at: folder) }
}
