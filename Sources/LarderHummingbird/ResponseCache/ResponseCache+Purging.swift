import Crypto
import HTTPTypes
import Hummingbird
import Larder
import LarderHTTP
import Logging

/// Taking pages back.
extension ResponseCache {
    /// How a purge leaves what it purges.
    public enum PurgeManner: Sendable, Hashable {
        /// Gone.
        case remove
        /// Stale: it may stand in where stale answers may, and is asked for anew otherwise.
        case expire
    }

    /// Drops the pages under one of these tags, at the same cost however many there are.
    ///
    /// Tags are those of fields such as `Surrogate-Key`, of ``ResponseCacheOptions/tags``, and of whatever handlers have fetched from the
    /// same cache. When this has returned, no request that comes gets a page that was asked for before.
    ///
    /// - Parameters:
    ///   - tags: The tags.
    ///   - manner: How it leaves the pages.
    /// - Throws: ``CacheError`` with ``CacheError/Code/invalidTag`` or ``CacheError/Code/unavailable``.
    public func purge(tags: [String], _ manner: PurgeManner = .remove) async throws {
        do {
            switch manner {
            case .remove: try await self.cache.invalidate(tags: tags)
            case .expire: try await self.cache.expire(tags: tags)
            }
            self.tallies.purges.add()
        } catch {
            self.tallies.failedPurges.add()
            throw error
        }
    }

    /// Drops all variants of a page, for all values of what it varies by.
    ///
    /// - Parameter url: Its address, with scheme and host; scheme and host are those that the page is requested by.
    /// - Returns: Whether the address is one that this cache can have a page of.
    /// - Throws: ``CacheError`` with ``CacheError/Code/unavailable``.
    @discardableResult
    public func purge(url: String) async throws -> Bool {
        guard let (scheme, authority, path) = Self.parts(of: url),
            let target = TargetURI(scheme: scheme, authority: authority, pathAndQuery: path)
        else { return false }
        return try await self.purge(target)
    }

    /// Drops all variants of the page that a request is for, whatever its method.
    func purge(requested request: Request) async throws {
        guard let target = TargetURI(request.head, scheme: self.policy.key.scheme) else { return }
        try await self.purge(target)
    }

    /// Drops the pages whose addresses begin with a text, of every variant.
    ///
    /// It looks at all keys of the cache, so it is for people and deployments, not for requests. An address that is too long for a key is
    /// matched by its first hundred characters at most.
    ///
    /// - Parameter prefix: How the addresses begin: `https://shop.example/books/`.
    /// - Returns: How many pages there were.
    /// - Throws: ``CacheError`` with ``CacheError/Code/unavailable``.
    @discardableResult
    public func purge(prefix: String) async throws -> Int {
        self.flights.detachAll()
        defer { self.flights.detachAll() }
        let pattern = GlobPattern.escaping(self.options.keyPrefix + PageKey.escaped(prefix)).text + "*"
        do {
            let count = try await self.cache.removeAll(matching: GlobPattern(pattern))
            self.tallies.purges.add()
            return count
        } catch {
            self.tallies.failedPurges.add()
            throw error
        }
    }

    /// Drops all pages, and nothing else that lies in the same cache.
    ///
    /// - Throws: ``CacheError`` with ``CacheError/Code/unavailable``.
    public func purgeAll() async throws {
        try await self.purge(prefix: "")
    }

    /// Drops what an unsafe request has made untrue.
    ///
    /// The request has been carried out and its answer is on its way, so a store that is away cannot fail it; what it did not take is
    /// counted and logged, and a cache with a log of invalidations replays it.
    func invalidate(_ targets: [TargetURI]) async {
        for target in targets {
            do {
                try await self.purge(target)
            } catch {
                self.logger.error("A page could not be invalidated", metadata: ["larder.error": "\(error)"])
            }
        }
    }

    @discardableResult
    private func purge(_ target: TargetURI) async throws -> Bool {
        guard let key = ResponseKey(target, policy: self.policy.key) else { return false }
        self.flights.detachAll()
        defer { self.flights.detachAll() }
        do {
            try await self.cache.remove(PageKey.key(of: key, prefix: self.options.keyPrefix))
            if !self.options.variations.isEmpty || !self.policy.key.fields.isEmpty {
                try await self.cache.invalidate(tags: [Self.targetTag(key)])
            }
            self.tallies.purges.add()
            return true
        } catch {
            self.tallies.failedPurges.add()
            throw error
        }
    }

    /// The tag that all keys of one URI have in common.
    static func targetTag(_ key: ResponseKey) -> String {
        var tag = "uri:"
        for byte in SHA256.hash(data: key.target).prefix(16) {
            tag += String(byte >> 4, radix: 16)
            tag += String(byte & 15, radix: 16)
        }
        return tag
    }

    /// Scheme, authority, path with query of an absolute address.
    static func parts(of url: String) -> (scheme: String, authority: String, path: String)? {
        let text = url.utf8
        guard let colon = text.firstIndex(of: UInt8(ascii: ":")), url[colon...].hasPrefix("://") else { return nil }
        let rest = url[url.index(colon, offsetBy: 3)...]
        let end = rest.utf8.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? rest.endIndex
        guard colon > url.startIndex, end > rest.startIndex else { return nil }
        let path = rest[end...]
        return (String(url[..<colon]), String(rest[..<end]), path.hasPrefix("/") ? String(path) : "/" + path)
    }
}
