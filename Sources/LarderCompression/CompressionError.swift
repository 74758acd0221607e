public import Larder

/// Why bytes could not be compressed or decompressed: a code to match, and a sentence to read.
///
/// It carries none of the bytes.
public struct CompressionError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of failure.
    ///
    /// More kinds can come in later versions, so a `switch` over it needs a `default`.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Kind: String {
            case malformed
            case truncated
            case tooLong
            case libraryFailed
        }

        private let kind: Kind

        /// The bytes are not of this compressor, or their checksum is another one.
        public static let malformed = Code(kind: .malformed)
        /// The bytes end before what they hold does.
        public static let truncated = Code(kind: .truncated)
        /// There would be more bytes than are allowed.
        public static let tooLong = Code(kind: .tooLong)
        /// The library could not work, for want of memory for example.
        public static let libraryFailed = Code(kind: .libraryFailed)

        /// The code's name.
        public var description: String { self.kind.rawValue }
    }

    /// The kind of failure.
    public let code: Code

    /// The compressor.
    public let compressor: CompressionID

    /// What happened, for people.
    public let message: String

    init(_ code: Code, _ compressor: CompressionID, _ message: String) {
        self.code = code
        self.compressor = compressor
        self.message = message
    }

    /// The compressor, the code and the message in one line.
    public var description: String { "\(self.compressor): \(self.code): \(self.message)" }
}

extension CacheError {
    /// A compressor has no such level.
    static func level(_ level: Int, of compressor: CompressionID, in levels: ClosedRange<Int>) -> CacheError {
        let range = "\(levels.lowerBound) to \(levels.upperBound)"
        return CacheError(.invalidArgument, "\(compressor) has levels from \(range), and no level \(level)")
    }
}
