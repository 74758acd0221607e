import Testing

@testable import CachingProxy

@Suite("Settings")
struct SettingsTests {
    private static let origin = "http://127.0.0.1:8000"

    @Test("arguments win over the environment, and both over the defaults")
    func sources() throws {
        let environment = ["ORIGIN": Self.origin, "PORT": "1", "PRESERVE_HOST": "on", "HOST": "", "PATH": "/bin"]
        let settings = try Settings(arguments: ["--port=2", "--answer-timeout", "3"], environment: environment)
        #expect(settings.port == 2)
        #expect(settings.answerTimeout == .seconds(3))
        #expect(settings.preservesHost)
        #expect(settings.host == "127.0.0.1")
        #expect(settings.origin.url == "http://127.0.0.1:8000/")
    }

    @Test("how many clients there may be is what is set, or what the limit of open files leaves beside the origin")
    func mostClients() throws {
        let few = try Settings(arguments: ["--most-connections=1"], environment: ["ORIGIN": Self.origin])
        let many = try Settings(arguments: ["--most-connections=200"], environment: ["ORIGIN": Self.origin])
        #expect(few.mostClients - many.mostClients == 199)
        let set = try Settings(arguments: ["--most-clients=5"], environment: ["ORIGIN": Self.origin])
        #expect(set.mostClients == 5)
    }

    @Test(
        "origins",
        arguments: [
            ("http://example.com", "http://example.com/"), ("HTTPS://example.com/", "https://example.com/"),
            ("http://[::1]:81", "http://[::1]:81/"),
        ]
    )
    func origins(_ text: String, _ url: String) throws {
        #expect(OriginAddress(text)?.url == url)
    }

    @Test(
        "a wrong setting is one line with its name, what was found, and what is accepted",
        arguments: [
            ([:], "ORIGIN: found nothing; accepted is the URL"),
            (["ORIGIN": "ftp://secret@x"], "ORIGIN (environment): found another text; accepted is the URL"),
            (["ORIGIN": "http://x/path"], "ORIGIN (environment): found another text; accepted is the URL"),
            (
                ["ORIGIN": origin, "PORT": "70000"],
                "PORT (environment): found \"70000\"; accepted is a number from 0 to 65535"
            ),
            (
                ["ORIGIN": origin, "PRESERVE_HOST": "yes"],
                "PRESERVE_HOST (environment): found \"yes\"; accepted is on or off"
            ),
            (["ORIGIN": origin, "IDLE_TIMEOUT": "0"], "IDLE_TIMEOUT (environment): found \"0\"; accepted is seconds"),
            (["ORIGIN": origin, "REDIS_URL": "nonsense"], "REDIS_URL (environment): "),
        ]
    )
    func wrong(_ environment: [String: String], _ beginning: String) {
        let error = #expect(throws: SettingsError.self) { try Settings(arguments: [], environment: environment) }
        #expect(error?.description.hasPrefix(beginning) == true, "\(error?.description ?? "")")
        #expect(error?.description.contains("secret") == false)
        #expect(error?.description.contains("\n") == false)
    }

    @Test("arguments that are none", arguments: [["--colour", "red"], ["x"], ["--port"], ["--port=1", "--port=2"]])
    func arguments(_ arguments: [String]) {
        #expect(throws: SettingsError.self) { try Settings(arguments: arguments, environment: ["ORIGIN": Self.origin]) }
    }
}
