import Testing

@testable import Larder

@Suite struct SettingTextTests {
    @Test(
        arguments: [
            ("0", .zero), ("250ms", .milliseconds(250)), ("30s", .seconds(30)), ("5m", .seconds(300)),
            ("1h30m", .seconds(5_400)), ("1.5h", .seconds(5_400)), ("2d", .seconds(172_800)),
            ("1m500ms", .milliseconds(60_500)), ("10us", .microseconds(10)), ("0s", .zero),
        ] as [(String, Duration)]
    )
    func timesAreNumbersWithUnits(_ text: String, _ duration: Duration) {
        #expect(SettingText.duration(text) == duration)
    }

    @Test(
        arguments: [
            "", "300", "5", "m", "5 m", "-5m", "5m1h", "5m5m", "1.5.5s", ".5s", "5.s", "1e3s", "5min", "forever", "5M",
            "٥m",
            "99999999999999d",
        ]
    )
    func otherTextIsNoTime(_ text: String) {
        #expect(SettingText.duration(text) == nil)
    }

    @Test(
        arguments: [
            ("0", 0), ("1024", 1_024), ("64KiB", 65_536), ("256MiB", 268_435_456), ("1GiB", 1_073_741_824),
            ("1gib", 1_073_741_824),
            ("64MB", 64_000_000), ("7B", 7),
        ] as [(String, Int)]
    )
    func sizesAreNumbersOfBytes(_ text: String, _ size: Int) {
        #expect(SettingText.size(text) == size)
    }

    @Test(arguments: [
        "", "MiB", "1.5GiB", "64 MiB", "64M", "-1", "+1", "0x10", "9999999999999TiB", "99999999999999999999",
    ])
    func otherTextIsNoSize(_ text: String) {
        #expect(SettingText.size(text) == nil)
    }

    @Test(arguments: [("0", 0), ("1", 1), ("0.25", 0.25), ("10.5", 10.5)] as [(String, Double)])
    func numbersMayHaveAFraction(_ text: String, _ number: Double) {
        #expect(SettingText.number(text) == number)
    }

    @Test(arguments: ["", ".", "1.", ".5", "-1", "1e3", "nan", "inf", "0x1", "1.2.3", "٥"])
    func otherTextIsNoNumber(_ text: String) {
        #expect(SettingText.number(text) == nil)
    }
}
