/// What follows from a response's status alone.
package enum StatusRules {
    /// Whether a cache may guess how long such a response stays fresh (RFC 9110, section 15.1).
    static func allowsHeuristics(_ status: Int) -> Bool {
        switch status {
        case 200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501: true
        default: false
        }
    }

    /// Whether this cache conforms to what the status demands of caches, which `must-understand` asks (RFC 9111,
    /// section 5.2.2.3).
    ///
    /// Those of RFC 9110 that demand nothing or what is done here; 206 and 304 are never stored as they are.
    static func isUnderstood(_ status: Int) -> Bool {
        switch status {
        case 200...205, 300...303, 305, 307, 308, 400...417, 421, 422, 426, 500...505: true
        default: false
        }
    }

    /// Whether an answer tells what has become of the resource, and not what was wrong with the origin or with one request.
    package static func describesResource(_ status: Int) -> Bool {
        switch status {
        case ..<400, 401, 403, 404, 410, 451: true
        default: false
        }
    }

    /// The answers that count as an error of the origin (RFC 5861, section 4).
    package static func isOriginError(_ status: Int) -> Bool {
        switch status {
        case 500, 502, 503, 504: true
        default: false
        }
    }
}
