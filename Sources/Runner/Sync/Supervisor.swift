/// Runs a container's program so that it can be started again in its place, without a new container: the files that were
/// written into that one stay.
///
/// It is a shell script, the container's first process, in whatever POSIX shell the image has (dash, bash, busybox): the
/// program's exit code is its own, signals go on to the program, and children that lost their parent are reaped, as a shell
/// that waits does by itself. A signal that no program has a use for tells it to start the program again, unless somebody has
/// asked it to end: the program gets SIGTERM and two to three seconds, then whatever it has left behind (what an `npm` or a
/// `sh -c` has started, but no shell of a `kubectl exec`) gets SIGTERM and up to a second, and the rest is killed. What is
/// left behind is looked for below programs that are dead, too: of one with several threads, the first may be dead while the
/// others, whose children they are, are not. And twice, since one that dies during a look may have started another after it
/// began. How often the program was started stands in a file under `/dev/shm`, which may be written where the image may not.
///
/// Of the environment, dash and busybox drop what has no name that a shell could give (`spring.profile`), and the script's
/// own variables take the place of others: `env` gives those back to the program.
///
/// A shell without job control lets what it starts in the background ignore SIGINT and SIGQUIT
/// (https://pubs.opengroup.org/onlinepubs/9699919799/utilities/V3_chap02.html#tag_18_11). Bash and `env` of GNU undo that;
/// where neither is there, a program that still ignores them gets SIGTERM in their place.
package enum Supervisor {
    /// What tells it to start the program again. Of the real-time signals, whose names shells spell differently, the last
    /// but one: libraries keep the first ones for themselves.
    static let signal = 63

    /// What goes on to the program.
    package static let signals = [
        "HUP", "INT", "QUIT", "USR1", "USR2", "ALRM", "TERM", "CONT", "TTIN", "TTOU", "URG", "WINCH",
    ]

    /// Where a container's one writes how often it has started the program. The containers of a pod share the folder.
    static func file(of container: String) -> String { "/dev/shm/devloop-\(container)" }

    /// `sh -c SCRIPT CONTAINER PROGRAM [ARGUMENT...]`. Nothing may be lost between a look and a wait: what a signal has
    /// said stands in a variable. The shell that a child is before it is the program would drop a signal, so one that comes
    /// then waits, and is sent once (many programs take a second SIGTERM for an order to end at once). Bash itself may drop
    /// one of two signals that reach it within the same microseconds of a `wait`: the handler of one leaves that of the other.
    static let script = #"""
        d_file=/dev/shm/devloop-$0 d_again= d_told= d_last= d_ending= d_ready= d_sent= d_stopping= d_count=0
        exec 3<&0
        d_mark=$(printf '\001') d_line=
        while IFS= read -r d_entry; do
          d_name=${d_entry%%=*}
          case $d_name in
            "$d_entry"|'') continue;;
            [!_A-Za-z]*|*[!_A-Za-z0-9]*|d_*) ;;
            *) continue;;
          esac
          while [ "${d_entry#*"$d_mark"}" != "$d_entry" ]; do
            d_entry=${d_entry%%"$d_mark"*}'
        '${d_entry#*"$d_mark"}
          done
          set -- "$d_entry" "$@"
          d_line=1
        done <<END
        $(tr '\000\012' '\012\001' <"/proc/$$/environ" 2>/dev/null)
        END
        [ -z "$d_line" ] || set -- env "$@"
        forward() {
          d_told=1 d_as=$1
          case $1 in
            TERM|INT) d_last=$1 d_ending=1; [ -z "$d_stopping" ] || return;;
            QUIT) d_last=$1;;
          esac
          [ -n "$d_ready" ] || { d_held="$d_held $1"; return; }
          [ -z "$d_ending" ] || d_sent=1
          while read -r d_key d_value; do [ "$d_key" != SigIgn: ] || break; done <"/proc/$d_child/status"
          case $d_as$d_value in INT*[2367abef]|QUIT*[4567cdef]) d_as=TERM;; esac
          kill -s "$d_as" "$d_child"
        } 2>/dev/null
        for d_name in \#(signals.joined(separator: " ")); do trap "forward $d_name" "$d_name"; done
        trap 'd_told=1; [ -n "$d_ending" ] || d_again=1' \#(signal)
        env --default-signal=INT,QUIT true 2>/dev/null && d_reset='env --default-signal=INT,QUIT' || d_reset=
        below() {
          d_found= d_all=' 1 ' d_more=1
          while [ -n "$d_more" ]; do
            d_more=
            for d_process in /proc/[0-9]*; do
              d_id=${d_process#/proc/}
              case $d_all in *" $d_id "*) continue;; esac
              read -r d_line <"$d_process/stat" || continue
              d_line=${d_line##*) } d_state=${d_line%% *}
              d_line=${d_line#* }
              case $d_all in *" ${d_line%% *} "*) ;; *) continue;; esac
              d_all="$d_all$d_id " d_more=1
              [ "$d_state" = Z ] || d_found="$d_found $d_id"
            done
          done 2>/dev/null
          [ -n "$d_found" ]
        }
        clock() { d_now=; read -r d_now d_line </proc/uptime; d_now=${d_now%%.*}; } 2>/dev/null
        while :; do
          d_ready= d_held= d_sent= d_stopping=
          [ -z "$d_last$d_ending" ] || exit 143
          d_again=
          ( trap - INT QUIT; exec $d_reset "$@" ) <&3 3<&- &
          d_child=$! d_count=$((d_count+1))
          while d_line=; read -r d_line <"/proc/$d_child/cmdline"; [ -n "$d_line" ] && [ -z "${d_line##*devloop-\$0*}" ]; do
            sleep 0.01 || break
          done 2>/dev/null
          d_ready=1
          for d_name in $d_held; do forward "$d_name"; done
          echo "$d_count" 2>/dev/null >"$d_file"
          while [ -z "$d_again" ]; do
            d_told=
            wait "$d_child" 2>/dev/null
            d_status=$?
            [ -n "$d_told" ] && kill -0 "$d_child" 2>/dev/null || break
          done
          [ -n "$d_again" ] || exit "$d_status"
          [ -n "$d_ending" ] || d_last=
          d_late= d_round=0
          clock; d_start=$d_now
          d_stopping=1
          [ -n "$d_sent" ] || kill -s TERM "$d_child" 2>/dev/null
          while below || below; do
            case "$d_found " in
              *" $d_child "*) d_limit=3;;
              *) [ -n "$d_late" ] || { kill -s TERM $d_found 2>/dev/null; d_late=1 d_round=0 d_start=$d_now; }; d_limit=1;;
            esac
            clock
            [ $((d_now-d_start)) -lt $d_limit ] && [ $d_round -lt $((d_limit*100)) ] || kill -s KILL $d_found 2>/dev/null
            sleep 0.01 2>/dev/null || { sleep 1; d_round=$((d_round+99)); }
            d_round=$((d_round+1))
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
        guard let path = podSpecPath, let spec = json[path: path], !Self.sharesProcesses(spec) else { return self }
        return mapContainers { container, runsOn in
            guard runsOn, let image = container["image"]?.string.flatMap(images.image), let start = image.built.start
            else { return container }
            return Self.supervised(container, start)
        }
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
