import Accounting
import Dispatch
import Quantities
import Synchronization

/// A range of organisation numbers that is loaded at once.
struct OrganisationChunk {
    /// How many numbers.
    static let length: UInt64 = 16_384

    let number: UInt64

    /// The range, behind a column's name.
    ///
    /// It is a range of every table's primary key: its index gives the rows in order, and nothing
    /// is sorted.
    var condition: String {
        let first = number * OrganisationChunk.length
        return "BETWEEN \(first) AND \(first + OrganisationChunk.length - 1)"
    }
}

/// The chunks that one connection loads, on their way to the one that takes them.
///
/// Cost: for each connection one chunk waits in memory, and one is being loaded.
final class ChunkHandOver: Sendable {
    private static let capacity = 1

    private let chunks = Mutex<[[OrganisationSnapshot]]>([])
    private let isGivenUp = Mutex(false)
    private let room = DispatchSemaphore(value: ChunkHandOver.capacity)
    private let filled = DispatchSemaphore(value: 0)

    /// Hands a chunk over, as soon as there is room.
    ///
    /// - Returns: Whether more are wanted.
    func give(_ chunk: [OrganisationSnapshot]) -> Bool {
        room.wait()
        chunks.withLock { $0.append(chunk) }
        filled.signal()
        return !isGivenUp.withLock { $0 }
    }

    /// No more chunks will come.
    func end() {
        filled.signal()
    }

    /// Takes the next chunk.
    ///
    /// - Returns: Nil when none will come any more.
    func take() -> [OrganisationSnapshot]? {
        filled.wait()
        let chunk = chunks.withLock { $0.isEmpty ? nil : $0.removeFirst() }
        if chunk != nil { room.signal() }
        return chunk
    }

    /// Lets the giver end soon, whatever it still has.
    func giveUp() {
        isGivenUp.withLock { $0 = true }
        room.signal()
    }
}

/// Loads the organisations over several connections that see the same moment.
///
/// Every connection loads each so manieth chunk, on its lane's queue, while the caller builds
/// his state from those before.
struct ChunkLoad {
    let lanes: [StoreLane]

    /// Hands over all organisations, by number.
    ///
    /// - Parameters:
    ///   - last: The highest number.
    ///   - receive: Takes them.
    /// - Throws: What the server says.
    func run(upTo last: UInt64, _ receive: (LoadedItem) -> Void) throws(StoreError) {
        let count = last / OrganisationChunk.length + 1
        let handOvers = lanes.map { _ in ChunkHandOver() }
        let runs = lanes.indices.map { index in
            let (lane, handOver, step) = (lanes[index], handOvers[index], UInt64(lanes.count))
            return SideRun(on: lane.queue) { () throws(StoreError) in
                defer { handOver.end() }
                let loader = StateLoader(connection: lane.connection)
                var number = UInt64(index)
                while number < count {
                    let chunk = OrganisationChunk(number: number)
                    guard handOver.give(try loader.loadOrganisations(chunk)) else { return }
                    number += step
                }
            }
        }
        var isComplete = true
        for number in 0..<count {
            guard let chunk = handOvers[Int(number % UInt64(lanes.count))].take() else {
                isComplete = false
                break
            }
            for organisation in chunk { receive(.organisation(organisation)) }
        }
        if !isComplete { for handOver in handOvers { handOver.giveUp() } }
        let faults = runs.compactMap { $0.wait() }
        if let fault = faults.first { throw fault }
    }
}
