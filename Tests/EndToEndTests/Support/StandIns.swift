import Foundation
import TestSupport

/// A project with stand-ins for `docker` and `kubectl` on `PATH`.
struct StandIns: Sendable {
    let folder: URL
    private let programs: StandInPrograms
    /// The cluster that the stand-in for kubectl leads to.
    let api: APIStandIn

    /// - Parameters:
    ///   - docker: the branches of a `case "$*" in`; `nil` leaves the program out.
    ///   - kubectl: likewise.
    ///   - configuration: the project's devloop.json.
    init(docker: String? = Self.docker, kubectl: String? = Self.kubectl, configuration: String = Self.configuration)
        throws
    {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("stand-ins-\(UUID().uuidString)")
        programs = try StandInPrograms(["docker": docker, "kubectl": kubectl].compactMapValues { $0 }, in: folder.path)
        for name in ["web", "api", "k8s", "server"] {
            try FileManager.default.createDirectory(
                at: folder.appendingPathComponent(name), withIntermediateDirectories: true)
        }
        api = try APIStandIn(folder: folder.appendingPathComponent("server").path)
        try write(Self.dockerfile, to: "web/Dockerfile")
        try write(Self.dockerfile, to: "api/Dockerfile")
        try write("kind: recorded\n", to: "k8s/all.yaml")
        try write(configuration, to: "devloop.json")
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
        *"get configmap local-registry-hosting"*) ;;
        "set env --local --list"*) ;;
        "label --local"*) for name in web api; do
            echo '{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"'$name'"},"spec":{"template":{"spec":{"containers":[{"name":"c","image":"shop/'$name'"}]}}}}'
          done;;
        *" proxy --unix-socket="*) socket=$(for word in "$@"; do case "$word" in --unix-socket=*) echo "${word#*=}";; esac; done)
            ln -s "$here/server/api" "$socket"; echo "Starting to serve on $socket"; exec sleep 1000;;
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
    var path: String { programs.path }

    /// Starts devloop where only the stand-ins and the system's own tools are found.
    func devloop(_ arguments: String..., environment: [String: String] = [:]) throws -> DevloopProcess {
        try DevloopProcess(
            arguments, folder: folder, environment: environment.merging(["PATH": path]) { $1 })
    }

    /// The images that were built so far, in order.
    var builds: [String] { calls.filter { $0.hasPrefix("docker build --tag") } }
    /// The calls so far, in order.
    var calls: [String] { programs.callLines }
    /// The calls that no stand-in was told about.
    var unexpected: [String] { programs.unexpected }
    /// What was handed to `kubectl apply`.
    var applied: String { programs.lines(of: "applied").joined(separator: "\n") }

    func remove() { try? FileManager.default.removeItem(at: folder) }
}
