import Larder
import LarderRedisClient

/// What a tag's record says of the entries under it.
struct TagRecord: Sendable, Hashable {
    let generation: UInt64
    let freshness: UInt64

    /// Takes what somebody found.
    init(generation: UInt64, freshness: UInt64) {
        self.generation = generation
        self.freshness = freshness
    }

    /// - Parameter reply: What Redis holds under the tag's key; anything but a record is none.
    init?(reply: RESPValue) {
        guard let integers = reply.integers(3) else { return nil }
        self.init(generation: integers[0], freshness: integers[1])
    }
}

/// The generations of a namespace and of some of its tags, as they were read.
///
/// Not all at one moment, but all after the call had begun for which they were read.
struct GenerationView: Sendable {
    /// `nil` where it was not read, or where there is none.
    private(set) var stamp: NamespaceStamp?
    /// 0 where it was not read.
    private(set) var serial: UInt64
    private(set) var names: [String]
    private(set) var records: [TagRecord?]
    /// Where each name stands, once looking for it one by one would take too long.
    private var places: [TagName: Int] = [:]

    private static let fewNames = 8

    /// Puts together what was read.
    ///
    /// - Parameters:
    ///   - stamp: The stamp; `nil`, there is none.
    ///   - serial: The serial.
    ///   - names: The tags that were looked at.
    ///   - records: The record of each; `nil`, there is none.
    init(stamp: NamespaceStamp?, serial: UInt64 = 0, names: [String], records: [TagRecord?]) {
        self.stamp = stamp
        self.serial = serial
        self.names = names
        self.records = records
        if names.count > Self.fewNames {
            self.places = Dictionary(zip(names.map { TagName($0) }, names.indices)) { first, _ in first }
        }
    }

    /// The view with what was read beside it.
    ///
    /// - Parameters:
    ///   - stamp: The stamp.
    ///   - names: Tags that the view does not have.
    ///   - records: Their records.
    /// - Returns: All of it.
    func adding(stamp: NamespaceStamp, _ names: [String], _ records: [TagRecord?]) -> Self {
        Self(stamp: stamp, serial: self.serial, names: self.names + names, records: self.records + records)
    }

    /// - Returns: `nil` where it was not read, `.some(nil)` where there is none.
    func record(of name: String) -> TagRecord?? {
        let place =
            self.places.isEmpty
            ? self.names.firstIndex { TagName($0) == TagName(name) } : self.places[TagName(name)]
        guard let place else { return nil }
        return self.records[place]
    }

    /// Whether a generation that was seen before this was read is known to be an old one by now.
    ///
    /// Generations are never used twice, so it stays one.
    func supersedes(_ seen: SeenGeneration) -> Bool {
        if seen.name.isEmpty { return self.stamp?.generation != seen.generation }
        // A name that is no text is no tag's: nobody can read that entry.
        guard let tag = seen.tag else { return true }
        guard let record = self.record(of: tag) else { return false }
        return record?.generation != seen.generation
    }

    /// The view as a script takes it, cut down to what it needs.
    ///
    /// | bytes | field |
    /// |---|---|
    /// | 1 | 1, there is a stamp; 0, there is none |
    /// | 24 | the stamp, the serial |
    /// | | for each tag: length of its name, name, 1 and the record's first 16 bytes, or 0 where there is none |
    /// | 1 | 0 |
    /// | | for each generation that is known to be an old one: the generation (8), length of its tag's name, name; without a name, it is the namespace's |
    ///
    /// - Parameters:
    ///   - tags: The tags; those that the view does not have are left out.
    ///   - seen: Generations that were seen before the view was read.
    /// - Returns: The bytes.
    func bytes(tags: [String], seen: [SeenGeneration]) -> [UInt8] {
        var bytes: [UInt8] = [self.stamp == nil ? 0 : 1]
        bytes.reserveCapacity(26 + tags.count * 40)
        bytes += (self.stamp ?? NamespaceStamp(generation: 0, epoch: 0)).bytes
        bytes.appendLittleEndian(self.serial)
        for tag in tags {
            // What fits no header is no tag of an entry, and was refused where it was named.
            guard (1...TagMark.longestEncodedName).contains(tag.utf8.count), let found = self.record(of: tag) else {
                continue
            }
            bytes.append(UInt8(tag.utf8.count))
            bytes += tag.utf8
            bytes.append(found == nil ? 0 : 1)
            if let record = found {
                bytes.appendLittleEndian(record.generation)
                bytes.appendLittleEndian(record.freshness)
            }
        }
        bytes.append(0)
        for generation in seen where self.supersedes(generation) { bytes += generation.bytes }
        return bytes
    }
}

/// A generation that an entry or a lease was found under: of the namespace, or of a tag.
struct SeenGeneration: Sendable, Hashable {
    let generation: UInt64
    /// The tag's name as it stands there; empty, it is the namespace's generation.
    let name: [UInt8]

    /// The tag; `nil` for the namespace, and for what is no text.
    var tag: String? {
        self.name.isEmpty ? nil : String(validating: self.name, as: UTF8.self)
    }

    /// Reads what a script found unclear.
    ///
    /// - Parameter bytes: Generations, each with the length of the tag's name and the name behind it.
    /// - Returns: The generations; `nil` where the bytes are anything else.
    static func parse(_ bytes: UnsafeRawBufferPointer) -> [Self]? {
        var seen: [Self] = []
        var offset = 0
        while offset < bytes.count {
            guard bytes.count - offset > 8 else { return nil }
            let begin = offset + 9
            let end = begin + Int(bytes[offset + 8])
            guard end <= bytes.count else { return nil }
            let generation = bytes.littleEndian(at: offset, as: UInt64.self)
            seen.append(Self(generation: generation, name: Array(bytes[begin..<end])))
            offset = end
        }
        return seen
    }

    fileprivate var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendLittleEndian(self.generation)
        bytes.append(UInt8(clamping: self.name.count))
        bytes += self.name
        return bytes
    }
}

/// A tag's name that is compared as Redis compares it: text that only looks alike is one `String` and two keys there.
struct TagName: Hashable {
    let text: String

    init(_ text: String) {
        self.text = text
    }

    static func == (left: Self, right: Self) -> Bool {
        left.text == right.text && left.text.utf8.elementsEqual(right.text.utf8)
    }

    /// Hashes the bytes of UTF-8.
    func hash(into hasher: inout Hasher) {
        let isDone: Void? = self.text.utf8.withContiguousStorageIfAvailable {
            hasher.combine(bytes: UnsafeRawBufferPointer($0))
        }
        if isDone == nil { for byte in self.text.utf8 { hasher.combine(byte) } }
    }

    /// The names that all of these have, each once, in their order.
    static func union(_ lists: some Sequence<[String]>) -> [String] {
        var seen = Set<Self>()
        var names: [String] = []
        for list in lists {
            for name in list where seen.insert(Self(name)).inserted { names.append(name) }
        }
        return names
    }
}
