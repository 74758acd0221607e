import Larder
import LarderCompression
import LarderConfiguration
import LarderCrypto
import LarderFiles
import LarderMemcached
import LarderRedis
import LarderSQLite
import Logging
import Testing

/// Files that a program must not start with: each gives one line with the key, where it stands, what was found and what is
/// accepted.
@Suite struct ConfigurationErrorTests {
    @Test func thereAreEnough() {
        #expect(WrongFile.all.count >= 40)
    }

    @Test(arguments: WrongFile.all, ["json", "yaml"])
    func wrongFilesGiveOneLine(_ wrong: WrongFile, _ format: String) throws {
        let file = "shop.\(format)"
        let text = format == "json" ? wrong.tree.json : wrong.tree.yaml
        let source = format == "json" ? try ConfigurationSource.json(text, named: file) : try .yaml(text, named: file)
        let error = #expect(throws: ConfigurationError.self) { _ = try Self.caches(source) }
        let line = error?.description ?? ""
        #expect(line == "\(wrong.key) (\(file):\(Self.line(of: wrong.key, in: text))): \(wrong.message)")
        Self.expectOneLineWithoutSecrets(line)
    }

    @Test(arguments: WrongVariables.all)
    func wrongVariablesAndArgumentsGiveOneLine(_ source: ConfigurationSource, _ whole: String) {
        let error = #expect(throws: ConfigurationError.self) { _ = try Self.caches(source) }
        let line = error?.description ?? ""
        #expect(line == whole)
        Self.expectOneLineWithoutSecrets(line)
    }

    private static func expectOneLineWithoutSecrets(_ line: String) {
        for secret in ["\n", "geheim", "c2Vj", "Z2Vo"] { #expect(!line.contains(secret), "\(line)") }
    }

    /// The line on which the last part of a key stands.
    private static func line(of key: String, in text: String) -> Int {
        let name = key.split(separator: ".").last.map { String($0).debugDescription } ?? key
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        return (lines.firstIndex { $0.contains("\(name):") } ?? -1) + 1
    }

    static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// What a program has that imports all modules, without the compressors that traits bring.
    static let components = CacheComponents(
        stores: [.redis, .memcached, .sqlite, .files],
        compressors: Compressors.named.filter { ["zlib", "gzip"].contains($0.key) },
        sealers: Sealers.named
    )

    static func caches(_ sources: ConfigurationSource...) throws(ConfigurationError) -> Caches {
        try Caches(configuration: sources, components: Self.components, logger: Self.quiet)
    }

    // MARK: Texts that are no files of their kind

    @Test(
        arguments: [
            ("[]", 1), ("{", 1), ("{\"a\": 1,}", 1), ("{\n\"a\": 1\n\"b\": 2}", 3), ("{\n\"a\": 1,\n\"a\": 2}", 3),
            ("{} {}", 1),
            ("{\"a\": tru}", 1), ("{\"a\": 01x}", 1), ("{\"a\": \"geheim\n\"}", 1), ("{\"a\": \"\\x\"}", 1),
            ("{\"a\": \"\\ud800\"}", 1),
            ("", 1), (String(repeating: "{\"a\":", count: 100), 1),
            ("{\"a\":" + String(repeating: "[", count: 100_000), 1),
        ] as [(String, Int)]
    )
    func malformedJSONIsRefusedWithItsLine(_ text: String, _ line: Int) {
        let error = #expect(throws: ConfigurationError.self) {
            _ = try ConfigurationSource.json(text, named: "shop.json")
        }
        #expect(error?.key == "shop.json")
        #expect(error?.origin == "line \(line)")
        #expect(error?.description.contains("accepted is") == true)
        #expect(error?.description.contains("geheim") == false)
    }

    @Test(
        arguments: [
            "- a", "a: b: c", "a: [1", "\"a", "a: 1\na: 2", "? [a]\n: b", "a: 1\n\tb: 2", "geheim: [\n", "--- 1\n--- 2",
            "a: &x [*x]",
        ]
    )
    func malformedYAMLIsRefusedInOneLine(_ text: String) {
        let error = #expect(throws: ConfigurationError.self) {
            _ = try ConfigurationSource.yaml(text, named: "shop.yaml")
        }
        #expect(error?.key == "shop.yaml")
        #expect(error?.description.contains("accepted is") == true)
        #expect(error?.description.contains("\n") == false)
    }

    @Test func aFileThatIsNotThereIsNamed() {
        let error = #expect(throws: ConfigurationError.self) { _ = try ConfigurationSource.file("/nowhere/shop.yaml") }
        #expect(
            error?.description
                == "/nowhere/shop.yaml (file): found no file that can be read; accepted is the path of one"
        )
    }
}

/// A compressor that compresses nothing.
struct Shrinking: ByteCompressor {
    var id: CompressionID { CompressionID(custom: 200) }
    func compress(_ bytes: [UInt8]) -> [UInt8] { bytes }
    func decompress(_ bytes: [UInt8], limit: Int) -> [UInt8] { bytes }
}

/// A sealer that seals nothing.
struct PlainSealer: EntrySealer {
    var id: SealID { SealID(custom: 200) }
    func seal(_ bytes: [UInt8], boundTo context: [UInt8]) -> [UInt8] { bytes }
    func open(_ bytes: [UInt8], boundTo context: [UInt8]) -> [UInt8] { bytes }
}
