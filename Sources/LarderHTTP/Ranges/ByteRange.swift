public import HTTPTypes

/// A part of a body (RFC 9110, section 14.1.2), not empty and within it.
public struct ByteRange: Sendable, Hashable {
    /// The first byte's offset.
    public let first: Int64
    /// The last byte's offset.
    public let last: Int64

    init(first: Int64, last: Int64) {
        self.first = first
        self.last = last
    }

    /// How many bytes it has.
    public var count: Int64 { self.last - self.first + 1 }

    /// The offsets as a half-open range, for cutting the body.
    public var offsets: Range<Int64> { self.first..<(self.last + 1) }

    /// The `Content-Range` of this part (RFC 9110, section 14.4).
    ///
    /// - Parameter length: How long the whole is.
    /// - Returns: The field's value.
    public func contentRange(of length: Int64) -> String { "bytes \(self.first)-\(self.last)/\(length)" }

    /// How long the whole is of which a 206 or a 416 tells (RFC 9110, section 14.4); worth remembering, see
    /// ``ConditionalRequest/fillsWhole(length:policy:)``.
    ///
    /// - Parameter fields: The response's fields.
    /// - Returns: `nil` where it does not say, says it twice, or says it of something else than bytes.
    public static func completeLength(in fields: HTTPFields) -> Int64? {
        var lines = fields.lazy.filter { $0.name == .contentRange }.makeIterator()
        guard let line = lines.next(), lines.next() == nil else { return nil }
        return line.withUnsafeBytesOfValue { value in
            let value = value.trimmed
            guard let space = value.firstIndex(of: 0x20), value.part(0..<space).isToken("bytes"),
                let slash = value.firstIndex(of: UInt8(ascii: "/")), slash > space
            else { return nil }
            let length = value.part((slash + 1)..<value.count)
            guard !length.isEmpty, length.count <= 18, length.allSatisfy({ $0.digit != nil }) else { return nil }
            return length.reduce(0) { $0 * 10 + ($1.digit ?? 0) }
        }
    }

    /// The `Content-Range` of a 416.
    ///
    /// - Parameter length: How long the whole is.
    /// - Returns: The field's value.
    public static func unsatisfiedContentRange(of length: Int64) -> String { "bytes */\(length)" }
}

/// What a request's `Range` takes of a stored complete body (RFC 9110, section 14.2; RFC 9111, section 3.4).
public enum RangeSelection: Sendable, Hashable {
    /// The whole: no range is asked for, or none that this cache cuts, or `If-Range` does not hold.
    case whole
    /// This part: 206.
    case part(ByteRange)
    /// What the body does not have: 416.
    case unsatisfiable

    /// Decides; the client's other conditions have gone first (RFC 9110, section 13.2.2).
    ///
    /// - Parameters:
    ///   - request: What was read of the request.
    ///   - fields: Its fields.
    ///   - stored: The response.
    ///   - now: The time now, for dates with years of two digits.
    public init(_ request: RequestSummary, fields: HTTPFields, stored: StoredResponse.Metadata, now: HTTPTime) {
        self = .whole
        guard request.traits.contains(.range), request.method == .get, stored.status == 200,
            let length = stored.bodyLength, length >= 0
        else { return }
        if request.traits.contains(.ifRange), !Self.holds(ifRange: fields, stored, now: now) { return }
        var lines = fields.lazy.filter { $0.name == .range }.makeIterator()
        // Two lines are no list: the grammar has one unit and one set.
        guard let line = lines.next(), lines.next() == nil else { return }
        self = line.withUnsafeBytesOfValue { Self.selection($0.trimmed, length: length) }
    }

    /// Whether the client's part is one of this representation (RFC 9110, section 13.1.5).
    private static func holds(ifRange fields: HTTPFields, _ stored: StoredResponse.Metadata, now: HTTPTime) -> Bool {
        guard let field = fields.first(.ifRange) else { return true }
        let bytes = field.withUnsafeBytesOfValue { Array($0.trimmed) }
        if bytes.first == UInt8(ascii: "\"") || bytes.starts(with: [UInt8(ascii: "W"), UInt8(ascii: "/")]) {
            guard let asked = EntityTag(bytes), let tag = stored.entityTag else { return false }
            return asked.isStronglyEqual(to: tag)
        }
        guard let date = HTTPDate.field(.ifRange, in: fields, now: now).date, let modified = stored.lastModified else {
            return false
        }
        // A date is a strong validator only if nothing else can have been written in the same second (section 8.8.2.2).
        return date == modified && modified < stored.date
    }

    /// Reads `bytes=a-b`; what does not follow the grammar is ignored, as is any other unit.
    static func selection(_ value: FieldBytes, length: Int64) -> RangeSelection {
        guard let equals = value.firstIndex(of: UInt8(ascii: "=")), value.part(0..<equals).isToken("bytes") else {
            return .whole
        }
        var count = 0
        var satisfiable: ByteRange?
        var isEmptyBodySuffix = false
        let isValid = value.part((equals + 1)..<value.count).forEachMember { member in
            guard let range = Self.range(member, length: length) else { return false }
            count += 1
            switch range {
            case .part(let part): satisfiable = satisfiable ?? part
            case .whole: isEmptyBodySuffix = true
            case .unsatisfiable: break
            }
            return true
        }
        guard isValid, count > 0 else { return .whole }
        // Of an empty body there is no last part that could be named: its whole is sent.
        if isEmptyBodySuffix { return .whole }
        guard let satisfiable else { return .unsatisfiable }
        // Several parts would need a multipart body; the whole has them all.
        return count == 1 ? .part(satisfiable) : .whole
    }

    private static func range(_ member: FieldBytes, length: Int64) -> RangeSelection? {
        guard let dash = member.firstIndex(of: UInt8(ascii: "-")) else { return nil }
        let tail = member.part((dash + 1)..<member.count)
        if dash == 0 {
            guard let suffix = Self.offset(tail) else { return nil }
            if suffix == 0 { return .unsatisfiable }
            return length == 0 ? .whole : .part(ByteRange(first: max(0, length - suffix), last: length - 1))
        }
        guard let first = Self.offset(member.part(0..<dash)) else { return nil }
        var last = length - 1
        if !tail.isEmpty {
            guard let asked = Self.offset(tail), asked >= first else { return nil }
            last = min(last, asked)
        }
        return first < length ? .part(ByteRange(first: first, last: last)) : .unsatisfiable
    }

    /// Digits only; what no body can have is as far as can be.
    private static func offset(_ bytes: FieldBytes) -> Int64? {
        guard !bytes.isEmpty else { return nil }
        var number: Int64 = 0
        for byte in bytes {
            guard let digit = byte.digit else { return nil }
            number = number.multipliedSaturating(by: 10).addedSaturating(digit)
        }
        return number
    }
}
