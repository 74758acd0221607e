/// What happens to the bytes of a cache's entries between its codec and its store: compressed first, then sealed.
struct EntryTransforms: Sendable {
    let namespace: CacheNamespace
    let compression: EntryCompression?
    let sealer: (any EntrySealer)?

    /// Whether a store can add bytes to an entry's own.
    var leaveBytesAsTheyAre: Bool { self.compression == nil && self.sealer == nil }

    /// Compresses and seals.
    ///
    /// - Parameters:
    ///   - encoded: What the codec has made; `nil` for a cached absence, which only a sealed entry can keep so.
    ///   - key: The entry's key.
    /// - Returns: What the store is to have.
    /// - Throws: ``CacheError`` with ``CacheError/Code/encodingFailed``.
    func applied(to encoded: EncodedValue?, for key: StoreKey) throws -> EncodedValue {
        do {
            var result = encoded ?? EncodedValue(codec: .bytes, bytes: [])
            if let compression = self.compression, encoded != nil {
                (result.bytes, result.compression) = try compression.compressed(result.bytes)
            }
            guard let sealer = self.sealer else { return result }
            result.seal = sealer.id
            let content = [encoded == nil ? Content.absence : Content.value] + result.bytes
            result.bytes = try sealer.seal(content, boundTo: self.context(of: result, key))
            return result
        } catch {
            throw CacheError(.encodingFailed, "the entry's bytes could not be compressed or sealed", underlying: error)
        }
    }

    /// Opens and decompresses.
    ///
    /// - Parameters:
    ///   - encoded: What the store has.
    ///   - key: The entry's key.
    /// - Returns: What the codec has made; `nil` for a cached absence.
    /// - Throws: ``CacheError`` with ``CacheError/Code/decodingFailed``.
    func undone(_ encoded: EncodedValue, of key: StoreKey) throws -> EncodedValue? {
        guard encoded.seal == self.sealer?.id ?? .none else {
            throw CacheError(.decodingFailed, "the entry's seal is \(encoded.seal), and not the cache's")
        }
        var result = encoded
        if let sealer = self.sealer {
            let content: [UInt8]
            do {
                content = try sealer.open(encoded.bytes, boundTo: self.context(of: encoded, key))
            } catch {
                throw CacheError(.decodingFailed, "the entry's seal is broken, or another's", underlying: error)
            }
            result.seal = .none
            switch content.first {
            case Content.absence where content.count == 1: return nil
            case Content.value: result.bytes = Array(content.dropFirst())
            default: throw CacheError(.decodingFailed, "the entry's sealed content is of another version")
            }
        }
        guard result.compression != .none else { return result }
        guard let compression = self.compression else { throw CacheError.compressedUnreadably(result.compression) }
        result.bytes = try compression.decompressed(result.bytes, result.compression)
        result.compression = .none
        return result
    }

    /// The first byte of what is sealed.
    private enum Content {
        static let value: UInt8 = 0
        static let absence: UInt8 = 1
    }

    /// What a seal is bound to.
    ///
    /// An entry that somebody has copied to another key, version or namespace, or behind another header, does not open. Each
    /// part stands behind its length, or has a fixed one.
    private func context(of encoded: EncodedValue, _ key: StoreKey) -> [UInt8] {
        var context = Array("larder-1".utf8)
        context += [encoded.codec.rawValue, encoded.compression.rawValue, encoded.seal.rawValue]
        context.appendLittleEndian(Int64(key.version))
        for name in [self.namespace.name, key.name] {
            context.appendLittleEndian(UInt64(name.utf8.count))
            context.append(contentsOf: name.utf8)
        }
        return context
    }
}
