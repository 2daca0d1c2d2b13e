import Accounting
import Quantities
import Synchronization

/// Gives names of models, providers and producers the numbers that stand for them in all records.
///
/// Invariants:  a number stands for one name for ever; numbers begin at 1.
/// Queue:       any thread; a lock, taken once for each name and connection, not per event.
final class NameRegistry: Sendable {
    private struct Names: Sendable {
        var numbers: [String: UInt32] = [:]
        var names: [UInt32: String] = [:]
        var highest: UInt32 = 0
    }

    private let kinds = Mutex<[NameKind: Names]>([:])

    /// The most names that a kind may have: a client cannot fill the memory with inventions.
    static let maximumPerKind = 65_000

    /// The number of a name, which is given now if it has none; nil when there are too many.
    func number(_ kind: NameKind, _ name: String) -> UInt32? {
        kinds.withLock { kinds in
            var names = kinds[kind] ?? Names()
            if let number = names.numbers[name] { return number }
            guard names.numbers.count < NameRegistry.maximumPerKind else { return nil }
            names.highest += 1
            names.numbers[name] = names.highest
            names.names[names.highest] = name
            kinds[kind] = names
            return names.highest
        }
    }

    /// Puts in what PostgreSQL or the journal has.
    func restore(_ declared: NameDeclared) {
        kinds.withLock { kinds in
            kinds[declared.kind, default: Names()].numbers[declared.name] = declared.number
            kinds[declared.kind, default: Names()].names[declared.number] = declared.name
            let highest = kinds[declared.kind]?.highest ?? 0
            kinds[declared.kind]?.highest = max(highest, declared.number)
        }
    }

    /// The name behind a number.
    func name(_ kind: NameKind, _ number: UInt32) -> String? {
        kinds.withLock { $0[kind]?.names[number] }
    }

    /// The highest number given.
    func highest(_ kind: NameKind) -> UInt32 {
        kinds.withLock { $0[kind]?.highest ?? 0 }
    }
}

/// Gives price versions their numbers.
final class PriceRegistry: Sendable {
    private struct Content: Hashable {
        let model: String
        let effectiveFrom: Timestamp
        let text: String
    }

    private struct State: Sendable {
        var numbers: [Content: UInt32] = [:]
        var highest: UInt32 = 0
    }

    private let state = Mutex<State>(State())

    /// The declaration of a price version; its number is given now if it has none.
    func declaration(model: String, effectiveFrom: Timestamp, text: String) -> PriceDeclared {
        let content = Content(model: model, effectiveFrom: effectiveFrom, text: text)
        let number = state.withLock { state in
            if let number = state.numbers[content] { return number }
            state.highest += 1
            state.numbers[content] = state.highest
            return state.highest
        }
        return PriceDeclared(price: number, model: model, effectiveFrom: effectiveFrom, text: text)
    }

    func restore(_ declared: PriceDeclared) {
        let content = Content(
            model: declared.model,
            effectiveFrom: declared.effectiveFrom,
            text: declared.text
        )
        state.withLock { state in
            state.numbers[content] = declared.price
            state.highest = max(state.highest, declared.price)
        }
    }

    var highest: UInt32 { state.withLock { $0.highest } }
}
