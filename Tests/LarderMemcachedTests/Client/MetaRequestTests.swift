import NIOCore
import Testing

@testable import LarderMemcached

@Suite struct MetaRequestTests {
    private static func text(_ request: MetaRequest) -> String {
        var buffer = ByteBuffer()
        let count = buffer.write(request)
        #expect(count == buffer.readableBytes)
        #expect(count <= request.sizeHint)
        return String(buffer: buffer)
    }

    @Test func requestsAreWrittenAsMemcachedReadsThem() {
        #expect(Self.text(.get("k", wants: " v c t")) == "mg k v c t\r\n")
        var touch = MetaRequest.get("k", wants: "")
        touch.expiry = 60
        #expect(Self.text(touch) == "mg k T60\r\n")
        #expect(Self.text(.set("k", Array("hi".utf8))) == "ms k 2\r\nhi\r\n")
        #expect(Self.text(.set("k", [], mode: .add, expiry: -1)) == "ms k 0 ME T-1\r\n\r\n")
        #expect(
            Self.text(.set("é", [0x0D, 0x0A], cas: .max, expiry: 1_795_321_922, clientFlags: 16))
                == "ms é 2 T1795321922 F16 C18446744073709551615\r\n\r\n\r\n"
        )
        #expect(Self.text(.delete("k")) == "md k\r\n")
        #expect(Self.text(.delete("k", cas: 7)) == "md k C7\r\n")
        var sum = MetaRequest(verb: .arithmetic, key: "k")
        sum.mode = .decrement
        sum.delta = 20
        #expect(Self.text(sum) == "ma k MD v D20\r\n")
        #expect(Self.text(.noop) == "mn\r\n")
        #expect(Self.text(.statistics()) == "stats\r\n")
        #expect(Self.text(.statistics("settings")) == "stats settings\r\n")
    }

    @Test func keysThatMemcachedRefusesAreRefused() {
        for key in ["", "a b", "a\u{0}", "a\n", "\u{7F}", String(repeating: "k", count: 251)] {
            #expect(!MetaRequest.isFit(key))
        }
        for key in ["a", "é猫", String(repeating: "k", count: 250), "#:@{}*"] { #expect(MetaRequest.isFit(key)) }
    }
}
