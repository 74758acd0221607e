import Hummingbird

/// What visitors looked at and how much was done, as pages.
struct CountPages: Sendable {
    let shop: Storefront
    let pages: PageRenderer

    func add(to router: RouterGroup<ShopContext>) {
        router.get("leaderboard") { _, _ in
            async let ever = self.shop.mostViewed(LeaderboardPage.size, .all)
            async let today = self.shop.mostViewed(LeaderboardPage.size, .today)
            return try await self.pages.response(
                LeaderboardPage(today: today, ever: ever),
                titled: "Most viewed"
            )
        }
        router.get("analytics") { _, _ in
            let days = try await self.shop.lastDays()
            let page = AnalyticsPage(days, skipped: self.shop.recorder.skipped)
            return try await self.pages.response(page, titled: "Analytics")
        }
    }
}
