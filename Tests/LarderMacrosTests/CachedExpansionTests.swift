import Testing

@Suite struct CachedExpansionTests {
    @Test func throwingMethodAsksTheCacheAndKeepsItsBodyBesideIt() {
        Expansion.expect(
            #####"""
            struct Catalogue {
                @Cached(ttl: .minutes(30), tags: [#"shelf:\(slug)"#, "books"], in: \Catalogue.cache)
                public func top(slug: String, limit: Int = 10) async throws -> [Book] {
                    try await database.top(slug, limit)
                }
            }
            """#####,
            becomes: #####"""
                struct Catalogue {
                    public func top(slug: String, limit: Int = 10) async throws -> [Book] {
                        let (__macro_local_5cachefMu_, __macro_local_3keyfMu_) = try (
                            LarderMacros.CachedCall.cache(self.cache),
                            Larder.CacheKey<[Book]>(LarderMacros.CallKey("Shop.Catalogue.top(slug:String,limit:Int)->[Book]").adding(slug).adding(limit).text)
                        )
                        return try await LarderMacros.CachedCall.fetch(
                            __macro_local_5cachefMu_,
                            __macro_local_3keyfMu_,
                            ttl: .minutes(30),
                            tags: [#"shelf:\#(slug)"#, "books"],
                            policy: nil,
                            freshness: nil,
                            onFailure: nil
                        ) {
                            try await self._uncached_top(slug: slug, limit: limit)
                        }
                    }

                    private func _uncached_top(slug: String, limit: Int) async throws -> [Book] {
                            try await database.top(slug, limit)
                        }
                }
                """#####
        )
    }

    @Test func functionThatThrowsNothingRunsItsBodyWhereTheCacheFails() {
        Expansion.expect(
            """
            @MainActor
            @discardableResult
            @Cached(key: "now")
            func now() async -> Int {
                42
            }
            """,
            becomes: """
                @MainActor
                @discardableResult
                func now() async -> Int {
                    do {
                        let (__macro_local_5cachefMu_, __macro_local_3keyfMu_) = try (
                        LarderMacros.CachedCall.cache(nil),
                        Larder.CacheKey<Int>("now")
                        )
                        return try await LarderMacros.CachedCall.fetch(
                            __macro_local_5cachefMu_,
                            __macro_local_3keyfMu_,
                            ttl: .default,
                            tags: [],
                            policy: nil,
                            freshness: nil,
                            onFailure: nil
                        ) {
                            await _uncached_now()
                        }
                    } catch {
                        return await _uncached_now()
                    }
                }

                @MainActor
                private func _uncached_now() async -> Int {
                    42
                }
                """
        )
    }

    /// Raw strings as they are written, and as they are interpolated.
    @Test(arguments: [
        (##"#"a:\(id)"#"##, ##"#"a:\#(id)"#"##),
        (###"##"a:\(id):"#\(limit)"##"###, ###"##"a:\##(id):"#\##(limit)"##"###),
        (##"#"say "\(id)" or \n"#"##, ##"#"say "\#(id)" or \n"#"##),
        (##"#"\(names["a"] ?? "b\(id)") \(id)"#"##, ##"#"\#(names["a"] ?? "b\(id)") \#(id)"#"##),
        (##"#"\\(id) \\\(id)"#"##, ##"#"\\(id) \\\#(id)"#"##),
        (##"#"\#(Shop.name):\(id)"#"##, ##"#"\#(Shop.name):\#(id)"#"##),
        (##"#"plain"#"##, ##"#"plain"#"##),
        (##""\\(id)""##, ##""\\(id)""##),
    ]) func rawStringsAreInterpolatedInTheFunction(written: String, interpolated: String) {
        let source = "@Cached(tags: [\(written)]) func f(id: Int, limit: Int) async throws -> Int { 1 }"
        #expect(Expansion.reports(of: source).isEmpty)
        #expect(Expansion.expanded(source).contains("tags: [\(interpolated)],"))
    }

    @Test(arguments: [
        (##"\Catalogue.cache"##, "", "self.cache"),
        (##"\Shop.Catalogue.stores.first"##, "", "self.stores.first"),
        (##"\Catalogue.Type.cache"##, "static ", "self.cache"),
        (##"\Shop.Catalogue.Type.cache"##, "static ", "self.cache"),
        (##"\.cache"##, "", "self.cache"),
    ]) func pathBeginsAtTheValue(path: String, modifiers: String, cache: String) {
        let function = "@Cached(in: \(path)) \(modifiers)func f(id: Int) async throws -> Int { 1 }"
        let source = "extension Shop { struct Catalogue { \(function) } }"
        #expect(Expansion.reports(of: source).isEmpty)
        #expect(Expansion.expanded(source).contains("LarderMacros.CachedCall.cache(\(cache)),"))
    }

    @Test func functionOfATypeWithinAFunctionIsToldApartByIt() {
        let local = "struct S { @Cached func f(id: Int) async throws -> Int { 1 } }"
        let source = "func g(a: Int) { \(local) }\nfunc g(a: String) { \(local) }"
        let expanded = Expansion.expanded(source)
        #expect(expanded.contains(#"CallKey("Shop.g(a:Int).S.f(id:Int)->Int")"#))
        #expect(expanded.contains(#"CallKey("Shop.g(a:String).S.f(id:Int)->Int")"#))
    }

    @Test func keyOfAFamilyHasTheTypesThatItIsGenericOver() {
        let key = "static func book<T>(_ type: T.Type, id: some Codable) -> CacheKey<T>"
        let expanded = Expansion.expanded("enum Keys<U> { @CacheKeyBody \(key) }")
        let additions = [
            #".adding(type: Self.self, file: "Shop/Shop.swift")"#, #".adding(type: T.self, file: "Shop/Shop.swift")"#,
            #".adding(type: type, file: "Shop/Shop.swift")"#,
            #".adding(type: Swift.type(of: id), file: "Shop/Shop.swift")"#, ".adding(id).text)",
        ]
        #expect(expanded.contains(#"CallKey("book", separator: ":")"# + additions.joined()))
    }

    /// The private function beside a cached one, as it is expanded.
    private func uncached(_ attributes: String) -> String {
        let expanded = Expansion.expanded("\(attributes)\n@Cached\nfunc f() async throws -> Int {\n    1\n}")
        return String(expanded.split(separator: "\n\n").last ?? "")
    }

    @Test(arguments: [
        "@Database", "@Shop.Database", "@MainActor(unsafe)", "@concurrent", "@BookBuilder", "@inline(never)",
        "@available(macOS 26, *)", "@_disfavoredOverload",
    ]) func bodyTakesAlongWhatSaysWhereAndHowItRuns(attribute: String) {
        #expect(self.uncached(attribute).hasPrefix("\(attribute)\nprivate func _uncached_f() async throws -> Int {"))
    }

    @Test(arguments: [
        "@discardableResult", "@usableFromInline", "@_spi(Shop)", "@objc(load)", "@LarderMacros.Cached<Shop>",
        "@_silgen_name(\"load\")", "@Traced(level: 2)", "@Traced()", "#if DEBUG\n@discardableResult\n#endif",
    ]) func bodyLeavesBehindWhatIsSaidOfTheFunctionThatOthersCall(attribute: String) {
        #expect(self.uncached(attribute).hasPrefix("private func _uncached_f() async throws -> Int {"))
    }

    @Test func bodyTakesAlongAttributesUnderTheirConditions() {
        let attributes = """
            #if DEBUG
            #if os(Linux)
            @Database @discardableResult
            #endif
            #elseif os(Windows)
            @discardableResult
            #else
            @MainActor
            #endif
            """
        let expected = """
            #if DEBUG
            #if os(Linux)
            @Database
            #endif
            #elseif os(Windows)
            #else
            @MainActor
            #endif
            private func _uncached_f() async throws -> Int {
            """
        #expect(self.uncached(attributes).hasPrefix(expected))
    }
}
