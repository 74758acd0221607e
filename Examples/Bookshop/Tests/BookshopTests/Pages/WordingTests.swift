import Testing

@testable import Bookshop

@Suite struct WordingTests {
    @Test(arguments: [
        (0, "0"), (999, "999"), (1_000, "1,000"), (7_660, "7,660"), (1_234_567, "1,234,567"), (-1_000, "-1,000"),
    ])
    func numbersAreGrouped(number: Int, text: String) {
        #expect(grouped(number) == text)
    }

    @Test(arguments: [(0, "0.0 %"), (0.75, "75.0 %"), (0.9999, "99.9 %"), (1, "100.0 %")])
    func partsAreRoundedDown(part: Double, text: String) {
        #expect(percent(part) == text)
    }

    @Test(arguments: [
        (0, "0 µs"), (0.000_213_6, "214 µs"), (0.001_26, "1.3 ms"), (0.25, "250.0 ms"), (12.34, "12.3 s"),
    ])
    func shortTimesHaveAUnit(seconds: Double, text: String) {
        #expect(shortTime(seconds) == text)
    }

    @Test(arguments: [("1998-06-01", "1 June 1998"), ("", ""), ("1998", "1998"), ("1998-13-01", "1998-13-01")])
    func daysAreWords(day: String, text: String) {
        #expect(dayInWords(day) == text)
    }

    @Test(arguments: [
        ("1998-06-01T09:30:59Z", "1 June 1998, 09:30 UTC"), ("1998-13-01T09:30:59Z", "1998-13-01T09:30:59Z"),
        ("T", "T"),
    ])
    func momentsAreWords(moment: String, text: String) {
        #expect(momentInWords(moment) == text)
    }

    @Test func languagesHaveNames() {
        #expect(languageNames("de; en") == "German, English")
    }

    @Test func bylineNamesWritersFirst() {
        #expect(byline([]) == nil)
        #expect(byline(["Way, Arthur [Translator]"]) == "Way, Arthur")
        #expect(byline(["Way, Arthur [Translator]", "Quintus, 1-2"]) == "Quintus")
        #expect(byline(["A", "B", "C", "D"]) == "A; B; C; and others")
    }

    @Test func queriesAreEncoded() {
        #expect(path("/search", ["q": "a+b & c=d", "shelf": nil]) == "/search?q=a%2Bb%20%26%20c%3Dd")
        #expect(path("/books", ["shelf": nil]) == "/books")
    }

    @Test(
        arguments: [
            (1, 1, [1]), (1, 3, [1, 2, 3]), (1, 9, [1, 2, 3, nil, 9]), (5, 9, [1, nil, 3, 4, 5, 6, 7, nil, 9]),
            (9, 9, [1, nil, 7, 8, 9]), (3, 5, [1, 2, 3, 4, 5]),
        ] as [(Int, Int, [Int?])]
    )
    func pageLinksShowTheEndsAndWhatIsNear(page: Int, pages: Int, numbers: [Int?]) {
        #expect(BooksPage.numbers(around: page, of: pages) == numbers)
    }

    @Test func coverShowsTheFirstWordThatSaysSomething() {
        #expect(Cover(id: 1, heading: "The Jungle Book").initial == "J")
        #expect(Cover(id: 1, heading: "\"My Novel\"").initial == "M")
        #expect(Cover(id: 1, heading: "A").initial == "A")
        #expect(Cover(id: 1, heading: "—").initial == "·")
    }
}
