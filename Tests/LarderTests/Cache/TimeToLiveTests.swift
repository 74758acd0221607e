import Foundation
import LarderTesting
import Testing

@testable import Larder

@Suite struct TimeToLiveTests {
    private func lifetime(_ ttl: TimeToLive?, _ defaults: CacheDefaults = CacheDefaults()) -> EntryLifetime? {
        EntryLifetime(ttl, defaults: defaults)
    }

    @Test func unitsAreWhatTheySay() {
        #expect(TimeToLive.milliseconds(1_500) == .duration(.milliseconds(1_500)))
        #expect(TimeToLive.seconds(90) == .duration(.seconds(90)))
        #expect(TimeToLive.seconds(1.5) == .duration(.milliseconds(1_500)))
        #expect(TimeToLive.minutes(2) == .seconds(120))
        #expect(TimeToLive.hours(2) == .seconds(7_200))
        #expect(TimeToLive.days(2) == .seconds(172_800))
        #expect(TimeToLive.minutes(-1) == .seconds(-60))
    }

    @Test func argumentMeansNeverDefaultDurationOrNothing() {
        #expect(self.lifetime(nil)?.freshFor == .some(nil))
        #expect(self.lifetime(.default)?.freshFor == .seconds(300))
        #expect(self.lifetime(.default, CacheDefaults(ttl: nil))?.freshFor == .some(nil))
        #expect(self.lifetime(.default, CacheDefaults(ttl: .seconds(0))) == nil)
        #expect(self.lifetime(.default, CacheDefaults(ttl: .default))?.freshFor == .seconds(300))
        #expect(self.lifetime(.seconds(0)) == nil)
        #expect(self.lifetime(.seconds(-1)) == nil)
        #expect(self.lifetime(.milliseconds(.min)) == nil)
        #expect(self.lifetime(.seconds(7))?.freshFor == .seconds(7))
    }

    @Test func lifetimesAreWholeMillisecondsAndAtLeastOne() {
        #expect(EntryLifetime(freshFor: .nanoseconds(1)).freshFor == .milliseconds(1))
        #expect(EntryLifetime(freshFor: .microseconds(1_999)).freshFor == .milliseconds(1))
        #expect(EntryLifetime(freshFor: .milliseconds(2)).freshFor == .milliseconds(2))
        #expect(EntryLifetime(freshFor: .seconds(1), grace: .microseconds(2_500)).grace == .milliseconds(2))
        #expect(EntryLifetime(freshFor: .seconds(1), grace: .seconds(-1)).grace == .zero)
        #expect(EntryLifetime(freshFor: nil, grace: .seconds(5)).grace == .zero)
    }

    @Test(arguments: [
        TimeToLive.seconds(Double.infinity), .seconds(1e300), .seconds(Int.max), .minutes(.max), .hours(.max),
        .days(.max),
        .milliseconds(.max), .duration(.seconds(Int64.max)),
    ])
    func endlessTimesAreCutAtAHundredYears(_ ttl: TimeToLive) {
        #expect(self.lifetime(ttl)?.freshFor == .seconds(100 * 365 * 86_400))
    }

    @Test(arguments: [
        TimeToLive.seconds(-Double.infinity), .seconds(-1e300), .seconds(Double.nan), .seconds(Int.min), .minutes(.min),
        .hours(.min), .days(.min),
    ])
    func timesWithoutSenseStoreNothing(_ ttl: TimeToLive) {
        #expect(self.lifetime(ttl) == nil)
    }

    @Test func expireAtAnyDateTrapsNowhere() async throws {
        try await withCache { subject in
            let key = CacheKey<Int>("k")
            for seconds in [-Double.infinity, -1e300, .nan] {
                try await subject.cache.set(key, to: 1)
                try await #expect(subject.cache.expire(key, at: Date(timeIntervalSince1970: seconds)))
                try await #expect(subject.cache.contains(key) == false)
            }
            for seconds in [Double.infinity, 1e300] {
                try await subject.cache.set(key, to: 1)
                try await #expect(subject.cache.expire(key, at: Date(timeIntervalSince1970: seconds)))
                try await #expect(subject.cache.contains(key))
            }
        }
    }

    @Test func durationsBeyondInt64NanosecondsArePinned() {
        #expect(Duration.seconds(Int64.max).wholeNanoseconds == .max)
        #expect(Duration.seconds(Int64.min).wholeNanoseconds == .min)
        #expect(Duration.nanoseconds(Int64.max).wholeNanoseconds == .max)
        #expect(Duration.nanoseconds(Int64.min).wholeNanoseconds == .min)
        #expect(Duration.nanoseconds(-5).wholeNanoseconds == -5)
        #expect(CacheInstant(nanoseconds: 5).advanced(by: .seconds(Int64.max)) == .distantFuture)
    }
}
