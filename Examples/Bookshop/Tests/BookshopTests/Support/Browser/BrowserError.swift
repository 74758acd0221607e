/// Why the browser did not do what a test wanted of it.
enum BrowserError: Error, CustomStringConvertible {
    /// There is no Chromium on this machine.
    case missing
    /// A system call failed while the browser was started.
    case startFailed(String)
    /// The browser has ended; with the last lines that it wrote to standard error.
    case died(lastLines: [String])
    /// What was waited for did not come in time.
    case deadline(waitedFor: String, limit: Duration)
    /// The browser answered a command with an error.
    case refused(command: String, reason: String)
    /// No page came of a navigation.
    case navigationFailed(url: String, reason: String)
    /// The process that shows the page has crashed.
    case pageCrashed(url: String)
    /// Nothing on the page fits a selector.
    case notFound(selector: String, url: String)
    /// An element is there, but a person could not use it.
    case notUsable(selector: String, url: String, reason: String)
    /// A script threw.
    case scriptFailed(String)

    var description: String {
        switch self {
        case .missing:
            "Chromium was not found. Install it: apt-get install chromium (macOS: brew install --cask chromium)"
        case .startFailed(let reason):
            "Chromium could not be started: \(reason)"
        case .died(let lastLines):
            "Chromium has ended. The last that it said:\n\(lastLines.joined(separator: "\n"))"
        case .deadline(let waitedFor, let limit):
            "Waited \(limit) in vain for \(waitedFor)."
        case .refused(let command, let reason):
            "Chromium refused \(command): \(reason)"
        case .navigationFailed(let url, let reason):
            "No page came from \(url): \(reason)"
        case .pageCrashed(let url):
            "The page \(url) has crashed."
        case .notFound(let selector, let url):
            "Nothing on \(url) fits the selector \(selector)."
        case .notUsable(let selector, let url, let reason):
            "\(selector) on \(url) cannot be used: \(reason)."
        case .scriptFailed(let reason):
            "A script failed: \(reason)"
        }
    }
}
