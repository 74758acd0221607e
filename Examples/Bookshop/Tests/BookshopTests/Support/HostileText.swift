import Testing

/// Texts that would be markup, or template code, if anything forgot that they are text.
///
/// Each is another one, so that a page can be asked for each of them.
struct HostileTexts {
    private var number = 0
    private(set) var all: [String] = []

    /// Another one.
    mutating func next() -> String {
        self.number += 1
        let text = #""'><hostile-\#(self.number) a="{{ page.title }}{% now %}">&"#
        self.all.append(text)
        return text
    }

    /// Whether a page shows all of them, and as text.
    func expectShown(in page: String, sourceLocation: SourceLocation = #_sourceLocation) {
        for index in self.all.indices {
            let text = "&quot;&#39;&gt;&lt;hostile-\(index + 1) a=&quot;{{ page.title }}{% now %}&quot;&gt;&amp;"
            #expect(page.contains(text), "\(index + 1)", sourceLocation: sourceLocation)
        }
        #expect(!page.contains("<hostile"), sourceLocation: sourceLocation)
        // Escaped once is enough.
        #expect(!page.contains("&amp;quot;") && !page.contains("&amp;amp;"), sourceLocation: sourceLocation)
    }
}
