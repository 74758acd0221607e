public import HTTPTypes

/// Which stored responses an unsafe request made untrue (RFC 9111, section 4.4).
public enum Invalidation: Sendable {
    /// The URIs whose variants all have to go, under whichever of their keys: see ``ResponseKey/target``.
    ///
    /// Fetches of them that began before must not be stored after: a generation read at the fetch's start and compared when
    /// storing sees to that.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - response: The origin's answer.
    ///   - policy: What makes a key, for the scheme.
    /// - Returns: The request's own target, and those of `Location` and `Content-Location` if they have its origin; nothing
    ///   where the method is safe or the answer an error.
    public static func targets(
        request: HTTPRequest,
        response: HTTPResponse,
        policy: KeyPolicy = KeyPolicy()
    ) -> [TargetURI] {
        guard self.isUnsafe(request.method), (200..<400).contains(response.status.code),
            let target = TargetURI(request, scheme: policy.scheme)
        else { return [] }
        var targets = [target]
        for name in [HTTPField.Name.location, .contentLocation] {
            guard let field = response.headerFields.first(name),
                let other = target.resolving(field.withUnsafeBytesOfValue { Array($0.trimmed) }),
                other.hasSameOrigin(as: target), !targets.contains(other)
            else { continue }
            targets.append(other)
        }
        return targets
    }

    /// Whether a method is not known to be safe (RFC 9110, section 9.2.1).
    ///
    /// - Parameter method: The method.
    /// - Returns: `false` for GET, HEAD, OPTIONS and TRACE.
    public static func isUnsafe(_ method: HTTPRequest.Method) -> Bool {
        switch method {
        case .get, .head, .options, .trace: false
        default: true
        }
    }
}
