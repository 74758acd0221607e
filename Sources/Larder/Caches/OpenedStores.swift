/// Stores that were made from URLs: one for each URL with its options, however many caches stand on it.
package struct OpenedStores {
    private struct Identity: Hashable {
        /// The URL as it was written, without its options.
        let url: String
        let options: [String: String]
    }

    private let factories: [any StoreFactory]
    private let context: StoreContext
    private var stores: [Identity: any CacheStore] = [:]

    /// The stores, in the order in which they were made.
    package private(set) var all: [any CacheStore] = []

    /// - Parameters:
    ///   - factories: What makes them, beside those for memory and for nothing at all; of two for a scheme, the first.
    ///   - context: What they share with the program.
    package init(_ factories: [any StoreFactory], _ context: StoreContext) {
        self.factories = factories + [MemoryStoreFactory(), NullStoreFactory()]
        self.context = context
    }

    /// The store of a URL.
    ///
    /// - Parameters:
    ///   - text: The URL.
    ///   - others: Options that stand beside it.
    /// - Returns: The store, which other caches may have.
    /// - Throws: ``StoreSettingError``.
    package mutating func open(
        _ text: String,
        _ others: [String: String] = [:]
    ) throws(StoreSettingError) -> any CacheStore {
        let url = try StoreURL(text)
        let factory = try self.factory(for: url)
        var values = others
        for option in url.query {
            guard values.updateValue(option.value, forKey: option.name) == nil else {
                throw StoreSettingError(
                    option: url.mayHoldPasswordInWrongPlace ? nil : option.name,
                    found: "it in the URL and beside it",
                    accepted: "one of them"
                )
            }
        }
        let isShown = !url.mayHoldPasswordInWrongPlace
        for name in values.keys.sorted() where !factory.options.contains(where: { $0.name == name }) {
            throw StoreSettingError(
                option: others[name] == nil ? nil : name,
                found: isShown ? "the unknown option \(String(name.prefix(60)).debugDescription)" : "an unknown option",
                accepted: Self.words(for: factory, url)
            )
        }
        let identity = Identity(url: url.text(with: []), options: values)
        if let store = self.stores[identity] { return store }
        let hidden = factory.options.filter { $0.isSecret || !isShown }.map(\.name)
        let options = StoreOptions(values, neverShowing: Set(hidden))
        let store = try self.make(url, options, by: factory)
        self.stores[identity] = store
        self.all.append(store)
        return store
    }

    private func make(
        _ url: StoreURL,
        _ options: StoreOptions,
        by factory: any StoreFactory
    ) throws(StoreSettingError) -> any CacheStore {
        do {
            return try factory.makeStore(for: url, options, in: self.context)
        } catch let error as StoreSettingError {
            throw error
        } catch let error as CacheError {
            throw StoreSettingError(message: error.message)
        } catch {
            // What others throw may quote a password.
            throw StoreSettingError(message: "the store cannot be made (\(type(of: error)))")
        }
    }

    private func factory(for url: StoreURL) throws(StoreSettingError) -> any StoreFactory {
        if let factory = self.factories.first(where: { $0.schemes.contains(url.scheme) }) { return factory }
        var schemes: [String] = []
        for scheme in self.factories.flatMap(\.schemes) where !schemes.contains("\(scheme)://") {
            schemes.append("\(scheme)://")
        }
        throw StoreSettingError(
            found: "the scheme \(String(url.scheme.prefix(40)).debugDescription)",
            accepted: schemes.formatted(before: "or")
        )
    }

    private static func words(for factory: any StoreFactory, _ url: StoreURL) -> String {
        if factory.options.isEmpty { return "no option in \(url.scheme)://" }
        return "one of \(factory.options.map(\.name).joined(separator: ", ")) in \(url.scheme)://"
    }
}
