/// What a walk over a collection finds, one by one.
///
/// Each element that is there from the beginning of the walk to its end comes at least once; one that comes or goes meanwhile
/// may come or not, and in Redis any may come twice.
public struct CollectionWalk<Element: Sendable>: AsyncSequence, Sendable {
    private let page: @Sendable (_ cursor: String?) async throws -> CollectionPage<Element>

    init(_ page: @escaping @Sendable (_ cursor: String?) async throws -> CollectionPage<Element>) {
        self.page = page
    }

    /// Begins the walk.
    ///
    /// - Returns: An iterator that asks the store whenever it has no more elements.
    public func makeAsyncIterator() -> Iterator { Iterator(page: self.page) }

    /// Goes through one part after the other.
    public struct Iterator: AsyncIteratorProtocol, Sendable {
        private let page: @Sendable (_ cursor: String?) async throws -> CollectionPage<Element>
        private var items: [Element] = []
        private var index = 0
        private var cursor: String?
        private var isAtEnd = false

        init(page: @escaping @Sendable (_ cursor: String?) async throws -> CollectionPage<Element>) {
            self.page = page
        }

        /// The next element.
        ///
        /// - Returns: The element; `nil` at the end.
        /// - Throws: ``CacheError``; `CancellationError`. The walk is over then.
        public mutating func next() async throws -> Element? {
            while self.index == self.items.count {
                if self.isAtEnd { return nil }
                self.isAtEnd = true
                let page = try await self.page(self.cursor)
                self.items = page.items
                self.index = 0
                self.cursor = page.next
                self.isAtEnd = page.next == nil
            }
            defer { self.index += 1 }
            return self.items[self.index]
        }
    }
}
