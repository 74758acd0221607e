import Foundation
import Testing

@testable import Larder

@Suite struct ElementCodingTests {
    private let key = CollectionKey("ns", .list, "l")

    private struct Point: Codable, Equatable, Sendable {
        var y: Int
        var x: Int
    }

    private func text<Element: Codable & Sendable>(_ element: Element) throws -> String {
        String(
            decoding: try ElementCoding<Element>(JSONCodec(sortedKeys: true)).encode(element, for: self.key),
            as: UTF8.self
        )
    }

    @Test func elementsAreWhatProgramsInOtherLanguagesRead() throws {
        #expect(try self.text("naïve") == "naïve")
        #expect(try self.text([104, 105] as [UInt8]) == "hi")
        #expect(try self.text(Data([104, 105])) == "hi")
        #expect(try self.text(-42) == "-42")
        #expect(try self.text(UInt64.max) == "18446744073709551615")
        #expect(try self.text(Int128.min) == "-170141183460469231731687303715884105728")
        #expect(try self.text(true) == "true")
        #expect(try self.text(0.5) == "0.5")
        #expect(try self.text(Point(y: 1, x: 2)) == #"{"x":2,"y":1}"#)
        #expect(try self.text([Int]()) == "[]")
    }

    @Test(arguments: ["", "x", "1.5", "256", "-1", "0x10", "1 ", "9999999999999999999999999"])
    func bytesOfAnotherTypeAreAnErrorThatNamesTheCollectionAndNotTheValue(_ text: String) throws {
        let coding = ElementCoding<UInt8>(JSONCodec(sortedKeys: true))
        let error = #expect(throws: CacheError.self) { try coding.decode(Array(text.utf8), of: self.key) }
        #expect(error?.code == .decodingFailed)
        #expect(error?.key == "@ns:list:l")
        #expect(error?.underlying == nil)
    }

    @Test func errorOfTheCodecIsNotHandedOnForItMayHoldTheValue() throws {
        let coding = ElementCoding<Point>(JSONCodec(sortedKeys: true))
        let error = #expect(throws: CacheError.self) {
            try coding.decode(Array(#"{"x":1.7320508,"y":"secret"}"#.utf8), of: self.key)
        }
        #expect(error?.code == .decodingFailed)
        #expect(error.map { "\($0)".contains("1.73") || "\($0)".contains("secret") } == false)
    }
}
