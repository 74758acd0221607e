import LarderHTTP
import LarderTesting
import Testing

/// RFC 9110, section 5.6.7, as strict as RFC 9111, section 5.3, needs it.
@Suite struct HTTPDateTests {
    @Test(
        arguments: [
            ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
            ("Sunday, 06-Nov-94 08:49:37 GMT", 784_111_777),
            ("Sun Nov  6 08:49:37 1994", 784_111_777),
            ("Wed Nov 16 08:49:37 1994", 784_975_777),
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Tue, 29 Feb 2000 23:59:59 GMT", 951_868_799),
            ("Sat, 31 Dec 2016 23:59:60 GMT", 1_483_228_800),
            // Past 2038, when 32 bits end, and past 2286, when ten digits do.
            ("Tue, 19 Jan 2038 14:14:08 GMT", 2_147_523_248),
            ("Sun, 21 Nov 2286 04:46:39 GMT", 10_000_039_599),
            ("Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799),
            ("Wed, 31 Dec 1969 23:59:59 GMT", -1),
            // Names and zone in any case.
            ("THU, 18 Aug 2050 02:01:18 GMT", 2_544_400_878),
            ("Thu, 18 AUG 2050 02:01:18 GMT", 2_544_400_878),
            ("thu, 18 aug 2050 02:01:18 gMT", 2_544_400_878),
            ("Thursday, 18-Aug-50 02:01:18 GMT", 2_544_400_878),
            ("Mon Aug  8 02:01:18 2050", 2_543_536_878),
            // White space around a value is no part of it (RFC 9110, section 5.5).
            (" Sun, 06 Nov 1994 08:49:37 GMT\t", 784_111_777),
        ] as [(String, Int64)]
    )
    func reads(_ text: String, _ seconds: Int64) {
        #expect(HTTPDate(text, now: noon)?.secondsSince1970 == seconds)
    }

    @Test(
        arguments: [
            "", "0", "-1", "now", "GMT",
            "Thu, 18 Aug 2050 02:01:18 UTC", "Thu, 18 Aug 2050 02:01:18 AEST", "Thu, 18 Aug 2050 02:01:18 +0000",
            "Thu, 18 Aug 2050 02:01:18", "Thu, 18 Aug 50 02:01:18 GMT", "Thu 18 Aug 2050 02:01:18 GMT",
            "Thu, 18  Aug  2050 02:01:18 GMT", "Thu, 18-Aug-2050 02:01:18 GMT", "Thu, 18 Aug 2050 02.01.18 GMT",
            "Thu, 18 Aug 2050 2:01:18 GMT", "Thu, 8 Aug 2050 02:01:18 GMT", "Thu,  8 Aug 2050 02:01:18 GMT",
            "Thursday, 18 Aug 2050 02:01:18 GMT", "Thu, 18-Aug-50 02:01:18 GMT", "Thursday, 18-Aug-2050 02:01:18 GMT",
            "Thursday, 18-Aug-50 02:01:18 UTC", "Thirsday, 18-Aug-50 02:01:18 GMT", "Thu Aug 8 02:01:18 2050",
            "Thu Aug 08 02:01:18 2050 GMT", "Thu Aug  8 02:01:18 50", "Xyz, 18 Aug 2050 02:01:18 GMT",
            "Thu, 18 Xyz 2050 02:01:18 GMT", "Thu, 00 Aug 2050 02:01:18 GMT", "Thu, 32 Aug 2050 02:01:18 GMT",
            "Thu, 31 Sep 2050 02:01:18 GMT", "Thu, 29 Feb 2026 02:01:18 GMT", "Thu, 29 Feb 2100 02:01:18 GMT",
            "Thu, 18 Aug 2050 24:01:18 GMT", "Thu, 18 Aug 2050 02:60:18 GMT", "Thu, 18 Aug 2050 02:01:61 GMT",
            "Thu, 18 Aug 2050 02:01:18 GMT GMT", "Thu, 18 Aug 2050 02:01:18 GMT, x", "Thu, 18 Aug 2O50 02:01:18 GMT",
            "Thu, 18 Äug 2050 02:01:18 GMT",
        ]
    )
    func refuses(_ text: String) {
        #expect(HTTPDate(text, now: noon) == nil)
    }

    /// RFC 9110, section 5.6.7: a year of two digits that seems more than 50 years ahead is one of the past century.
    @Test(
        arguments: [
            ("76", 2_026, 2_076), ("77", 2_026, 1_977), ("94", 2_026, 1_994), ("00", 2_026, 2_000),
            ("00", 1_999, 2_000), ("49", 1_999, 2_049), ("51", 1_999, 1_951), ("01", 2_099, 2_101),
        ]
    )
    func yearsOfTwoDigits(_ digits: String, _ thisYear: Int, _ year: Int) throws {
        let now = try #require(HTTPDate("Thu, 01 Jan \(thisYear) 00:00:00 GMT", now: noon)).time
        let expected = try #require(HTTPDate("Thu, 01 Jan \(year) 00:00:00 GMT", now: noon))
        #expect(HTTPDate("Thursday, 01-Jan-\(digits) 00:00:00 GMT", now: now) == expected)
    }

    @Test(arguments: [HTTPTime(millisecondsSince1970: .min), HTTPTime(millisecondsSince1970: .max)])
    func twoDigitYearsAreNoneForAClockBeyondTheCalendar(_ now: HTTPTime) {
        #expect(HTTPDate("Sunday, 06-Nov-94 08:49:37 GMT", now: now) == nil)
    }

    @Test func writesWhatItReads() {
        var generator = SeededGenerator(seed: 9_110)
        for _ in 0..<2_000 {
            let date = HTTPDate(secondsSince1970: .random(in: -62_167_219_200...253_402_300_799, using: &generator))
            #expect(date.description.utf8.count == 29)
            #expect(HTTPDate(date.description, now: noon) == date)
        }
        #expect(HTTPDate(secondsSince1970: 784_111_777).description == "Sun, 06 Nov 1994 08:49:37 GMT")
        #expect(HTTPDate(secondsSince1970: .max).description == "Fri, 31 Dec 9999 23:59:59 GMT")
        #expect(HTTPDate(secondsSince1970: .min).description == "Sat, 01 Jan 0000 00:00:00 GMT")
    }
}

@Suite struct HTTPTimeTests {
    @Test func arithmeticEndsAtTheBounds() {
        let least = HTTPTime(millisecondsSince1970: .min)
        let most = HTTPTime(millisecondsSince1970: .max)
        #expect(most.advanced(by: .seconds(1)) == most)
        #expect(least.advanced(by: .seconds(-1)) == least)
        #expect(HTTPTime(secondsSince1970: .max) == most)
        #expect(most.duration(since: least) == .milliseconds(Int64.max))
        #expect(HTTPTime(timeIntervalSince1970: .nan) == HTTPTime(secondsSince1970: 0))
        #expect(HTTPTime(timeIntervalSince1970: .infinity) > noon)
        #expect(HTTPTime(timeIntervalSince1970: -.infinity) < noon)
    }

    @Test func secondsAreRoundedDown() {
        #expect(HTTPTime(timeIntervalSince1970: 1.999).secondsSince1970 == 1)
        #expect(HTTPTime(timeIntervalSince1970: -0.001).secondsSince1970 == -1)
        #expect(HTTPTime(millisecondsSince1970: -1_000).secondsSince1970 == -1)
    }
}
