import Testing

@testable import LarderRedisClient

@Suite("Redis URLs", .timeLimit(.minutes(1)))
struct RedisURLTests {
    struct Login: Sendable {
        var url: String
        var username: String?
        var password: String?
    }

    @Test(arguments: [
        ("redis://localhost", "localhost:6379", 0),
        ("redis://", "127.0.0.1:6379", 0),
        ("redis:///2", "127.0.0.1:6379", 2),
        ("redis://cache.internal:7000/15", "cache.internal:7000", 15),
        ("REDIS://localhost:6380/", "localhost:6380", 0),
        ("redis://localhost/1?db=3", "localhost:6379", 3),
        ("redis://localhost?db=4", "localhost:6379", 4),
        ("redis://[::1]", "[::1]:6379", 0),
        ("redis://user:p@[2001:db8::7]:7001/9", "[2001:db8::7]:7001", 9),
        ("redis://:6400", "127.0.0.1:6400", 0),
        ("rediss://h:1/1", "h:1", 1),
        ("unix:///run/redis.sock", "/run/redis.sock", 0),
        ("unix:///run/a%20b.sock?db=2", "/run/a b.sock", 2),
        ("unix://user:pass@/run/redis.sock", "/run/redis.sock", 0),
    ])
    func addressAndDatabaseAreRead(url: String, address: String, database: Int) throws {
        let configuration = try RedisConfiguration(url: url)
        #expect(configuration.address.description == address)
        #expect(configuration.database == database)
        #expect(configuration.tls.isEnabled == url.hasPrefix("rediss"))
    }

    @Test(arguments: [
        Login(url: "redis://:secret@h", password: "secret"),
        Login(url: "redis://alice:secret@h", username: "alice", password: "secret"),
        Login(url: "redis://al%3Aice:se%40cr%2Fet%3F%23%25@h", username: "al:ice", password: "se@cr/et?#%"),
        Login(url: "redis://alice:a:b:c@h", username: "alice", password: "a:b:c"),
        Login(url: "redis://alice:p@ss@h", username: "alice", password: "p@ss"),
        Login(url: "redis://:a+b=c&d!$'()*,;~[]^|{}\"<> é@h", password: "a+b=c&d!$'()*,;~[]^|{}\"<> é"),
        Login(url: "redis://:%C3%A9@h", password: "é"),
        Login(url: "redis://h?username=bob&password=p%26q", username: "bob", password: "p&q"),
        Login(url: "redis://:one@h?password=two", password: "one"),
        Login(url: "redis://@h"),
        Login(url: "redis://:@h"),
    ])
    func userAndPasswordAreReadWhateverTheirCharacters(login: Login) throws {
        let configuration = try RedisConfiguration(url: login.url)
        #expect(configuration.username == login.username)
        #expect(configuration.password == login.password)
        #expect(configuration.address.description == "h:6379")
    }

    @Test func optionsSetTheirFields() throws {
        let configuration = try RedisConfiguration(
            url: "rediss://h?client_name=shop%2D1&protocol=2&socket_timeout=0.25&socket_connect_timeout=3"
                + "&health_check_interval=30&max_connections=50"
                + "&ssl_ca_certs=/etc/ca.pem&ssl_certfile=/c.pem&ssl_keyfile=/k.pem&ssl_check_hostname=False"
        )
        #expect(configuration.clientName == "shop-1")
        #expect(configuration.protocolVersion == .resp2)
        #expect(configuration.commandTimeout == .milliseconds(250))
        #expect(configuration.connectTimeout == .seconds(3))
        #expect(configuration.healthCheckInterval == .seconds(30))
        #expect(configuration.maximumLentConnections == 49)
        #expect(configuration.tls.trustedCertificateFiles == ["/etc/ca.pem"])
        #expect(configuration.tls.certificateFile == "/c.pem")
        #expect(configuration.tls.privateKeyFile == "/k.pem")
        #expect(configuration.tls.verification == .noHostname)
    }

    @Test(arguments: [
        ("ssl_cert_reqs=none", RedisConfiguration.Verification.insecureNoVerification),
        ("ssl_cert_reqs=none&ssl_check_hostname=true", .insecureNoVerification),
        ("ssl_check_hostname=false&ssl_cert_reqs=required", .noHostname),
        ("ssl_cert_reqs=optional", .full),
        ("ssl_check_hostname=yes", .full),
    ])
    func verificationIsWeakerOnlyWhereTheURLSaysSo(query: String, verification: RedisConfiguration.Verification) throws
    {
        #expect(try RedisConfiguration(url: "rediss://h?\(query)").tls.verification == verification)
    }

    @Test func healthCheckIntervalOfZeroMeansNone() throws {
        #expect(try RedisConfiguration(url: "redis://h?health_check_interval=0").healthCheckInterval == nil)
    }

    @Test(arguments: [
        ("localhost:6379", "no scheme"),
        ("", "no scheme"),
        ("http://localhost", "unknown scheme \"http\""),
        ("redis-socket:///x", "unknown scheme;"),
        ("redis://h:port", "the port must be a number from 1 to 65535"),
        ("redis://h:0", "the port must be"),
        ("redis://h:65536", "the port must be"),
        ("redis://h:+1", "the port must be"),
        ("redis://::1:6379", "in brackets"),
        ("redis://[::1", "not closed"),
        ("redis://[::1]x", "only a port"),
        ("redis://[]", "must hold an IPv6 address"),
        ("redis://h/first", "must be the number of a database, such as /1, not \"/first\""),
        ("redis://h/-1", "must be the number of a database"),
        ("redis://h/1/2", "must be the number of a database"),
        ("redis://h/99999999999999999999", "must be the number of a database"),
        ("redis://h?db=x", "\"db\" must be a whole number from 0, not \"x\""),
        ("redis://h?db=", "\"db\" must be"),
        ("redis://h?protocol=4", "\"protocol\" must be 2 or 3, not \"4\""),
        ("redis://h?socket_timeout=soon", "\"socket_timeout\" must be a number of seconds"),
        ("redis://h?socket_timeout=0", "\"socket_timeout\" must be more than 0 seconds"),
        ("redis://h?socket_timeout=-1", "\"socket_timeout\" must be"),
        ("redis://h?socket_timeout=nan", "\"socket_timeout\" must be"),
        ("redis://h?socket_timeout=1e3", "\"socket_timeout\" must be"),
        ("redis://h?socket_timeout=1.", "\"socket_timeout\" must be"),
        ("redis://h?socket_timeout=99999999999999999999", "\"socket_timeout\" must be"),
        ("redis://h?max_connections=0", "\"max_connections\" must be a whole number from 1"),
        ("redis://h?db=1&db=2", "\"db\" is given twice"),
        ("redis://h?retry=1", "unknown option \"retry\"; accepted are client_name, db"),
        ("redis://h?Db=1", "unknown option \"Db\""),
        ("redis://h?ssl_cert_reqs=none", "\"ssl_cert_reqs\" needs TLS: use rediss://"),
        ("rediss://h?ssl_cert_reqs=maybe", "\"ssl_cert_reqs\" must be required, optional or none, not \"maybe\""),
        ("rediss://h?ssl_check_hostname=2", "\"ssl_check_hostname\" must be true or false"),
        ("rediss://h?ssl_ca_certs=", "\"ssl_ca_certs\" must be the path of a file"),
        ("rediss://h?ssl_ca_path=/etc", "unknown option \"ssl_ca_path\""),
        ("rediss://h?ssl_certfile=/a", "a client certificate and its private key come together"),
        ("redis://h?client_name=a%20b", "clientName"),
        ("redis://user@h", "a user needs a password"),
        ("unix://", "the path of the socket is missing"),
        ("unix:///", "the path of the socket is missing"),
        ("unix://run/redis.sock", "three slashes"),
        ("redis://h#x", "a # is not accepted"),
        ("redis://:a%zz@h", "two hexadecimal digits"),
        ("redis://:a%2", "port"),
        ("redis://:%FF@h", "not UTF-8"),
    ])
    func wrongURLsAreRefusedWithTheirReason(url: String, reason: String) {
        let error = #expect(throws: RedisError.self) { try RedisConfiguration(url: url) }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
    }

    @Test(arguments: [
        "redis://:hunter2", "redis://user:hunter2", "redis://:hunter2/x@h", "redis://:hunter2?x@h",
        "redis://:hunter2#x@h", "redis://:1/hunter2@h", "redis://:1?hunter2=1@h", "redis://:1?db=hunter2@h",
        "redis://:hunter2@h:x", "redis://:hunter2@h/x", "redis://:hunter2@h?x=1", "redis://:hunter2%zz@h",
        "redis://h?password=hunter2&db=x", "redis://h?password=hunter2&password=hunter2", "user:hunter2@h",
        "hunter2://x", "red:hunter2://x", "redis://:hunter2%FF@h", "unix://:hunter2@h/x", "redis://h:hunter2@",
        "redis://u:1?db=1&db=hunter2@h", "redis://:1?hunter2@h",
    ])
    func noErrorAndNoLogShowsAPassword(url: String) throws {
        do {
            let configuration = try RedisConfiguration(url: url)
            #expect(!"\(configuration)".contains("hunter2"))
            #expect(!String(reflecting: configuration).contains("hunter2"))
        } catch {
            #expect(!"\(error)".contains("hunter2"), "\(error)")
        }
        #expect(!RedisConfiguration.redacted(url: url).contains("hunter2"))
    }

    @Test(arguments: [
        ("redis://alice:secret@h:1/2?db=3", "redis://alice:***@h:1/2?db=3"),
        ("redis://:secret@[::1]", "redis://:***@[::1]"),
        ("rediss://h", "rediss://h"),
        ("redis://h?password=secret&username=bob", "redis://h?password=***&username=bob"),
        ("unix://:secret@/run/x?db=1", "unix://:***@/run/x?db=1"),
        ("redis://:se/cret@h", "redis://***"),
        ("nonsense", "?://***"),
    ])
    func redactedURLKeepsAllButThePassword(url: String, redacted: String) {
        #expect(RedisConfiguration.redacted(url: url) == redacted)
    }
}
