import Accounting
import Journaling
import PostgresStore
import Quantities
import Rings
import SettingsFiles

/// The doors to the world: a whole daemon runs behind other ones, with a seed.
///
/// Sockets are the fifth door: `Transport` in `Ingest`.
package struct EngineDoors {
    /// The clock.
    package var time: any TimeSource
    /// PostgreSQL.
    package var store: any LedgerStore
    /// The journal's directory.
    package var storage: any JournalStorage
    /// What kicks set going: the stages' own queues, or whoever steps them by hand.
    package var drive: Stage.Drive
    /// Makes what kicks a stage later.
    package var alarm: @Sendable (Stage) -> any Alarm
    /// Lets so many milliseconds pass while the caller has nothing to do.
    package var pause: @Sendable (Int) -> Void
    /// Makes a key's secret.
    package var secret: @Sendable () -> String
    /// Looks up purchases that memory no longer has; nil for PostgreSQL itself.
    package var findPurchase:
        (@Sendable (UInt32, PurchaseKey) async throws(AdministrationError) -> Purchase?)?
    /// The longest body of a journal block.
    package var blockBytes = 1 << 20

    /// Other doors than the real ones.
    package init(
        time: any TimeSource,
        store: any LedgerStore,
        storage: any JournalStorage,
        drive: Stage.Drive,
        alarm: @escaping @Sendable (Stage) -> any Alarm,
        pause: @escaping @Sendable (Int) -> Void,
        secret: @escaping @Sendable () -> String
    ) {
        self.time = time
        self.store = store
        self.storage = storage
        self.drive = drive
        self.alarm = alarm
        self.pause = pause
        self.secret = secret
    }

    /// The real world, as the settings describe it.
    init(_ settings: Settings, time: any TimeSource) throws(EngineError) {
        // The journal makes its own folder; what it stands in is made here.
        Folders.make(settings.node.stateDirectory, mode: 0o750)
        let storage: FileStorage
        do throws(JournalError) {
            storage = try FileStorage(directory: settings.journalDirectory)
        } catch {
            throw .journal(error)
        }
        self.init(
            time: time,
            store: StoreFactory.store(settings),
            storage: storage,
            drive: .queue,
            alarm: { StageAlarm($0) },
            pause: pauseMilliseconds,
            secret: Secret.random
        )
    }
}
