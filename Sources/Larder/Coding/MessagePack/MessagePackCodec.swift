#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Values as MessagePack (msgpack.org): smaller than JSON, quicker, and known to every language.
///
/// - Structures and dictionaries are maps. Keys are text; those of a `[Int: Value]` are integers.
/// - Integers take as few bytes as they can. `Double` is a float of 64 bits, `Float` one of 32; `Double` is read from any number.
/// - `Data` and `[UInt8]` are binary, `Date` is the timestamp extension (-1) to the nanosecond, `URL` is text.
/// - Other extension types are refused.
/// - Of a key that stands twice in a map the last value counts, in structures and dictionaries alike. An integer and the text of its digits
///   are one key.
///
/// Bytes from anywhere may be decoded: they cost memory and time in proportion to their length, beside what the value itself takes that is
/// made of them.
public struct MessagePackCodec: CacheCodec {
    /// How many containers may lie in each other, both in values and in bytes: what is encoded can be decoded.
    public let nestingLimit: Int

    /// Makes a codec.
    ///
    /// - Parameter nestingLimit: How many containers may lie in each other. One more throws, instead of using up the stack.
    public init(nestingLimit: Int = 128) {
        self.nestingLimit = max(0, nestingLimit)
    }

    /// The mark of MessagePack.
    public var id: CodecID { .messagePack }

    /// Turns a value into MessagePack.
    ///
    /// - Throws: `EncodingError`, or whatever the value's own encoding throws.
    public func encode<Value: Encodable>(_ value: Value) throws -> [UInt8] {
        let path = MessagePackPath(limit: self.nestingLimit)
        let node = MessagePackNode(path)
        _ = node.becomeSingle()
        try node.append(value, at: path)
        return try node.finish()
    }

    /// Turns MessagePack into a value.
    ///
    /// - Throws: `DecodingError` where the bytes are not MessagePack, or not of this type.
    public func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
        let document = try MessagePackDocument(bytes, nestingLimit: self.nestingLimit)
        return try MessagePackDecoding(document, at: 0, .root).decode(type)
    }
}

/// Where an encoder or a decoder stands: made a list of keys only when somebody asks.
struct MessagePackPath {
    /// How many containers are around it.
    let depth: Int
    /// How many values have encoded themselves as another one since the innermost container began.
    let wrapperCount: Int
    /// How many there may be of either.
    let limit: Int
    private let step: Step?

    /// One key, and what stands before it.
    private final class Step {
        let parent: Step?
        let key: any CodingKey

        init(_ parent: Step?, _ key: any CodingKey) {
            self.parent = parent
            self.key = key
        }
    }

    init(limit: Int) {
        self.init(depth: 0, wrapperCount: 0, limit: limit, step: nil)
    }

    private init(depth: Int, wrapperCount: Int, limit: Int, step: Step?) {
        self.depth = depth
        self.wrapperCount = wrapperCount
        self.limit = limit
        self.step = step
    }

    /// Where decoders begin: what they read was measured before.
    static var root: Self { Self(limit: .max) }

    /// One key further.
    func appending(_ key: any CodingKey) -> Self {
        Self(depth: self.depth + 1, wrapperCount: 0, limit: self.limit, step: Step(self.step, key))
    }

    /// The same place, for the value that a value encodes itself as: types that wrap themselves end as well.
    var wrapping: Self {
        Self(depth: self.depth, wrapperCount: self.wrapperCount + 1, limit: self.limit, step: self.step)
    }

    /// The keys from the outermost on.
    var keys: [any CodingKey] {
        var keys: [any CodingKey] = []
        var step = self.step
        while let current = step {
            keys.append(current.key)
            step = current.parent
        }
        return keys.reversed()
    }
}

/// The key of an element of an array, and of a superclass.
struct MessagePackKey: CodingKey {
    let stringValue: String
    let intValue: Int?

    init(index: Int) {
        self.stringValue = "\(index)"
        self.intValue = index
    }

    init(stringValue: String) {
        self.stringValue = stringValue
        self.intValue = nil
    }

    init(intValue: Int) { self.init(index: intValue) }

    static var superclass: Self { Self(stringValue: "super") }
}

/// Dictionaries whose keys are written as integers; those with text for keys look the same to a container, digits being
/// integers too.
protocol IntegerKeyedDictionary {}

extension Dictionary: IntegerKeyedDictionary where Key == Int {}
