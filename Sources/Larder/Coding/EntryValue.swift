/// A value on its way into or out of a store.
public enum EntryValue: Sendable {
    /// The absence that somebody cached: `nil` is a value, and no value is not nil.
    case null
    /// An integer, which the store can add to.
    case integer(Int64)
    /// A Swift value as it is. Stores in this process keep it so; others ask the coder for its bytes.
    case object(ValueBox)
    /// Bytes, and what they are.
    case encoded(EncodedValue)
}

/// Bytes together with the mark of the codec that made them.
public struct EncodedValue: Sendable, Hashable {
    /// What made the bytes.
    public var codec: CodecID

    /// The bytes.
    public var bytes: [UInt8]

    /// How they were compressed after that.
    public var compression = CompressionID.none

    /// How they were sealed after that.
    public var seal = SealID.none

    /// Marks bytes.
    ///
    /// - Parameters:
    ///   - codec: What made the bytes.
    ///   - bytes: The bytes.
    public init(codec: CodecID, bytes: [UInt8]) {
        self.codec = codec
        self.bytes = bytes
    }
}

// Immutable: `typeID` is a constant of a Sendable type, and each subclass adds constants of Sendable types.
/// A Swift value behind one reference, so that handing it on copies nothing and asks no dynamic cast.
///
/// `any Sendable` would do the same at two to four times the cost of a hit: an unboxing and an `as?`.
public class ValueBox: @unchecked Sendable {
    private let typeID: ObjectIdentifier

    init(typeID: ObjectIdentifier) {
        self.typeID = typeID
    }

    /// The value, whatever its type.
    package var content: any Sendable { preconditionFailure("every box has a value") }

    /// Boxes a value.
    ///
    /// - Parameter value: The value.
    /// - Returns: The box.
    public static func boxing<Value: Sendable>(_ value: Value) -> ValueBox {
        TypedValueBox(value)
    }

    /// Whether the value was boxed as just this type.
    @inline(__always)
    func holds<Value: Sendable>(_ type: Value.Type) -> Bool {
        self.typeID == ObjectIdentifier(type)
    }

    /// The value, if it was boxed as just this type.
    ///
    /// - Parameter type: The type that is asked for.
    /// - Returns: The value; `nil` where it is of another type.
    public func value<Value: Sendable>(as type: Value.Type) -> Value? {
        self.holds(type) ? self.content(as: type) : nil
    }

    /// The value of a box that `holds` this type.
    ///
    /// A method of the box, because the box knows its type; whoever names `TypedValueBox<Value>` has to look that type up
    /// among all generic types first, on every hit.
    func content<Value: Sendable>(as type: Value.Type) -> Value {
        preconditionFailure("every box has a value")
    }
}

private final class TypedValueBox<Value: Sendable>: ValueBox, @unchecked Sendable {
    let value: Value

    init(_ value: Value) {
        self.value = value
        super.init(typeID: ObjectIdentifier(Value.self))
    }

    override var content: any Sendable { self.value }

    override func content<Same: Sendable>(as type: Same.Type) -> Same {
        // `holds` has been asked: the two types are one.
        withUnsafePointer(to: self.value) { value in
            UnsafeRawPointer(value).assumingMemoryBound(to: type).pointee
        }
    }
}
