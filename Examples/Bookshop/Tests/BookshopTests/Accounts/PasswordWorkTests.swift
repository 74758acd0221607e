import Dispatch
import Foundation
import HTTPTypes
import Hummingbird
import Testing

@testable import Bookshop

@Suite(.timeLimit(.minutes(1))) struct PasswordWorkTests {
    /// A gate at which work stands until it is opened.
    private final class Gate: Sendable {
        private let semaphore = DispatchSemaphore(value: 0)

        func open() { self.semaphore.signal() }
        func pass() { self.semaphore.wait() }
    }

    @Test func onlySoManyWaitAndTheRestIsToldSo() async throws {
        let work = PasswordWork(mostWaiting: 2)
        let gate = Gate()
        try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<3 {
                group.addTask { @concurrent in
                    try await work.run {
                        gate.pass()
                        return number
                    }
                }
            }
            #expect(try await eventually { work.count == 3 })
            let one: @Sendable () throws -> Int = { 3 }
            await #expect(throws: PasswordWork.Full.self) { try await work.run(one) }
            for _ in 0..<3 { gate.open() }
            var done: Set<Int> = []
            for try await number in group { done.insert(number) }
            #expect(done == [0, 1, 2])
        }
        // There is room again, also after work that fails.
        #expect(work.count == 0)
        let failing: @Sendable () throws -> Int = { throw CocoaError(.coderInvalidValue) }
        await #expect(throws: CocoaError.self) { try await work.run(failing) }
        let after = try await work.run { 4 }
        #expect(after == 4 && work.count == 0)
    }

    /// While passwords are hashed, however slowly, pages are sent; who wants to sign in then is told when to come back.
    @Test func pagesDoNotWaitForPasswords() async throws {
        try await TestShop.open { shop in
            let gate = Gate()
            let work = shop.front.accounts.work
            let most = PasswordWork.mostWaiting + 1
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<most { group.addTask { @concurrent in try await work.run { gate.pass() } } }
                #expect(try await eventually { work.count == most })
                #expect(try await shop.get("/books/345").status == 200)
                let refused = try await shop.submit(
                    ["name": "Ada", "password": "correct horse battery"],
                    to: "/account/sign-in"
                )
                #expect(refused.status == 503 && refused.header(.retryAfter) == "5")
                #expect(refused.header(.setCookie) == nil)
                for _ in 0..<most { gate.open() }
                try await group.waitForAll()
            }
        }
    }
}
