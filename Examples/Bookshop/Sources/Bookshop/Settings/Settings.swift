import Foundation
import LarderConfiguration
import LarderHummingbird
import LarderRedisClient

/// What can be set about the shop.
struct Settings: Sendable {
    var host = "127.0.0.1"
    var port = 8080
    /// The Redis to cache in; `nil` caches in memory, unless the caches' own settings say otherwise.
    var redisURL: String?
    /// How many entries of Redis this process keeps in its own memory as well; 0 for none.
    var nearCache = 10_000
    /// What admin calls must carry; without it, they are refused.
    var adminToken: String?
    var databasePath = "data/bookshop.sqlite"
    /// Whether visitors come over HTTPS: then their cookies are sent over nothing else.
    var isHTTPS = false
    /// Whose word on where a request comes from is taken.
    var trustedProxies = TrustedProxies.none
    /// How often anybody may search; `nil` as often as they like.
    var searchLimits: SearchLimits? = SearchLimits()
    /// Whether shelves are brought into the cache at the start.
    var warmsShelves = true
    /// What settings were read from, for those of the caches.
    var sources: [ConfigurationSource] = []

    /// How often anybody may search.
    struct SearchLimits: Sendable, Equatable {
        /// How many searches a visitor may make in a minute, in the long run.
        var perMinute = 60
        /// How many a visitor may make at once.
        var burst = 20
        /// How many a visitor may make in any hour.
        var hourly = 600
        /// How many may come from one address in any hour, whoever its visitors are.
        var addressHourly = 6_000

        /// The largest number for any of these.
        static let largest = 1_000_000
    }

    /// More proxies in a row are a mistake.
    static let mostProxies = 16

    /// The largest near cache: memory for more would have to be planned with other means than a number of entries.
    static let largestNearCache = 10_000_000
}

/// A setting that the shop cannot start with, in one line.
struct SettingsError: Error, Equatable, CustomStringConvertible {
    let description: String

    /// - Parameters:
    ///   - key: The setting.
    ///   - origin: Where it was found.
    ///   - found: What was found there; secrets are described, not quoted.
    ///   - accepted: What would have been right.
    init(_ key: String, in origin: String, found: String, accepted: String) {
        self.description = "\(key) (\(origin)): found \(found); accepted is \(accepted)"
    }

    init(_ description: String) {
        self.description = description
    }
}

extension Settings {
    /// The files that are looked for where `BOOKSHOP_CONFIG` names none.
    private static let files = ["bookshop.yaml", "bookshop.json"]

    /// Reads the settings from the environment and, for what is not there, from a YAML or JSON file.
    ///
    /// The file is `BOOKSHOP_CONFIG`, which must then be there, or else `bookshop.yaml` or `bookshop.json` in the working
    /// folder if there is one. `REDIS_URL` in the environment is `{"redis": {"url": ...}}` in the file, and so on for the
    /// others.
    static func load(
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(SettingsError) -> Settings {
        var sources = [ConfigurationSource.environment(environment)]
        if let file = try Self.file(environment["BOOKSHOP_CONFIG"]) { sources.append(file) }
        return try Settings(sources)
    }

    private static func file(_ path: String?) throws(SettingsError) -> ConfigurationSource? {
        let manager = FileManager.default
        if let path, path.isEmpty || !manager.isReadableFile(atPath: path) {
            throw SettingsError(
                "BOOKSHOP_CONFIG",
                in: "environment",
                found: path.isEmpty ? "nothing" : "\(path.debugDescription), which cannot be read",
                accepted: "the path of a YAML or JSON file"
            )
        }
        guard let name = path ?? Self.files.first(where: { manager.fileExists(atPath: $0) }) else { return nil }
        do {
            return try .file(name)
        } catch {
            throw SettingsError(error.description)
        }
    }

    init(_ sources: [ConfigurationSource]) throws(SettingsError) {
        if let host = try sources.value("host") {
            let isHost = !host.text.isEmpty && !host.text.contains { $0.isWhitespace || $0 == "/" }
            guard isHost else { throw host.rejected(accepted: "an address or a host's name, such as 127.0.0.1") }
            self.host = host.text
        }
        if let port = try sources.value("port") {
            self.port = try port.number(
                in: 0...65_535,
                accepted: "a number from 1 to 65535, or 0 for any free port"
            )
        }
        if let url = try sources.value("redis", "url") {
            do {
                _ = try RedisConfiguration(url: url.text)
            } catch {
                // The error quotes nothing of the URL that could be a password.
                throw SettingsError("\(url.key) (\(url.origin)): \(error.message)")
            }
            self.redisURL = url.text
        }
        if let entries = try sources.value("near", "cache") {
            self.nearCache = try entries.number(
                in: 0...Self.largestNearCache,
                accepted: "a number of entries from 1 to \(Self.largestNearCache), or 0 for none"
            )
        }
        if let token = try sources.value("admin", "token") {
            let isToken = !token.text.isEmpty && token.text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
            guard isToken else {
                throw token.rejected(
                    found: token.text.isEmpty ? "nothing" : "a text with spaces or other than ASCII characters",
                    accepted: "a text of visible ASCII characters; leave it unset to refuse admin calls"
                )
            }
            self.adminToken = token.text
        }
        if let path = try sources.value("database", "path") {
            guard !path.text.isEmpty, !path.text.hasSuffix("/"), !path.text.contains("\0") else {
                throw path.rejected(accepted: "the path of a file, which is made if it is missing")
            }
            self.databasePath = path.text
        }
        if let https = try sources.value("https") {
            guard ["on", "off"].contains(https.text) else { throw https.rejected(accepted: "on or off") }
            self.isHTTPS = https.text == "on"
        }
        if let proxies = try sources.value("trusted", "proxies") { self.trustedProxies = try proxies.proxies() }
        self.searchLimits = try SearchLimits(sources)
        if let warm = try sources.value("warm") {
            guard ["on", "off"].contains(warm.text) else { throw warm.rejected(accepted: "on or off") }
            self.warmsShelves = warm.text == "on"
        }
        self.sources = sources
    }

    /// Where the caches' settings come from, beside those that come with the shop; what comes first wins.
    ///
    /// What is said of one cache comes before what is said of all.
    var cacheSources: [ConfigurationSource] {
        get throws {
            guard let url = self.redisURL else { return self.sources }
            return try self.sources + [ShopCaches.redis(url, nearCache: self.nearCache, besides: self.sources)]
        }
    }
}

extension Settings.SearchLimits {
    /// Reads the limits; `nil` where there are to be none.
    fileprivate init?(_ sources: [ConfigurationSource]) throws(SettingsError) {
        let searches = "a number of searches from 1 to \(Self.largest)"
        let rate = try sources.value("search", "rate")
        let perMinute = try rate?.number(in: 0...Self.largest, accepted: "\(searches), or 0 for no limits")
        let burst = try sources.value("search", "burst")?.number(in: 1...Self.largest, accepted: searches)
        let hourly = try sources.value("search", "hourly")?.number(in: 1...Self.largest, accepted: searches)
        let address = try sources.value("search", "address", "hourly")?.number(in: 1...Self.largest, accepted: searches)
        if perMinute == 0 { return nil }
        self.perMinute = perMinute ?? self.perMinute
        self.burst = burst ?? self.burst
        self.hourly = hourly ?? self.hourly
        self.addressHourly = address ?? self.addressHourly
    }
}

extension FoundSetting {
    /// The setting as proxies.
    fileprivate func proxies() throws(SettingsError) -> TrustedProxies {
        let accepted =
            "how many proxies stand before the shop, 0 to \(Settings.mostProxies), or their addresses or networks, "
            + "separated by commas"
        if let count = Int(self.text) {
            guard (0...Settings.mostProxies).contains(count) else { throw self.rejected(accepted: accepted) }
            return count == 0 ? .none : .hops(count)
        }
        var networks: [IPNetwork] = []
        for part in self.text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let network = IPNetwork(part.trimmingCharacters(in: .whitespaces)) else {
                throw self.rejected(accepted: accepted)
            }
            networks.append(network)
        }
        return .networks(networks)
    }

    /// The setting as a whole number.
    ///
    /// - Parameters:
    ///   - range: Which numbers are accepted.
    ///   - accepted: The same in words.
    /// - Returns: The number.
    /// - Throws: The error of a setting that is none, or another number.
    fileprivate func number(in range: ClosedRange<Int>, accepted: String) throws(SettingsError) -> Int {
        guard let number = Int(self.text), range.contains(number) else { throw self.rejected(accepted: accepted) }
        return number
    }
}
