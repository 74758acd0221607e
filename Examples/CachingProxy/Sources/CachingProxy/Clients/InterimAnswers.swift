import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Where interim answers (1xx) go: straight to the client, ahead of the answer that is being waited for.
struct InterimAnswers: Sendable {
    let channel: any Channel
    /// Whether the client waits to be told to send its body.
    let expectsContinue: Bool

    func send(_ head: HTTPResponse) {
        // A client that did not ask for it may take a 100 for the answer.
        guard head.status != .continue || self.expectsContinue else { return }
        self.channel.writeAndFlush(HTTPResponsePart.head(head), promise: nil)
    }
}
