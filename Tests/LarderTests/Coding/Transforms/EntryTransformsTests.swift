import Synchronization
import Testing

@testable import Larder

/// What becomes of an entry's bytes between codec and store.
@Suite struct EntryTransformsTests {
    private static let key = StoreKey(version: 3, name: "book:42")
    private static let long = [UInt8](repeating: 0x61, count: 300)

    private static func transforms(
        _ compression: EntryCompression? = nil,
        _ sealer: (any EntrySealer)? = nil,
        namespace: CacheNamespace = "ns"
    ) -> EntryTransforms {
        EntryTransforms(namespace: namespace, compression: compression, sealer: sealer)
    }

    private static func plain(_ bytes: [UInt8]) -> EncodedValue { EncodedValue(codec: .json, bytes: bytes) }

    /// The code of what `body` throws.
    private func failure(_ body: () throws -> EncodedValue?) -> CacheError.Code? {
        do {
            _ = try body()
            return nil
        } catch {
            return code(error)
        }
    }

    // MARK: Compression

    @Test func bytesFromTheThresholdOnAreCompressedAndMarked() throws {
        let transforms = Self.transforms(EntryCompression(RunLengthCompressor(), threshold: 10))
        let below = Self.plain([UInt8](repeating: 7, count: 9))
        #expect(try transforms.applied(to: below, for: Self.key) == below)
        let at = try transforms.applied(to: Self.plain([UInt8](repeating: 7, count: 10)), for: Self.key)
        #expect(at.bytes == [10, 7])
        #expect(at.compression == CompressionID(custom: 200))
        #expect(at.codec == .json)
        #expect(at.seal == .none)
        #expect(try transforms.undone(at, of: Self.key) == Self.plain([UInt8](repeating: 7, count: 10)))
        #expect(try transforms.undone(below, of: Self.key) == below)
    }

    @Test func whatDoesNotShrinkStaysAsItIs() throws {
        let transforms = Self.transforms(EntryCompression(RunLengthCompressor(), threshold: 0))
        for bytes in [[], [1], [1, 2, 3], [1, 1]] as [[UInt8]] {
            let encoded = try transforms.applied(to: Self.plain(bytes), for: Self.key)
            #expect(encoded == Self.plain(bytes))
            #expect(try transforms.undone(encoded, of: Self.key) == Self.plain(bytes))
        }
    }

    @Test func moreThanTheLimitIsNotRead() throws {
        let writer = Self.transforms(EntryCompression(RunLengthCompressor(), threshold: 0))
        let encoded = try writer.applied(to: Self.plain(Self.long), for: Self.key)
        let enough = Self.transforms(EntryCompression(RunLengthCompressor(), limit: 300))
        let short = Self.transforms(EntryCompression(RunLengthCompressor(), limit: 299))
        #expect(try enough.undone(encoded, of: Self.key) == Self.plain(Self.long))
        #expect(self.failure { try short.undone(encoded, of: Self.key) } == .decodingFailed)
    }

    @Test func compressorThatTheCacheDoesNotHaveIsUnreadable() throws {
        let writer = Self.transforms(EntryCompression(RunLengthCompressor(), threshold: 0))
        let encoded = try writer.applied(to: Self.plain(Self.long), for: Self.key)
        let other = RunLengthCompressor(id: CompressionID(custom: 222))
        #expect(self.failure { try Self.transforms().undone(encoded, of: Self.key) } == .decodingFailed)
        #expect(
            self.failure { try Self.transforms(EntryCompression(other)).undone(encoded, of: Self.key) }
                == .decodingFailed
        )
        let reader = Self.transforms(EntryCompression(other, alsoReading: [RunLengthCompressor()]))
        #expect(try reader.undone(encoded, of: Self.key) == Self.plain(Self.long))
        // What it writes itself is marked with its own.
        #expect(try reader.applied(to: encoded, for: Self.key).compression == .none)
    }

    @Test func compressorThatFailsIsATypedError() throws {
        let transforms = Self.transforms(EntryCompression(UnwillingCompressor(), threshold: 0))
        #expect(self.failure { try transforms.applied(to: Self.plain([1]), for: Self.key) } == .encodingFailed)
        var encoded = Self.plain([1])
        encoded.compression = CompressionID(custom: 201)
        #expect(self.failure { try transforms.undone(encoded, of: Self.key) } == .decodingFailed)
        encoded = Self.plain([1])
        encoded.compression = CompressionID(custom: 200)
        let runs = Self.transforms(EntryCompression(RunLengthCompressor()))
        #expect(self.failure { try runs.undone(encoded, of: Self.key) } == .decodingFailed)
    }

    // MARK: Sealing

    @Test func sealedBytesOpenAndAreMarked() throws {
        let transforms = Self.transforms(nil, ChecksumSealer())
        let encoded = try transforms.applied(to: Self.plain([1, 2, 3]), for: Self.key)
        #expect(encoded.seal == SealID(custom: 210))
        #expect(encoded.codec == .json)
        #expect(encoded.bytes.count == 12)
        #expect(try transforms.undone(encoded, of: Self.key) == Self.plain([1, 2, 3]))
    }

    @Test func bytesAreCompressedBeforeTheyAreSealed() throws {
        let transforms = Self.transforms(EntryCompression(RunLengthCompressor(), threshold: 0), ChecksumSealer())
        let encoded = try transforms.applied(to: Self.plain(Self.long), for: Self.key)
        #expect(encoded.compression == CompressionID(custom: 200))
        // Checksum, what it is, two runs.
        #expect(encoded.bytes.count == 8 + 1 + 4)
        #expect(try transforms.undone(encoded, of: Self.key) == Self.plain(Self.long))
        // The mark of the compressor is bound, so nothing is decompressed that was not sealed as compressed.
        let reader = Self.transforms(
            EntryCompression(RunLengthCompressor(id: CompressionID(custom: 222)), alsoReading: [RunLengthCompressor()]),
            ChecksumSealer()
        )
        #expect(try reader.undone(encoded, of: Self.key) == Self.plain(Self.long))
    }

    @Test func absenceIsSealedAndIsNoEmptyValue() throws {
        let transforms = Self.transforms(EntryCompression(RunLengthCompressor(), threshold: 0), ChecksumSealer())
        let absence = try transforms.applied(to: nil, for: Self.key)
        let empty = try transforms.applied(to: EncodedValue(codec: .bytes, bytes: []), for: Self.key)
        #expect(absence.seal == SealID(custom: 210))
        #expect(absence.bytes != empty.bytes)
        #expect(try transforms.undone(absence, of: Self.key) == nil)
        #expect(try transforms.undone(empty, of: Self.key) == EncodedValue(codec: .bytes, bytes: []))
    }

    @Test func sealOfAnotherEntryDoesNotOpen() throws {
        let transforms = Self.transforms(EntryCompression(RunLengthCompressor(), threshold: 0), ChecksumSealer())
        let encoded = try transforms.applied(to: Self.plain(Self.long), for: Self.key)
        let others = [
            StoreKey(version: 3, name: "book:43"), StoreKey(version: 4, name: "book:42"),
            StoreKey(version: 3, name: ""), StoreKey(version: 3, name: "book:420"),
        ]
        for key in others {
            #expect(self.failure { try transforms.undone(encoded, of: key) } == .decodingFailed, "\(key)")
        }
        let elsewhere = Self.transforms(nil, ChecksumSealer(), namespace: "ns2")
        #expect(self.failure { try elsewhere.undone(encoded, of: Self.key) } == .decodingFailed)
        let otherKey = Self.transforms(nil, ChecksumSealer(key: 2))
        #expect(self.failure { try otherKey.undone(encoded, of: Self.key) } == .decodingFailed)
    }

    @Test func namesCannotBeShiftedFromOnePartOfTheContextToTheNext() throws {
        let sealed = try Self.transforms(nil, ChecksumSealer(), namespace: "a").applied(
            to: Self.plain([1]),
            for: StoreKey(version: 1, name: "bc")
        )
        let shifted = Self.transforms(nil, ChecksumSealer(), namespace: "ab")
        #expect(self.failure { try shifted.undone(sealed, of: StoreKey(version: 1, name: "c")) } == .decodingFailed)
    }

    @Test func sealBehindAnotherHeaderDoesNotOpen() throws {
        let transforms = Self.transforms(EntryCompression(RunLengthCompressor(), threshold: 0), ChecksumSealer())
        let encoded = try transforms.applied(to: Self.plain(Self.long), for: Self.key)
        let changes: [(String, (inout EncodedValue) -> Void)] = [
            ("codec", { $0.codec = .bytes }), ("compression", { $0.compression = .none }),
            ("another compressor", { $0.compression = .zlib }), ("no seal", { $0.seal = .none }),
            ("another seal", { $0.seal = .aesGCM }), ("no bytes", { $0.bytes = [] }),
            ("cut off", { $0.bytes.removeLast() }), ("longer", { $0.bytes.append(0) }),
        ]
        for (name, change) in changes {
            var changed = encoded
            change(&changed)
            #expect(self.failure { try transforms.undone(changed, of: Self.key) } == .decodingFailed, "\(name)")
        }
        for index in encoded.bytes.indices {
            var changed = encoded
            changed.bytes[index] ^= 1
            #expect(self.failure { try transforms.undone(changed, of: Self.key) } == .decodingFailed, "byte \(index)")
        }
    }

    @Test func unsealedBytesAreRefusedWhereThereIsASealerAndSealedOnesWhereThereIsNone() throws {
        let sealed = Self.transforms(nil, ChecksumSealer())
        #expect(self.failure { try sealed.undone(Self.plain([1]), of: Self.key) } == .decodingFailed)
        let encoded = try sealed.applied(to: Self.plain([1]), for: Self.key)
        #expect(self.failure { try Self.transforms().undone(encoded, of: Self.key) } == .decodingFailed)
        // The seal of one that has the same key and another mark.
        let other = Self.transforms(nil, ChecksumSealer(id: SealID(custom: 211)))
        #expect(self.failure { try other.undone(encoded, of: Self.key) } == .decodingFailed)
    }

    @Test func sealedContentOfAnotherVersionIsUnreadable() throws {
        // A later version may put something else before the value.
        let sealer = ChecksumSealer()
        let recorder = RecordingSealer()
        _ = try Self.transforms(nil, recorder).applied(to: Self.plain([1]), for: Self.key)
        let context = try #require(recorder.contexts.first)
        for content in [[2, 1], [1, 1], []] as [[UInt8]] {
            var encoded = Self.plain(try sealer.seal(content, boundTo: context))
            encoded.seal = sealer.id
            let transforms = Self.transforms(nil, sealer)
            #expect(self.failure { try transforms.undone(encoded, of: Self.key) } == .decodingFailed, "\(content)")
        }
    }

    @Test func contextHasItsDocumentedForm() throws {
        let recorder = RecordingSealer()
        _ = try Self.transforms(nil, recorder).applied(to: Self.plain([1]), for: StoreKey(version: -2, name: "k"))
        var expected = Array("larder-1".utf8) + [3, 0, 210]
        expected += [0xFE] + [UInt8](repeating: 0xFF, count: 7)
        expected += [2, 0, 0, 0, 0, 0, 0, 0] + Array("ns".utf8)
        expected += [1, 0, 0, 0, 0, 0, 0, 0] + Array("k".utf8)
        #expect(recorder.contexts == [expected])
    }
}

/// Keeps what its seals are to be bound to.
private final class RecordingSealer: EntrySealer {
    private let kept = Mutex<[[UInt8]]>([])

    let id = SealID(custom: 210)

    var contexts: [[UInt8]] { self.kept.withLock { $0 } }

    func seal(_ bytes: [UInt8], boundTo context: [UInt8]) throws -> [UInt8] {
        self.kept.withLock { $0.append(context) }
        return bytes
    }

    func open(_ bytes: [UInt8], boundTo context: [UInt8]) throws -> [UInt8] { bytes }
}
