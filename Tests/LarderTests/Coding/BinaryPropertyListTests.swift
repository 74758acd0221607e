import Foundation
import Testing

@testable import Larder

/// Property lists that end the process, or never end, if Foundation is given them.
@Suite(.timeLimit(.minutes(10))) struct BinaryPropertyListTests {
    private struct Nested: Codable, Equatable {
        var name: String
        var numbers: [Int]
        var ratio: Double
        var when: Date
        var data: Data
        var children: [Nested]
        var names: [String: String]
    }

    /// A list of objects that are given with their markers, whose references are one byte each.
    private static func list(_ objects: [[UInt8]], top: UInt8 = 0) -> [UInt8] {
        var bytes = Array("bplist00".utf8)
        var offsets: [UInt8] = []
        for object in objects {
            offsets.append(UInt8(bytes.count))
            bytes += object
        }
        let table = UInt8(bytes.count)
        let zeros = [UInt8](repeating: 0, count: 7)
        return bytes + offsets + [0, 0, 0, 0, 0, 0, 1, 1] + zeros + [UInt8(objects.count)] + zeros + [top] + zeros + [
            table
        ]
    }

    @Test func whatWasEncodedPasses() throws {
        let text = String(repeating: "käse", count: 100)
        let leaf = Nested(
            name: text,
            numbers: Array(-500..<500),
            ratio: .pi,
            when: Date(timeIntervalSinceReferenceDate: 1e9),
            data: Data(repeating: 7, count: 1_000),
            children: [],
            names: ["a": text, "b": text, "": ""]
        )
        var tree = leaf
        tree.children = Array(repeating: leaf, count: 20)
        let codec = PropertyListCodec()
        let bytes = try codec.encode(tree)
        try BinaryPropertyList(bytes).check()
        let read = try codec.decode(Nested.self, from: bytes)
        #expect(read == tree)
        for empty in [try codec.encode([Int]()), try codec.encode([[Int]](repeating: [], count: 50))] {
            try BinaryPropertyList(empty).check()
        }
    }

    static let faulty: [(name: String, bytes: [UInt8])] = [
        ("nothing", []),
        ("no list", Array("bplist00".utf8) + [UInt8](repeating: 0, count: 40)),
        (
            "text of the older form",
            Array("<?xml version=\"1.0\"?><plist><array><array/></array></plist>              ".utf8)
        ),
        ("an array of 2^64 - 1 elements", list([[0xAF, 0x13] + [UInt8](repeating: 0xFF, count: 8)])),
        ("a map of 2^61 members", list([[0xDF, 0x13, 0x20, 0, 0, 0, 0, 0, 0, 0]])),
        ("UTF-16 of 2^63 - 1 units", list([[0x6F, 0x13, 0x7F] + [UInt8](repeating: 0xFF, count: 7)])),
        ("text that is longer than the list", list([[0x5F, 0x10, 200, 0x41]])),
        ("an array that holds itself", list([[0xA1, 0]])),
        ("two that hold each other", list([[0xA1, 1], [0xA1, 0]])),
        ("one array held twice", list([[0xA2, 1, 1], [0xA1, 2], [0x08]])),
        ("a reference to nothing", list([[0xA1, 9]])),
        ("a top that is not there", list([[0x08]], top: 3)),
        ("a count that is a text", list([[0xAF, 0x51, 0x41]])),
        ("an object of an unknown kind", list([[0xF0]])),
    ]

    @Test(arguments: faulty.map(\.name)) func whatFoundationTrustsIsRefused(_ name: String) throws {
        let bytes = try #require(Self.faulty.first { $0.name == name }?.bytes)
        #expect(throws: (any Error).self) { try PropertyListCodec().decode([[Int]].self, from: bytes) }
        #expect(throws: (any Error).self) { try BinaryPropertyList(bytes).check() }
    }

    @Test func deepListsAreRefused() throws {
        let deep = (0..<150).map { [0xA1, UInt8($0 + 1)] } + [[0x08]]
        let shallow = (0..<100).map { [0xA1, UInt8($0 + 1)] } + [[0x08]]
        // Their offsets do not fit into a byte; what counts is that the walk ends either way.
        #expect(throws: BinaryPropertyList.Fault.self) { try BinaryPropertyList(Self.wideList(deep)).check() }
        try BinaryPropertyList(Self.wideList(shallow)).check()
    }

    /// The same with offsets of two bytes.
    private static func wideList(_ objects: [[UInt8]]) -> [UInt8] {
        var bytes = Array("bplist00".utf8)
        var offsets: [UInt8] = []
        for object in objects {
            offsets += [UInt8(bytes.count >> 8), UInt8(bytes.count & 0xFF)]
            bytes += object
        }
        let table = [UInt8(bytes.count >> 8), UInt8(bytes.count & 0xFF)]
        let zeros = [UInt8](repeating: 0, count: 7)
        return bytes + offsets + [0, 0, 0, 0, 0, 0, 2, 1] + zeros + [UInt8(objects.count)] + zeros + [0]
            + zeros.dropLast() + table
    }

    @Test func randomDamageNeverEndsTheProcess() throws {
        let codec = PropertyListCodec()
        let bytes = try codec.encode([["a": [1, 2, 3], "b": [4]], ["käse": [5]]] as [[String: [Int]]])
        var random = SystemRandomNumberGenerator()
        var refused = 0
        for _ in 0..<20_000 {
            var damaged = bytes
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                damaged[Int.random(in: 0..<damaged.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            if (try? codec.decode([[String: [Int]]].self, from: damaged)) == nil { refused += 1 }
        }
        #expect(refused > 10_000)
    }
}
