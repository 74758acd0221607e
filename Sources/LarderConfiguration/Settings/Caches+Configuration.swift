public import Larder
public import Logging

extension Caches {
    /// Makes the caches that a configuration names.
    ///
    /// ```yaml
    /// caches:
    ///   pages:
    ///     url: memory://?bytes=256MiB
    ///     ttl: 5m
    ///   sessions:
    ///     url: redis://cache.internal:6379/1
    ///     ttl: 12h
    ///     onFailure: throwing
    /// ```
    ///
    /// <doc:ConfiguringCaches> lists all settings. Nothing is waited for; a store that cannot be reached says so when it is asked
    /// for something.
    ///
    /// - Parameters:
    ///   - sources: Where settings come from; those that come first win, setting by setting.
    ///   - section: The name under which the caches stand.
    ///   - components: What the program has of which the configuration chooses.
    ///   - clock: What entries in memory age by, and fills are timed by.
    ///   - logger: Where unavailable stores are reported.
    ///   - onEvent: Told of what happens in each cache, with its name.
    /// - Throws: ``ConfigurationError``, one line for the first setting that is unknown, or that cannot be used.
    public convenience init(
        configuration sources: [ConfigurationSource],
        section: String = "caches",
        components: CacheComponents = CacheComponents(),
        clock: CacheClock = .system,
        logger: Logger = Logger(label: "larder"),
        onEvent: (@Sendable (_ cache: String, CacheEvent) -> Void)? = nil
    ) throws(ConfigurationError) {
        let factories = components.stores + [MemoryStoreFactory(), NullStoreFactory()]
        let options = Set(factories.flatMap(\.options).map(\.name)).sorted()
        let listing = try CacheListing(sources, section: section, storeOptions: options)
        let keys = SealingKeySource(sources: sources, provider: components.sealingKey)
        var stores = OpenedStores(components.stores, StoreContext(clock: clock, logger: logger))
        var caches: [String: Cache] = [:]
        var storesByName: [String: any CacheStore] = [:]
        for (name, settings) in listing.caches.sorted(by: { $0.key < $1.key }) {
            let reading = CacheReading(name: name, settings: settings, components: components, keys: keys)
            let definition = try reading.definition()
            let store: any CacheStore
            do {
                store = try stores.open(definition.url, definition.options)
            } catch {
                throw reading.setting(for: error) ?? ConfigurationError(name, in: "configuration", error.description)
            }
            do {
                caches[name] = try Caches.cache(definition, on: store, clock, logger, onEvent)
            } catch {
                throw ConfigurationError(name, in: "configuration", error.message)
            }
            storesByName[name] = store
        }
        self.init(caches, owning: stores.all, byName: storesByName, logger: logger)
    }
}
