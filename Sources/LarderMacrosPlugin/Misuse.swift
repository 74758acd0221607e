import SwiftDiagnostics
import SwiftSyntax

/// Something that a macro cannot work with, at the place where it stands, and how to put it right.
struct Misuse: DiagnosticMessage {
    let id: String
    let message: String

    var diagnosticID: MessageID { MessageID(domain: "Larder", id: self.id) }
    var severity: DiagnosticSeverity { .error }

    init(_ id: String, _ message: String) {
        self.id = id
        self.message = message
    }

    /// The misuse at a place.
    ///
    /// - Parameters:
    ///   - node: Where it is.
    ///   - repair: How to put it right, in an editor's menu.
    /// - Returns: What the compiler shows.
    func at(_ node: some SyntaxProtocol, _ repair: Repair? = nil) -> Diagnostic {
        Diagnostic(node: node, message: self, fixIts: repair.map { [$0.fixIt(self.diagnosticID)] } ?? [])
    }
}

/// A change that puts a misuse right.
struct Repair {
    let message: String
    let old: Syntax
    let new: Syntax

    init(_ message: String, replacing old: some SyntaxProtocol, with new: some SyntaxProtocol) {
        self.message = message
        self.old = Syntax(old)
        self.new = Syntax(new)
    }

    fileprivate func fixIt(_ id: MessageID) -> FixIt {
        FixIt(
            message: RepairMessage(message: self.message, fixItID: id),
            changes: [.replace(oldNode: self.old, newNode: self.new)]
        )
    }
}

private struct RepairMessage: FixItMessage {
    let message: String
    let fixItID: MessageID
}
