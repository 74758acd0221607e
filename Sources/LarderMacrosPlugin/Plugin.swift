import SwiftCompilerPlugin
import SwiftSyntaxMacros

@main
struct LarderMacrosPlugin: CompilerPlugin {
    let providingMacros: [any Macro.Type] = [CachedMacro.self, CacheKeysMacro.self, CacheKeyBodyMacro.self]
}
