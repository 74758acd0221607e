#!/usr/bin/env swift
// Writes the methods of `RedisCommandSender` (`client.get("key")`) from the requests of the same names
// (`RedisRequest.get("key")`), so that each typed command is defined and documented once.
//
//     swift scripts/generate-redis-methods.swift            write the methods
//     swift scripts/generate-redis-methods.swift --check    fail if they are not what would be written
//
// Reads Sources/LarderRedisClient/Commands/RedisRequest+*.swift, writes Generated/ beside them. A request is a
// `public static func` that returns a `RedisRequest<...>`, with its documentation right above; `@discardableResult` on
// it is meant for the method, `@inlinable` for both.

import Foundation

let commands = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Sources/LarderRedisClient/Commands")
let generated = commands.appendingPathComponent("Generated")

/// Splits at commas that are in no brackets.
func parameters(_ text: String) -> [String] {
    var result: [String] = []
    var current = ""
    var depth = 0
    for character in text {
        if "([{<".contains(character) { depth += 1 }
        if ")]}>".contains(character) { depth -= 1 }
        if character == ",", depth == 0 {
            result.append(current)
            current = ""
        } else {
            current.append(character)
        }
    }
    return (result + [current]).map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }.filter { !$0.isEmpty }
}

/// `_ key: String` is passed on as `key`, `if condition: C?` as `if: condition`, `count: Int` as `count: count`.
func passedOn(_ parameter: String) -> String {
    let words = parameter.prefix { $0 != ":" }.split(separator: " ")
    switch (words.first, words.dropFirst().first) {
    case ("_", .some(let name)): return String(name)
    case (.some(let label), .some(let name)): return "\(label): \(name)"
    case (.some(let label), nil): return "\(label): \(label)"
    default: fatalError("not a parameter: \(parameter)")
    }
}

/// The text up to the bracket that closes the first one, without the two, and what follows.
func bracketed(_ text: Substring, _ open: Character, _ close: Character) -> (inside: String, rest: Substring) {
    var depth = 0
    for index in text.indices {
        if text[index] == open { depth += 1 }
        if text[index] == close { depth -= 1 }
        if depth == 0 { return (String(text[text.startIndex..<index].dropFirst()), text[index...].dropFirst()) }
    }
    fatalError("no end of the bracket: \(text)")
}

func method(documentation: [String], isDiscardable: Bool, isInlinable: Bool, signature: String) -> String {
    var rest = signature[...].drop { $0 == " " }.dropFirst("public static func ".count)
    let name = String(rest.prefix { $0 != "(" && $0 != "<" })
    rest = rest.dropFirst(name.count)
    var generics = ""
    if rest.first == "<" {
        let (inside, after) = bracketed(rest, "<", ">")
        (generics, rest) = ("<\(inside)>", after)
    }
    let (list, afterList) = bracketed(rest, "(", ")")
    guard let arrow = afterList.range(of: "-> RedisRequest") else { fatalError("not a request: \(signature)") }
    let (response, _) = bracketed(afterList[arrow.upperBound...], "<", ">")
    let all = parameters(list)

    var lines = documentation
    let isVoid = response == "Void"
    if isVoid, let index = lines.firstIndex(where: { $0.contains("/// - Returns:") }) {
        lines.removeSubrange(index...)
    }
    let needsBreak = !lines.contains { $0.contains("/// - ") }
    if needsBreak, lines.last != "    ///" { lines.append("    ///") }
    lines.append("    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.")
    if isInlinable { lines.append("    @inlinable") }
    if isDiscardable { lines.append("    @discardableResult") }

    let head = "    public func \(name)\(generics)"
    let tail = ") async throws\(isVoid ? "" : " -> \(response)") {"
    let oneLine = "\(head)(\(all.joined(separator: ", "))\(tail)"
    if oneLine.count <= 120 {
        lines.append(oneLine)
    } else {
        lines.append("\(head)(")
        lines += all.enumerated().map { "        \($1)\($0 + 1 == all.count ? "" : ",")" }
        lines.append("    \(tail)")
    }
    let arguments = all.map(passedOn)
    let call = "        try await self.send(.\(name)(\(arguments.joined(separator: ", "))))"
    if call.count <= 120 {
        lines.append(call)
    } else {
        lines += ["        try await self.send(", "            .\(name)("]
        lines += arguments.enumerated().map { "                \($1)\($0 + 1 == arguments.count ? "" : ",")" }
        lines += ["            )", "        )"]
    }
    lines.append("    }")
    return lines.joined(separator: "\n")
}

let files = try FileManager.default.contentsOfDirectory(atPath: commands.path)
    .filter { $0.hasPrefix("RedisRequest+") && $0.hasSuffix(".swift") }.sorted()
let checks = CommandLine.arguments.contains("--check")
var outdated: [String] = []
if !checks {
    try? FileManager.default.removeItem(at: generated)
    try FileManager.default.createDirectory(at: generated, withIntermediateDirectories: true)
}

for file in files {
    let group = file.dropFirst("RedisRequest+".count).dropLast(".swift".count)
    let lines = try String(contentsOf: commands.appendingPathComponent(file), encoding: .utf8)
        .components(separatedBy: "\n")
    var methods: [String] = []
    var documentation: [String] = []
    var isDiscardable = false
    var isInlinable = false
    var index = 0
    while index < lines.count {
        let line = lines[index]
        if line.hasPrefix("    ///") {
            documentation.append(line)
        } else if line.hasPrefix("    @discardableResult") {
            isDiscardable = true
        } else if line.hasPrefix("    @inlinable") {
            isInlinable = true
        } else if line.hasPrefix("    public static func ") {
            var signature = line
            while !signature.hasSuffix("{") {
                index += 1
                signature += " " + lines[index].trimmingCharacters(in: .whitespaces)
            }
            methods.append(
                method(
                    documentation: documentation,
                    isDiscardable: isDiscardable,
                    isInlinable: isInlinable,
                    signature: signature
                )
            )
            (documentation, isDiscardable, isInlinable) = ([], false, false)
        } else {
            (documentation, isDiscardable, isInlinable) = ([], false, false)
        }
        index += 1
    }
    if methods.isEmpty { continue }
    let usesBuffers = methods.contains { $0.contains("ByteBuffer") }
    let text = """
        // Written by scripts/generate-redis-methods.swift from \(file): change that file, then run the script.
        \(usesBuffers ? "\npublic import NIOCore\n" : "")
        extension RedisCommandSender {
        \(methods.joined(separator: "\n\n"))
        }

        """
    let target = generated.appendingPathComponent("RedisCommandSender+\(group).swift")
    if checks {
        if (try? String(contentsOf: target, encoding: .utf8)) != text { outdated.append(target.lastPathComponent) }
    } else {
        try text.write(to: target, atomically: true, encoding: .utf8)
    }
}
if !outdated.isEmpty {
    print("Run swift scripts/generate-redis-methods.swift: \(outdated.joined(separator: ", ")) are not up to date.")
    exit(1)
}
