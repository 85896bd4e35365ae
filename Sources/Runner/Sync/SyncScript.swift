/// What the container's shell is told. Pure.
///
/// Everything runs in whatever POSIX shell the image has (dash, bash, busybox), with `tar`, `dd`, `rm`, `rmdir`
/// and `cksum` or `md5sum`. The shell that stays there reads a line, `TOKEN BLOCKS`, and so many blocks of a script, which reads further
/// input itself. `read` takes a byte at a time and `dd` with `iflag=fullblock` exactly what it is told, so nothing is read
/// that is for the next one; `head` and `tar` read ahead. A file that is there is written anew in its place, at the time
/// of now: `node --watch` and others watch the file that they have read, and miss one that takes its name; yet others look
/// whether its time is later. What a script says are lines that begin with the token, which
/// nothing else in the container knows, and the sums.
enum SyncScript {
    /// The shell's own script.
    static let loop = """
        L=${LC_ALL+x$LC_ALL}; LC_ALL=C; export LC_ALL; T=; while read -r t n; do \
        [ "$t" = "${T:=$t}" ] || { echo 'devloop: garbled'; exit 1; }; \
        s=$(dd bs=512 count="$n" iflag=fullblock 2>/dev/null) || { echo 'devloop: no dd'; exit 1; }; \
        case $s in *"#$t") eval "$s";; *) exit 1;; esac; done
        """

    /// What is asked first: it tells which tools are missing, and what the later scripts are made of.
    static let prelude = #"""
        umask 022
        PATH=${PATH:+$PATH:}/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
        for c in tar rm rmdir; do command -v $c >/dev/null 2>&1 || echo "$T no $c"; done
        said=$(dd if=/dev/zero bs=512 count=2 2>/dev/null | tar -xmp --overwrite -f - -C / 2>&1) ||
          case $said in *option*|*overwrite*) echo "$T no tar --overwrite";; esac
        for c in cksum md5sum none; do sum=$c; command -v $c >/dev/null 2>&1 && break; done
        if [ $sum = none ]; then echo "$T no cksum"; else echo "$T sums $sum"; fi
        hasreadlink=$(command -v readlink 2>/dev/null)
        words() { printf '%s\n' "$T words" "$1" "$T said"; }
        empty() {
          for p do shift; if [ -d "$p" ] && [ ! -L "$p" ]; then set -- "$@" "$p"; fi; done
          [ $# = 0 ] || rmdir "$@" 2>/dev/null
        }
        removed() {
          i=$1 bad=; shift; said=$(rm -f "$@" 2>&1); empty "$@"
          for p do
            if [ -L "$p" ]; then echo "$T removal $i"; bad=1
            elif [ -d "$p" ]; then echo "$T kept $i"
            elif [ -e "$p" ]; then echo "$T removal $i"; bad=1; fi
            i=$((i+1))
          done
          [ -z "$bad" ] || words "$said"
        }
        clear() {
          for p do
            if [ -L "$p" ]; then rm -f "$p" 2>/dev/null
            elif [ -e "$p" ] && [ ! -d "$p" ]; then rm -f "$p" 2>/dev/null; fi
          done
        }
        prepare() {
          kind=$1 i=$2 step=$3 parent=; shift 3
          while [ $# -gt 0 ]; do
            if [ "${1%/*}" != "$parent" ]; then
              parent=${1%/*}; [ -d "$parent/" ] || mkdir -p "$parent" 2>/dev/null
            fi
            if [ $kind = file ] && [ -f "$1" ] && [ -w "$1" ] && [ ! -L "$1" ]; then :
            elif [ -L "$1" ]; then rm -f "$1" 2>/dev/null || { echo "$T locked-$kind $i"; stop=1; }
            elif [ -d "$1" ]; then rmdir "$1" 2>/dev/null || { echo "$T occupied-$kind $i"; stop=1; }
            elif [ -e "$1" ]; then
              rm -f "$1" 2>/dev/null || echo "$T locked-$kind $i"
            fi
            i=$((i+1)); shift $step
          done
        }
        feed() {
          [ $1 = 0 ] || dd bs=65536 count=$1 iflag=fullblock 2>/dev/null
          [ $2 = 0 ] || dd bs=512 count=$2 iflag=fullblock 2>/dev/null
        }
        drain() { dd of=/dev/null bs=65536 2>/dev/null; }
        unpack() {
          if [ -n "$stop" ]; then feed $1 $2 | drain; return; fi
          said=$(feed $1 $2 | { umask 0; tar -xmp --overwrite -f - -C / 2>&1; r=$?; [ $r = 0 ] || drain; exit $r; }) || words "$said"
        }
        modes() { chmod "$@" 2>/dev/null; }
        folders() {
          i=$1; shift
          for p do
            if [ -L "$p" ] || [ ! -d "$p" ]; then echo "$T folder $i"; fi
            i=$((i+1))
          done
        }
        files() {
          i=$1; shift
          for p do
            if [ -L "$p" ] || [ ! -f "$p" ]; then echo "$T file $i"; fi
            i=$((i+1))
          done
          $sum "$@" 2>/dev/null
        }
        odd() {
          i=$1; shift
          for p do
            if [ -L "$p" ] || [ ! -f "$p" ]; then echo "$T file $i"; else echo "$T sum $i $($sum <"$p")"; fi
            i=$((i+1))
          done
        }
        links() {
          i=$1; shift
          while [ $# -gt 0 ]; do
            if [ ! -L "$1" ]; then echo "$T link $i"
            elif [ -n "$hasreadlink" ] && [ "$(readlink "$1"; echo .)" != "$2
        ." ]; then echo "$T link $i"; fi
            i=$((i+1)); shift 2
          done
        }
        echo "$T end"
        """#

    /// A request as it is sent: a script with its line before it.
    static func request(_ script: String, token: String) -> [UInt8] {
        let mark = Array("#\(token)".utf8)
        var bytes = Array("\(script)\n".utf8)
        // The shell takes newlines from the end, but none in front of the mark.
        let length = bytes.count + mark.count
        bytes += [UInt8](repeating: 0x0A, count: TarHeader.padding(after: length)) + mark
        return Array("\(token) \(bytes.count / TarHeader.blockSize)\n".utf8) + bytes
    }

    /// The script for a round: removals, deepest first; what is in the way of folders, files and links; unpacking; and a
    /// look at what is there then.
    /// - Parameter archive: bytes of the archive that follows, in whole blocks; 0: none does.
    static func round(
        removals: [String], folders: [(path: String, mode: UInt16)], files: [(path: String, mode: UInt16)],
        links: [(path: String, target: String)], archive: Int
    ) -> String {
        let removed = groups("r", removals.map { [$0] })
        let made = groups("d", folders.map { [$0.path] }, keys: folders.map(\.mode))
        let (odd, plain) = partition(files.map(\.path))
        func grouped(_ letter: Character, _ chosen: [(index: Int, path: String)]) -> [Group] {
            groups(
                letter, chosen.map { [$0.path] }, indices: chosen.map(\.index),
                keys: chosen.map { files[$0.index].mode })
        }
        let (written, strange) = (grouped("f", plain), grouped("o", odd))
        let linked = groups("l", links.map { [$0.path, $0.target] })
        var lines = (removed + made + written + strange + linked).map(\.definition)
        lines.append("stop=")
        lines += removed.map { "\($0.name) removed \($0.start)" }
        lines += made.map { "\($0.name) clear" }
        lines += (written + strange).map { "\($0.name) prepare file \($0.start) 1" }
        lines += linked.map { "\($0.name) prepare link \($0.start) 2" }
        if archive > 0 {
            lines.append("unpack \(archive / bigBlock) \(archive % bigBlock / TarHeader.blockSize)")
        }
        // What is in folders is there by now. busybox' tar leaves alone the mode of what is there already.
        lines += (written + strange + made.reversed()).map { "\($0.name) modes \(String($0.key, radix: 8))" }
        lines += made.map { "\($0.name) folders \($0.start)" }
        lines += written.map { "\($0.name) files \($0.start)" }
        lines += strange.map { "\($0.name) odd \($0.start)" }
        lines += linked.map { "\($0.name) links \($0.start)" }
        return (lines + ["printf '\\n%s\\n' \"$T end\""]).joined(separator: "\n")
    }

    /// A word that any shell takes as it is.
    static func quoted(_ word: String) -> String {
        "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }

    private static let bigBlock = 65536

    /// Words that are said once, as a function that hands them to another.
    private struct Group {
        var name: String
        var start: Int
        /// All of them have it.
        var key: UInt16
        var words: [[String]]

        var definition: String {
            "\(name)() { \"$@\" \(words.joined().map(quoted).joined(separator: " ")); }"
        }
    }

    /// A group is what a program takes as its arguments. Its things have consecutive numbers.
    private static func groups(_ letter: Character, _ things: [[String]], indices: [Int]? = nil, keys: [UInt16]? = nil)
        -> [Group]
    {
        var groups: [Group] = []
        var size = 0
        for (position, words) in things.enumerated() {
            let index = indices?[position] ?? position
            let length = words.reduce(0) { $0 + $1.utf8.count + 1 }
            let key = keys?[position] ?? 0
            let isNext = groups.last.map { $0.start + $0.words.count == index && $0.key == key } ?? false
            if !isNext || size + length > groupBytes || groups[groups.count - 1].words.count == groupLimit {
                groups.append(Group(name: "\(letter)\(groups.count)", start: index, key: key, words: []))
                size = 0
            }
            groups[groups.count - 1].words.append(words)
            size += length
        }
        return groups
    }

    private static let groupLimit = 1000
    private static let groupBytes = 64 << 10

    /// The programs that sum write some names differently from what they are.
    private static func partition(
        _ files: [String]
    ) -> (odd: [(index: Int, path: String)], plain: [(index: Int, path: String)]) {
        let all = files.enumerated().map { (index: $0.offset, path: $0.element) }
        return (all.filter { isOdd($0.path) }, all.filter { !isOdd($0.path) })
    }

    /// Whether a file's sum comes with its number in place of its name.
    static func isOdd(_ path: String) -> Bool {
        path.utf8.contains { $0 < 0x20 || $0 == 0x7F || $0 == UInt8(ascii: "\\") }
    }
}
