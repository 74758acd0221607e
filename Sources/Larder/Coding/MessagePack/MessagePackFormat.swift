/// The first bytes of the format (https://github.com/msgpack/msgpack/blob/master/spec.md).
enum MessagePackFormat {
    static let fixedMap: UInt8 = 0x80
    static let fixedArray: UInt8 = 0x90
    static let fixedText: UInt8 = 0xA0
    static let null: UInt8 = 0xC0
    static let no: UInt8 = 0xC2
    static let yes: UInt8 = 0xC3
    static let binary8: UInt8 = 0xC4
    static let extension8: UInt8 = 0xC7
    static let float32: UInt8 = 0xCA
    static let float64: UInt8 = 0xCB
    static let unsigned8: UInt8 = 0xCC
    static let unsigned16: UInt8 = 0xCD
    static let unsigned32: UInt8 = 0xCE
    static let unsigned64: UInt8 = 0xCF
    static let signed8: UInt8 = 0xD0
    static let signed16: UInt8 = 0xD1
    static let signed32: UInt8 = 0xD2
    static let signed64: UInt8 = 0xD3
    static let fixedExtension4: UInt8 = 0xD6
    static let fixedExtension8: UInt8 = 0xD7
    static let text8: UInt8 = 0xD9
    static let text16: UInt8 = 0xDA
    static let text32: UInt8 = 0xDB
    static let array16: UInt8 = 0xDC
    static let array32: UInt8 = 0xDD
    static let map16: UInt8 = 0xDE
    static let map32: UInt8 = 0xDF

    /// The type of the timestamp extension: -1.
    static let timestamp: UInt8 = 0xFF
}

/// Writes single values, each with as few bytes as the format allows.
extension [UInt8] {
    mutating func appendMessagePack(signed value: Int64) {
        guard value < 0 else {
            self.appendMessagePack(unsigned: UInt64(value))
            return
        }
        switch value {
        case -32..<0:
            self.append(UInt8(bitPattern: Int8(value)))
        case Int64(Int8.min)..<0:
            self.append(MessagePackFormat.signed8)
            self.append(UInt8(bitPattern: Int8(value)))
        case Int64(Int16.min)..<0:
            self.append(MessagePackFormat.signed16)
            self.appendBigEndian(Int16(value))
        case Int64(Int32.min)..<0:
            self.append(MessagePackFormat.signed32)
            self.appendBigEndian(Int32(value))
        default:
            self.append(MessagePackFormat.signed64)
            self.appendBigEndian(value)
        }
    }

    mutating func appendMessagePack(unsigned value: UInt64) {
        switch value {
        case 0..<0x80:
            self.append(UInt8(value))
        case 0x80...0xFF:
            self.append(MessagePackFormat.unsigned8)
            self.append(UInt8(value))
        case 0x100...0xFFFF:
            self.append(MessagePackFormat.unsigned16)
            self.appendBigEndian(UInt16(value))
        case 0x1_0000...0xFFFF_FFFF:
            self.append(MessagePackFormat.unsigned32)
            self.appendBigEndian(UInt32(value))
        default:
            self.append(MessagePackFormat.unsigned64)
            self.appendBigEndian(value)
        }
    }

    mutating func appendMessagePack(_ value: Double) {
        self.append(MessagePackFormat.float64)
        self.appendBigEndian(value.bitPattern)
    }

    mutating func appendMessagePack(_ value: Float) {
        self.append(MessagePackFormat.float32)
        self.appendBigEndian(value.bitPattern)
    }

    mutating func appendMessagePack(_ value: Bool) {
        self.append(value ? MessagePackFormat.yes : MessagePackFormat.no)
    }

    mutating func appendMessagePack(_ text: String) {
        var text = text
        text.withUTF8 { utf8 in
            self.appendMessagePackLength(utf8.count, MessagePackFormat.fixedText, below: 32, MessagePackFormat.text8)
            self.append(contentsOf: utf8)
        }
    }

    mutating func appendMessagePack(binary bytes: some Collection<UInt8>) {
        self.appendMessagePackLength(bytes.count, nil, below: 0, MessagePackFormat.binary8)
        self.append(contentsOf: bytes)
    }

    /// The beginning of text or binary data: a length in the first byte, or in one, two or four behind it.
    private mutating func appendMessagePackLength(_ count: Int, _ fixed: UInt8?, below: Int, _ eight: UInt8) {
        if let fixed, count < below {
            self.append(fixed | UInt8(count))
        } else if count <= 0xFF {
            self.append(eight)
            self.append(UInt8(count))
        } else if count <= 0xFFFF {
            self.append(eight + 1)
            self.appendBigEndian(UInt16(count))
        } else {
            self.append(eight + 2)
            self.appendBigEndian(UInt32(clamping: count))
        }
    }

    /// The beginning of an array or a map.
    mutating func appendMessagePackContainer(_ count: Int, fixed: UInt8, sixteen: UInt8) {
        if count < 16 {
            self.append(fixed | UInt8(count))
        } else if count <= 0xFFFF {
            self.append(sixteen)
            self.appendBigEndian(UInt16(count))
        } else {
            self.append(sixteen + 1)
            self.appendBigEndian(UInt32(clamping: count))
        }
    }

    /// A moment, as seconds since 1970 and nanoseconds: four, eight or twelve bytes.
    mutating func appendMessagePackTimestamp(seconds: Int64, nanoseconds: UInt32) {
        if nanoseconds == 0, let seconds = UInt32(exactly: seconds) {
            self += [MessagePackFormat.fixedExtension4, MessagePackFormat.timestamp]
            self.appendBigEndian(seconds)
        } else if seconds >= 0, seconds < 1 << 34 {
            self += [MessagePackFormat.fixedExtension8, MessagePackFormat.timestamp]
            self.appendBigEndian(UInt64(nanoseconds) << 34 | UInt64(seconds))
        } else {
            self += [MessagePackFormat.extension8, 12, MessagePackFormat.timestamp]
            self.appendBigEndian(nanoseconds)
            self.appendBigEndian(seconds)
        }
    }
}
