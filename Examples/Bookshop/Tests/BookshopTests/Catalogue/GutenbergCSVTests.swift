import Testing

@testable import Bookshop

@Suite struct GutenbergCSVTests {
    private static let header = "Text#,Type,Issued,Title,Language,Authors,Subjects,LoCC,Bookshelves\n"

    @Test func fieldsMayHaveQuotesCommasAndLines() throws {
        let rows = try GutenbergCSV.parse(
            Self.header + """
                2,Text,1972-12-01,"The Number ""e"",
                or Euler's",en,"Austen, Jane, 1775-1817; Way, Arthur [Translator]",,QA,"Horror; Fantasy"

                """
        )
        let row = try #require(rows.first)
        #expect(rows.count == 1)
        #expect(row.id == 2)
        #expect(row.title == "The Number \"e\",\nor Euler's")
        #expect(row.authors == ["Austen, Jane, 1775-1817", "Way, Arthur [Translator]"])
        #expect(row.subjects.isEmpty)
        #expect(row.shelves == ["Horror", "Fantasy"])
    }

    @Test func bareSemicolonEndsAList() {
        #expect(
            GutenbergCSV.list("Browsing: Culture; Browsing: Literature;") == [
                "Browsing: Culture", "Browsing: Literature",
            ]
        )
        #expect(GutenbergCSV.list("") == [])
    }

    @Test func missingColumnIsNamed() {
        #expect(throws: GutenbergCSV.Failure.self) { try GutenbergCSV.parse("Text#,Title\n1,A\n") }
    }

    @Test func numberThatIsNoneIsRefused() {
        #expect(throws: GutenbergCSV.Failure.self) { try GutenbergCSV.parse(Self.header + "x,Text,,A,en,,,,\n") }
    }

    @Test func numberThatComesTwiceIsRefused() {
        #expect(throws: GutenbergCSV.Failure.self) {
            try GutenbergCSV.parse(Self.header + "1,Text,,A,en,,,,\n1,Text,,B,en,,,,\n")
        }
    }
}

@Suite struct AuthorHeadingTests {
    @Test(arguments: [
        ("Austen, Jane, 1775-1817", "Austen, Jane", nil),
        ("United States", "United States", nil),
        ("Plato, 428? BCE-348? BCE", "Plato", nil),
        ("Guan, Zhong, -646 BCE", "Guan, Zhong", nil),
        ("Malory, Thomas, Sir, -1471", "Malory, Thomas, Sir", nil),
        ("Tolstoy, Leo, graf, 1828-1910", "Tolstoy, Leo, graf", nil),
        ("Huang, Shigong, active 3rd century B.C.", "Huang, Shigong", nil),
        ("Kline, A. S., 1947- [Translator]", "Kline, A. S.", "Translator"),
        ("Way, Arthur S. (Arthur Sanders), 1847-1930 [Translator]", "Way, Arthur S. (Arthur Sanders)", "Translator"),
        ("Kirby, John [Editor]", "Kirby, John", "Editor"),
        ("", "", nil),
    ])
    func yearsAndRoleAreTakenOff(heading: String, name: String, role: String?) {
        let author = AuthorHeading(heading)
        #expect(author.name == name)
        #expect(author.role == role)
    }
}

@Suite struct SlugTests {
    @Test(arguments: [
        ("Browsing: Psychiatry/Psychology", "browsing-psychiatry-psychology"),
        ("Children's Myths, Fairy Tales, etc.", "childrens-myths-fairy-tales-etc"),
        ("FR Littérature", "fr-litterature"),
        ("Napoleonic(Bookshelf)", "napoleonic-bookshelf"),
    ])
    func slugIsReadableASCII(name: String, slug: String) {
        #expect(Slug.make(from: name) == slug)
        #expect(Slug.isWellFormed(slug))
    }

    @Test(arguments: ["", "Horror", "a b", "a/b", "..", "hörror", "a\u{0}", String(repeating: "a", count: 101)])
    func whatIsNoSlugIsNotLookedUp(text: String) {
        #expect(!Slug.isWellFormed(text))
    }
}

@Suite struct SearchQueryTests {
    @Test(arguments: ["", "   ", "\n", String(repeating: "x", count: 201)])
    func blankOrLongTextIsNoQuery(text: String) {
        #expect(SearchQuery(text) == nil)
    }

    @Test func everyWordMatchesAsAPrefixAndNothingIsSyntax() {
        #expect(SearchQuery("Alice's NEAR(\"x\" OR *)")?.matchExpression == #""alice"* "s"* "near"* "x"* "or"*"#)
    }

    @Test func textWithoutWordsHasNoExpression() {
        #expect(SearchQuery("!?")?.terms == [])
        #expect(SearchQuery("!?")?.matchExpression == nil)
    }

    @Test func sameWordsAreTheSameSearch() {
        #expect(SearchQuery("  War & PEACE ") == SearchQuery("war peace"))
    }
}
