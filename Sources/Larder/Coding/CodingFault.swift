/// What went wrong in a codec, with nothing of the value: the errors of decoders and encoders quote it.
struct CodingFault: Error, CustomStringConvertible {
    let description: String

    init(_ error: any Error) {
        self.description =
            switch error {
            case DecodingError.keyNotFound(let key, let context):
                "no \"\(key.stringValue)\" \(Self.place(context.codingPath))"
            case DecodingError.typeMismatch(let type, let context): "no \(type) \(Self.place(context.codingPath))"
            case DecodingError.valueNotFound(let type, let context):
                "nil for a \(type) \(Self.place(context.codingPath))"
            case DecodingError.dataCorrupted(let context): "bytes that are not valid \(Self.place(context.codingPath))"
            case EncodingError.invalidValue(_, let context):
                "a value that has no form \(Self.place(context.codingPath))"
            case let fault as BinaryPropertyList.Fault: fault.description
            default: "an error of type \(type(of: error))"
            }
    }

    /// How deep it was; the path itself has the keys of dictionaries in it.
    private static func place(_ path: [any CodingKey]) -> String {
        path.isEmpty ? "at the top" : "\(path.count) deep"
    }
}
