import Accounting
import Ingest
import Rings

/// For those who step a daemon by hand: what its own queues would set going, and what it is.
extension Engine {
    /// The shards' stages.
    package var shardStages: [Stage] { shards.map(\.stage) }

    /// The books of all partitions; only while no stage runs.
    package var books: [AccountBook] { shards.flatMap(\.ownBooks) }

    /// How far PostgreSQL is.
    package var stored: UInt64 { storePosition.value }

    /// Why nothing new is taken; nil when all is well.
    package var overload: String? { health.overload }

    /// How many usage reports the loops took, the shards applied, the journal made durable, and
    /// PostgreSQL has; in a run without faults each is at least the next.
    package var counts: [UInt64] {
        [
            counters.recovered.value + ingest.accepted.value, counters.applied.value,
            counters.journaled.value, counters.stored.value,
        ]
    }

    /// An organisation's number, or nil.
    package func number(ofOrganisation name: String) -> UInt32? {
        directory.number(of: name)
    }

    /// The name behind a number, or nil.
    package func name(_ kind: NameKind, _ number: UInt32) -> String? {
        names.name(kind, number)
    }

    /// The number of a price version, which is given now if it has none.
    package func number(ofPrice price: PriceDeclared) -> UInt32 {
        prices.declaration(
            model: price.model,
            effectiveFrom: price.effectiveFrom,
            text: price.text
        ).price
    }

    /// Takes a daemon apart that has died, so that nothing of it stays in memory.
    package func retire() {
        abandon()
        for stage in shardStages + [journalStage, segmentStage, syncStage, storeStage] {
            stage.retire()
        }
    }

    /// Lets every call that still waits go on, of a daemon that has died; what they answer means
    /// nothing.
    package func abandon() {
        for shard in shards {
            for job in shard.inbox.take() { job(shard) }
        }
        completions.finishAll()
    }
}
