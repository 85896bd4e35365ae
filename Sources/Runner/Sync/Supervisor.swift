/// Runs a container's program so that it can be started again in its place, without a new container: the files that were
/// written into that one stay.
///
/// It is a shell script, the container's first process, in whatever POSIX shell the image has (dash, bash, busybox): the
/// program's exit code is its own, signals go on to the program, and children that lost their parent are reaped, as a shell
/// that waits does by itself. A signal that no program has a use for tells it to start the program again: the program gets
/// SIGTERM and two seconds, then whatever it has left behind (what an `npm` or a `sh -c` has started, but no shell of a
/// `kubectl exec`) gets SIGTERM and a moment, and the rest is killed. How often the program was started stands in a file
/// under `/dev/shm`, which may be written where the image may not.
///
/// A shell without job control lets what it starts in the background ignore SIGINT and SIGQUIT
/// (https://pubs.opengroup.org/onlinepubs/9699919799/utilities/V3_chap02.html#tag_18_11). Bash and `env` of GNU undo that;
/// where neither is there, a program that still ignores them gets SIGTERM in their place.
package enum Supervisor {
    /// What tells it to start the program again. Of the real-time signals, whose names shells spell differently, the last
    /// but one: libraries keep the first ones for themselves.
    static let signal = 63

    /// Where a container's one writes how often it has started the program. The containers of a pod share the folder.
    static func file(of container: String) -> String { "/dev/shm/devloop-\(container)" }

    /// `sh -c SCRIPT CONTAINER PROGRAM [ARGUMENT...]`. Nothing may be lost between a look and a wait: what a signal has
    /// said stands in a variable. What is sent to a child that is no program yet is lost, as the shell in it drops it.
    static let script = #"""
        file=/dev/shm/devloop-$0 again= told= last= count=0
        exec 3<&0
        forward() {
          told=1 last=$1 as=$1
          while read -r key value; do [ "$key" != SigIgn: ] || break; done <"/proc/$child/status"
          case $as$value in INT*[2367abef]|QUIT*[4567cdef]) as=TERM;; esac
          kill -s "$as" "$child"
        } 2>/dev/null
        for name in HUP INT QUIT USR1 USR2 ALRM TERM CONT TTIN TTOU URG WINCH; do trap "forward $name" "$name"; done
        trap 'again=1 told=1' 63
        env --default-signal=INT,QUIT true 2>/dev/null && reset='env --default-signal=INT,QUIT' || reset=
        below() {
          found= all=' 1 ' more=1
          while [ -n "$more" ]; do
            more=
            for process in /proc/[0-9]*; do
              id=${process#/proc/}
              case $all in *" $id "*) continue;; esac
              read -r line <"$process/stat" || continue
              line=${line##*) } state=${line%% *}
              line=${line#* }
              case $state$all in Z*) ;; *" ${line%% *} "*) all="$all$id " found="$found $id" more=1;; esac
            done
          done 2>/dev/null
          [ -n "$found" ]
        }
        while :; do
          case $last in TERM|INT|QUIT) exit 143;; esac
          again=
          ( trap - INT QUIT; exec $reset "$@" ) <&3 3<&- &
          child=$! count=$((count+1))
          while line=; read -r line <"/proc/$child/cmdline"; [ -n "$line" ] && [ -z "${line##*devloop-\$0*}" ]; do
            sleep 0.01 || break
          done 2>/dev/null
          case $last in TERM|INT|QUIT) kill -s "$last" "$child" 2>/dev/null;; esac
          echo "$count" 2>/dev/null >"$file"
          while [ -z "$again" ]; do
            told=
            wait "$child" 2>/dev/null
            status=$?
            [ -n "$told" ] && kill -0 "$child" 2>/dev/null || break
          done
          [ -n "$again" ] || exit "$status"
          last= late= round=0
          kill -s TERM "$child" 2>/dev/null
          while below; do
            case "$found " in
              *" $child "*) limit=200;;
              *) [ -n "$late" ] || { kill -s TERM $found 2>/dev/null; late=1 round=0; }; limit=50;;
            esac
            [ "$round" -lt "$limit" ] || kill -s KILL $found 2>/dev/null
            sleep 0.01 2>/dev/null || { sleep 1; round=$((round+99)); }
            round=$((round+1))
          done
        done
        """#
}

/// How an image says that its containers are started.
package struct ImageStart: Sendable, Hashable {
    package var entrypoint: [String]
    package var command: [String]

    package init(entrypoint: [String], command: [String]) {
        self.entrypoint = entrypoint
        self.command = command
    }
}

extension KubernetesObject {
    /// With the programs of containers whose images ask for it under a ``Supervisor``. Containers that run to their end
    /// before the others are left alone, and those that share their processes with others: nothing tells whose is whose.
    func supervised(_ images: DeliveredImages) -> KubernetesObject {
        guard let path = podSpecPath, var spec = json[path: path], !Self.sharesProcesses(spec) else { return self }
        for key in ["initContainers", "containers"] {
            guard let containers = spec[key]?.array else { continue }
            spec[key] = .array(
                containers.map { container in
                    guard key == "containers" || container["restartPolicy"]?.string == "Always",
                        let image = container["image"]?.string.flatMap(images.image),
                        let start = image.built.start
                    else { return container }
                    return Self.supervised(container, start)
                })
        }
        var copy = self
        copy.json[path: path] = spec
        return copy
    }

    /// Whether the processes of a pod's containers see each other.
    package static func sharesProcesses(_ podSpec: JSONValue) -> Bool {
        podSpec["shareProcessNamespace"]?.bool == true || podSpec["hostPID"]?.bool == true
    }

    /// The kubelet's rule: https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/#notes
    private static func supervised(_ container: JSONValue, _ start: ImageStart) -> JSONValue {
        func given(_ key: String) -> [JSONValue]? { (container[key]?.array).flatMap { $0.isEmpty ? nil : $0 } }
        // In a manifest `$(NAME)` is a variable, in an image's own words it is not.
        func plain(_ words: [String]) -> [JSONValue] {
            words.map { .string($0.split(separator: "$", omittingEmptySubsequences: false).joined(separator: "$$")) }
        }
        let command = given("command")
        let program =
            (command ?? plain(start.entrypoint)) + (given("args") ?? (command == nil ? plain(start.command) : []))
        guard !program.isEmpty else { return container }
        var copy = container
        copy["command"] = .array(plain(["/bin/sh", "-c", Supervisor.script, container["name"]?.string ?? ""]))
        copy["args"] = .array(program)
        return copy
    }
}
