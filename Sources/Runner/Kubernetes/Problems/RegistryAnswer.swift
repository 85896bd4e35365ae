#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What a registry says of a name: runtimes report a wrong name and a wrong tag with the same words.
///
/// Only a registry that speaks plain HTTP on a port of its own can be asked: that is what one on a developer's machine
/// does. Public ones word the two differently by themselves.
enum RegistryAnswer: Sendable, Hashable {
    case noSuchName
    case tags([String])

    /// Asks for the tags of the image (https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-tags);
    /// `nil` where that can't be asked here, or nobody answers in time.
    static func ask(about image: ImageReference) async -> RegistryAnswer? {
        guard let registry = image.registry, let colon = registry.lastIndex(of: ":") else { return nil }
        let host = registry[..<colon].filter { $0 != "[" && $0 != "]" }
        let port = String(registry[registry.index(after: colon)...])
        let request =
            "GET /v2/\(image.repository)/tags/list HTTP/1.0\r\nHost: \(registry)\r\nAccept: application/json\r\n\r\n"
        // A thread that waits for a name or an address that nobody has must not hold up who gives up.
        let (answers, inbox) = AsyncStream.makeStream(of: [UInt8]?.self, bufferingPolicy: .bufferingOldest(1))
        PosixThread.detach {
            inbox.yield(exchange(request, host: host, port: port))
            inbox.finish()
        }
        for await answer in answers { return answer.flatMap(RegistryAnswer.init) }
        return nil
    }

    /// Reads an HTTP response.
    init?(_ response: [UInt8]) {
        let text = String(decoding: response, as: UTF8.self)
        guard text.hasPrefix("HTTP/1."), let blank = text.end(of: "\r\n\r\n"),
            let json = try? JSONParser.parse(Array(text[blank...].utf8))
        else { return nil }
        if let tags = json["tags"] {
            self = .tags(tags.array?.compactMap(\.string) ?? [])
        } else if (json["errors"]?.array ?? []).contains(where: { $0["code"] == "NAME_UNKNOWN" }) {
            self = .noSuchName
        } else {
            return nil
        }
    }

    /// Sends a request and reads the answer to its end; blocks, for as long as names are looked up and half a second for
    /// each step after it.
    private static func exchange(_ request: String, host: String, port: String) -> [UInt8]? {
        var hints = addrinfo()
        #if canImport(Glibc)
            hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        #else
            hints.ai_socktype = SOCK_STREAM
        #endif
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, port, &hints, &list) == 0 else { return nil }
        defer { freeaddrinfo(list) }
        var next = list
        while let address = next?.pointee {
            next = address.ai_next
            let descriptor = Descriptors.closedOnExec {
                socket(address.ai_family, address.ai_socktype, address.ai_protocol)
            }
            guard descriptor >= 0 else { continue }
            defer { _ = Glue.close(descriptor) }
            var limit = timeval(tv_sec: 0, tv_usec: 500_000)
            for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
                setsockopt(descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
            }
            guard connect(descriptor, address.ai_addr, address.ai_addrlen) == 0 else { continue }
            var bytes = Array(request.utf8)
            guard send(descriptor, &bytes, bytes.count, 0) == bytes.count else { return nil }
            var answer: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 16 << 10)
            while answer.count < 1 << 20 {
                let count = recv(descriptor, &buffer, buffer.count, 0)
                guard count > 0 else { break }
                answer += buffer[..<count]
            }
            return answer
        }
        return nil
    }
}
