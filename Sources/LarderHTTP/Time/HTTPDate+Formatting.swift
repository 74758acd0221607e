extension HTTPDate: CustomStringConvertible {
    /// The date as an IMF-fixdate, the form in which all are sent: `Sun, 06 Nov 1994 08:49:37 GMT`.
    ///
    /// A year that has not four digits ends at the bounds of those that have.
    public var description: String {
        let seconds = max(-62_167_219_200, min(self.secondsSince1970, 253_402_300_799))
        let days = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
        let time = seconds - days * 86_400
        let date = Self.civil(days: days)
        // The beginning of 1970 was a Thursday.
        let weekday = (days % 7 + 11) % 7
        return String(unsafeUninitializedCapacity: 29) { buffer in
            var position = 0
            func put(_ byte: UInt8) {
                buffer.initializeElement(at: position, to: byte)
                position += 1
            }
            func put(_ names: StaticString, at index: Int64) {
                for offset in 0..<3 { put(names.utf8Start[Int(index) * 3 + offset]) }
            }
            func put(_ number: Int64, digits: Int64) {
                var divisor: Int64 = digits == 4 ? 1_000 : 10
                while divisor > 0 {
                    put(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number / divisor % 10))
                    divisor /= 10
                }
            }
            put("SunMonTueWedThuFriSat", at: weekday)
            put(UInt8(ascii: ","))
            put(UInt8(ascii: " "))
            put(date.day, digits: 2)
            put(UInt8(ascii: " "))
            put("JanFebMarAprMayJunJulAugSepOctNovDec", at: date.month - 1)
            put(UInt8(ascii: " "))
            put(date.year, digits: 4)
            put(UInt8(ascii: " "))
            put(time / 3_600, digits: 2)
            put(UInt8(ascii: ":"))
            put(time / 60 % 60, digits: 2)
            put(UInt8(ascii: ":"))
            put(time % 60, digits: 2)
            put(UInt8(ascii: " "))
            put("GMT", at: 0)
            return position
        }
    }
}
