import Quantities
import Wire

extension IngestLoop {
    private func index(
        _ name: WireName,
        _ kind: NameKind,
        _ frame: RawSpan,
        _ connection: Connection
    ) -> UInt32? {
        switch name {
        case .absent: nil
        case .index(let index): index
        case .text(let range):
            connection.names.index(
                of: kind,
                text: range.text(in: frame),
                limit: settings.nameBytes
            )
        }
    }

    /// What the account of a message stands for, or nil.
    func account(
        _ kind: AccountKind,
        _ name: WireName,
        _ frame: RawSpan,
        _ connection: Connection
    ) -> AccountReference? {
        guard let index = index(name, kind.nameKind, frame, connection) else { return nil }
        if kind == .key {
            return connection.names.withKey(index) { entry in
                if entry.version == namesVersion, entry.found { return entry.account }
                return lookUp(&entry, wiring.intake.account(secret: entry.text))
            }
        }
        return connection.names.withOrganisation(index) { entry in
            if entry.version == namesVersion, entry.found { return entry.account }
            return lookUp(&entry, wiring.intake.account(organisation: entry.text))
        }
    }

    /// Notes what a look-up found.
    ///
    /// A key that was known once and is no more keeps its meaning:
    /// usage under it has happened and is booked; a new request is refused by its generation.
    private func lookUp(
        _ entry: inout NameTable.Entry,
        _ answer: AccountReference?
    ) -> AccountReference? {
        entry.version = namesVersion
        if let answer {
            entry.found = true
            entry.account = answer
        }
        return entry.found ? entry.account : nil
    }

    /// The project of a message: the key's own, the named one, or 0 for none; nil when it is
    /// unknown.
    func project(
        _ name: WireName,
        _ account: AccountReference,
        _ frame: RawSpan,
        _ connection: Connection
    ) -> UInt32? {
        guard account.project == 0,
            let index = index(name, .project, frame, connection)
        else { return account.project }
        return connection.names.withProject(index) { entry in
            if entry.version == namesVersion, entry.context == account.org, entry.found {
                return entry.number
            }
            entry.version = namesVersion
            entry.context = account.org
            let answer = wiring.intake.project(entry.text, org: account.org)
            entry.found = answer != nil
            entry.number = answer ?? 0
            return answer
        }
    }

    /// The number of a model, or nil when it has no price.
    func model(
        _ name: WireName,
        _ provider: WireName,
        _ frame: RawSpan,
        _ connection: Connection
    ) -> UInt32? {
        guard let index = index(name, .model, frame, connection) else { return nil }
        let providerIndex = self.index(provider, .provider, frame, connection)
        let context = providerIndex.map { $0 + 1 } ?? 0
        let known = connection.names.withModel(index) { entry -> UInt32? in
            let isFresh = entry.version == namesVersion && entry.context == context && entry.found
            return isFresh ? entry.number : nil
        }
        if let known { return known }
        let providerText = providerIndex.map { connection.names.providers[Int($0)].text }
        return connection.names.withModel(index) { entry in
            entry.version = namesVersion
            entry.context = context
            let answer = wiring.intake.model(entry.text, provider: providerText)
            entry.found = answer != nil
            entry.number = answer ?? 0
            return answer
        }
    }

    /// The number of a provider, or 0.
    func provider(_ name: WireName, _ frame: RawSpan, _ connection: Connection) -> UInt16 {
        guard let index = index(name, .provider, frame, connection) else { return 0 }
        return connection.names.withProvider(index) { entry in
            if entry.found { return UInt16(truncatingIfNeeded: entry.number) }
            let answer = wiring.intake.provider(entry.text)
            entry.found = answer != nil
            entry.number = UInt32(answer ?? 0)
            return answer ?? 0
        }
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
        let entries =
            switch kind {
            case .key: connection.names.keys
            case .org: connection.names.organisations
            case .project: connection.names.projects
            case .model: connection.names.models
            case .provider: connection.names.providers
            case .machine: [NameTable.Entry]()
            }
        let position = Int(index)
        let text = position < entries.count ? entries[position].text : "number \(index)"
        return "field \"\(field)\": \"\(text)\""
    }
}
