import Foundation
import LarderHummingbird
import Testing

@testable import Bookshop

@Suite struct SettingsTests {
    @Test func defaultsAreForATryAtHome() throws {
        let settings = try Settings.load(environment: [:])
        #expect(settings.host == "127.0.0.1")
        #expect(settings.port == 8080)
        #expect(settings.redisURL == nil)
        #expect(settings.nearCache == 10_000)
        #expect(settings.adminToken == nil)
        #expect(settings.databasePath == "data/bookshop.sqlite")
        #expect(!settings.isHTTPS && settings.trustedProxies == .none)
        let limits = try #require(settings.searchLimits)
        #expect(limits.perMinute == 60 && limits.burst == 20 && limits.hourly == 600 && limits.addressHourly == 6_000)
    }

    @Test func environmentSetsEverything() throws {
        let settings = try Settings.load(environment: [
            "HOST": "0.0.0.0", "PORT": "9000", "REDIS_URL": "redis://user:pass@cache:6379/1", "ADMIN_TOKEN": "t0k",
            "DATABASE_PATH": "/tmp/b.sqlite", "NEAR_CACHE": "500",
            "SEARCH_RATE": "30", "SEARCH_BURST": "3", "SEARCH_HOURLY": "100", "SEARCH_ADDRESS_HOURLY": "1000",
        ])
        #expect(settings.host == "0.0.0.0" && settings.port == 9_000)
        #expect(settings.redisURL == "redis://user:pass@cache:6379/1")
        #expect(settings.nearCache == 500)
        #expect(settings.adminToken == "t0k" && settings.databasePath == "/tmp/b.sqlite")
        let limits = Settings.SearchLimits(perMinute: 30, burst: 3, hourly: 100, addressHourly: 1_000)
        #expect(settings.searchLimits == limits)
    }

    @Test func proxiesAreANumberOrAddresses() throws {
        let settings = try [
            Settings.load(environment: ["TRUSTED_PROXIES": "2"]),
            Settings.load(environment: ["TRUSTED_PROXIES": "10.0.0.1, 2001:DB8::1,192.168.0.0/16"]),
        ]
        let networks = ["10.0.0.1/32", "2001:db8::1/128", "192.168.0.0/16"].compactMap { IPNetwork($0) }
        #expect(settings.map(\.trustedProxies) == [.hops(2), .networks(networks)] && networks.count == 3)
    }

    @Test func httpsIsOnOrOff() throws {
        #expect(try Settings.load(environment: ["HTTPS": "on"]).isHTTPS)
        #expect(try !Settings.load(environment: ["HTTPS": "off"]).isHTTPS)
        let line = try Self.complaint(["HTTPS": "yes"])
        #expect(line.hasPrefix("HTTPS (environment): found ") && line.hasSuffix("accepted is on or off"))
    }

    @Test func searchRateOfZeroIsNoLimit() throws {
        #expect(try Settings.load(environment: ["SEARCH_RATE": "0", "SEARCH_BURST": "5"]).searchLimits == nil)
    }

    @Test func helpNamesEverySearchLimitWithItsDefault() {
        for line in [
            "SEARCH_RATE ", "no limits at all (60)", "SEARCH_BURST ", "at once (20)", "SEARCH_HOURLY ", "(600)",
            "SEARCH_ADDRESS_HOURLY ", "(6000)", "from 1 to \(Settings.SearchLimits.largest)",
        ] {
            #expect(Help.text.contains(line), "\(line)")
        }
    }

    @Test func fileSetsWhatTheEnvironmentDoesNot() throws {
        let file = """
            {"port": 9000, "host": "::1", "redis": {"url": "unix:///run/redis.sock"}, "near": {"cache": 0},
             "admin": {"token": "t0k"}, "database": {"path": "b.sqlite"},
             "search": {"rate": 6, "hourly": 60, "address": {"hourly": 90}}}
            """
        let settings = try Self.load(["PORT": "9001"], file: file)
        #expect(settings.port == 9_001 && settings.host == "::1")
        #expect(settings.redisURL == "unix:///run/redis.sock")
        #expect(settings.nearCache == 0)
        #expect(settings.adminToken == "t0k" && settings.databasePath == "b.sqlite")
        let limits = Settings.SearchLimits(perMinute: 6, burst: 20, hourly: 60, addressHourly: 90)
        #expect(settings.searchLimits == limits)
    }

    @Test(arguments: [
        ("PORT", "abc"), ("PORT", ""), ("PORT", "65536"), ("PORT", "-1"), ("PORT", "80.5"), ("HOST", ""),
        ("HOST", "a b"), ("DATABASE_PATH", ""), ("DATABASE_PATH", "data/"), ("NEAR_CACHE", ""), ("NEAR_CACHE", "-1"),
        ("NEAR_CACHE", "10k"), ("NEAR_CACHE", "1.5"), ("NEAR_CACHE", "10000001"),
        ("NEAR_CACHE", "99999999999999999999"), ("SEARCH_RATE", ""), ("SEARCH_RATE", "-1"), ("SEARCH_RATE", "1000001"),
        ("SEARCH_RATE", "10/s"), ("SEARCH_BURST", "0"), ("SEARCH_BURST", "many"), ("SEARCH_HOURLY", "0"),
        ("SEARCH_ADDRESS_HOURLY", "0.5"), ("TRUSTED_PROXIES", ""), ("TRUSTED_PROXIES", "-1"), ("TRUSTED_PROXIES", "17"),
        ("TRUSTED_PROXIES", "proxy.local"), ("TRUSTED_PROXIES", "10.0.0.1,"), ("WARM", ""), ("WARM", "no"),
    ])
    func wrongSettingIsNamedWithWhatWasFound(key: String, value: String) throws {
        let line = try Self.complaint(["\(key)": value])
        #expect(line.hasPrefix("\(key) (environment): found \(value.debugDescription); accepted is "))
        #expect(!line.contains("\n"))
    }

    @Test(arguments: [
        "redis://h1,h2:7001/4", "redis+sentinel://s1,s2:5000/mymaster/1", "rediss+sentinel://:pw@s1/shop",
        "redis+cluster://h1,h2:7001", "rediss+cluster://h1", "redis+shards://h1,h2:7001,h3/1", "rediss+shards://h1,h2",
    ])
    func everyTopologyHasItsURL(url: String) throws {
        #expect(try Settings.load(environment: ["REDIS_URL": url]).redisURL == url)
    }

    @Test(arguments: [
        ("redis://h1,,h2", "host:port,host:port"), ("redis+sentinel://h1,h2", "/mymaster"),
        ("redis+sentinel://h1/name/x", "number of a database"), ("redis+cluster://h1/1", "database 0 only"),
        ("redis+replicas://h1", "redis+cluster://"), ("redis+cluster://h1:0", "from 1 to 65535"),
    ])
    func wrongURLOfATopologyIsRefusedWithWhatIsAccepted(url: String, accepted: String) throws {
        let line = try Self.complaint(["REDIS_URL": url])
        #expect(line.hasPrefix("REDIS_URL (environment): "))
        #expect(line.contains(accepted), "\(line)")
        #expect(!line.contains("\n"))
    }

    @Test(arguments: [
        ("REDIS_URL", "http://user:hunter2@cache"), ("REDIS_URL", "hunter2"), ("REDIS_URL", ""),
        ("REDIS_URL", "redis+sentinel://:hunter2@h1,h2"), ("REDIS_URL", "redis+cluster://:hunter2@h1/3"),
        ("ADMIN_TOKEN", "hunter2 hunter2"), ("ADMIN_TOKEN", ""), ("ADMIN_TOKEN", "hünter2 hunter2"),
    ])
    func secretIsNotPrinted(key: String, value: String) throws {
        let line = try Self.complaint([key: value])
        #expect(line.hasPrefix("\(key) (environment): "))
        #expect(!line.contains("hunter2"))
    }

    @Test(arguments: [#"{"port": "abc"}"#, #"{"port": 80.5}"#, #"{"port": [1]}"#, #"{"port": 70000}"#])
    func wrongSettingInAFileIsNamedWithTheFile(file: String) throws {
        let error = #expect(throws: SettingsError.self) { try Self.load([:], file: file) }
        let line = try #require(error?.description)
        #expect(line.hasPrefix("PORT (") && line.contains("settings.json"))
    }

    @Test(arguments: ["", "[]", "{", "port: 80"])
    func fileThatIsNoJSONObjectIsNamedWithTheLine(file: String) throws {
        let error = #expect(throws: SettingsError.self) { try Self.load([:], file: file) }
        let line = try #require(error?.description)
        #expect(line.contains("settings.json (") && line.contains("accepted is "), "\(line)")
        #expect(!line.contains("\n"))
    }

    @Test func fileCanBeYAML() throws {
        let settings = try Self.load([:], file: "port: 9000\nredis: {url: \"redis://cache\"}\nwarm: off\n", as: "yaml")
        #expect(settings.port == 9_000 && settings.redisURL == "redis://cache")
        #expect(!settings.warmsShelves)
    }

    @Test func shelvesAreWarmedUnlessThatIsOff() throws {
        #expect(try Settings.load(environment: [:]).warmsShelves)
        #expect(try Settings.load(environment: ["WARM": "on"]).warmsShelves)
        #expect(try !Settings.load(environment: ["WARM": "off"]).warmsShelves)
        #expect(Help.text.contains("WARM "))
    }

    @Test func fileThatIsAskedForMustBeThere() throws {
        let line = try Self.complaint(["BOOKSHOP_CONFIG": "/nowhere/settings.json"])
        #expect(line.hasPrefix("BOOKSHOP_CONFIG (environment): found \"/nowhere/settings.json\", which cannot be read"))
        #expect(try Self.complaint(["BOOKSHOP_CONFIG": ""]).hasPrefix("BOOKSHOP_CONFIG"))
    }

    @Test func greetingNamesAnAddressThatABrowserCanGoTo() {
        var settings = Settings()
        #expect(Greeting(settings, port: 8080, place: "in memory").text.contains("http://127.0.0.1:8080/"))
        settings.host = "0.0.0.0"
        #expect(Greeting(settings, port: 81, place: "in memory").text.contains("http://localhost:81/"))
        settings.host = "::1"
        #expect(Greeting(settings, port: 81, place: "in memory").text.contains("http://[::1]:81/"))
        settings.redisURL = "redis://:hunter2@cache"
        #expect(!Greeting(settings, port: 81, place: "in memory").text.contains("hunter2"))
    }

    private static func load(_ environment: [String: String], file: String, as ending: String = "json") throws
        -> Settings
    {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let path = folder.path("settings.\(ending)")
        try Data(file.utf8).write(to: URL(fileURLWithPath: path))
        return try Settings.load(environment: environment.merging(["BOOKSHOP_CONFIG": path]) { $1 })
    }

    private static func complaint(_ environment: [String: String]) throws -> String {
        let error = #expect(throws: SettingsError.self) { _ = try Settings.load(environment: environment) }
        return try #require(error?.description)
    }
}
