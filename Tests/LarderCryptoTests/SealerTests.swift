import Larder
import Testing

@testable import LarderCrypto

/// What all sealers have to do.
@Suite(.timeLimit(.minutes(2))) struct SealerTests {
    /// A kind of sealer.
    enum Kind: CaseIterable, CustomTestStringConvertible {
        case aesGCM, chaChaPoly, hmac

        var testDescription: String { "\(self)" }

        var overhead: Int {
            switch self {
            case .aesGCM: AESGCMSealer.overhead
            case .chaChaPoly: ChaChaPolySealer.overhead
            case .hmac: HMACSealer.overhead
            }
        }

        func sealer(_ keys: KeyRing) -> any EntrySealer {
            switch self {
            case .aesGCM: AESGCMSealer(keys)
            case .chaChaPoly: ChaChaPolySealer(keys)
            case .hmac: HMACSealer(keys)
            }
        }
    }

    static func key(_ number: UInt32, _ byte: UInt8? = nil) throws -> SealingKey {
        try SealingKey(number, bytes: [UInt8](repeating: byte ?? UInt8(truncatingIfNeeded: number), count: 32))
    }

    static func ring(_ numbers: UInt32...) throws -> KeyRing { try KeyRing(numbers.map { try Self.key($0) }) }

    private static let context = Array("larder-1 and the entry's name".utf8)
    private static let content = Array("what is in the jar".utf8)

    private func failure(_ body: () throws -> [UInt8]) -> SealError? {
        do {
            _ = try body()
            return nil
        } catch {
            return error as? SealError
        }
    }

    @Test(arguments: Kind.allCases)
    func sealedBytesOpen(_ kind: Kind) throws {
        let sealer = kind.sealer(try Self.ring(1))
        for content in [[], [0], Self.content, [UInt8](repeating: 5, count: 100_000)] {
            let sealed = try sealer.seal(content, boundTo: Self.context)
            #expect(sealed.count == content.count + kind.overhead)
            #expect(try sealer.open(sealed, boundTo: Self.context) == content)
        }
    }

    @Test(arguments: [Kind.aesGCM, .chaChaPoly])
    func encryptedBytesShowNothingAndAreNeverTheSame(_ kind: Kind) throws {
        let sealer = kind.sealer(try Self.ring(1))
        let all = try (0..<1_000).map { _ in try sealer.seal(Self.content, boundTo: Self.context) }
        #expect(Set(all).count == 1_000)
        #expect(Set(all.map { $0[4..<16] }).count == 1_000)
        #expect(all.allSatisfy { !$0.contains(Self.content) })
    }

    @Test(arguments: Kind.allCases)
    func nothingButTheSameContextOpens(_ kind: Kind) throws {
        let sealer = kind.sealer(try Self.ring(1))
        let sealed = try sealer.seal(Self.content, boundTo: Self.context)
        for context in [[], Array(Self.context.dropLast()), Self.context + [0], Array(Self.context.reversed())] {
            #expect(self.failure { try sealer.open(sealed, boundTo: context) } == .refused)
        }
        // Where the context ends and the content begins is bound as well.
        var moved = sealed
        moved.insert(Self.context[0], at: 4)
        #expect(self.failure { try sealer.open(moved, boundTo: Array(Self.context.dropFirst())) } == .refused)
    }

    @Test(arguments: Kind.allCases)
    func keysAreFoundByTheirNumbers(_ kind: Kind) throws {
        let old = try kind.sealer(Self.ring(1)).seal(Self.content, boundTo: Self.context)
        let both = kind.sealer(try Self.ring(2, 1))
        #expect(try both.open(old, boundTo: Self.context) == Self.content)
        let new = try both.seal(Self.content, boundTo: Self.context)
        #expect(Array(new.prefix(4)) == [2, 0, 0, 0])
        #expect(self.failure { try kind.sealer(Self.ring(2)).open(old, boundTo: Self.context) } == .unknownKey(1))
        #expect(self.failure { try kind.sealer(Self.ring(1)).open(new, boundTo: Self.context) } == .unknownKey(2))
        // The number alone is not enough.
        let other = kind.sealer(KeyRing(try Self.key(1, 77)))
        #expect(self.failure { try other.open(old, boundTo: Self.context) } == .refused)
        // It is bound, so the same key under another number does not open.
        let renamed = kind.sealer(try KeyRing([Self.key(1), Self.key(3, 1)]))
        #expect(self.failure { try renamed.open([3] + old.dropFirst(), boundTo: Self.context) } == .refused)
    }

    @Test(arguments: Kind.allCases)
    func everyTruncationIsRefused(_ kind: Kind) throws {
        let sealer = kind.sealer(try Self.ring(1))
        let sealed = try sealer.seal(Self.content, boundTo: Self.context)
        for count in 0..<sealed.count {
            let failure = self.failure { try sealer.open(Array(sealed.prefix(count)), boundTo: Self.context) }
            #expect(failure != nil, "\(count) bytes")
        }
        #expect(self.failure { try sealer.open(sealed + [0], boundTo: Self.context) } == .refused)
    }

    @Test(arguments: Kind.allCases)
    func noneOfTenThousandMutationsOpens(_ kind: Kind) throws {
        let sealer = kind.sealer(try Self.ring(1, 2))
        let sealed = try sealer.seal(Self.content, boundTo: Self.context)
        var random = SystemRandomNumberGenerator()
        var opened = 0
        for _ in 0..<10_000 {
            var bytes = sealed
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: .min ... .max, using: &random)
            }
            switch Int.random(in: 0..<10, using: &random) {
            case 0: bytes.removeLast(Int.random(in: 1..<bytes.count, using: &random))
            case 1: bytes.append(.random(in: .min ... .max, using: &random))
            case 2: bytes.swapAt(Int.random(in: 4..<bytes.count, using: &random), 5)
            default: break
            }
            guard bytes != sealed else { continue }
            if self.failure({ try sealer.open(bytes, boundTo: Self.context) }) == nil { opened += 1 }
        }
        #expect(opened == 0)
    }

    @Test func marksAreThoseOfTheAlgorithms() throws {
        let ring = try Self.ring(1)
        #expect(Kind.allCases.map { $0.sealer(ring).id } == [.aesGCM, .chaChaPoly, .hmacSHA256])
    }
}
