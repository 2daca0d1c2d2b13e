import CLinux
import Glibc
import PostgresStore
import Quantities
import Rating
import SettingsFiles

/// A rate card as it was read from its file.
package struct RateCardSource {
    let file: RateCardFile
    let text: String

    package static func load(_ path: String) throws(EngineError) -> RateCardSource {
        do throws(SettingsError) {
            let file = try RateCardFile.load(path: path)
            return RateCardSource(file: file, text: file.text)
        } catch {
            throw .settings(error)
        }
    }

    /// A card that is in no file, for simulated runs.
    package static func read(_ text: String) throws(EngineError) -> RateCardSource {
        do throws(SettingsError) {
            let file = try RateCardFile.load(text: text, file: "rates.yaml")
            return RateCardSource(file: file, text: file.text)
        } catch {
            throw .settings(error)
        }
    }

    func pricing(names: NameRegistry, prices: PriceRegistry) throws(EngineError) -> Pricing {
        do throws(RateCardError) {
            return try Pricing(
                card: file.card,
                offer: file.offer,
                text: text,
                models: names,
                prices: prices
            )
        } catch {
            throw .rates("\(error)")
        }
    }
}

/// Makes what the engine needs of PostgreSQL from the settings.
enum StoreFactory {
    static func storeSettings(_ settings: Settings) -> StoreSettings {
        var conninfo = settings.postgres.connection
        if !conninfo.contains("connect_timeout"), !conninfo.contains("://") {
            conninfo += " connect_timeout=\(settings.postgres.connectTimeoutSeconds)"
        }
        var store = StoreSettings(conninfo: conninfo)
        store.writerConnections = settings.postgres.writerConnections
        return store
    }

    static func store(_ settings: Settings) -> any LedgerStore {
        PostgresStore(settings: storeSettings(settings), node: settings.node.name)
    }

    /// Who holds the writer lease: the same after a restart on the same host and directory.
    static func holder(_ settings: Settings) -> String {
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, name.count - 1)
        let host = name.withUnsafeBytes { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        return "\(host):\(settings.journalDirectory)"
    }

    static var cores: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }
}

/// Makes folders.
enum Folders {
    /// Makes a folder and those above it that are missing.
    ///
    /// What fails here fails again, with its reason, when the first file in it is opened.
    static func make(_ path: String, mode: mode_t) {
        var prefix = ""
        for part in path.split(separator: "/", omittingEmptySubsequences: false) {
            prefix += prefix.isEmpty && part.isEmpty ? "/" : String(part)
            mkdir(prefix, mode)
            if !prefix.hasSuffix("/") { prefix += "/" }
        }
    }
}

/// Looks up users and groups by name or number.
enum Accounts {
    static func user(_ text: String) -> UInt32? {
        if text.isEmpty { return nil }
        return UInt32(text) ?? getpwnam(text)?.pointee.pw_uid
    }

    static func group(_ text: String) -> UInt32? {
        if text.isEmpty { return nil }
        return UInt32(text) ?? getgrnam(text)?.pointee.gr_gid
    }
}
