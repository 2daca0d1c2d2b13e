import Rating
import Yams

/// Reads the part `offer:` of a system's file, which stands beside its rate card.
///
/// Each section has a reader of its own, which returns what it could read and notes all else in the
/// document's report; keys without a reader are refused with their lines.
enum OfferFile {
    /// Reads all sections.
    ///
    /// - Parameter value: What stands at `offer`.
    /// - Returns: The offer; what could not be read has a stand-in, and its finding is noted.
    static func read(_ value: YamlValue) -> Offer {
        var offer = Offer()
        guard var map = value.mapping() else { return offer }
        // What a credit is, what is given, and who may do what.
        if let section = map.optional("credit") { offer.credit = CreditReader.read(section) }
        if let section = map.optional("grants") { offer.grants = GrantsReader.read(section) }
        if let section = map.optional("plans") { offer.plans = PlansReader.read(section) }
        if let section = map.optional("coupons") { offer.coupons = CouponsReader.read(section) }
        if let section = map.optional("billing") { offer.billing = BillingReader.read(section) }
        // What is sold, and how it is paid for.
        offer.purchases = PurchaseReader.read(&map, credit: offer.credit)

        // What is given back, and who is told of what.
        if let section = map.optional("refunds") { offer.refunds = RefundsReader.read(section) }
        if let section = map.optional("alerts") { offer.alerts = AlertsReader.read(section) }

        // Machines.
        if let section = map.optional("machine_runs") {
            offer.machineRuns = MachineRunsReader.read(section)
        }

        map.refuseRest()
        return offer
    }

    /// An offer's text as YAML in one form, whatever its layout in the file; it reads back alike.
    ///
    /// - Parameter value: What stands at `offer`.
    /// - Returns: The text, with the key.
    static func canonicalText(_ value: YamlValue) -> String {
        let node = Node.mapping(Node.Mapping([(Node("offer"), value.node)]))
        do {
            return try serialize(node: node, width: -1, allowUnicode: true)
        } catch {
            value.refuse("cannot be written out again: \(error)")
            return ""
        }
    }
}
