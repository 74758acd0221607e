import HTTPTypes

/// The comparable form of a request's field.
enum FieldForm: Equatable {
    /// It is absent, and its absence means nothing of its own.
    case absent
    /// The form.
    case value([UInt8])
    /// It is longer, or has more members, than anybody sends: it is like no other, not even itself.
    ///
    /// To compare only a part would let a client hide the rest from the cache and show it to the handler.
    case unreadable
}

/// The forms of one request's fields, each made once however many variants it is compared with.
struct RequestForms {
    private var known: [(name: String, form: FieldForm)] = []

    /// Whether the request says what the selector does.
    mutating func matches(_ selector: VaryKey.Selector, in request: HTTPFields, policy: CachePolicy) -> Bool {
        if let form = self.known.first(where: { $0.name == selector.name })?.form {
            return Self.isForm(form, selector.value)
        }
        let normalizer = policy.normalizers[selector.name] ?? .list
        if let isSame = normalizer.quickMatch(selector.name, in: request, value: selector.value) { return isSame }
        let form = normalizer.form(of: selector.name, in: request)
        self.known.append((selector.name, form))
        return Self.isForm(form, selector.value)
    }

    private static func isForm(_ form: FieldForm, _ value: [UInt8]?) -> Bool {
        switch form {
        case .absent: value == nil
        case .value(let bytes): bytes == value
        case .unreadable: false
        }
    }
}

extension FieldNormalizer {
    /// Longer values than this, all lines together, are compared with nothing.
    static let longest = 8_192

    /// The comparable form of a request's field.
    func form(of name: String, in request: HTTPFields) -> FieldForm {
        guard self.isReadable(name, in: request) else { return .unreadable }
        return self.value(of: name, in: request).map { .value($0) } ?? .absent
    }

    private func isReadable(_ name: String, in request: HTTPFields) -> Bool {
        var bytes = 0
        var members = 0
        for field in request where field.name.canonicalName == name {
            let (length, commas) = field.withUnsafeBytesOfValue { value in
                (value.count, self.hasWeights ? value.count { $0 == UInt8(ascii: ",") } : 0)
            }
            bytes += length + 1
            members += commas + 1
            guard bytes <= Self.longest, !self.hasWeights || members <= WeightedMember.most else { return false }
        }
        return true
    }
}
