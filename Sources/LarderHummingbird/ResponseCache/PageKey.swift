import Crypto
import Larder
import LarderHTTP

/// Under which key a page lies in the cache.
///
/// Text that people can read and patterns can match: the URI, then the parts, each escaped so that no two requests share one. What
/// is too long for a store ends in a hash of all of it.
enum PageKey {
    /// The longest key that is kept as it is, in bytes; memcached takes 250 with namespace and version.
    private static let longest = 180
    /// How much of a longer one stays readable.
    private static let readable = 110

    static func key(of key: ResponseKey, prefix: String) -> CacheKey<StoredPage> {
        CacheKey(prefix + self.text(key))
    }

    /// The text of a key, which keeps its parts apart.
    static func text(_ key: ResponseKey) -> String {
        var text = [UInt8]()
        text.reserveCapacity(key.bytes.count + 16)
        key.forEachPart { part, kind in
            switch kind {
            case .scheme:
                self.append(part, to: &text)
                text += [0x3A, 0x2F, 0x2F]
            case .authority, .path: self.append(part, to: &text)
            case .query:
                text.append(0x3F)
                self.append(part, to: &text)
            case .name:
                text.append(0x7C)
                self.append(part, isName: true, to: &text)
            case .value:
                text.append(0x3D)
                self.append(part, to: &text)
            }
        }
        guard text.count > self.longest else { return String(decoding: text, as: UTF8.self) }
        // A cut in an escaped byte is no loss: the hash tells keys apart.
        let digest = SHA256.hash(data: key.bytes)
        var short = Array(text[..<self.readable])
        short.append(0x23)
        for byte in digest { short += [Self.digit(byte >> 4), Self.digit(byte & 15)] }
        return String(decoding: short, as: UTF8.self)
    }

    /// Text as it stands in keys.
    static func escaped(_ text: String) -> String {
        var bytes: [UInt8] = []
        self.append(Array(text.utf8)[...], to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func append(_ part: ArraySlice<UInt8>, isName: Bool = false, to text: inout [UInt8]) {
        for byte in part {
            switch byte {
            case 0x3D where isName: text += [0x25, 0x33, 0x64]
            // What parts are kept apart by, the sign of an escape, and what is no visible ASCII.
            case 0x00...0x20, 0x23, 0x25, 0x7C, 0x7F...0xFF:
                text += [0x25, Self.digit(byte >> 4), Self.digit(byte & 15)]
            default: text.append(byte)
            }
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x57 + value }
}
