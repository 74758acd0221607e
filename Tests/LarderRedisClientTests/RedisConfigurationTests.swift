import Testing

@testable import LarderRedisClient

@Suite(.timeLimit(.minutes(1))) struct RedisConfigurationTests {
    static func configuration(_ change: (inout RedisConfiguration) -> Void) -> RedisConfiguration {
        var configuration = RedisConfiguration()
        change(&configuration)
        return configuration
    }

    @Test func defaultsAreValid() throws {
        try RedisConfiguration().validate()
    }

    @Test func fieldOutOfRangeIsNamed() {
        let cases: [(String, RedisConfiguration)] = [
            ("address", RedisConfiguration(port: 0)),
            ("address", RedisConfiguration(host: "")),
            ("address", RedisConfiguration(address: .unixSocket(path: ""))),
            ("username", Self.configuration { $0.username = "ann" }),
            ("database", Self.configuration { $0.database = -1 }),
            ("clientName", Self.configuration { $0.clientName = "two words" }),
            ("connectTimeout", Self.configuration { $0.connectTimeout = .zero }),
            ("commandTimeout", Self.configuration { $0.commandTimeout = .seconds(-1) }),
            ("healthCheckInterval", Self.configuration { $0.healthCheckInterval = .zero }),
            ("connections", Self.configuration { $0.connections = 0 }),
            ("reconnect.jitter", Self.configuration { $0.reconnect.jitter = 2 }),
            ("reconnect.maximum", Self.configuration { $0.reconnect.maximum = .zero }),
            ("maximumReplySize", Self.configuration { $0.maximumReplySize = 1 }),
            ("tls.certificateFile", Self.configuration { $0.tls.certificateFile = "a.pem" }),
        ]
        for (field, configuration) in cases {
            #expect {
                try configuration.validate()
            } throws: { error in
                (error as? RedisError)?.code == .invalidConfiguration
                    && (error as? RedisError)?.message.hasPrefix(field) == true
            }
        }
    }

    @Test func passwordIsNeverPrinted() {
        let configuration = Self.configuration { $0.password = "sesame" }
        var dumped = ""
        dump(configuration, to: &dumped)
        for text in ["\(configuration)", String(reflecting: configuration), dumped] {
            #expect(!text.contains("sesame"))
        }
    }
}
