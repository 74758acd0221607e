/// The shape of a binary property list, which is looked at before Foundation reads it.
///
/// Foundation trusts the numbers in a list: counts that overflow end the process, and objects that hold each other, or one another
/// thousands of times, never end or fill the memory. Bytes from a store are no reason for either. The format is that of
/// CoreFoundation's `CFBinaryPList.c`: objects, a table of their offsets, and a trailer of 32 bytes.
struct BinaryPropertyList {
    /// How deep objects may lie within each other.
    private static let nestingLimit = 128
    /// How many bytes all values may have together, each counted as often as it is referred to.
    private static let expansionLimit = 1 << 28

    private let bytes: [UInt8]
    private let offsetSize: Int
    private let referenceSize: Int
    private let objectCount: Int
    private let topObject: Int
    /// Where the objects end.
    private let tableStart: Int

    /// Reads the trailer.
    ///
    /// - Parameter bytes: The list.
    /// - Throws: ``Fault`` where it cannot be that of these bytes.
    init(_ bytes: [UInt8]) throws {
        guard bytes.count >= 8 + 32, bytes.starts(with: "bplist00".utf8) else {
            throw Fault("it does not begin as one")
        }
        self.bytes = bytes
        let trailer = bytes.count - 32
        self.offsetSize = Int(bytes[trailer + 6])
        self.referenceSize = Int(bytes[trailer + 7])
        guard (1...8).contains(self.offsetSize), (1...8).contains(self.referenceSize),
            let objectCount = Self.integer(bytes[(trailer + 8)..<(trailer + 16)]),
            let topObject = Self.integer(bytes[(trailer + 16)..<(trailer + 24)]),
            let tableStart = Self.integer(bytes[(trailer + 24)..<(trailer + 32)]),
            tableStart > 8, tableStart <= trailer, topObject < objectCount,
            objectCount <= (trailer - tableStart) / self.offsetSize
        else { throw Fault("its trailer is not of these bytes") }
        self.objectCount = objectCount
        self.topObject = topObject
        self.tableStart = tableStart
    }

    /// Walks over all objects that can be reached.
    ///
    /// - Throws: ``Fault`` where something points outside of the list, lies too deep, is held by two, or expands too far.
    func check() throws {
        var isEntered = [Bool](repeating: false, count: self.objectCount)
        var expanded = 0
        var ahead = [(object: self.topObject, depth: 1)]
        while let (object, depth) = ahead.popLast() {
            guard depth <= Self.nestingLimit else { throw Fault("its values lie deeper than \(Self.nestingLimit)") }
            let found = try self.extent(of: object)
            expanded += found.length
            guard expanded <= Self.expansionLimit else { throw Fault("its values have too many bytes") }
            guard found.references > 0 else { continue }
            guard !isEntered[object] else { throw Fault("a collection is held twice") }
            isEntered[object] = true
            for index in 0..<found.references {
                let start = found.start + index * self.referenceSize
                guard let next = Self.integer(self.bytes[start..<(start + self.referenceSize)]), next < self.objectCount
                else {
                    throw Fault("it refers to an object that it does not have")
                }
                ahead.append((next, depth + 1))
            }
        }
    }

    /// Where the content of an object begins, how many bytes it has, and how many references these are.
    private func extent(of object: Int) throws -> (start: Int, length: Int, references: Int) {
        let entry = self.tableStart + object * self.offsetSize
        guard let offset = Self.integer(self.bytes[entry..<(entry + self.offsetSize)]), offset >= 8,
            offset < self.tableStart
        else { throw Fault("an object lies outside of it") }
        let marker = self.bytes[offset]
        let low = Int(marker & 0x0F)
        switch marker >> 4 {
        case 0x0:
            return (offset + 1, 0, 0)
        case 0x1, 0x2:
            guard low <= 4 else { throw Fault("a number is too long") }
            return try self.content(at: offset + 1, count: 1 << low, unit: 1)
        case 0x3:
            return try self.content(at: offset + 1, count: 8, unit: 1)
        case 0x8:
            return try self.content(at: offset + 1, count: low + 1, unit: 1)
        case 0x4, 0x5:
            let (start, count) = try self.count(at: offset, low)
            return try self.content(at: start, count: count, unit: 1)
        case 0x6:
            let (start, count) = try self.count(at: offset, low)
            return try self.content(at: start, count: count, unit: 2)
        case 0xA, 0xC:
            let (start, count) = try self.count(at: offset, low)
            let content = try self.content(at: start, count: count, unit: self.referenceSize)
            return (content.start, content.length, count)
        case 0xD:
            let (start, count) = try self.count(at: offset, low)
            let content = try self.content(at: start, count: count, unit: 2 * self.referenceSize)
            return (content.start, content.length, 2 * count)
        default:
            throw Fault("an object is of no known kind")
        }
    }

    /// How many elements an object has: in its marker, or in the integer behind it.
    private func count(at offset: Int, _ low: Int) throws -> (start: Int, count: Int) {
        guard low == 0x0F else { return (offset + 1, low) }
        let marker = offset + 1
        guard marker < self.tableStart, self.bytes[marker] >> 4 == 0x1, self.bytes[marker] & 0x0F <= 3 else {
            throw Fault("a count is no integer")
        }
        let length = 1 << Int(self.bytes[marker] & 0x0F)
        let start = marker + 1
        guard start + length <= self.tableStart, let count = Self.integer(self.bytes[start..<(start + length)]) else {
            throw Fault("a count is too large")
        }
        return (start + length, count)
    }

    private func content(at start: Int, count: Int, unit: Int) throws -> (start: Int, length: Int, references: Int) {
        let (length, overflows) = count.multipliedReportingOverflow(by: unit)
        guard !overflows, start <= self.tableStart, length <= self.tableStart - start else {
            throw Fault("an object is longer than what there is")
        }
        return (start, length, 0)
    }

    /// An unsigned integer, the most significant byte first; `nil` where it does not fit.
    private static func integer(_ bytes: ArraySlice<UInt8>) -> Int? {
        Int(exactly: bytes.reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
    }

    /// Why bytes are no property list that is read.
    struct Fault: Error, CustomStringConvertible {
        let description: String

        init(_ reason: String) {
            self.description = "the bytes are no property list of use: \(reason)"
        }
    }
}
