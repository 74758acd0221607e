import HTTPTypes
import LarderHTTP
import LarderHummingbird
import Synchronization
import Testing

@testable import CachingProxy

/// The stories of the rules, told to the proxy over sockets.
@Suite("Stories over sockets")
struct StoryOverSocketsTests {
    @Test("a story that the rules pass, the proxy passes", arguments: Stories.all)
    func tell(_ story: Story) async throws {
        var options = ResponseCacheOptions(policy: story.policy)
        options.gathersUpTo = 0
        options.makesEntityTags = false
        // What the rules know nothing of: for some time after an answer that could not be stored, no other is.
        options.uncacheableMemory = .zero
        let stage = Stage()
        try await TestProxy.run(options, origin: { stage.answer($0) }) { proxy in
            for (number, step) in story.steps.enumerated() {
                proxy.advance(seconds: step.after)
                stage.set(step, number, noon: proxy.date)
                let answer = try await proxy.send(step.line, step.request)
                let source = stage.source(of: answer, number)
                #expect(source == step.from, "step \(number): \(answer.lines)")
                // The rules say only that there is no answer; which of the two statuses it gets says the proxy.
                let isNone = step.status == 0 && step.gets == 504
                if let status = step.gets { #expect(answer.status == (isNone ? 502 : status), "step \(number)") }
                if let body = step.reads { #expect(answer.body == body, "step \(number)") }
                for line in step.has { #expect(answer.lines.contains(line), "step \(number): \(answer.lines)") }
                for name in step.lacks { #expect(answer[name].isEmpty, "step \(number)") }
            }
        }
    }
}

/// What the origin of a story says in the step that is told.
private final class Stage: Sendable {
    private struct State {
        var step = Story.Step()
        var number = 0
        var date = ""
        var wasAsked = false
        var saidNotModified = false
    }

    private let state = Mutex(State())

    func set(_ step: Story.Step, _ number: Int, noon date: String) {
        self.state.withLock { $0 = State(step: step, number: number, date: date) }
    }

    /// The origin's answer, which says in which step it was made.
    func answer(_ asked: RawOrigin.Request) -> [RawOrigin.Action] {
        self.state.withLock { state in
            state.wasAsked = true
            guard state.step.status != 0 else { return [.close] }
            let date = state.date
            let lines = state.step.response.map { $0 == "DATE" ? "Date: " + date : $0 }
            let parts = asked.line.split(separator: " ")
            let fields = Story.all(Lines.fields(of: asked.head).map { "\($0.name): \($0.value)" })
            guard let method = HTTPRequest.Method(String(parts[0])) else { return [.close] }
            let (response, body) = Story.origin(request(method, "/", fields), state.step, Story.all(lines))
            if response.status == .notModified { state.saidNotModified = true }
            let isBodiless = method == .head || response.status.code == 204 || response.status.code == 304
            let length = response.status.code == 204 || response.status.code == 304 ? 0 : state.step.body.utf8.count
            let framing = length > 0 || !isBodiless ? ["Content-Length: \(length)"] : []
            let head = ["HTTP/1.1 \(response.status.code) Said"] + lines + framing + ["X-Step: \(state.number)"]
            return [.say(head.joined(separator: "\r\n") + "\r\n\r\n" + (isBodiless ? "" : body))]
        }
    }

    /// Where an answer came from: what stands in it was said in this step or before.
    func source(of answer: RawClient.Answer, _ number: Int) -> Story.Source {
        self.state.withLock { state in
            guard let step = answer["X-Step"].last.flatMap({ Int($0) }) else {
                // The proxy's own words, or a 304, which has few fields.
                return state.saidNotModified ? .validated : state.wasAsked ? .fetched : .cached
            }
            guard step == number else { return .cached }
            return state.saidNotModified ? .validated : .fetched
        }
    }
}
