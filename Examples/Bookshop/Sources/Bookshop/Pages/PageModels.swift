import HTTPTypes

// What the templates show. They find these properties by name, so a property here is a word there.

/// A book in a list.
struct BookCard: Sendable {
    let id: Int
    let heading: String
    let subtitle: String?
    let byline: String?
    let hue: Int
    let initial: String

    init(_ book: BookSummary) {
        self.id = book.id
        (self.heading, self.subtitle) = headingAndSubtitle(book.title)
        self.byline = Bookshop.byline(book.authors)
        let cover = Cover(id: book.id, heading: self.heading)
        self.hue = cover.hue
        self.initial = cover.initial
    }
}

/// The cover of a book that has none: its initial on one of the colours of the style sheet.
struct Cover: Sendable {
    private static let hues = 8

    let hue: Int
    let initial: String

    init(id: Int, heading: String) {
        self.hue = id % Self.hues
        // Articles say nothing of a book.
        var words = heading.split(separator: " ")
        if words.count > 1, ["a", "an", "the"].contains(words[0].lowercased()) { words.removeFirst() }
        self.initial = words.first?.first { $0.isLetter || $0.isNumber }.map { $0.uppercased() } ?? "·"
    }
}

/// All shelves.
struct ShelvesPage: PageContent {
    static let template = "shelves"

    struct Group: Sendable {
        let heading: String
        let shelves: [Link]
    }

    struct Link: Sendable {
        let slug: String
        let label: String
        let books: String
    }

    /// The shelves in their groups.
    struct Shelves: Sendable {
        let number: Int
        let groups: [Group]

        init(_ shelves: [Shelf]) {
            self.number = shelves.count
            self.groups = ShelfLabel.Group.allCases.map { group in
                let links = shelves.compactMap { shelf in
                    let label = ShelfLabel(shelf.name)
                    return label.group == group
                        ? Link(slug: shelf.slug, label: label.text, books: grouped(shelf.books)) : nil
                }
                return Group(heading: group.rawValue, shelves: links)
            }
        }
    }

    /// How many books there are; the fragment with the shelves varies on it.
    let books: String
    /// The shelves, in a fragment.
    let shelves: Later

    /// - Parameters:
    ///   - books: How many books there are.
    ///   - shelves: Reads the shelves, through the cache of the fragments.
    init(books: Int, shelves: @escaping @Sendable () async throws -> [Shelf]) {
        self.books = grouped(books)
        self.shelves = Later { Shelves(try await shelves()) }
    }
}

/// A shelf's top books.
struct ShelfPage: PageContent {
    static let template = "shelf"

    let slug: String
    let label: String
    let group: String
    let lead: String
    let more: String
    let books: [BookCard]

    init(_ top: TopOfShelf) {
        let label = ShelfLabel(top.shelf.name)
        self.slug = top.shelf.slug
        self.label = label.text
        self.group = label.group.rawValue
        self.lead =
            top.shelf.books > top.books.count
            ? "The \(top.books.count) best known of \(countOfBooks(top.shelf.books))."
            : "\(countOfBooks(top.shelf.books)), the best known first."
        self.more = "All of them, in order of their numbers"
        self.books = top.books.map(BookCard.init)
    }
}

/// A page of all books, or of a shelf's.
struct BooksPage: PageContent {
    static let template = "books"

    struct Link: Sendable {
        let label: String
        let url: String?
        let current: Bool
        let gap: Bool
    }

    struct ShelfLink: Sendable {
        let slug: String
        let label: String
    }

    let heading: String
    let lead: String
    let shelf: ShelfLink?
    let start: Int
    let books: [BookCard]
    let previous: String?
    let next: String?
    let links: [Link]

    init(_ page: BookPage) {
        let slug = page.shelf?.slug
        func url(_ number: Int) -> String { path("/books", ["shelf": slug, "page": "\(number)"]) }

        self.shelf = page.shelf.map { ShelfLink(slug: $0.slug, label: ShelfLabel($0.name).text) }
        self.heading = self.shelf.map { "All of \($0.label)" } ?? "All books"
        self.lead = "\(countOfBooks(page.total)), page \(grouped(page.page)) of \(grouped(page.pages))"
        self.start = (page.page - 1) * BookPage.size + 1
        self.books = page.books.map(BookCard.init)
        self.previous = page.hasPrevious ? url(page.page - 1) : nil
        self.next = page.hasNext ? url(page.page + 1) : nil
        self.links = Self.numbers(around: page.page, of: page.pages).map { number in
            guard let number else { return Link(label: "", url: nil, current: false, gap: true) }
            let isCurrent = number == page.page
            return Link(label: grouped(number), url: isCurrent ? nil : url(number), current: isCurrent, gap: false)
        }
    }

    /// The pages that get a link: the ends and what is near; `nil` is a gap.
    static func numbers(around page: Int, of pages: Int) -> [Int?] {
        var numbers: [Int?] = []
        for number in Set([1, pages] + Array(max(1, page - 2)...min(pages, page + 2))).sorted() {
            if let last = numbers.last, let last, number > last + 1 { numbers.append(nil) }
            numbers.append(number)
        }
        return numbers
    }
}

/// A book.
struct SingleBookPage: PageContent {
    static let template = "book"

    struct Author: Sendable {
        let name: String
        let role: String?
        let url: String
    }

    struct ShelfGroup: Sendable {
        let group: String
        let shelves: [ShelfLink]
    }

    struct ShelfLink: Sendable {
        let slug: String
        let label: String
    }

    let id: Int
    let heading: String
    let subtitle: String?
    let hue: Int
    let initial: String
    let authors: [Author]
    let language: String
    let issued: String
    let issuedInWords: String
    let subjects: [String]
    let shelfGroups: [ShelfGroup]

    init(_ book: Book) {
        self.id = book.id
        (self.heading, self.subtitle) = headingAndSubtitle(book.title)
        let cover = Cover(id: book.id, heading: self.heading)
        self.hue = cover.hue
        self.initial = cover.initial
        self.authors = book.authors.map { heading in
            let author = AuthorHeading(heading)
            return Author(
                name: author.name,
                role: author.role?.lowercased(),
                url: path("/search", ["q": String(author.name.prefix(50))])
            )
        }
        self.language = languageNames(book.language)
        self.issued = book.issued
        self.issuedInWords = dayInWords(book.issued)
        self.subjects = book.subjects.map { $0.replacing(" -- ", with: " – ") }
        // In groups, because a shelf of each kind may have the same name.
        self.shelfGroups = ShelfLabel.Group.allCases.compactMap { group in
            let links = book.shelves.compactMap { shelf in
                let label = ShelfLabel(shelf.name)
                return label.group == group ? ShelfLink(slug: shelf.slug, label: label.text) : nil
            }
            return links.isEmpty ? nil : ShelfGroup(group: group.rawValue, shelves: links)
        }
    }
}

/// What a search found.
struct SearchPage: PageContent {
    static let template = "search"

    let heading: String
    let lead: String
    /// The same search on all shelves, if this one was limited to one.
    let everywhere: String?
    let books: [BookCard]

    init(_ result: SearchResult, query: String) {
        let books = result.books
        self.heading = "Search for “\(query)”"
        let place = result.shelf.map { " on the shelf \(ShelfLabel($0.name).text)" } ?? ""
        let count =
            switch books.count {
            case 0: "Nothing found"
            case ListSize.search: "The best \(ListSize.search) books"
            default: "\(countOfBooks(books.count)) found"
            }
        self.lead = "\(count)\(place)."
        self.everywhere = result.shelf == nil ? nil : path("/search", ["q": query])
        self.books = books.map(BookCard.init)
    }
}

/// Something that went wrong.
struct ErrorPage: PageContent {
    static let template = "error"

    let code: Int
    let reason: String
    let message: String

    init(_ failure: ErrorMiddleware.Failure) {
        self.code = failure.status.code
        self.reason = failure.status.reasonPhrase
        self.message = failure.message
    }
}

/// Something that was tried once too often.
struct LimitPage: PageContent {
    static let template = "limit"
    static let heading = "One moment, please"

    let heading = Self.heading
    let lead: String

    /// - Parameters:
    ///   - path: What was asked for.
    ///   - seconds: When to come back.
    init(path: String, seconds: Int) {
        let wait = inSeconds(seconds)
        self.lead =
            path == "/search"
            ? "That was a lot of searching at once. You can search again in \(wait); the shelves are open all the while."
            : "That was too much at once. You can try again in \(wait); the shelves are open all the while."
    }
}
