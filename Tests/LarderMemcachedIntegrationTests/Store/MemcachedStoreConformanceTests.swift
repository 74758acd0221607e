import Larder
import LarderMemcached
import LarderTesting
import Testing

@Suite(.serialized, .timeLimit(.minutes(10))) struct MemcachedStoreConformanceTests {
    @Test(arguments: StoreConformance.checks, [1, 3])
    func memcachedStoreConforms(_ check: StoreCheck, _ servers: Int) async throws {
        try await withMemcached(servers: servers) { memcached in
            let subject = StoreUnderTest(memcached.store, drift: .seconds(29), passTime: memcached.pass)
            try await check.run(on: subject)
        }
    }
}
