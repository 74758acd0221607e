import AsyncHTTPClient
import Foundation
import HTTPTypes
import HummingbirdCore
import LarderHTTP
import NIOCore
import NIOHTTP1
import NIOPosix

/// Why there is no answer but the proxy's own (RFC 9209).
struct ProxyFailure: Error {
    var status: HTTPResponse.Status
    /// The error's type, one of RFC 9209, section 2.3.
    var type: String
    /// The same for people.
    var text: String
    /// Whether the connection to the client ends with this answer, because the rest of its request is not read.
    var closes = false
    /// Whether it was a connection that the origin may have closed without having seen the request.
    var isOfUsedConnection = false

    /// What the client gets.
    func response(by pseudonym: String) -> Response {
        var fields = HTTPFields()
        fields[.contentType] = "text/plain; charset=utf-8"
        fields[.cacheControl] = "no-store"
        fields[.date] = HTTPDate.now.description
        fields.append(HTTPField(name: .proxyStatus, value: "\(pseudonym); error=\(self.type)"))
        if self.closes { fields[.connection] = "close" }
        let body = ByteBuffer(string: "\(self.status.code) \(self.status.reasonPhrase): \(self.text)\n")
        return Response(status: self.status, headers: fields, body: .init(byteBuffer: body))
    }
}

// MARK: The client's mistakes

extension ProxyFailure {
    static let bodyTooLong = ProxyFailure(
        status: .contentTooLarge,
        type: "http_request_error",
        text: "The body is longer than this proxy passes on.",
        closes: true
    )
    static let traceWithBody = ProxyFailure(
        status: .badRequest,
        type: "http_request_error",
        text: "A TRACE has no body.",
        closes: true
    )
    static let unknownExpectation = ProxyFailure(
        status: .expectationFailed,
        type: "http_request_error",
        text: "Only 100-continue can be expected here.",
        closes: true
    )
    static let noTunnel = ProxyFailure(
        status: .notImplemented,
        type: "http_request_denied",
        text: "This proxy opens no tunnels.",
        closes: true
    )
    static let loop = ProxyFailure(
        status: .badGateway,
        type: "proxy_loop_detected",
        text: "The request has come back to this proxy."
    )
}

// MARK: The origin's

extension ProxyFailure {
    static let nonsense = ProxyFailure(
        status: .badGateway,
        type: "http_protocol_error",
        text: "The origin's answer could not be understood."
    )
    private static let unreachable = ProxyFailure(
        status: .badGateway,
        type: "connection_refused",
        text: "The origin cannot be reached."
    )
    static let late = ProxyFailure(
        status: .gatewayTimeout,
        type: "http_response_timeout",
        text: "The origin did not answer in time."
    )

    /// What became of a request to the origin.
    init(_ error: any Error) {
        switch error {
        case let failure as ProxyFailure:
            self = failure
        case let error as HTTPClientError:
            self.init(client: error)
        case let error as NIOConnectionError:
            guard error.dnsAError != nil, error.dnsAAAAError != nil else {
                self = .unreachable
                return
            }
            self.init(status: .badGateway, type: "dns_error", text: "The origin's name is not known.")
        case is HTTPParserError:
            self = .nonsense
        case let error as IOError where Self.isUnreachable(error.errnoCode):
            self = .unreachable
        default:
            self.init(
                status: .badGateway,
                type: "connection_terminated",
                text: "The connection to the origin failed before it answered."
            )
        }
    }

    private init(client error: HTTPClientError) {
        switch error {
        case .connectTimeout, .tlsHandshakeTimeout:
            self.init(
                status: .gatewayTimeout,
                type: "connection_timeout",
                text: "The origin could not be reached in time."
            )
        case .getConnectionFromPoolTimeout:
            self.init(
                status: .serviceUnavailable,
                type: "connection_limit_reached",
                text: "All connections to the origin are in use."
            )
        case .readTimeout, .writeTimeout, .deadlineExceeded:
            self = .late
        case .remoteConnectionClosed:
            self.init(
                status: .badGateway,
                type: "connection_terminated",
                text: "The origin closed the connection before it answered."
            )
        case .traceRequestWithBody:
            self = .traceWithBody
        default:
            self = .nonsense
        }
    }

    private static func isUnreachable(_ code: CInt) -> Bool {
        [ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EADDRNOTAVAIL].contains(code)
    }

    /// Whether a connection ended that there was.
    var isLostConnection: Bool { self.type == "connection_terminated" }
}
