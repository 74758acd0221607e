import Dispatch
import Foundation
import Synchronization

/// Commands to a browser, its answers and its events.
///
/// The Chrome DevTools Protocol (https://chromedevtools.github.io/devtools-protocol/) over a pair of pipes: each message
/// is JSON with a zero byte behind it.
final class DevToolsConnection: Sendable {
    /// What one page's events change; told of the browser's end as well.
    protocol Listener: AnyObject, Sendable {
        func take(event: String, _ details: JSONValue)
        func end(_ error: any Error)
    }

    private struct Listeners {
        var bySession: [String: any Listener] = [:]
        var end: (any Error)?
    }

    /// How long anything may take.
    let limit: Duration

    private let process: BrowserProcess
    private let answers = Watched<[Int: JSONValue]>([:])
    private let lastCommand = Atomic(0)
    private let listeners = Mutex(Listeners())
    private let writing = DispatchQueue(label: "browser commands")

    init(_ process: BrowserProcess, limit: Duration) {
        self.process = process
        self.limit = limit
        Thread.detachNewThread { self.listen() }
    }

    /// Tells the browser something, and waits for its answer.
    ///
    /// - Parameters:
    ///   - command: The command, as `Page.navigate`.
    ///   - parameters: Its parameters.
    ///   - session: The page it is for; `nil` for the browser itself.
    ///   - what: What is waited for, for the error; the answer to the command unless told.
    /// - Returns: The answer.
    /// - Throws: `BrowserError`, `CancellationError`.
    @discardableResult
    func call(
        _ command: String,
        _ parameters: JSONValue = [:],
        session: String? = nil,
        waitingFor what: String? = nil
    ) async throws -> JSONValue {
        let id = self.lastCommand.add(1, ordering: .relaxed).newValue
        var message: [String: JSONValue] = [
            "id": .number(Double(id)), "method": .string(command), "params": parameters,
        ]
        if let session { message["sessionId"] = .string(session) }
        self.send(try JSONEncoder().encode(JSONValue.object(message)))
        let answer = try await self.answers.wait(
            for: what ?? "Chromium's answer to \(command)",
            within: self.limit
        ) { answers in answers.removeValue(forKey: id) }
        if let reason = answer["error"]["message"].string {
            throw BrowserError.refused(command: command, reason: reason)
        }
        return answer["result"]
    }

    /// Tells the browser something whose answer nobody needs.
    func tell(_ command: String, _ parameters: JSONValue, session: String) throws {
        let id = self.lastCommand.add(1, ordering: .relaxed).newValue
        let message: JSONValue = [
            "id": .number(Double(id)), "method": .string(command), "params": parameters, "sessionId": .string(session),
        ]
        self.send(try JSONEncoder().encode(message))
    }

    /// Hands a page's events to a listener.
    func listen(to session: String, _ listener: any Listener) {
        let end = self.listeners.withLock { listeners in
            listeners.bySession[session] = listener
            return listeners.end
        }
        if let end { listener.end(end) }
    }

    /// Writing blocks when the browser does not read, so it is done elsewhere, in order.
    private func send(_ message: Data) {
        self.writing.async {
            // A browser that has ended fails whoever waits for its answer, from the reading side.
            try? self.process.commands.write(contentsOf: message + [0])
        }
    }

    private func listen() {
        var message = Data()
        for bytes in Chunks(self.process.messages) {
            var rest = bytes[...]
            while let end = rest.firstIndex(of: 0) {
                message.append(contentsOf: rest[..<end])
                self.take(message)
                message = Data()
                rest = rest[(end + 1)...]
            }
            message.append(contentsOf: rest)
        }
        self.end(BrowserError.died(lastLines: self.process.lastLines()))
    }

    private func take(_ text: Data) {
        let message: JSONValue
        do {
            message = try JSONDecoder().decode(JSONValue.self, from: text)
        } catch {
            self.end(error)
            return
        }
        if let id = message["id"].int {
            self.answers.change { $0[id] = message }
        } else if let session = message["sessionId"].string, let event = message["method"].string {
            let listener = self.listeners.withLock { $0.bySession[session] }
            listener?.take(event: event, message["params"])
        }
    }

    private func end(_ error: any Error) {
        let listeners = self.listeners.withLock { listeners in
            if listeners.end == nil { listeners.end = error }
            return Array(listeners.bySession.values)
        }
        self.answers.end(error)
        for listener in listeners { listener.end(error) }
    }
}
