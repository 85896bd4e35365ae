/// Puts the lines of `kubectl get --watch --output-watch-events -o json` together to documents. kubectl prints one on a
/// line, or indents it, and then only a document's last line is a bare brace.
struct WatchDecoder {
    private var document: [UInt8] = []

    /// Takes the next line; returns the document that it ends: `{"type": "ADDED", "object": …}`.
    mutating func append(_ line: [UInt8]) -> JSONValue? {
        let isWhole = document.isEmpty && line.count > 1 && line.last == UInt8(ascii: "}")
        document += line
        document.append(0x0A)
        guard isWhole || line == [UInt8(ascii: "}")] else { return nil }
        defer { document.removeAll() }
        return try? JSONParser.parse(document)
    }
}
