/// What Python's `msgpack` 1.2.4 makes of values, as hexadecimal digits; `+x*n` stands for a byte n times.
///
/// Generated once.
enum MessagePackVectors {
    /// A value.
    enum Value: Sendable {
        case integer(Int64)
        case unsigned(UInt64)
        case double(Double)
        case float(Float)
        case bool(Bool)
        case null
        case text(String, Int)
        case data(UInt8, Int)
        case ones(Int)
        case date(Int64, Int)
        case map([String: Int])
        case numbered([Int: Int])
    }

    static let all: [(name: String, value: Value, packed: String)] = [
        ("integer 0", .integer(0), "00"),
        ("integer 1", .integer(1), "01"),
        ("integer 127", .integer(127), "7f"),
        ("integer 128", .integer(128), "cc80"),
        ("integer 255", .integer(255), "ccff"),
        ("integer 256", .integer(256), "cd0100"),
        ("integer 65535", .integer(65535), "cdffff"),
        ("integer 65536", .integer(65536), "ce00010000"),
        ("integer 4294967295", .integer(4294967295), "ceffffffff"),
        ("integer 4294967296", .integer(4294967296), "cf0000000100000000"),
        ("integer 9223372036854775807", .integer(9223372036854775807), "cf7fffffffffffffff"),
        ("integer -1", .integer(-1), "ff"),
        ("integer -32", .integer(-32), "e0"),
        ("integer -33", .integer(-33), "d0df"),
        ("integer -128", .integer(-128), "d080"),
        ("integer -129", .integer(-129), "d1ff7f"),
        ("integer -32768", .integer(-32768), "d18000"),
        ("integer -32769", .integer(-32769), "d2ffff7fff"),
        ("integer -2147483648", .integer(-2147483648), "d280000000"),
        ("integer -2147483649", .integer(-2147483649), "d3ffffffff7fffffff"),
        ("integer -9223372036854775808", .integer(.min), "d38000000000000000"),
        ("unsigned 9223372036854775808", .unsigned(9223372036854775808), "cf8000000000000000"),
        ("unsigned 18446744073709551615", .unsigned(18446744073709551615), "cfffffffffffffffff"),
        ("double 0.0", .double(0), "cb0000000000000000"),
        ("double -0.0", .double(-0.0), "cb8000000000000000"),
        ("double 1.5", .double(1.5), "cb3ff8000000000000"),
        ("double 0.1", .double(0.1), "cb3fb999999999999a"),
        ("double inf", .double(.infinity), "cb7ff0000000000000"),
        ("double -inf", .double(-.infinity), "cbfff0000000000000"),
        ("double 5e-324", .double(.leastNonzeroMagnitude), "cb0000000000000001"),
        ("double 1.7976931348623157e+308", .double(.greatestFiniteMagnitude), "cb7fefffffffffffff"),
        ("float 1.5", .float(1.5), "ca3fc00000"),
        ("float 0.1", .float(0.1), "ca3dcccccd"),
        ("nil", .null, "c0"),
        ("true", .bool(true), "c3"),
        ("false", .bool(false), "c2"),
        ("text of 0", .text("a", 0), "a0"),
        ("data of 0", .data(7, 0), "c400"),
        ("text of 1", .text("a", 1), "a1+a*1"),
        ("data of 1", .data(7, 1), "c401+7*1"),
        ("text of 31", .text("a", 31), "bf+a*31"),
        ("text of 32", .text("a", 32), "d920+a*32"),
        ("text of 255", .text("a", 255), "d9ff+a*255"),
        ("data of 255", .data(7, 255), "c4ff+7*255"),
        ("text of 256", .text("a", 256), "da0100+a*256"),
        ("data of 256", .data(7, 256), "c50100+7*256"),
        ("text of 65535", .text("a", 65535), "daffff+a*65535"),
        ("data of 65535", .data(7, 65535), "c5ffff+7*65535"),
        ("text of 65536", .text("a", 65536), "db00010000+a*65536"),
        ("data of 65536", .data(7, 65536), "c600010000+7*65536"),
        ("text", .text("größe 🫙", 1), "ac6772c3b6c39f6520f09fab99"),
        ("array of 0", .ones(0), "90"),
        ("array of 1", .ones(1), "91+1*1"),
        ("array of 15", .ones(15), "9f+1*15"),
        ("array of 16", .ones(16), "dc0010+1*16"),
        ("array of 65535", .ones(65535), "dcffff+1*65535"),
        ("array of 65536", .ones(65536), "dd00010000+1*65536"),
        ("timestamp 0.0", .date(0, 0), "d6ff00000000"),
        ("timestamp 1.0", .date(1, 0), "d6ff00000001"),
        ("timestamp 4294967295.0", .date(4294967295, 0), "d6ffffffffff"),
        ("timestamp 4294967296.0", .date(4294967296, 0), "d7ff0000000100000000"),
        ("timestamp 17179869183.999999999", .date(17179869183, 999999999), "d7ffee6b27ffffffffff"),
        ("timestamp 17179869184.0", .date(17179869184, 0), "c70cff000000000000000400000000"),
        ("timestamp 1700000000.500000000", .date(1700000000, 500000000), "d7ff773594006553f100"),
        ("timestamp -1.0", .date(-1, 0), "c70cff00000000ffffffffffffffff"),
        ("timestamp -62135596800.0", .date(-62135596800, 0), "c70cff00000000fffffff1886e0900"),
        ("timestamp 253402300799.0", .date(253402300799, 0), "c70cff000000000000003afff4417f"),
        ("map of text", .map(["a": 1]), "81a16101"),
        ("map of integers", .numbered([-5: 1]), "81fb01"),
        ("map of a large key", .numbered([70_000: 300]), "81ce00011170cd012c"),
    ]

    /// A document of all kinds.
    static let book = """
        88a57469746c65a4456d6d61a479656172cd0717a57072696365cb4023000000000000a47461677393a36a616dc0c3a4\
        64617461c4020001a97075626c6973686564c70cff00000000fffffffedd5a6f00a7726174696e677382a161fda162ce\
        00011170a5736d616c6ccb4004000000000000
        """
}
