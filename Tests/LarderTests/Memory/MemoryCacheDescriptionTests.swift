import Larder
import LarderTesting
import Testing

@Suite(.integrity) struct MemoryCacheDescriptionTests {
    @Test func saysHowTheCacheDoes() {
        let clock = ManualClock()
        let cache = MemoryCache<String, String>.checked(limit: .entries(1_000), clock: CacheClock(clock))
        #expect("\(cache)" == "MemoryCache<String, String>: 0 of 1000 entries, hit ratio 0.0 %")
        cache.insert("secret", forKey: "user:17", ttl: .seconds(5))
        cache.insert("secret", forKey: "user:18", ttl: .seconds(60))
        cache.insert("secret", forKey: "user:19", ttl: .seconds(1))
        for key in ["user:17", "user:18", "nobody"] { _ = cache.value(forKey: key) }
        clock.advance(by: .seconds(2))
        #expect("\(cache)" == "MemoryCache<String, String>: 3 of 1000 entries, hit ratio 66.7 %")
        #expect(String(reflecting: cache) == "\(cache)")
        let text = cache.describe()
        let lines = text.split(separator: "\n")
        #expect(lines.count == 9)
        #expect(text.contains("shards: 4, with"))
        #expect(text.contains("window 3, main 0"))
        #expect(
            text.contains("3 entries have a deadline, the next in 3.0 seconds, the last in 58.0 seconds; 1 are over")
        )
        #expect(!text.contains("secret") && !text.contains("user:"), "what is cached is nobody's business")
    }

    @Test func saysCostWhereCostsDiffer() {
        let cache = MemoryCache<Int, Int>.checked(limit: .cost(100) { _, value in value })
        cache.insert(30, forKey: 1)
        #expect("\(cache)" == "MemoryCache<Int, Int>: cost 30 of 100, hit ratio 0.0 %")
        #expect(cache.describe().contains("cost: 30 of 100 in 1 entries"))
    }
}
