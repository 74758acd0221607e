/// The arguments of a program, as options with values.
enum ArgumentList {
    /// - Parameter arguments: The arguments, the program's name first.
    /// - Returns: The values of each option, without the dashes in front; none where nothing follows it.
    static func options(in arguments: [String]) -> [String: [String]] {
        var options: [String: [String]] = [:]
        var open: String?
        for argument in arguments.dropFirst() {
            if argument == "--" { break }
            if argument.hasPrefix("--") {
                let text = argument.dropFirst(2)
                let equals = text.firstIndex(of: "=") ?? text.endIndex
                let name = String(text[..<equals])
                if equals == text.endIndex {
                    options[name, default: []] += []
                    open = name
                } else {
                    options[name, default: []].append(String(text[text.index(after: equals)...]))
                    open = nil
                }
            } else if let name = open {
                options[name, default: []].append(argument)
                open = nil
            }
        }
        return options
    }
}
