public import Configuration

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A place that settings come from: the environment, a file, the arguments, or a provider of swift-configuration.
///
/// ```swift
/// let sources = [.arguments(), .environment(), try ConfigurationSource.file("shop.yaml")]
/// let caches = try Caches(configuration: sources, components: CacheComponents(stores: [.redis]))
/// let settings = ConfigReader(providers: sources.map(\.provider))  // for the rest of the program
/// ```
///
/// Sources that come first win, setting by setting. Those made here know all of their keys, so a setting that is spelled wrong
/// stops the start. A ``provider(_:named:caches:)`` of your own cannot list its keys: what is spelled wrong there is not found.
public struct ConfigurationSource: Sendable {
    /// What a source knows of its keys.
    enum Content: Sendable {
        /// All of them, as a tree.
        case tree([SourceEntry])
        /// All of them, spelled in capitals with underscores.
        case variables([String: String])
        /// All of them, spelled in small letters with dashes; without the two in front.
        case options([String: [String]])
        /// None, but the names of the caches that it may have settings of.
        case unlisted(caches: [String])
    }

    /// What errors call it: `environment`, `arguments`, a file's path.
    public let name: String

    /// The same settings as a provider of swift-configuration, for the rest of the program.
    ///
    /// Files and arguments hand out texts, numbers, booleans and lists of them, whatever was written with or without quotation
    /// marks. Values under `encryptionKeys`, and those named `url` or that end in `password`, are marked as secret.
    public let provider: any ConfigProvider

    let content: Content

    /// The environment of this process.
    ///
    /// `caches.pages.fetch.refreshAfter` is spelled `CACHES_PAGES_FETCH_REFRESH_AFTER`. A `-` in the name of a cache is an underscore
    /// as well, so a cache that only the environment knows is called what is left, in small letters: `CACHES_MY_PAGES_URL` is of
    /// `my_pages`.
    ///
    /// - Parameter variables: The variables; `nil`, those of the process.
    /// - Returns: The source.
    public static func environment(_ variables: [String: String]? = nil) -> ConfigurationSource {
        let variables = variables ?? ProcessInfo.processInfo.environment
        return ConfigurationSource(
            name: "environment",
            provider: EnvironmentVariablesProvider(
                environmentVariables: variables,
                secretsSpecifier: .dynamic { key, _ in
                    Self.isSecret(key.lowercased().split(separator: "_").map(String.init))
                }
            ),
            content: .variables(variables)
        )
    }

    /// The arguments of the program: `--caches-pages-fetch-refresh-after=5m`, or the value as the next argument.
    ///
    /// Only what begins with `--caches-` or another section that is asked for is looked at; the rest is the program's own.
    ///
    /// - Parameter arguments: The arguments, the program's name first; `nil`, those of the process.
    /// - Returns: The source.
    public static func arguments(_ arguments: [String]? = nil) -> ConfigurationSource {
        let options = ArgumentList.options(in: arguments ?? CommandLine.arguments)
        return ConfigurationSource(
            name: "arguments",
            provider: ListedProvider(name: "arguments", options: options),
            content: .options(options)
        )
    }

    /// A file; JSON if its name ends with `.json`, YAML if with `.yaml` or `.yml`.
    ///
    /// - Parameter path: The file's path.
    /// - Returns: The source.
    /// - Throws: ``ConfigurationError`` where it cannot be read, or is not what its name says; with the number of the line.
    public static func file(_ path: String) throws(ConfigurationError) -> ConfigurationSource {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ConfigurationError(path, in: "file", found: "no file that can be read", accepted: "the path of one")
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw ConfigurationError(path, in: "file", found: "bytes that are not UTF-8", accepted: "UTF-8")
        }
        let name = path.lowercased()
        if name.hasSuffix(".json") { return try .json(text, named: path) }
        if name.hasSuffix(".yaml") || name.hasSuffix(".yml") { return try .yaml(text, named: path) }
        throw ConfigurationError(path, in: "file", found: "another ending", accepted: ".json, .yaml or .yml")
    }

    /// A text that is JSON.
    ///
    /// - Parameters:
    ///   - text: The text.
    ///   - name: What errors call it.
    /// - Returns: The source.
    /// - Throws: ``ConfigurationError`` with the number of the line.
    public static func json(_ text: String, named name: String = "json") throws(ConfigurationError)
        -> ConfigurationSource
    {
        try .tree(name) { () throws(SourceSyntaxError) in try JSONText.entries(of: text) }
    }

    /// A text that is YAML.
    ///
    /// - Parameters:
    ///   - text: The text.
    ///   - name: What errors call it.
    /// - Returns: The source.
    /// - Throws: ``ConfigurationError`` with the number of the line.
    public static func yaml(_ text: String, named name: String = "yaml") throws(ConfigurationError)
        -> ConfigurationSource
    {
        try .tree(name) { () throws(SourceSyntaxError) in try YAMLText.entries(of: text) }
    }

    /// A provider of swift-configuration.
    ///
    /// Providers answer for keys that they are asked for and cannot list them, so the caches have to be named, and settings that
    /// are spelled wrong go unnoticed.
    ///
    /// - Parameters:
    ///   - provider: The provider.
    ///   - name: What errors call it; `nil`, its own name.
    ///   - caches: The caches of which it may have settings, beside those that other sources name.
    /// - Returns: The source.
    public static func provider(
        _ provider: any ConfigProvider,
        named name: String? = nil,
        caches: [String] = []
    ) -> ConfigurationSource {
        ConfigurationSource(name: name ?? provider.providerName, provider: provider, content: .unlisted(caches: caches))
    }

    private static func tree(
        _ name: String,
        _ read: () throws(SourceSyntaxError) -> [SourceEntry]
    ) throws(ConfigurationError) -> ConfigurationSource {
        do {
            let entries = try read()
            return ConfigurationSource(
                name: name,
                provider: ListedProvider(name: name, entries: entries),
                content: .tree(entries)
            )
        } catch {
            throw ConfigurationError(name, in: error.line.map { "line \($0)" } ?? "the file", error.message)
        }
    }

    /// Whether what a key holds must not be logged.
    static func isSecret(_ path: [String]) -> Bool {
        if let first = path.first?.lowercased(), first == "encryptionkeys" || first == "encryption" { return true }
        return path.last.map { $0.lowercased() == "url" || $0.lowercased().hasSuffix("password") } ?? false
    }
}
