import Larder
import LarderHTTP
import NIOCore
import Synchronization

/// Everything that is stored of one page: its variants, each a head and a body, and how old they are.
///
/// Immutable: what changes a variant stores another page. In this process a hit hands out the same object, and copies nothing.
final class StoredPage: Sendable {
    /// One answer among those of its page.
    struct Variant: Sendable {
        var stored: StoredResponse
        var body: ByteBuffer
        /// How long it had lain in the store when the page was written.
        var residentAtWriting: Duration = .zero
        /// The names of all tags that it was made under; whoever writes the page again keeps it under them.
        var tags: [String] = []
        /// Whether its `ETag` was made here, so that its handler does not know it.
        var hasOwnTag = false

        /// The same body with the head that an answer without a body has made of it, under the tags of both.
        func confirmed(as stored: StoredResponse, under tags: [String]) -> Variant {
            var variant = self
            variant.stored = stored
            variant.residentAtWriting = .zero
            variant.tags = ResponseCache.joined(self.tags, tags + stored.metadata.tags)
            return variant
        }
    }

    let variants: VariantList<Variant>

    /// When the page was written, in nanoseconds of this process' clock; `unknown` until somebody has asked the store.
    ///
    /// Age is counted by a clock that nobody sets, from what the store's own clock says of the entry.
    private let writtenAt: Atomic<Int64>
    private static let unknown = Int64.min

    /// The number of the cache of answers that has answered with this page last; 0 for none yet.
    private let answeredBy = Atomic<Int>(0)

    /// What an answer to a request without conditions depends on, beside the page.
    struct Said: Equatable {
        var cache: Int
        var variant: Int
        var age: Int64
        var timeToLive: Int64
    }

    /// The last answer: within a second all clients get the same.
    private let lastAnswer = Mutex<(said: Said, answer: PageAnswer)?>(nil)

    /// A page that is written now.
    ///
    /// - Parameters:
    ///   - variants: Its variants.
    ///   - now: The time.
    init(_ variants: VariantList<Variant>, writtenAt now: CacheInstant) {
        self.variants = variants
        self.writtenAt = Atomic(now.nanoseconds)
    }

    private init(_ variants: VariantList<Variant>) {
        self.variants = variants
        self.writtenAt = Atomic(Self.unknown)
    }

    /// When the page was written, if that is known in this process.
    var knownWriting: CacheInstant? {
        let writing = self.writtenAt.load(ordering: .relaxed)
        return writing == Self.unknown ? nil : CacheInstant(nanoseconds: writing)
    }

    /// Takes note of what the store says of the entry's age.
    ///
    /// - Parameters:
    ///   - age: How long ago the entry was stored; `nil` where the store cannot tell.
    ///   - now: The time.
    /// - Returns: When the page was written.
    func note(age: Duration?, now: CacheInstant) -> CacheInstant {
        let writing = now.advanced(by: .zero - (age ?? .zero))
        let (exchanged, known) = self.writtenAt.compareExchange(
            expected: Self.unknown,
            desired: writing.nanoseconds,
            ordering: .relaxed
        )
        return exchanged ? writing : CacheInstant(nanoseconds: known)
    }

    /// Takes note of the cache of answers that answers with this page.
    ///
    /// - Parameter number: The cache's number.
    func noteAnswer(by number: Int) {
        // A write would take the page's memory from all other threads.
        if self.answeredBy.load(ordering: .relaxed) != number { self.answeredBy.store(number, ordering: .relaxed) }
    }

    /// Whether a cache of answers was the last that has answered with this page.
    ///
    /// - Parameter number: The cache's number.
    /// - Returns: Whether it was.
    func wasAnswered(by number: Int) -> Bool { self.answeredBy.load(ordering: .relaxed) == number }

    /// How long a variant had lain in the store when the page was written.
    func residentAtWriting(_ index: Int) -> Duration { self.variants.payload(at: index).residentAtWriting }

    /// The last answer, if it was the one that is to be given now.
    func answer(_ said: Said) -> PageAnswer? {
        self.lastAnswer.withLock { last in
            guard let last, last.said == said else { return nil }
            return last.answer
        }
    }

    /// Keeps an answer for the next who asks.
    func keep(_ answer: PageAnswer, _ said: Said) {
        self.lastAnswer.withLock { $0 = (said, answer) }
    }

    /// How long the page is worth keeping: as long as the most lasting of its variants.
    func retention(_ policy: CachePolicy) -> Duration {
        var withoutValidator = policy
        withoutValidator.validatorRetention = .zero
        return self.variants.variants.map { variant in
            // Nobody can be asked about a tag that was made here.
            let policy = variant.payload.hasOwnTag && variant.metadata.lastModified == nil ? withoutValidator : policy
            return variant.metadata.retention(policy) - variant.payload.residentAtWriting
        }.max() ?? .zero
    }

    /// The variants as they are to be written once more, each with its age.
    func variants(asOf now: CacheInstant, writtenAt writing: CacheInstant) -> VariantList<Variant> {
        var aged = self.variants
        let elapsed = max(.zero, writing.duration(to: now))
        for index in 0..<aged.count { aged.update(index) { $0.payload.residentAtWriting += elapsed } }
        return aged
    }
}

extension StoredPage: ByteCodable {
    /// The form of the bytes.
    private static let version: UInt8 = 2

    private enum Fault: Error {
        case unknownVersion
        case truncated
        case unreadableHead
        case otherLength
    }

    func encodedBytes() throws -> [UInt8] {
        var buffer = ByteBuffer()
        var head: [UInt8] = []
        buffer.writeInteger(Self.version)
        buffer.writeInteger(UInt32(clamping: self.variants.count))
        for variant in self.variants.variants {
            head.removeAll(keepingCapacity: true)
            variant.payload.stored.append(to: &head)
            buffer.writeInteger(variant.payload.residentAtWriting.wholeNanoseconds / 1_000_000)
            buffer.writeInteger(UInt8(variant.payload.hasOwnTag ? 1 : 0))
            buffer.writeInteger(UInt16(clamping: variant.payload.tags.count))
            for tag in variant.payload.tags.prefix(Int(UInt16.max)) {
                buffer.writeInteger(UInt16(clamping: tag.utf8.count))
                buffer.writeString(tag)
            }
            buffer.writeInteger(UInt32(clamping: head.count))
            buffer.writeBytes(head)
            buffer.writeInteger(UInt32(clamping: variant.payload.body.readableBytes))
            buffer.writeImmutableBuffer(variant.payload.body)
        }
        return Array(buffer.readableBytesView)
    }

    convenience init(encodedBytes bytes: [UInt8]) throws {
        var buffer = ByteBuffer(bytes: bytes)
        guard buffer.readInteger(as: UInt8.self) == Self.version else { throw Fault.unknownVersion }
        guard let count = buffer.readInteger(as: UInt32.self) else { throw Fault.truncated }
        var stored: [Variant] = []
        for _ in 0..<count {
            guard let resident = buffer.readInteger(as: Int64.self), resident >= 0,
                let ownTag = buffer.readInteger(as: UInt8.self),
                let tagCount = buffer.readInteger(as: UInt16.self)
            else { throw Fault.truncated }
            var tags: [String] = []
            for _ in 0..<tagCount {
                guard let length = buffer.readInteger(as: UInt16.self), let tag = buffer.readString(length: Int(length))
                else { throw Fault.truncated }
                tags.append(tag)
            }
            guard let headLength = buffer.readInteger(as: UInt32.self),
                let head = buffer.readSlice(length: Int(headLength)),
                let bodyLength = buffer.readInteger(as: UInt32.self),
                let body = buffer.readSlice(length: Int(bodyLength))
            else { throw Fault.truncated }
            guard let response = head.withUnsafeReadableBytes({ StoredResponse(bytes: $0) }) else {
                throw Fault.unreadableHead
            }
            // A head that says another length would take the client's next answer for a part of this one.
            if let length = response.metadata.bodyLength, length != body.readableBytes { throw Fault.otherLength }
            stored.append(
                Variant(
                    stored: response,
                    body: body,
                    residentAtWriting: .milliseconds(resident),
                    tags: tags,
                    hasOwnTag: ownTag == 1
                )
            )
        }
        guard buffer.readableBytes == 0 else { throw Fault.otherLength }
        var variants = VariantList<Variant>()
        // The last one inserted is the first of the list.
        for variant in stored.reversed() {
            _ = variants.insert(.init(metadata: variant.stored.metadata, payload: variant), most: stored.count)
        }
        self.init(variants)
    }
}
