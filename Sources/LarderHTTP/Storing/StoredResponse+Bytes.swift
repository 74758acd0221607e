import HTTPTypes

/// The head of a stored response as bytes, for stores outside this process.
///
/// Numbers have a fixed length, most significant byte first; text stands behind its length. A hit reads nothing but this, many
/// thousand times a second, so there are no names of members in it and nothing is parsed twice. It has no version of its own:
/// what it lies in has one.
extension StoredResponse {
    /// Appends the head.
    ///
    /// - Parameter bytes: What it is appended to.
    package func append(to bytes: inout [UInt8]) {
        let metadata = self.metadata
        bytes.append(number: Int64(metadata.status))
        metadata.directives.append(to: &bytes)
        if case .targeted(let name) = metadata.source {
            bytes.append(1)
            bytes.append(part: name)
        } else {
            bytes.append(0)
        }
        bytes.append(metadata.lifetime.ground.code)
        bytes.append(number: metadata.lifetime.milliseconds)
        bytes.append(number: metadata.initialAge.milliseconds)
        bytes.append(number: metadata.responseTime.millisecondsSince1970)
        bytes.append(number: metadata.date.secondsSince1970)
        bytes.append(optional: metadata.entityTag?.bytes)
        bytes.append(optional: metadata.lastModified?.secondsSince1970)
        bytes.append(count: metadata.vary.selectors.count)
        for selector in metadata.vary.selectors {
            bytes.append(part: selector.name)
            bytes.append(optional: selector.value)
        }
        bytes.append(optional: metadata.language.map { Array($0.utf8) })
        bytes.append(optional: metadata.bodyLength)
        bytes.append(texts: metadata.tags)
        bytes.append(count: self.fields.count)
        for field in self.fields {
            let code = FieldCode.code(of: field.name)
            bytes.append(code)
            if code == 0 { bytes.append(part: field.name.rawName) }
            field.withUnsafeBytesOfValue { bytes.append(part: $0) }
        }
    }

    /// Reads a head; `nil` where the bytes are none.
    ///
    /// - Parameter bytes: What ``append(to:)`` has made, or anything else.
    package init?(bytes: UnsafeRawBufferPointer) {
        var reader = HeadReader(bytes)
        let status = reader.number()
        let directives = ResponseDirectives(&reader)
        let source: DirectiveSource = reader.flag() ? .targeted(reader.text()) : .cacheControl
        let ground = FreshnessLifetime.Ground(code: reader.byte())
        let lifetime = reader.number()
        let age = reader.number()
        let responseTime = reader.number()
        let date = reader.number()
        let tag = reader.optionalPart().map { EntityTag($0) }
        let lastModified = reader.optionalNumber()
        let vary = VaryKey(&reader)
        let language = reader.optionalText()
        let bodyLength = reader.optionalNumber()
        let tags = reader.texts()
        var fields = HTTPFields()
        let count = reader.count()
        // More than there can be, and a trap for who adds them.
        guard count < Int(UInt16.max) else { return nil }
        fields.reserveCapacity(min(count, 32))
        for _ in 0..<count {
            let code = reader.byte()
            guard let name = code == 0 ? HTTPField.Name(reader.text()) : FieldCode.name(of: code) else { return nil }
            fields.append(reader.withPart { HTTPField(name: name, lenientValue: $0) })
        }
        guard let ground, tag != .some(nil), reader.hasEndedWell, (100...999).contains(status) else { return nil }
        self.fields = fields
        self.metadata = Metadata(
            status: Int(status),
            directives: directives,
            source: source,
            lifetime: FreshnessLifetime(ground, milliseconds: lifetime),
            initialAge: Age(milliseconds: age),
            responseTime: HTTPTime(millisecondsSince1970: responseTime),
            date: HTTPDate(secondsSince1970: date),
            entityTag: tag ?? nil,
            lastModified: lastModified.map { HTTPDate(secondsSince1970: $0) },
            vary: vary,
            language: language,
            bodyLength: bodyLength,
            tags: tags
        )
    }
}

extension ResponseDirectives {
    fileprivate func append(to bytes: inout [UInt8]) {
        bytes.append(number: Int64(self.flags.rawValue))
        for seconds in [self.maxAge, self.sharedMaxAge, self.staleWhileRevalidate, self.staleIfError] {
            bytes.append(optional: seconds)
        }
        bytes.append(texts: self.privateFields)
        bytes.append(texts: self.noCacheFields)
    }

    fileprivate init(_ reader: inout HeadReader) {
        self.init()
        self.flags = Flags(rawValue: UInt16(truncatingIfNeeded: reader.number()))
        self.maxAge = reader.optionalNumber()
        self.sharedMaxAge = reader.optionalNumber()
        self.staleWhileRevalidate = reader.optionalNumber()
        self.staleIfError = reader.optionalNumber()
        self.privateFields = reader.texts()
        self.noCacheFields = reader.texts()
    }
}

extension VaryKey {
    fileprivate init(_ reader: inout HeadReader) {
        let count = reader.count()
        guard count > 0 else {
            self.init()
            return
        }
        var selectors: [Selector] = []
        for _ in 0..<count {
            selectors.append(Selector(name: reader.text(), value: reader.optionalPart()))
        }
        self.init(selectors)
    }
}

extension FreshnessLifetime.Ground {
    private static let all: [Self] = [.none, .targeted, .sharedMaxAge, .maxAge, .expires, .heuristic, .negative]

    fileprivate var code: UInt8 { UInt8(Self.all.firstIndex(of: self) ?? 0) }

    fileprivate init?(code: UInt8) {
        guard Int(code) < Self.all.count else { return nil }
        self = Self.all[Int(code)]
    }
}

/// Names that nearly every response has, as one byte each: making a name of text checks all of it, and lower-cases it.
private enum FieldCode {
    /// A name's place is what is stored: only ever add at the end.
    private static let names: [HTTPField.Name] = [
        .date, .contentType, .contentLength, .cacheControl, .eTag, .lastModified, .expires, .vary, .contentEncoding,
        .contentLanguage, .contentLocation, .server, .location, .accessControlAllowOrigin,
        .strictTransportSecurity, .contentSecurityPolicy, .xContentTypeOptions, .acceptRanges, .contentDisposition,
    ]

    /// - Returns: Zero for a name that stands as text; so does one whose letters are not in the usual case.
    static func code(of name: HTTPField.Name) -> UInt8 {
        let index = self.names.firstIndex { $0.rawName == name.rawName }
        return index.map { UInt8($0 + 1) } ?? 0
    }

    static func name(of code: UInt8) -> HTTPField.Name? {
        Int(code) <= self.names.count ? self.names[Int(code) - 1] : nil
    }
}

extension [UInt8] {
    fileprivate mutating func append(number: Int64) {
        Swift.withUnsafeBytes(of: number.bigEndian) { self.append(contentsOf: $0) }
    }

    fileprivate mutating func append(count: Int) {
        Swift.withUnsafeBytes(of: UInt32(clamping: count).bigEndian) { self.append(contentsOf: $0) }
    }

    fileprivate mutating func append(optional number: Int64?) {
        self.append(number == nil ? 0 : 1)
        if let number { self.append(number: number) }
    }

    fileprivate mutating func append(optional part: [UInt8]?) {
        self.append(part == nil ? 0 : 1)
        if let part { self.append(part: part) }
    }

    fileprivate mutating func append(texts: [String]) {
        self.append(count: texts.count)
        for text in texts { self.append(part: text) }
    }
}

/// Reads what was appended; behind the end of the bytes everything is zero and empty, and ``hasEndedWell`` is false.
private struct HeadReader {
    private let bytes: UnsafeRawBufferPointer
    private var position = 0
    private var isShort = false

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    /// Whether all bytes were read, and no more.
    var hasEndedWell: Bool { !self.isShort && self.position == self.bytes.count }

    private mutating func take(_ count: Int) -> UnsafeRawBufferPointer? {
        guard !self.isShort, count <= self.bytes.count - self.position else {
            self.isShort = true
            return nil
        }
        defer { self.position += count }
        return UnsafeRawBufferPointer(rebasing: self.bytes[self.position..<(self.position + count)])
    }

    mutating func byte() -> UInt8 { self.take(1)?[0] ?? 0 }

    mutating func flag() -> Bool { self.byte() != 0 }

    mutating func number() -> Int64 {
        self.take(8).map { Int64(bigEndian: $0.loadUnaligned(as: Int64.self)) } ?? 0
    }

    /// How many follow; each is a byte at least, so that no number makes a reader work for longer than its bytes last.
    mutating func count() -> Int {
        let count = self.take(4).map { Int(UInt32(bigEndian: $0.loadUnaligned(as: UInt32.self))) } ?? 0
        guard count <= self.bytes.count - self.position else {
            self.isShort = true
            return 0
        }
        return count
    }

    mutating func withPart<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        let count = self.count()
        return body(self.take(count) ?? UnsafeRawBufferPointer(start: nil, count: 0))
    }

    mutating func text() -> String { self.withPart { String(decoding: $0, as: UTF8.self) } }

    mutating func texts() -> [String] {
        let count = self.count()
        var texts: [String] = []
        for _ in 0..<count { texts.append(self.text()) }
        return texts
    }

    mutating func optionalNumber() -> Int64? { self.flag() ? self.number() : nil }

    mutating func optionalText() -> String? { self.flag() ? self.text() : nil }

    mutating func optionalPart() -> [UInt8]? { self.flag() ? self.withPart { Array($0) } : nil }
}
