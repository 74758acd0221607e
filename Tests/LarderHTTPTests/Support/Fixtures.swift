import HTTPTypes
import LarderHTTP

/// The time at which nearly all tests happen: Mon, 21 Sep 2026 14:13:20 GMT.
let noon = HTTPTime(secondsSince1970: 1_790_000_000)

/// The date so many seconds from then.
func date(_ seconds: Int64) -> String {
    HTTPDate(secondsSince1970: noon.secondsSince1970 + seconds).description
}

/// Fields, each line by itself and in order.
func fields(_ lines: [(String, String)]) -> HTTPFields {
    var fields = HTTPFields()
    for (name, value) in lines {
        guard let name = HTTPField.Name(name) else { preconditionFailure("\(name) is no name of a field") }
        fields.append(HTTPField(name: name, value: value))
    }
    return fields
}

/// Fields from text as it stands on the wire: a name, a colon, a value.
func fields(_ text: String...) -> HTTPFields {
    fields(
        text.map { line in
            let colon = line.utf8.firstIndex(of: UInt8(ascii: ":")) ?? line.endIndex
            let value = line[colon...].dropFirst()
            return (String(line[..<colon]), String(value.first == " " ? value.dropFirst() : value))
        }
    )
}

/// A request.
func request(
    _ method: HTTPRequest.Method = .get,
    _ path: String = "/",
    _ headers: HTTPFields = [:],
    authority: String? = "shop.example",
    scheme: String? = "https"
) -> HTTPRequest {
    HTTPRequest(method: method, scheme: scheme, authority: authority, path: path, headerFields: headers)
}

extension HTTPFields {
    /// The lines of a name.
    func lines(_ name: String) -> [String] {
        HTTPField.Name(name).map { self[values: $0] } ?? []
    }
}
