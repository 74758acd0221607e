import Foundation
import GRDB
import Hummingbird
import LarderConfiguration
import Logging
import NIOCore

/// The program.
public enum Shop: Sendable {
    /// Runs the shop until it is told to stop.
    ///
    /// - Parameter arguments: The command line, without the program's name.
    /// - Returns: The program's exit status.
    public static func run(arguments: [String] = Array(CommandLine.arguments.dropFirst())) async -> Int32 {
        switch arguments {
        case []:
            break
        case ["--help"], ["-h"]:
            Console.write(Help.text)
            return 0
        default:
            Console.writeError("bookshop takes no arguments but --help; its settings come from the environment")
            return EX_USAGE
        }
        do {
            try await Self.run(try Settings.load())
            return 0
        } catch {
            Console.writeError("bookshop: \(error)")
            return error is SettingsError || error is ConfigurationError ? EX_CONFIG : EXIT_FAILURE
        }
    }

    private static func run(_ settings: Settings) async throws {
        var logger = Logger(label: "bookshop")
        logger.logLevel = .notice

        // Before the catalogue is imported, which takes seconds: a mistake in the configuration is to show at once.
        let caches = try ShopCaches(settings.cacheSources, logger: logger)
        let catalogue = try Self.openCatalogue(settings)
        let progress = WarmingProgressLine()
        let shop = try Storefront(
            catalogue: catalogue,
            caches: caches,
            settings: settings,
            logger: logger,
            onWarming: { progress.report($0) }
        )
        let application = try ShopApplication.make(
            shop,
            settings: settings,
            logger: logger,
            onRunning: { port in Console.write(Greeting(settings, port: port, place: caches.place).text) }
        )
        do {
            try await application.runService()
        } catch let error as IOError {
            throw Self.cannotListen(settings, error)
        } catch is SocketAddressError, is SocketAddressError.UnknownHost {
            throw SettingsError("HOST: \(settings.host) is not the name of a host that is known here")
        }
        try catalogue.close()
        Console.write("The shop is closed.\n")
    }

    private static func openCatalogue(_ settings: Settings) throws -> Catalogue {
        do {
            let catalogue = try Catalogue(path: settings.databasePath)
            let progress = ImportProgress()
            try catalogue.importIfEmpty(
                CatalogueImport(source: CatalogueImport.bundled, progress: { progress.report($0) })
            )
            return catalogue
        } catch {
            let reason =
                (error as? DatabaseError)?.message ?? (error as? CocoaError)?.localizedDescription ?? "\(error)"
            throw SettingsError("DATABASE_PATH: the catalogue in \(settings.databasePath) cannot be opened: \(reason)")
        }
    }

    private static func cannotListen(_ settings: Settings, _ error: IOError) -> SettingsError {
        let address = "\(settings.host):\(settings.port)"
        return switch error.errnoCode {
        case EADDRINUSE: SettingsError("PORT: another program listens on \(address); set PORT to a free one, or to 0")
        case EACCES: SettingsError("PORT: listening on \(address) is not allowed; set PORT to 1024 or above")
        case EADDRNOTAVAIL: SettingsError("HOST: this machine does not have the address \(settings.host)")
        default: SettingsError("cannot listen on \(address): \(error)")
        }
    }
}
