/// The checksum CRC-32C (Castagnoli), as in RFC 3720, appendix B.4: finds every burst of up to 32 wrong bits.
struct CRC32C: Sendable {
    private var state: UInt32 = .max

    /// The checksum of all bytes so far.
    var value: UInt32 { ~self.state }

    mutating func update(_ bytes: some Sequence<UInt8>) {
        for byte in bytes {
            self.state = Self.table[Int((self.state ^ UInt32(byte)) & 0xFF)] ^ (self.state >> 8)
        }
    }

    /// The polynomial, its bits reversed.
    private static var polynomial: UInt32 { 0x82F6_3B78 }

    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { word, _ in
            word & 1 == 0 ? word >> 1 : word >> 1 ^ Self.polynomial
        }
    }
}
