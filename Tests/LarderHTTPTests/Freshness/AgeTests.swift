import HTTPTypes
import LarderHTTP
import Testing

/// RFC 9111, sections 4.2.3 and 5.1; Rules, section 5.
@Suite struct AgeTests {
    /// The first member of the first line, digits only; what is no number is absent.
    @Test(
        arguments: [
            (["7200"], 7_200), (["0"], 0), (["007"], 7), (["2147483647"], 2_147_483_647),
            (["2147483648"], 2_147_483_648),
            (["2147483649"], 2_147_483_648), (["99999999999999999999999"], 2_147_483_648), (["abc"], nil),
            (["-7200"], nil),
            (["7200.0"], nil), (["7200;foo=bar"], nil), (["7200;foo=111"], nil), ([""], nil), ([], nil),
            (["7200, 0"], 7_200), (["0, 7200"], 0), (["7200", "0"], 7_200), (["0", "7200"], 0), (["0, 0"], 0),
            (["3600", "3600"], 3_600), (["\"5\""], nil), ([" 5 "], 5), ([", 5"], nil), (["x", "5"], nil),
        ] as [([String], Int64?)]
    )
    func field(_ values: [String], _ seconds: Int64?) {
        #expect(Age.field(in: fields(values.map { ("Age", $0) })) == seconds)
    }

    /// `initial = max(apparent, Age + delay)`, with a second of skew in what is apparent.
    @Test(
        arguments: [
            (nil, nil, 0, 0), (0, nil, 0, 0), (-1, nil, 0, 0), (-2, nil, 0, 1_000), (-7_200, nil, 0, 7_199_000),
            (7_200, nil, 0, 0), (0, 30, 0, 30_000), (0, 30, 2_500, 32_500), (nil, nil, 5_000, 5_000),
            (-100, 30, 5_000, 99_000), (-100, 200, 5_000, 205_000), (nil, nil, -5_000, 0),
        ] as [(Int64?, Int64?, Int64, Int64)]
    )
    func onArrival(_ dateOffset: Int64?, _ ageField: Int64?, _ delay: Int64, _ expected: Int64) {
        let age = Age.onArrival(
            ageField.map { fields("Age: \($0)") } ?? [:],
            date: dateOffset.map { HTTPDate(secondsSince1970: noon.secondsSince1970 + $0) },
            requestTime: noon.advanced(by: .milliseconds(-delay)),
            responseTime: noon
        )
        #expect(age.milliseconds == expected)
    }

    @Test func growsWithTheTimeInTheStore() {
        let age = Age(milliseconds: 30_000)
        #expect(age.after(.seconds(2)).seconds == 32)
        #expect(age.after(.milliseconds(1_999)).seconds == 31)
        // A clock that was set back makes nothing younger.
        #expect(age.after(.seconds(-5)) == age)
        #expect(age.after(.seconds(Int64.max)).milliseconds == .max)
        #expect(age.after(.seconds(Int64.max)).seconds == 2_147_483_648)
    }

    @Test func extremesDoNotTrap() {
        let ends = [Int64.min, -1, 0, 1, .max]
        for date in ends {
            for time in ends {
                for request in ends {
                    let age = Age.onArrival(
                        fields("Age: 99999999999"),
                        date: HTTPDate(secondsSince1970: date),
                        requestTime: HTTPTime(millisecondsSince1970: request),
                        responseTime: HTTPTime(millisecondsSince1970: time),
                        skew: .seconds(Int64.max)
                    )
                    #expect(age.milliseconds >= 2_147_483_648_000)
                }
            }
        }
    }
}
