import Quantities
import Wire

/// Gives a message other names: texts where it had indexes, or indexes where it had texts.
///
/// A new message stands on its own bytes: those of the old one, with texts behind them.
struct Renaming {
    /// The bytes that the renamed message's ranges belong to.
    private(set) var bytes: [UInt8]
    /// Frames that define the indexes.
    private(set) var definitions: [NameDefinition] = []
    private let names: NameBook?

    /// Prepares to turn indexes into texts.
    init(_ bytes: RawSpan, textsOf names: NameBook) {
        self.bytes = bytes.withUnsafeBytes { Array($0) }
        self.names = names
    }

    /// Prepares to turn texts into indexes.
    init(indexing bytes: RawSpan) {
        self.bytes = bytes.withUnsafeBytes { Array($0) }
        names = nil
    }

    /// The renamed message; nil where it cannot be said otherwise.
    mutating func renamed(_ message: ClientMessage) -> ClientMessage? {
        switch message {
        case .name:
            return nil
        case .usage(var report):
            report.account = name(report.accountKind.nameKind, report.account)
            report.project = name(.project, report.project)
            report.model = name(.model, report.model)
            report.provider = name(.provider, report.provider)
            return .usage(report)
        case .heartbeat(var report):
            report.org = name(.org, report.org)
            report.machine = name(.machine, report.machine)
            return .heartbeat(report)
        case .authorize(var request):
            if case .text = request.request { return nil }
            request.account = name(request.accountKind.nameKind, request.account)
            request.project = name(.project, request.project)
            request.model = name(.model, request.model)
            request.provider = name(.provider, request.provider)
            return .authorize(request)
        case .authorizeMachine(var request):
            if case .text = request.request { return nil }
            request.account = name(request.accountKind.nameKind, request.account)
            request.project = name(.project, request.project)
            request.machine = name(.machine, request.machine)
            return .authorizeMachine(request)
        case .extend(let request):
            if case .text = request.request { return nil }
            return message
        case .release(let request):
            if case .text = request.request { return nil }
            return message
        case .hello, .subscribe, .orderDone, .ping:
            return message
        }
    }

    private mutating func name(_ kind: NameKind, _ name: WireName) -> WireName {
        switch name {
        case .absent: return .absent
        case .index(let index): return text(kind, index)
        case .text(let range):
            let index = UInt32(definitions.count { $0.kind == kind })
            definitions.append(NameDefinition(kind: kind, index: index, text: range))
            return .index(index)
        }
    }

    private mutating func text(_ kind: NameKind, _ index: UInt32) -> WireName {
        guard let text = names?.text(kind, index) else { return .absent }
        let range = ByteRange(offset: UInt32(bytes.count), length: UInt32(text.utf8.count))
        bytes.append(contentsOf: text.utf8)
        return .text(range)
    }
}
