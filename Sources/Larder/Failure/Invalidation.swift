#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// An invalidation that the store has not heard of.
enum Invalidation: Sendable, Hashable {
    case key(StoreKey)
    case tag(String, TagInvalidation)
    case pattern(GlobPattern)
    case clear
}

// By bytes, as stores compare names: one that only looks like another that is kept has to be kept as well.
extension Invalidation {
    static func == (left: Self, right: Self) -> Bool {
        switch (left, right) {
        case (.key(let left), .key(let right)): left == right
        case (.tag(let left, let leftManner), .tag(let right, let rightManner)):
            leftManner == rightManner && left.hasSameBytes(as: right)
        case (.pattern(let left), .pattern(let right)): left.text.hasSameBytes(as: right.text)
        case (.clear, .clear): true
        default: false
        }
    }

    func hash(into hasher: inout Hasher) {
        switch self {
        case .key(let key): hasher.combine(key)
        case .tag(let tag, let manner):
            hasher.combine(manner)
            tag.hashBytes(into: &hasher)
        case .pattern(let pattern): pattern.text.hashBytes(into: &hasher)
        case .clear: hasher.combine(0)
        }
    }
}

/// Invalidations that the store can be told of in one call.
enum InvalidationBatch: Sendable, Hashable {
    case keys([StoreKey])
    case tags([String], TagInvalidation)
    case pattern(GlobPattern)
    case clear

    /// Carries it out.
    func send(to space: any NamespaceStore) async throws {
        switch self {
        case .keys(let keys): _ = try await space.remove(keys)
        case .tags(let tags, let manner): try await space.invalidate(tags, manner)
        case .pattern(let pattern): _ = try await space.removeAll(matching: pattern)
        case .clear: try await space.clear()
        }
    }

    /// Each by itself.
    var singles: [Self] {
        switch self {
        case .keys(let keys): keys.map { .keys([$0]) }
        case .tags(let tags, let manner): tags.map { .tags([$0], manner) }
        case .pattern, .clear: [self]
        }
    }
}

extension InvalidationBatch {
    /// The keys that it names, none where it is about the namespace; `nil` where it needs all parts of the store.
    var namedKeys: [StoreKey]? {
        switch self {
        case .keys(let keys): keys
        case .tags, .clear: []
        case .pattern: nil
        }
    }
}

extension Invalidation {
    /// A line of a file, without its end.
    private struct Line: Codable {
        var key: String?
        var version: Int?
        var tag: String?
        var staleTag: String?
        var pattern: String?
        var clear: Bool?
    }

    /// The invalidation as a line of JSON, its end included.
    func line() throws -> [UInt8] {
        var line = Line()
        switch self {
        case .key(let key): (line.key, line.version) = (key.name, key.version)
        case .tag(let tag, .dead): line.tag = tag
        case .tag(let tag, .stale): line.staleTag = tag
        case .pattern(let pattern): line.pattern = pattern.text
        case .clear: line.clear = true
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try [UInt8](encoder.encode(line)) + [UInt8(ascii: "\n")]
    }

    /// Reads a line, without its end; `nil` where it is none.
    init?(line bytes: some Sequence<UInt8>) {
        guard let line = try? JSONDecoder().decode(Line.self, from: Data(bytes)) else { return nil }
        switch (line.key, line.version, line.tag, line.staleTag, line.pattern, line.clear) {
        case (let key?, let version?, nil, nil, nil, nil): self = .key(StoreKey(version: version, name: key))
        case (nil, nil, let tag?, nil, nil, nil): self = .tag(tag, .dead)
        case (nil, nil, nil, let tag?, nil, nil): self = .tag(tag, .stale)
        case (nil, nil, nil, nil, let pattern?, nil): self = .pattern(GlobPattern(pattern))
        case (nil, nil, nil, nil, nil, true): self = .clear
        default: return nil
        }
    }
}
