import NIOCore

/// A request as memcached reads it, of the meta commands and the few others that are of use.
///
/// A plain value that writes itself into a connection's buffer, so that a small request allocates nothing.
struct MetaRequest: Sendable {
    enum Verb: Sendable {
        case get, set, delete, arithmetic, noop, statistics
    }

    /// When `ms` stores.
    enum Mode: UInt8, Sendable {
        case set = 0x53  // S
        case add = 0x45  // E
        case replace = 0x52  // R
        case append = 0x41  // A
        case prepend = 0x50  // P
        case increment = 0x49  // I
        case decrement = 0x44  // D
    }

    var verb: Verb
    /// What `ms` stores.
    var value: [UInt8]?
    /// A key that memcached takes as it is; for `stats`, what is asked about.
    var key: String
    /// Flags without numbers, each behind a space; short, so that they lie in the string itself.
    var flags: String = ""
    var mode = Mode.set
    /// Does it only if the item has this number.
    var cas: UInt64?
    /// When the item ends: nothing, never; up to 30 days, that many seconds from now; else a time since 1970.
    var expiry: Int64?
    var clientFlags: UInt32 = 0
    /// What `ma` adds.
    var delta: UInt64 = 1
    /// Whether doing it twice does no harm, so that it may be sent again when nobody knows whether it was executed.
    var isRepeatable: Bool {
        switch self.verb {
        case .get, .noop, .statistics: true
        case .set, .delete, .arithmetic: false
        }
    }

    /// The longest key.
    static let longestKey = 250

    /// Reads an item: `wants` names what of it, such as ` v c t`.
    static func get(_ key: String, wants: String) -> Self {
        Self(verb: .get, key: key, flags: wants)
    }

    /// Stores an item.
    static func set(
        _ key: String,
        _ value: [UInt8],
        mode: Mode = .set,
        cas: UInt64? = nil,
        expiry: Int64 = 0,
        clientFlags: UInt32 = 0
    ) -> Self {
        var request = Self(verb: .set, value: value, key: key)
        request.mode = mode
        request.cas = cas
        request.expiry = expiry
        request.clientFlags = clientFlags
        return request
    }

    /// Removes an item.
    static func delete(_ key: String, cas: UInt64? = nil) -> Self {
        var request = Self(verb: .delete, key: key)
        request.cas = cas
        return request
    }

    /// Asks for nothing but an answer.
    static let noop = Self(verb: .noop, key: "")

    /// Asks how the server is doing.
    static func statistics(_ subject: String = "") -> Self { Self(verb: .statistics, key: subject) }

    /// Whether memcached takes a key as it is.
    static func isFit(_ key: String) -> Bool {
        let count = key.utf8.count
        return (1...Self.longestKey).contains(count) && key.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }
    }

    /// About how many bytes the request has on the wire; never fewer.
    var sizeHint: Int { self.key.utf8.count + (self.value?.count ?? 0) + 96 }
}

extension ByteBuffer {
    /// Writes a request.
    ///
    /// - Returns: How many bytes that were.
    @discardableResult
    mutating func write(_ request: borrowing MetaRequest) -> Int {
        let begin = self.writerIndex
        switch request.verb {
        case .get:
            self.writeStaticString("mg ")
            self.writeString(request.key)
            self.writeString(request.flags)
            if let expiry = request.expiry { self.writeFlag("T", expiry) }
        case .set:
            self.writeStaticString("ms ")
            self.writeString(request.key)
            self.writeInteger(0x20 as UInt8)
            self.writeDigits(of: UInt64(request.value?.count ?? 0))
            if request.mode != .set {
                self.writeStaticString(" M")
                self.writeInteger(request.mode.rawValue)
            }
            if let expiry = request.expiry, expiry != 0 { self.writeFlag("T", expiry) }
            if request.clientFlags != 0 { self.writeFlag("F", Int64(request.clientFlags)) }
            if let cas = request.cas { self.writeFlag("C", cas) }
            self.writeString(request.flags)
        case .delete:
            self.writeStaticString("md ")
            self.writeString(request.key)
            if let cas = request.cas { self.writeFlag("C", cas) }
            self.writeString(request.flags)
        case .arithmetic:
            self.writeStaticString("ma ")
            self.writeString(request.key)
            self.writeString(request.mode == .decrement ? " MD v" : " MI v")
            self.writeFlag("D", request.delta)
            if let expiry = request.expiry { self.writeFlag("T", expiry) }
        case .noop:
            self.writeStaticString("mn")
        case .statistics:
            self.writeStaticString("stats")
            if !request.key.isEmpty {
                self.writeStaticString(" ")
                self.writeString(request.key)
            }
        }
        self.writeInteger(0x0D0A as UInt16)
        if let value = request.value {
            self.writeBytes(value)
            self.writeInteger(0x0D0A as UInt16)
        }
        return self.writerIndex - begin
    }

    private mutating func writeFlag(_ flag: Unicode.Scalar, _ number: Int64) {
        self.writeInteger(0x20 as UInt8)
        self.writeInteger(UInt8(truncatingIfNeeded: flag.value))
        if number < 0 { self.writeInteger(0x2D as UInt8) }
        self.writeDigits(of: number.magnitude)
    }

    private mutating func writeFlag(_ flag: Unicode.Scalar, _ number: UInt64) {
        self.writeInteger(0x20 as UInt8)
        self.writeInteger(UInt8(truncatingIfNeeded: flag.value))
        self.writeDigits(of: number)
    }

    private mutating func writeDigits(of number: UInt64) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var index = 20
            var rest = number
            repeat {
                let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: 10)
                index -= 1
                digits[index] = 0x30 + UInt8(truncatingIfNeeded: remainder)
                rest = quotient
            } while rest != 0
            _ = self.writeBytes(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(digits)[index...]))
        }
    }
}
