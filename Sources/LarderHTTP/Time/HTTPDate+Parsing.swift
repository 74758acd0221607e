extension HTTPDate {
    /// Reads one of the three forms; spaces around it are no part of it.
    init?(bytes: FieldBytes, now: HTTPTime) {
        var reader = Reader(bytes: bytes.trimmed)
        let seconds: Int64? =
            switch reader.bytes.count {
            case 29: reader.fixdate()
            case 24: reader.asctime()
            // Six to nine letters of a weekday and 24 bytes behind them.
            case 30...33: reader.rfc850(now: now)
            default: nil
            }
        guard let seconds else { return nil }
        self.secondsSince1970 = seconds
    }

    /// Days from the beginning of 1970 to a day of the proleptic Gregorian calendar.
    ///
    /// Years begin in March, so that a leap day is the last of its year, and repeat after 400 of them: Howard Hinnant,
    /// "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`.
    static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let era = (year >= 0 ? year : year - 399) / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// The day of the calendar that lies so many days after the beginning of 1970: `civil_from_days` of the same source.
    static func civil(days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}

private struct Reader {
    let bytes: FieldBytes
    private var position = 0

    init(bytes: FieldBytes) {
        self.bytes = bytes
    }

    /// `Sun, 06 Nov 1994 08:49:37 GMT`.
    mutating func fixdate() -> Int64? {
        guard self.name(of: Self.weekdays) != nil, self.take(", "), let day = self.digits(2), self.take(" "),
            let month = self.name(of: Self.months), self.take(" "), let year = self.digits(4), self.take(" "),
            let time = self.time(), self.take(" gmt")
        else { return nil }
        return Self.seconds(year: year, month: month + 1, day: day, time: time)
    }

    /// `Sun Nov  6 08:49:37 1994`; a day under ten has a space before it.
    mutating func asctime() -> Int64? {
        guard self.name(of: Self.weekdays) != nil, self.take(" "), let month = self.name(of: Self.months),
            self.take(" ")
        else { return nil }
        let day = self.take(" ") ? self.digits(1) : self.digits(2)
        guard let day, self.take(" "), let time = self.time(), self.take(" "), let year = self.digits(4) else {
            return nil
        }
        return Self.seconds(year: year, month: month + 1, day: day, time: time)
    }

    /// `Sunday, 06-Nov-94 08:49:37 GMT`.
    mutating func rfc850(now: HTTPTime) -> Int64? {
        guard let weekday = self.name(of: Self.weekdays), self.take(Self.restOfWeekday[weekday]), self.take(", "),
            let day = self.digits(2), self.take("-"), let month = self.name(of: Self.months), self.take("-"),
            let year = self.digits(2), self.take(" "), let time = self.time(), self.take(" gmt"),
            self.position == self.bytes.count
        else { return nil }
        // The latest year with these digits that lies no more than 50 years ahead. A clock outside the calendar of four
        // digits is no guide.
        let today = now.secondsSince1970
        guard today > -62_135_596_800, today < 253_402_300_800 else { return nil }
        let thisYear = HTTPDate.civil(days: today / 86_400).year
        let newYear = HTTPDate.days(year: thisYear, month: 1, day: 1)
        let ahead = HTTPDate.days(year: thisYear + 50, month: 1, day: 1) - newYear
        for century in [thisYear / 100 + 1, thisYear / 100, thisYear / 100 - 1] where century >= 0 {
            let seconds = Self.seconds(year: century * 100 + year, month: month + 1, day: day, time: time)
            if let seconds, seconds <= today + ahead * 86_400 { return seconds }
        }
        return nil
    }

    private static let weekdays = "sunmontuewedthufrisat"
    private static let months = "janfebmaraprmayjunjulaugsepoctnovdec"
    private static let restOfWeekday = ["day", "day", "sday", "nesday", "rsday", "day", "urday"]

    /// Which of the three-letter names comes next.
    private mutating func name(of names: String) -> Int? {
        guard self.position + 3 <= self.bytes.count else { return nil }
        let start = self.position
        let found = names.utf8.withContiguousStorageIfAvailable { names in
            stride(from: 0, to: names.count, by: 3).first { offset in
                (0..<3).allSatisfy { self.bytes[start + $0].lowercased == names[offset + $0] }
            }
        }
        guard let offset = found ?? nil else { return nil }
        self.position += 3
        return offset / 3
    }

    /// Whether this text, in lower case, comes next; passes it if so.
    private mutating func take(_ text: String) -> Bool {
        var position = self.position
        for byte in text.utf8 {
            guard position < self.bytes.count, self.bytes[position].lowercased == byte else { return false }
            position += 1
        }
        self.position = position
        return true
    }

    private mutating func digits(_ count: Int) -> Int64? {
        guard self.position + count <= self.bytes.count else { return nil }
        var number: Int64 = 0
        for offset in 0..<count {
            guard let digit = self.bytes[self.position + offset].digit else { return nil }
            number = number * 10 + digit
        }
        self.position += count
        return number
    }

    /// `08:49:37`, as seconds; 60 is a leap second.
    private mutating func time() -> Int64? {
        guard let hours = self.digits(2), self.take(":"), let minutes = self.digits(2), self.take(":"),
            let seconds = self.digits(2), hours < 24, minutes < 60, seconds <= 60
        else { return nil }
        return hours * 3_600 + minutes * 60 + seconds
    }

    private static func seconds(year: Int64, month: Int, day: Int64, time: Int64) -> Int64? {
        let month = Int64(month)
        let isLeapYear = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let longest: Int64 =
            switch month {
            case 2: isLeapYear ? 29 : 28
            case 4, 6, 9, 11: 30
            default: 31
            }
        guard day >= 1, day <= longest else { return nil }
        return HTTPDate.days(year: year, month: month, day: day) * 86_400 + time
    }
}
