import HTTPTypes
import LarderHTTP
import Testing

extension Story {
    /// Tells the story to the rules alone.
    func tell() throws {
        var cache = SimulatedCache(self.policy)
        var now = noon
        for (number, step) in self.steps.enumerated() {
            now = now.advanced(by: .seconds(step.after))
            let date = HTTPDate(now).description
            let headers = Self.all(step.response.map { $0 == "DATE" ? "Date: " + date : $0 })
            let parts = step.line.split(separator: " ")
            let method = try #require(HTTPRequest.Method(String(parts[0])))
            let asked = request(method, String(parts[1]), Self.all(step.request))
            let answer = cache.handle(asked, now: now) { outgoing in
                step.status == 0 ? nil : Self.origin(outgoing, step, headers)
            }
            #expect(answer.source == step.from, "step \(number)")
            if let status = step.gets { #expect(answer.response.status.code == status, "step \(number)") }
            if let body = step.reads { #expect(answer.body == body, "step \(number)") }
            let lines = answer.response.headerFields.map { "\($0.name.rawName): \($0.value)" }
            for line in step.has { #expect(lines.contains(line), "step \(number): \(lines)") }
            for name in step.lacks { #expect(answer.response.headerFields.lines(name).isEmpty, "step \(number)") }
        }
    }
}
