import Quantities
import Wire

extension IngestLoop {
    @inline(__always)
    func index(
        _ name: WireName,
        _ kind: NameKind,
        _ frame: RawSpan,
        _ connection: Connection
    ) -> UInt32? {
        switch name {
        case .absent: nil
        case .index(let index): index
        case .text(let range):
            frame.extracting(range.bounds).withUnsafeBytes { text in
                let before = connection.names.bytes
                let limit =
                    nameBytes < mostNameBytes ? settings.nameBytes : settings.spareNameBytes
                let index = connection.names.index(of: kind, text: text, limit: limit)
                nameBytes += connection.names.bytes - before
                return index
            }
        }
    }

    /// Interns a name, as far as there is room for the names of this connection and of all.
    func define(_ definition: NameDefinition, _ frame: RawSpan, _ connection: Connection) {
        let before = connection.names.bytes
        frame.extracting(definition.text.bounds).withUnsafeBytes { text in
            connection.names.define(definition.kind, text)
        }
        let taken = connection.names.bytes
        nameBytes += taken - before
        if taken > settings.nameBytes {
            let message = "the names of this connection take more than \(settings.nameBytes) bytes"
            fail(connection, ConnectionFault(.tooLarge, message))
        } else if nameBytes > mostNameBytes, taken > settings.spareNameBytes {
            let message =
                "the names of all connections take more than \(mostNameBytes) bytes, those of "
                + "this connection \(taken)"
            fail(connection, ConnectionFault(.tooLarge, message))
        }
    }

    /// What the account of a message stands for, or nil.
    @inline(__always)
    func account(
        _ kind: AccountKind,
        _ name: WireName,
        _ frame: RawSpan,
        _ connection: Connection
    ) -> AccountReference? {
        guard let index = index(name, kind.nameKind, frame, connection) else { return nil }
        let meaning =
            kind == .key
            ? connection.names.keys.meaning(index) : connection.names.organisations.meaning(index)
        if meaning.pointee.isKnown(at: namesVersion) { return meaning.pointee.account }
        return lookUpAccount(kind, index, meaning, connection)
    }

    /// Asks what an account means now.
    ///
    /// A key that was known once and is no more keeps its meaning:
    /// usage under it has happened and is booked; a new request is refused by its generation.
    @inline(never)
    private func lookUpAccount(
        _ kind: AccountKind,
        _ index: UInt32,
        _ meaning: UnsafeMutablePointer<NameMeaning>,
        _ connection: Connection
    ) -> AccountReference? {
        let text = connection.names.text(kind.nameKind, index) ?? ""
        let answer =
            kind == .key
            ? wiring.intake.account(secret: text) : wiring.intake.account(organisation: text)
        meaning.pointee.note(answer, at: namesVersion)
        return meaning.pointee.isFound ? meaning.pointee.account : nil
    }

    /// The project of a message: the key's own, the named one, or 0 for none; nil when it is
    /// unknown.
    @inline(__always)
    func project(
        _ name: WireName,
        _ account: AccountReference,
        _ frame: RawSpan,
        _ connection: Connection
    ) -> UInt32? {
        guard account.project == 0, !name.isAbsent,
            let index = index(name, .project, frame, connection)
        else { return account.project }
        let meaning = connection.names.projects.meaning(index)
        if meaning.pointee.isKnown(at: namesVersion), meaning.pointee.context == account.org {
            return meaning.pointee.number
        }
        let text = connection.names.projects.text(index) ?? ""
        let answer = wiring.intake.project(text, org: account.org)
        meaning.pointee.note(answer, context: account.org, at: namesVersion)
        return answer
    }

    /// The number of a model, or nil when it has no price.
    @inline(__always)
    func model(
        _ name: WireName,
        _ provider: WireName,
        _ frame: RawSpan,
        _ connection: Connection
    ) -> UInt32? {
        // The provider first: a text that is new may make the connection forget all its names.
        let providerIndex = self.index(provider, .provider, frame, connection)
        guard let index = index(name, .model, frame, connection) else { return nil }
        let context = providerIndex.map { $0 + 1 } ?? 0
        let meaning = connection.names.models.meaning(index)
        if meaning.pointee.isKnown(at: namesVersion), meaning.pointee.context == context {
            return meaning.pointee.number
        }
        return lookUpModel(index, meaning, providerIndex, connection)
    }

    @inline(never)
    private func lookUpModel(
        _ index: UInt32,
        _ meaning: UnsafeMutablePointer<NameMeaning>,
        _ provider: UInt32?,
        _ connection: Connection
    ) -> UInt32? {
        let model = connection.names.models.text(index) ?? ""
        let providerText = provider.flatMap { connection.names.providers.text($0) }
        let answer = wiring.intake.model(model, provider: providerText)
        meaning.pointee.note(answer, context: provider.map { $0 + 1 } ?? 0, at: namesVersion)
        return answer
    }

    /// The number of a provider, or 0.
    @inline(__always)
    func provider(_ name: WireName, _ frame: RawSpan, _ connection: Connection) -> UInt16 {
        guard !name.isAbsent, let index = index(name, .provider, frame, connection) else {
            return 0
        }
        let meaning = connection.names.providers.meaning(index)
        if meaning.pointee.isFound { return UInt16(truncatingIfNeeded: meaning.pointee.number) }
        let answer = wiring.intake.provider(connection.names.providers.text(index) ?? "")
        meaning.pointee.note(answer.map { UInt32($0) }, at: namesVersion)
        return answer ?? 0
    }

    /// The digest of a name's text; 0 where there is none.
    @inline(__always)
    func digest(
        of name: WireName,
        _ kind: NameKind,
        _ frame: RawSpan,
        _ connection: Connection
    ) -> UInt64 {
        guard !name.isAbsent, let index = index(name, kind, frame, connection),
            let meaning = connection.names.meaning(kind, index)
        else { return 0 }
        return meaning.pointee.digest
    }

    /// A name for a message: the field and the value.
    func quoted(
        _ field: String,
        _ name: WireName,
        _ kind: NameKind,
        _ frame: RawSpan,
        _ connection: Connection
    ) -> String {
        guard let index = index(name, kind, frame, connection) else {
            return "field \"\(field)\": it is missing; that"
        }
        let text = connection.names.text(kind, index) ?? "number \(index)"
        return "field \"\(field)\": \"\(text)\""
    }
}
