/// Something that is done in a container after files arrived there.
package enum ContainerAction: Sendable, Hashable {
    /// Start its program again, in its place. It runs under a ``Supervisor``.
    case restart
    /// Run a program, as the container's own user, in the folder that the container starts in.
    case run([String])
    /// Send its first process a signal, by its name without `SIG`.
    case signal(String)
}

/// A program that was run in a container and failed.
package struct FailedRun: Error, Sendable, Hashable {
    package var words: [String]
    package var exitCode: Int
    /// Whether it was ended because it took longer than ``limit``.
    package var isEnded: Bool
    /// The last lines that it has written.
    package var output: [String]

    /// How long a program may take: what is saved meanwhile waits for it.
    package static let limit = Duration.seconds(300)

    package init(words: [String], exitCode: Int, isEnded: Bool = false, output: [String] = []) {
        self.words = words
        self.exitCode = exitCode
        self.isEnded = isEnded
        self.output = output
    }
}

extension SyncScript {
    private static let beat = 5

    /// What they are made of, said once, before ``prelude``. What a program writes goes out as it comes; that it still runs
    /// is said every few seconds, and after ``FailedRun/limit`` it is ended.
    static let actions = #"""
        restart() {
          before= round=0
          until { read -r before <"$1"; } 2>/dev/null && [ -n "$before" ]; do
            [ $round -lt 100 ] || { echo "$T unsupervised"; return; }
            sleep 0.01 2>/dev/null || { sleep 1; round=$((round+99)); }
            round=$((round+1))
          done
          round=0
          while [ $round -lt 600 ]; do
            [ $((round % 25)) != 0 ] || kill -s \#(Supervisor.signal) 1 2>/dev/null || break
            sleep 0.01 2>/dev/null || { sleep 1; round=$((round+99)); }
            after=; read -r after <"$1" 2>/dev/null
            [ "$after" = "$before" ] || return
            round=$((round+1))
          done
          echo "$T unsupervised"
        }
        run() {
          echo "$T output"
          (
            case $L in x*) LC_ALL=${L#x};; *) unset LC_ALL;; esac
            exec "$@"
          ) </dev/null 2>&1 &
          child=$!
          (
            nap= beats=0
            trap '[ -z "$nap" ] || { kill -s KILL "$nap"; wait "$nap"; }; exit' TERM
            while sleep \#(beat) & nap=$!; wait "$nap"; do
              beats=$((beats+1))
              printf '\n%s\n' "$T busy"
              [ $beats -lt \#(FailedRun.limit.components.seconds / Int64(beat)) ] ||
                { printf '\n%s\n' "$T late"; kill -s KILL "$child"; }
            done
          ) 2>/dev/null &
          beat=$!
          wait "$child"
          code=$?
          kill "$beat" 2>/dev/null
          wait "$beat" 2>/dev/null
          printf '\n%s\n' "$T said" "$T code $code"
        }
        signal() { said=$(kill -s "$1" 1 2>&1) || { words "$said"; echo "$T unsignalled"; }; }
        """#

    /// The script for an action.
    /// - Parameter container: the container's name in its pod.
    static func action(_ action: ContainerAction, in container: String) -> String {
        let call =
            switch action {
            case .restart: "restart \(quoted(Supervisor.file(of: container)))"
            case .run(let words): "run \(words.map(quoted).joined(separator: " "))"
            case .signal(let name): "signal \(quoted(name))"
            }
        // Something that a program has left running may write there, too.
        return call + "\nprintf '\\n%s\\n' \"$T end\""
    }
}

extension SyncDelivery {
    /// Does what is to be done after files arrived.
    /// - Returns: what failed by itself, and what is not done then: it, and what comes after it.
    func perform(
        _ actions: [ContainerAction], in container: String
    ) throws(Stop) -> (failed: FailedRun?, undone: [ContainerAction]) {
        for (index, action) in actions.enumerated() {
            if action == .restart { willRestart() }
            let answer = try ask(SyncScript.action(action, in: container)) { _ in 0 }
            if answer.isUnsupervised {
                throw .error(
                    .impossible(SyncReason(.notRestartable, "its program can't be started again in its place")))
            }
            if answer.isUnsignalled {
                let said = answer.said.first { !$0.isEmpty }.map { ": \($0)" } ?? ""
                throw .error(.impossible(SyncReason(.notSignalled, "its program can't be sent a signal\(said)")))
            }
            if case .run(let words) = action, let code = answer.exitCode, code != 0 {
                let failed = FailedRun(words: words, exitCode: code, isEnded: answer.isLate, output: answer.output)
                return (failed, Array(actions[index...]))
            }
        }
        return (nil, [])
    }
}
