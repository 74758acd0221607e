import Testing

@testable import Larder

@Suite struct StoreURLTests {
    @Test func partsAreDecoded() throws {
        let url = try StoreURL("redis+Cluster://me:p%40s@s@one:1,[::1]:2,three/%61?near_cache=10&name=a%26b")
        #expect(url.scheme == "redis+cluster")
        #expect(url.username == "me")
        #expect(url.password == "p@s@s")
        #expect(url.hosts.map(\.name) == ["one", "::1", "three"])
        #expect(url.hosts.map(\.port) == [1, 2, nil])
        #expect(url.path == "/a")
        #expect(url.query == [.init(name: "near_cache", value: "10"), .init(name: "name", value: "a&b")])
    }

    @Test func mostPartsMayBeAbsent() throws {
        let memory = try StoreURL("memory://")
        #expect(memory.hosts.isEmpty)
        #expect(memory.path.isEmpty)
        #expect(memory.query.isEmpty)
        let file = try StoreURL("sqlite:///var/cache/shop.sqlite")
        #expect(file.hosts.isEmpty)
        #expect(file.path == "/var/cache/shop.sqlite")
        #expect(try StoreURL("redis://:secret@/1").password == "secret")
        #expect(try StoreURL("memcached://:11211").hosts == [.init(name: nil, port: 11_211)])
    }

    @Test func optionsCanBeReplaced() throws {
        let url = try StoreURL("redis://me:p%40ss@host/1?near_cache=10")
        #expect(url.text(with: []) == "redis://me:p%40ss@host/1")
        let other = url.text(with: [.init(name: "client_name", value: "a b&c")])
        #expect(other == "redis://me:p%40ss@host/1?client_name=a%20b%26c")
        #expect(try StoreURL(other).query == [.init(name: "client_name", value: "a b&c")])
    }

    @Test func descriptionShowsNoPassword() throws {
        #expect(
            "\(try StoreURL("redis://me:geheim@[::1]:1/2?password=geheim"))" == "redis://me:***@[::1]:1/2?password=…"
        )
        #expect("\(try StoreURL("redis://me:12/heim@host/2"))" == "redis://***")
    }

    @Test(
        arguments: [
            "", "memory", "memory:", "://host", "mem ory://", "redis://host:port", "redis://host:0",
            "redis://host:70000",
            "redis://a,,b", "redis://a,", "redis://[::1", "redis://[]", "redis://[::1]x", "redis://::1",
            "memory://?a=%zz",
            "memory://?a=%ff", "memory://?a=1&a=2", "redis://host/#1",
        ]
    )
    func malformedURLsAreRefused(_ text: String) throws {
        let error = try #require(throws: StoreSettingError.self) { _ = try StoreURL(text) }
        #expect(error.description.contains("found"))
        #expect(error.description.contains("accepted"))
    }

    @Test(
        arguments: [
            "redis://me:geheim", "redis://me:ge/heim@host", "redis://me:ge%heim@host",
            "redis://me:geheim@host:x?a=1&a=2",
            "redis://:ge?heim=1&heim=2@host", "redis://me:ge#heim@host", "redis://host:geheim@/1:x",
        ]
    )
    func noErrorQuotesWhatMayBeAPassword(_ text: String) {
        do {
            let url = try StoreURL(text)
            #expect(!url.description.contains("heim"))
        } catch {
            #expect(!error.description.contains("heim"))
        }
    }
}
