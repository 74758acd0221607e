import Foundation

// What a visitor sees on the page, and does there.
extension BrowserVisitor {
    /// Runs a script on the page.
    ///
    /// - Parameter script: An expression; a promise is waited for.
    /// - Returns: Its value; null for `undefined`.
    /// - Throws: `BrowserError.scriptFailed` when it throws.
    @discardableResult
    func evaluate(_ script: String) async throws -> JSONValue {
        let answer = try await self.call(
            "Runtime.evaluate",
            ["expression": .string(script), "returnByValue": true, "awaitPromise": true, "userGesture": true],
            waitingFor: "a script on \(self.url)"
        )
        let exception = answer["exceptionDetails"]
        guard exception == .null else {
            let text = exception["exception"]["description"].string ?? exception["text"].string
            throw BrowserError.scriptFailed(text ?? "it does not say why")
        }
        return answer["result"]["value"]
    }

    /// The text of the first element that fits a selector, as it is shown.
    func text(of selector: String) async throws -> String {
        try await self.onElement(selector, "element => element.innerText ?? element.textContent").string ?? ""
    }

    /// The texts of all elements that fit a selector, as they are shown.
    func texts(of selector: String) async throws -> [String] {
        let texts = try await self.evaluate(
            "Array.from(document.querySelectorAll(\(Self.literal(selector))), e => e.innerText ?? e.textContent)"
        )
        return (texts.array ?? []).compactMap(\.string)
    }

    /// An attribute of the first element that fits a selector; `nil` when it has none of that name.
    func attribute(_ name: String, of selector: String) async throws -> String? {
        try await self.onElement(selector, "element => element.getAttribute(\(Self.literal(name)))").string
    }

    /// How many elements fit a selector.
    func count(of selector: String) async throws -> Int {
        try await self.evaluate("document.querySelectorAll(\(Self.literal(selector))).length").int ?? 0
    }

    /// Writes into a field, in place of what is in it.
    func fill(_ selector: String, with text: String) async throws {
        try await self.onElement(
            selector,
            "element => { element.scrollIntoView({block: 'center', behavior: 'instant'}); element.focus(); element.select() }"
        )
        if text.isEmpty {
            try await self.call(
                "Input.dispatchKeyEvent",
                ["type": "keyDown", "key": "Delete", "windowsVirtualKeyCode": 46]
            )
            try await self.call(
                "Input.dispatchKeyEvent",
                ["type": "keyUp", "key": "Delete", "windowsVirtualKeyCode": 46]
            )
        } else {
            try await self.call("Input.insertText", ["text": .string(text)])
        }
        let written = try await self.onElement(selector, "element => element.value").string
        guard written == text else {
            throw BrowserError.notUsable(selector: selector, url: self.url, reason: "it does not take that text")
        }
    }

    /// Clicks on the first element that fits a selector, and waits for the page to which that leads.
    @discardableResult
    func click(_ selector: String) async throws -> LoadedPage {
        try await self.follow("a click on \(selector)") { try await self.press(selector) }
    }

    /// Clicks on the first element that fits a selector with the mouse, and waits for nothing.
    func press(_ selector: String) async throws {
        let place = try await self.onElement(
            selector,
            """
            element => {
                element.scrollIntoView({block: 'center', behavior: 'instant'})
                const box = element.getClientRects()[0]
                if (!box || box.width === 0 || box.height === 0) return 'it is not shown'
                if (element.disabled) return 'it is disabled'
                const x = box.x + box.width / 2, y = box.y + box.height / 2
                const hit = document.elementFromPoint(x, y)
                if (!hit || !(element.contains(hit) || hit.contains(element) && hit.closest('label'))) {
                    return 'another element lies over it'
                }
                return {x, y}
            }
            """
        )
        if let reason = place.string {
            throw BrowserError.notUsable(selector: selector, url: self.url, reason: reason)
        }
        for type in ["mousePressed", "mouseReleased"] {
            try await self.call(
                "Input.dispatchMouseEvent",
                ["type": .string(type), "x": place["x"], "y": place["y"], "button": "left", "clickCount": 1]
            )
        }
    }

    /// A picture of what is to be seen, as PNG.
    func screenshot() async throws -> Data {
        let answer = try await self.call("Page.captureScreenshot", ["format": "png"])
        guard let picture = answer["data"].string.flatMap({ Data(base64Encoded: $0) }) else {
            throw BrowserError.refused(command: "Page.captureScreenshot", reason: "an answer without a picture")
        }
        return picture
    }

    /// Runs a function on the first element that fits a selector.
    ///
    /// - Throws: `BrowserError.notFound` when there is none.
    @discardableResult
    private func onElement(_ selector: String, _ function: String) async throws -> JSONValue {
        let found = try await self.evaluate(
            """
            (() => {
                const element = document.querySelector(\(Self.literal(selector)))
                return element ? [(\(function))(element) ?? null] : null
            })()
            """
        )
        guard let result = found.array?.first else {
            throw BrowserError.notFound(selector: selector, url: self.url)
        }
        return result
    }

    /// Text as a literal of JavaScript.
    private static func literal(_ text: String) throws -> String { try JSONValue.string(text).text }
}
