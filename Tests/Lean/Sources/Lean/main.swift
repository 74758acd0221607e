import Larder

let cache = Cache(.memory(entries: 10), namespace: "lean")
let value = try await cache.fetch(CacheKey<String>("k")) { "jam" }
print(value)
