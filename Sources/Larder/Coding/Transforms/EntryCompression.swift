/// A way to make bytes fewer, and to make them what they were.
///
/// `LarderCompression` has zlib, gzip, LZ4, Zstandard and LZMA.
public protocol ByteCompressor: Sendable {
    /// The mark that entries of this compressor carry.
    var id: CompressionID { get }

    /// Makes bytes fewer, where they allow it.
    ///
    /// - Parameter bytes: The bytes.
    /// - Returns: What ``decompress(_:limit:)`` makes the same bytes of.
    /// - Throws: An error where the library fails.
    func compress(_ bytes: [UInt8]) throws -> [UInt8]

    /// Makes of bytes what they were.
    ///
    /// - Parameters:
    ///   - bytes: What ``compress(_:)`` has made, or anything else: whoever can write to the store can write what he likes.
    ///   - limit: How many bytes there may be at most; more must be neither returned nor allocated.
    /// - Returns: The bytes.
    /// - Throws: An error where the bytes are not of this compressor, are cut off, or would be more than `limit`.
    func decompress(_ bytes: [UInt8], limit: Int) throws -> [UInt8]
}

/// The mark in an entry's header that says how its bytes were compressed.
public struct CompressionID: Sendable, Hashable {
    /// The number in the header.
    ///
    /// Those from 128 on are free for compressors outside Larder.
    public let rawValue: UInt8

    /// Makes a mark for a compressor of your own.
    ///
    /// - Parameter rawValue: A number from 128 on.
    public init(custom rawValue: UInt8) {
        precondition(rawValue >= 128, "compression marks below 128 are Larder's own")
        self.rawValue = rawValue
    }

    /// Takes the mark out of a header, whoever wrote it.
    package init(header rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// Bytes as they are.
    public static let none = CompressionID(header: 0)
    /// zlib (RFC 1950).
    public static let zlib = CompressionID(header: 1)
    /// gzip (RFC 1952).
    public static let gzip = CompressionID(header: 2)
    /// LZ4 in its frame format.
    public static let lz4 = CompressionID(header: 3)
    /// Zstandard (RFC 8878).
    public static let zstandard = CompressionID(header: 4)
    /// LZMA in the xz format.
    public static let lzma = CompressionID(header: 5)
}

extension CompressionID: CustomStringConvertible {
    /// The compressor's name, or its number where it is none of Larder's own.
    public var description: String {
        switch self {
        case .none: "none"
        case .zlib: "zlib"
        case .gzip: "gzip"
        case .lz4: "lz4"
        case .zstandard: "zstandard"
        case .lzma: "lzma"
        default: "compression \(self.rawValue)"
        }
    }
}

/// Which entries of a cache are compressed, and how.
///
/// Each entry carries the mark of its compressor, so that a cache can change its own while old entries live.
public struct EntryCompression: Sendable {
    /// The compressor of what is written.
    public let compressor: any ByteCompressor

    /// Entries of fewer bytes than this are kept as they are.
    public let threshold: Int

    /// How many bytes an entry may have when it is read; one that claims to have more is a miss.
    public let limit: Int

    private let readers: [CompressionID: any ByteCompressor]

    /// Chooses a compressor.
    ///
    /// - Parameters:
    ///   - compressor: The compressor of what is written.
    ///   - threshold: Entries of fewer bytes are kept as they are; so is what does not become smaller.
    ///   - limit: How many bytes an entry may have when it is read, so that a small entry cannot fill the memory.
    ///   - others: Compressors of entries that may be there yet.
    public init(
        _ compressor: any ByteCompressor,
        threshold: Int = 1_024,
        limit: Int = 64 << 20,
        alsoReading others: [any ByteCompressor] = []
    ) {
        self.compressor = compressor
        self.threshold = max(0, threshold)
        self.limit = max(0, limit)
        var readers: [CompressionID: any ByteCompressor] = [:]
        for other in others { readers[other.id] = other }
        readers[compressor.id] = compressor
        self.readers = readers
    }

    /// The compressor that reads what carries a mark.
    ///
    /// - Parameter id: The mark.
    /// - Returns: The compressor; `nil` where entries with this mark are misses.
    public func reader(of id: CompressionID) -> (any ByteCompressor)? { self.readers[id] }

    /// Compresses bytes where that is worth it.
    func compressed(_ bytes: [UInt8]) throws -> (bytes: [UInt8], id: CompressionID) {
        // What is larger than the limit would be refused by whoever reads it.
        guard bytes.count >= self.threshold, bytes.count <= self.limit, !bytes.isEmpty else { return (bytes, .none) }
        let smaller = try self.compressor.compress(bytes)
        return smaller.count < bytes.count ? (smaller, self.compressor.id) : (bytes, .none)
    }

    /// The bytes before they were compressed.
    ///
    /// - Throws: ``CacheError`` with ``CacheError/Code/decodingFailed``.
    func decompressed(_ bytes: [UInt8], _ id: CompressionID) throws -> [UInt8] {
        guard let reader = self.reader(of: id) else { throw CacheError.compressedUnreadably(id) }
        do {
            return try reader.decompress(bytes, limit: self.limit)
        } catch {
            throw CacheError(.decodingFailed, "the entry's bytes could not be decompressed", underlying: error)
        }
    }
}

extension CacheError {
    /// An entry whose compressor the cache was not given.
    static func compressedUnreadably(_ id: CompressionID) -> CacheError {
        CacheError(.decodingFailed, "the cache has no compressor for an entry that is compressed with \(id)")
    }
}
