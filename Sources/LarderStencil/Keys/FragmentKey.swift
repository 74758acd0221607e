import Crypto
public import Larder

extension CacheKey where Value == String {
    /// The key of a template fragment, as Django's `make_template_fragment_key` makes it:
    /// `template.cache.<name>.<MD5 of what it varies on>`.
    ///
    /// Values are hashed as Python's `str()` writes them: `True`, `None`, `1.5`, `['a', 'b']`. Dictionaries and sets are put in
    /// the order of their text; enums with raw values count as these; other types as their `description`.
    ///
    /// - Parameters:
    ///   - name: The fragment's name, the tag's second word.
    ///   - vary: What the fragment varies on, in the tag's order.
    /// - Returns: The key.
    /// - Throws: ``/Larder/CacheError`` with ``/Larder/CacheError/Code/invalidArgument`` where a value has no text of its own,
    ///   such as an object without a `description`, or `Data`.
    public static func fragment(_ name: String, vary: [Any?] = []) throws(CacheError) -> Self {
        var texts: [String] = []
        for value in vary {
            do {
                texts.append(try PythonText.text(of: value))
            } catch {
                throw CacheError(
                    .invalidArgument,
                    "a \(error.type) has no text that tells it from others; vary on a property of it, such as its id",
                    key: name
                )
            }
        }
        return .fragment(name, texts: texts)
    }

    static func fragment(_ name: String, texts: [String]) -> Self {
        var hash = Insecure.MD5()
        for text in texts {
            hash.update(data: Array(text.utf8))
            hash.update(data: Array(":".utf8))
        }
        let digits = Array("0123456789abcdef")
        let digest = hash.finalize().flatMap { byte in [digits[Int(byte >> 4)], digits[Int(byte & 15)]] }
        return .init("template.cache.\(name).\(String(digest))")
    }
}

extension Cache {
    /// Removes a template fragment from this cache.
    ///
    /// A render that makes the fragment at the moment shows it, and does not store it.
    ///
    /// ```swift
    /// try await caches.fragments.remove(fragment: "sidebar", vary: [user.id])
    /// ```
    ///
    /// - Parameters:
    ///   - fragment: The fragment's name, the tag's second word.
    ///   - vary: What it varies on, in the tag's order.
    /// - Returns: Whether it was there.
    /// - Throws: ``/Larder/CacheError``: ``/Larder/CacheError/Code/invalidArgument`` where a value has no text of its own,
    ///   ``/Larder/CacheError/Code/unavailable``.
    @discardableResult
    public func remove(fragment: String, vary: [Any?] = []) async throws -> Bool {
        try await self.remove(CacheKey<String>.fragment(fragment, vary: vary))
    }
}

extension Caches {
    /// The cache of those fragments whose tag names none: `template_fragments` where there is one of that name, as in
    /// Django, else the default.
    ///
    /// - Throws: ``/Larder/CacheError`` with ``/Larder/CacheError/Code/cacheNotFound`` where there are neither.
    public var fragments: Cache {
        get throws(CacheError) {
            do {
                return try self["template_fragments"]
            } catch {
                return try self.default
            }
        }
    }
}
