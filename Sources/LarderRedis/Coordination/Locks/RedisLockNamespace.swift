import Larder
import LarderRedisClient
import Logging
import NIOCore

/// The locks of one namespace in Redis: what calls send, and how the replies read.
struct RedisLockNamespace: LockNamespace {
    let client: any RedisCommandSender
    let namespace: CacheNamespace
    let clock: CacheClock
    let serverTime: ServerTime
    let logger: Logger

    /// How long a question may be on its way: one that a server finds later is refused, since whoever asked has given up.
    static let longestWay = Duration.seconds(1)

    func key(_ resource: LockResource) -> String {
        "\(self.namespace.coordinationName):\(resource.kind.rawValue):\(resource.name)"
    }

    func fencedKey(_ name: String) -> String { "\(self.namespace.coordinationName):fenced:\(name)" }

    func acquire(_ request: LockRequest) async throws -> LockAnswer {
        // A refusal tells the server's time, so the next question is in time, unless the way is longer than it may be.
        for _ in 0..<4 {
            let latest = self.serverTime.after(Self.longestWay, from: self.clock.now)
            let reply = try await self.run(
                LockScripts.acquire.request(
                    keys: [self.key(request.resource)],
                    arguments: request.owner.description,
                    Self.microseconds(request.lease),
                    request.permits,
                    latest
                )
            )
            guard case .array(let parts) = reply, parts.count >= 2, let time = Self.integer(parts[0]),
                case .integer(let outcome) = parts[1]
            else { throw Self.unexpectedReply }
            self.serverTime.note(time, received: self.clock.now)
            switch outcome {
            case 2: continue
            case 3: throw CacheError(.unavailable, "who has given a lock up cannot get it", key: request.resource.name)
            default:
                guard parts.count == 3, let number = Self.integer(parts[2]) else { throw Self.unexpectedReply }
                return outcome == 1
                    ? .granted(FencingToken(rawValue: number)) : .held(.microseconds(max(0, number)))
            }
        }
        throw CacheError(.unavailable, "questions take too long to reach the server", key: request.resource.name)
    }

    func renew(_ resource: LockResource, owner: LockOwner, lease: Duration) async throws -> Bool {
        let request = LockScripts.renew.request(
            keys: [self.key(resource)],
            arguments: owner.description,
            Self.microseconds(lease)
        )
        return try await self.run(request) == .integer(1)
    }

    func release(_ resource: LockResource, owner: LockOwner) async throws -> ReleaseAnswer {
        let request = LockScripts.release.request(keys: [self.key(resource)], arguments: owner.description)
        switch try await self.run(request) {
        case .integer(0): return .notHeld
        case .integer(1): return .released
        case .integer(2): return .forgotten
        default: throw Self.unexpectedReply
        }
    }

    func abandon(_ resource: LockResource, owner: LockOwner) async throws {
        let request = LockScripts.abandon.request(keys: [self.key(resource)], arguments: owner.description)
        guard case .integer = try await self.run(request) else { throw Self.unexpectedReply }
    }

    func releaseAll(_ resource: LockResource) async throws -> Int {
        guard case .integer(let count) = try await self.run(LockScripts.releaseAll.request(keys: [self.key(resource)]))
        else { throw Self.unexpectedReply }
        return Int(clamping: count)
    }

    func state(of resource: LockResource) async throws -> LockState {
        guard case .array(let parts) = try await self.run(LockScripts.state.request(keys: [self.key(resource)])) else {
            throw Self.unexpectedReply
        }
        return LockState(
            holders: try parts.map { part in
                guard let text = Self.text(part), let colon = text.firstIndex(of: ":"),
                    let token = Int64(text[..<colon]), let remaining = Int64(text[text.index(after: colon)...])
                else { throw Self.unexpectedReply }
                return .init(token: FencingToken(rawValue: token), remaining: .microseconds(remaining))
            }
        )
    }

    func listen(for resource: LockResource) async throws -> (any LeaseSignal)? {
        try await RedisLeaseSignal(on: self.client, channel: self.key(resource), logger: self.logger)
    }

    // MARK: Fenced values

    func readFenced(_ name: String) async throws -> FencedBytes? {
        let reply = try await Self.translatingErrors {
            try await self.client.send(RedisCommand("GET", self.fencedKey(name)))
        }
        if reply == .null { return nil }
        guard case .bulkString(let buffer) = reply else { throw Self.unexpectedReply }
        let bytes = buffer.withUnsafeReadableBytes { Array($0) }
        guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")), end + 1 < bytes.count,
            let token = Int64(String(decoding: bytes[..<end], as: UTF8.self))
        else { throw CacheError(.decodingFailed, "what the server has is no fenced value", key: name) }
        let isPresent = bytes[end + 1] == UInt8(ascii: "+")
        return FencedBytes(bytes: isPresent ? Array(bytes[(end + 2)...]) : nil, token: FencingToken(rawValue: token))
    }

    func writeFenced(_ name: String, _ write: FencedBytes, lifetime: Duration) async throws -> FencingToken? {
        let marked = write.bytes.map { [UInt8(ascii: "+")] + $0 } ?? [UInt8(ascii: "-")]
        let request = LockScripts.writeFenced.request(
            keys: [self.fencedKey(name)],
            arguments: "\(write.token)",
            marked,
            max(1, lifetime.wholeNanoseconds / 1_000_000)
        )
        let reply = try await self.run(request)
        if reply == .null { return nil }
        guard let newest = Self.integer(reply) else { throw Self.unexpectedReply }
        return FencingToken(rawValue: newest)
    }

    // MARK: Replies

    /// Runs a script at the primary: one that only looks would miss at a replica what was just granted.
    private func run(_ request: RedisRequest<RESPValue>) async throws -> RESPValue {
        try await Self.translatingErrors { try await self.client.send(request) }
    }

    private static func translatingErrors(_ body: () async throws -> RESPValue) async throws -> RESPValue {
        do {
            return try await body()
        } catch let error as RedisError {
            throw CacheError(.unavailable, "Redis could not be used", underlying: error)
        }
    }

    private static func microseconds(_ duration: Duration) -> Int64 { max(1, duration.wholeNanoseconds / 1_000) }

    private static func text(_ value: RESPValue) -> String? {
        guard case .bulkString(let buffer) = value else { return nil }
        return buffer.withUnsafeReadableBytes { String(decoding: $0, as: UTF8.self) }
    }

    private static func integer(_ value: RESPValue) -> Int64? { Self.text(value).flatMap { Int64($0) } }

    private static let unexpectedReply = CacheError(
        .unavailable,
        "Redis answered a script for locks with something that it never should"
    )
}
