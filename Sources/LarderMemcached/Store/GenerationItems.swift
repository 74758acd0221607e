import Larder
import NIOCore

/// What a namespace's own item holds: the stamp, and the serial and the roster of servers with it.
///
/// | bytes | field |
/// |---|---|
/// | 2 | `N`, 1 |
/// | 8, 8, 8 | generation, fill epoch, serial |
/// | 8, 8, 8 | number and epoch of a server that was lost, and since when others have its keys, in milliseconds since 1970; 0, it has them |
/// | … | the same of others |
struct StampItem: Sendable, Hashable {
    var stamp: NamespaceStamp
    var serial: UInt64
    var roster: ServerRoster

    /// The most servers that a client knows.
    private static let mostServers = 1024

    init(stamp: NamespaceStamp, serial: UInt64, roster: ServerRoster = ServerRoster()) {
        self.stamp = stamp
        self.serial = serial
        self.roster = roster
    }

    init?(_ buffer: ByteBuffer) {
        let count = (buffer.readableBytes - 2) / 8
        guard count >= 3, (count - 3).isMultiple(of: ServerRoster.wordsPerRecord),
            count <= 3 + ServerRoster.wordsPerRecord * Self.mostServers,
            let words = buffer.words(count, behind: UInt8(ascii: "N"))
        else { return nil }
        self.init(
            stamp: NamespaceStamp(generation: words[0], epoch: words[1]),
            serial: words[2],
            roster: ServerRoster(words: words[3...])
        )
    }

    var bytes: [UInt8] {
        .words([self.stamp.generation, self.stamp.epoch, self.serial] + self.roster.words, behind: UInt8(ascii: "N"))
    }
}

/// What is known of a tag.
///
/// | bytes | field |
/// |---|---|
/// | 2 | `T`, 1 |
/// | 8, 8 | generation, freshness |
/// | 8 | serial of the namespace when the tag was last invalidated or its record was made; all bits set, nobody knows yet |
/// | 8 | generation of the namespace that the serial belongs to |
struct TagItem: Sendable, Hashable {
    var generation: UInt64
    var freshness: UInt64
    var serial: UInt64
    var namespace: UInt64

    /// The serial of a record that was just made: the namespace's serial of that moment is read after, and noted then.
    static let unknownSerial = UInt64.max

    /// A record with generations that were never used.
    static func random(serial: UInt64, namespace: UInt64) -> Self {
        let fresh = NamespaceStamp.random()
        return Self(generation: fresh.generation, freshness: fresh.epoch, serial: serial, namespace: namespace)
    }

    init(generation: UInt64, freshness: UInt64, serial: UInt64, namespace: UInt64) {
        self.generation = generation
        self.freshness = freshness
        self.serial = serial
        self.namespace = namespace
    }

    init?(_ buffer: ByteBuffer) {
        guard let words = buffer.words(4, behind: UInt8(ascii: "T")) else { return nil }
        self.init(generation: words[0], freshness: words[1], serial: words[2], namespace: words[3])
    }

    var bytes: [UInt8] {
        .words([self.generation, self.freshness, self.serial, self.namespace], behind: UInt8(ascii: "T"))
    }

    func mark(_ name: String) -> TagMark {
        TagMark(name: name, generation: self.generation, freshness: self.freshness)
    }
}

extension ByteBuffer {
    /// The little-endian integers that are all of an item but its two first bytes: its kind, and 1.
    fileprivate func words(_ count: Int, behind kind: UInt8) -> [UInt64]? {
        self.withUnsafeReadableBytes { bytes in
            guard bytes.count == 2 + 8 * count, bytes[0] == kind, bytes[1] == 1 else { return nil }
            return (0..<count).map { bytes.littleEndian(at: 2 + 8 * $0, as: UInt64.self) }
        }
    }
}

extension [UInt8] {
    fileprivate static func words(_ words: [UInt64], behind kind: UInt8) -> [UInt8] {
        var bytes: [UInt8] = [kind, 1]
        bytes.reserveCapacity(2 + 8 * words.count)
        for word in words { bytes.appendLittleEndian(word) }
        return bytes
    }
}
