import Testing

@testable import Bookshop

@Suite struct CacheStatusTests {
    @Test(arguments: [
        (CacheStatus.hit(timeLeft: .milliseconds(280_999)), "Larder; hit; ttl=280"),
        (.hit(timeLeft: nil), "Larder; hit"),
        (.hit(timeLeft: .milliseconds(-1)), "Larder; hit; ttl=0"),
        (.stale(timeLeft: .seconds(-90)), "Larder; hit; ttl=-90; detail=stale"),
        (.stale(timeLeft: .milliseconds(-90_001)), "Larder; hit; ttl=-91; detail=stale"),
        (.stale(timeLeft: .milliseconds(-1)), "Larder; hit; ttl=-1; detail=stale"),
        // Expired by a tag before its time.
        (.stale(timeLeft: .seconds(30)), "Larder; hit; ttl=0; detail=stale"),
        (.stale(timeLeft: nil), "Larder; hit; ttl=0; detail=stale"),
        (.joined(.miss), "Larder; fwd=miss; collapsed"),
        (.joined(.stale), "Larder; fwd=stale; collapsed"),
        (.filled(.miss, stored: true), "Larder; fwd=miss; stored"),
        (.filled(.stale, stored: true), "Larder; fwd=stale; stored"),
        (.filled(.miss, stored: false), "Larder; fwd=miss"),
        (.unavailable, "Larder; fwd=miss; detail=unavailable"),
    ])
    func headerIsAsInTheStandard(status: CacheStatus, header: String) {
        #expect(status.headerValue == header)
    }

    @Test func answerOfTwoIsAHitOnlyIfBothAre() {
        let short = CacheStatus.hit(timeLeft: .seconds(1))
        let long = CacheStatus.hit(timeLeft: .seconds(9))
        #expect(short.combined(with: long) == short)
        #expect(long.combined(with: short) == short)
        #expect(CacheStatus.hit(timeLeft: nil).combined(with: short) == short)
        #expect(short.combined(with: .hit(timeLeft: nil)) == short)
        #expect(short.combined(with: .filled(.miss, stored: true)) == .filled(.miss, stored: true))
        let stale = CacheStatus.stale(timeLeft: .seconds(-5))
        #expect(short.combined(with: stale) == stale)
        #expect(stale.combined(with: .stale(timeLeft: .seconds(-9))) == .stale(timeLeft: .seconds(-9)))
        #expect(stale.combined(with: .joined(.stale)) == .joined(.stale))
        #expect(CacheStatus.unavailable.combined(with: short) == .unavailable)
    }
}
