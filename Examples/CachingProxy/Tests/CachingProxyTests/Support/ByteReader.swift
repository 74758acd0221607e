import NIOCore

/// Reads messages of HTTP/1.1 from a connection, without taking anything on trust.
struct ByteReader {
    private var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private var bytes: [UInt8] = []

    /// A connection ended within a message.
    struct BrokenOff: Error {
        /// What had come of it.
        var text: String
    }

    init(_ inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator) {
        self.inbound = inbound
    }

    /// A head without its empty line; `nil` at the connection's end.
    mutating func head() async throws -> String? {
        let end = Array("\r\n\r\n".utf8)
        while true {
            if let found = self.bytes.indices.first(where: { self.bytes[$0...].starts(with: end) }) {
                let head = String(decoding: self.bytes[..<found], as: UTF8.self)
                self.bytes.removeFirst(found + end.count)
                return head
            }
            guard try await self.more() else {
                guard self.bytes.isEmpty else { throw self.brokenOff() }
                return nil
            }
        }
    }

    /// A body as the head says it is framed; without framing there is none.
    mutating func body(of head: String) async throws -> String {
        if Lines.values("transfer-encoding", in: head) == ["chunked"] { return try await self.chunked() }
        guard let length = Lines.values("content-length", in: head).first.flatMap({ Int($0) }) else { return "" }
        return try await self.take(length)
    }

    /// Everything up to the end of the connection.
    mutating func rest() async throws -> String {
        while try await self.more() {}
        defer { self.bytes = [] }
        return String(decoding: self.bytes, as: UTF8.self)
    }

    /// How many bytes the next piece has, which is thrown away; `nil` at the end of the connection.
    mutating func skip() async throws -> Int? {
        if self.bytes.isEmpty, try await !self.more() { return nil }
        defer { self.bytes = [] }
        return self.bytes.count
    }

    /// What has come, once it ends with a text.
    mutating func part(endingWith text: String) async throws -> String {
        while !self.bytes.reversed().starts(with: text.utf8.reversed()) {
            guard try await self.more() else { throw self.brokenOff() }
        }
        defer { self.bytes = [] }
        return String(decoding: self.bytes, as: UTF8.self)
    }

    private mutating func chunked() async throws -> String {
        var body = ""
        while true {
            guard let size = Int(try await self.line(), radix: 16) else { throw self.brokenOff() }
            body += try await self.take(size)
            _ = try await self.line()
            if size == 0 { return body }
        }
    }

    private mutating func line() async throws -> String {
        while true {
            if let end = self.bytes.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: self.bytes[..<end].dropLast(), as: UTF8.self)
                self.bytes.removeFirst(end + 1)
                return line
            }
            guard try await self.more() else { throw self.brokenOff() }
        }
    }

    private mutating func take(_ count: Int) async throws -> String {
        while self.bytes.count < count {
            guard try await self.more() else { throw self.brokenOff() }
        }
        defer { self.bytes.removeFirst(count) }
        return String(decoding: self.bytes[..<count], as: UTF8.self)
    }

    private mutating func more() async throws -> Bool {
        guard let buffer = try await self.inbound.next(isolation: #isolation) else { return false }
        self.bytes += buffer.readableBytesView
        return true
    }

    private func brokenOff() -> BrokenOff {
        BrokenOff(text: String(decoding: self.bytes, as: UTF8.self))
    }
}

/// The lines of a head.
enum Lines {
    /// The values of the fields of a name, whose case does not matter.
    static func values(_ name: String, in head: String) -> [String] {
        self.fields(of: head).filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
    }

    /// All fields, in order.
    static func fields(of head: String) -> [(name: String, value: String)] {
        head.split(separator: "\r\n").dropFirst().compactMap { line in
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { return nil }
            return (String(parts[0]), String(parts[1].drop { $0 == " " }))
        }
    }
}
