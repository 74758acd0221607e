public import HTTPTypes

/// Which requests have a key, and what is in it.
public struct KeyPolicy: Sendable, Hashable {
    /// The hosts that this cache answers for, in lower case, with ports other than the scheme's own; `nil` for any.
    ///
    /// A cache that takes any `Host` lets an attacker choose under which name a page is stored.
    public var hosts: Set<String>?
    /// The scheme of requests that do not tell theirs.
    public var scheme = "http"
    /// Which arguments of the query are in the key.
    public var query = QueryPolicy.asReceived

    /// Fields of the request that are in the key if it has them: what changes a handler's answers without standing in
    /// `Vary`.
    ///
    /// In lower case, and empty by default; see ``unkeyedInputs``. The key of a URI alone does not have them: what is stored
    /// under any of its keys is found by ``ResponseKey/target``.
    public var fields: Set<String> = [] {
        didSet { self.lengths = self.fields.reduce(0) { $0 | 1 << UInt64($1.utf8.count & 63) } }
    }

    /// The name of the part in which an application says for whom a request with `Authorization` is.
    ///
    /// Such a request without the part has no key, so that forgetting it makes no page everybody's.
    public var credentials: String?

    /// Whether requests with different credentials have different keys.
    var tellsCredentials: Bool { self.credentials != nil || self.fields.contains("authorization") }

    /// A bit for each length of a name among ``fields``: most fields of a request have none of them.
    private var lengths: UInt64 = 0

    /// Names, in lower case, of fields by which frameworks let a client say for which host or path a request really is.
    ///
    /// A handler that heeds one of them and a cache that does not are an attacker's way to store a page of his choice: put
    /// them into ``fields``, or remove them before the handler.
    public static let unkeyedInputs: Set<String> = [
        "forwarded", "front-end-https", "x-forwarded-host", "x-forwarded-port", "x-forwarded-prefix",
        "x-forwarded-proto",
        "x-forwarded-scheme", "x-forwarded-server", "x-forwarded-ssl", "x-host", "x-http-host-override",
        "x-http-method",
        "x-http-method-override", "x-method-override", "x-original-host", "x-original-url", "x-rewrite-url", "x-scheme",
        "x-url-scheme",
    ]

    /// Makes a policy that takes any host and the query as it comes.
    public init() {}

    /// Whether a request has any of the ``fields``.
    ///
    /// - Parameter request: The request's fields.
    /// - Returns: Whether ``parts(of:)`` are more than none.
    package func hasParts(_ request: HTTPFields) -> Bool {
        !self.fields.isEmpty && request.contains { self.names($0.name.canonicalName) }
    }

    @inline(__always)
    private func names(_ name: String) -> Bool {
        self.lengths >> UInt64(name.utf8.count & 63) & 1 == 1 && self.fields.contains(name)
    }

    /// The parts of the key that come from a request's ``fields``.
    ///
    /// - Parameter request: The request's fields.
    /// - Returns: A part for each line.
    public func parts(of request: HTTPFields) -> [ResponseKey.Part] {
        guard !self.fields.isEmpty else { return [] }
        var parts: [ResponseKey.Part] = []
        for field in request {
            let name = field.name.canonicalName
            guard self.names(name) else { continue }
            parts.append(.init(":" + name, bytes: field.withUnsafeBytesOfValue { Array($0) }))
        }
        return parts
    }
}

/// The primary key of a stored response (RFC 9111, section 2): under what its variants lie.
///
/// The bytes are canonical and say where each part ends, so no two targets share them; the caller hashes them if it likes
/// keys of one length. The method is not in it, since only GET is looked up, and HEAD is answered from GETs.
public struct ResponseKey: Sendable, Hashable {
    /// The form of the bytes, and then each part with its length.
    public let bytes: [UInt8]

    /// What all keys of one URI have in common: their bytes without the parts.
    ///
    /// An invalidation, or a purge of a URI, is about all keys that it has. It cannot name them, for it does not know their
    /// parts. Let each entry have these bytes as a tag, or a generation that is checked with each hit.
    public var target: [UInt8] {
        self.targetLength == self.bytes.count ? self.bytes : Array(self.bytes[..<self.targetLength])
    }

    private let targetLength: Int

    /// A part that an application adds: a tenant, a language, a class of devices.
    public struct Part: Sendable, Hashable {
        /// What the part is.
        public let name: String
        /// Its value.
        public let value: [UInt8]

        /// Makes a part.
        ///
        /// - Parameters:
        ///   - name: What the part is.
        ///   - value: Its value.
        public init(_ name: String, _ value: String) {
            self.init(name, bytes: Array(value.utf8))
        }

        /// Makes a part of bytes, which need not be text.
        ///
        /// - Parameters:
        ///   - name: What the part is.
        ///   - bytes: Its value.
        public init(_ name: String, bytes: [UInt8]) {
            self.name = name
            self.value = bytes
        }
    }

    private static let version: UInt8 = 1

    /// The key of a request; `nil` where it has no target, its host is none of the cache's, or it has credentials and not
    /// the part that stands for them.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - policy: What is in a key.
    ///   - parts: What the application adds. The order of the names does not matter; that of parts with one name does.
    public init?(_ request: HTTPRequest, policy: KeyPolicy, parts: [Part] = []) {
        guard let target = TargetURI(request, scheme: policy.scheme) else { return nil }
        if let name = policy.credentials, !policy.fields.contains("authorization"),
            request.headerFields.contains(.authorization), !parts.contains(where: { $0.name == name })
        {
            return nil
        }
        self.init(target, policy: policy, parts: parts + policy.parts(of: request.headerFields))
    }

    /// The key of a URI, for purging and invalidating by its ``target``; `nil` where its host is none of the cache's.
    ///
    /// - Parameters:
    ///   - target: The URI.
    ///   - policy: What is in a key.
    ///   - parts: What the application adds.
    public init?(_ target: TargetURI, policy: KeyPolicy, parts: [Part] = []) {
        if let hosts = policy.hosts, !hosts.contains(target.authority) { return nil }
        var bytes: [UInt8] = []
        let length = target.scheme.utf8.count + target.authority.utf8.count + target.pathAndQuery.utf8.count
        bytes.reserveCapacity(length + 32)
        bytes.append(Self.version)
        bytes.append(part: target.scheme)
        bytes.append(part: target.authority)
        // No query and an empty one are different URIs.
        if policy.query == .asReceived {
            target.pathAndQuery.withBytes { text in
                bytes.append(part: text.part(0..<(target.mark ?? text.count)))
                bytes.append(target.mark == nil ? 0 : 1)
                bytes.append(part: text.part((target.mark.map { $0 + 1 } ?? text.count)..<text.count))
            }
        } else {
            let query = policy.query.applied(to: target.query)
            bytes.append(part: target.path)
            bytes.append(query == nil ? 0 : 1)
            bytes.append(part: query ?? "")
        }
        self.targetLength = bytes.count
        for index in Self.ordered(parts) {
            bytes.append(part: parts[index].name)
            bytes.append(part: parts[index].value)
        }
        self.bytes = bytes
    }

    /// The parts by their names.
    ///
    /// Those of one name stay in their order, which can mean something to who reads them.
    private static func ordered(_ parts: [Part]) -> [Int] {
        if parts.count < 2 { return Array(parts.indices) }
        return parts.indices.sorted { left, right in
            let (first, second) = (parts[left].name.utf8, parts[right].name.utf8)
            return first.elementsEqual(second) ? left < right : first.lexicographicallyPrecedes(second)
        }
    }

    /// A short form for people, as in `Cache-Status`; never to be stored under.
    ///
    /// FNV-1a, 64 bits: enough to tell two keys apart when debugging, and no use to those who would forge one.
    public var fingerprint: String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in self.bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}

extension [UInt8] {
    /// Appends a part behind its length, four bytes, the most significant first.
    mutating func append(part: FieldBytes) {
        let count = UInt32(clamping: part.count)
        for shift in [24, 16, 8, 0] as [UInt32] { self.append(UInt8(truncatingIfNeeded: count >> shift)) }
        self.append(contentsOf: part)
    }

    mutating func append(part: String) {
        part.withBytes { self.append(part: $0) }
    }

    mutating func append(part: [UInt8]) {
        part.withUnsafeBufferPointer { self.append(part: $0) }
    }
}

extension ResponseKey {
    /// What a piece of a key is.
    package enum Piece: Sendable, Hashable {
        /// The scheme.
        case scheme
        /// The host, and the port where it is not the scheme's own.
        case authority
        /// The path.
        case path
        /// The query, where there is one, without its mark.
        case query
        /// The name of an application's part.
        case name
        /// The value of that part.
        case value
    }

    /// Tells the pieces of the key one by one, in order.
    ///
    /// - Parameter body: Called with each piece, and what it is.
    package func forEachPart(_ body: (ArraySlice<UInt8>, Piece) -> Void) {
        var rest = self.bytes.dropFirst()
        func next() -> ArraySlice<UInt8> {
            let count = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
            rest = rest.dropFirst(4)
            defer { rest = rest.dropFirst(count) }
            return rest.prefix(count)
        }
        body(next(), .scheme)
        body(next(), .authority)
        body(next(), .path)
        let hasQuery = rest.first == 1
        rest = rest.dropFirst()
        let query = next()
        if hasQuery { body(query, .query) }
        while !rest.isEmpty {
            body(next(), .name)
            body(next(), .value)
        }
    }
}
