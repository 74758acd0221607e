/// Makes the keys of a family: each static function without a body that returns a `CacheKey` gets one.
///
/// ```swift
/// @CacheKeys
/// enum ShopKeys {
///     static func book(id: Int) -> CacheKey<Book>
///     static func top(shelf: String, limit: Int) -> CacheKey<[Book]>
/// }
///
/// let book = try await cache.get(ShopKeys.book(id: 42))
/// ```
///
/// A key is the function's name and the arguments, behind colons: `book:42`. Those that are no numbers stand behind their length, as
/// in `top:7:fantasy:10`, so that no two lists of arguments have the same one. What a key or its family is
/// generic over stands before them, and before an argument of a `some` or `any` type its type.
///
/// - Parameter prefix: What all keys begin with, for families that share a cache; left out, nothing.
@attached(memberAttribute)
public macro CacheKeys(_ prefix: String = "") = #externalMacro(module: "LarderMacrosPlugin", type: "CacheKeysMacro")

/// Gives one function of a family its body; what ``CacheKeys(_:)`` puts before each of them.
///
/// - Parameter prefix: What the key begins with.
@attached(body)
public macro CacheKeyBody(_ prefix: String = "") =
    #externalMacro(module: "LarderMacrosPlugin", type: "CacheKeyBodyMacro")
