import Accounting
import Quantities
import Rating

/// What a call about a purchase means by the offer in force.
struct PurchaseTerms {
    let offer: Offer

    /// What purchased credits burn by when the offer says nothing.
    static let priority: Int32 = 20

    private var sold: PurchaseOffer { offer.purchases }

    /// Pack, credits and price of what is asked for.
    ///
    /// - Throws: `invalid`, by field and value, for what is not sold.
    func price(
        pack: String?,
        credits: Amount?,
        field: String
    ) throws(AdministrationError) -> Pack {
        if sold.isEmpty {
            throw .invalid(
                field: pack == nil ? field : "pack",
                message: "nothing is sold here: the offer has neither `packs` nor `custom`."
            )
        }
        switch (pack, credits) {
        case (let name?, nil):
            guard let pack = sold.pack(named: name) else {
                let names = sold.packs.map(\.name).joined(separator: ", ")
                throw .invalid(
                    field: "pack",
                    message: "\"\(name)\" is not one of the packs: \(names.isEmpty ? "-" : names)."
                )
            }
            return pack
        case (nil, let credits?): return try custom(credits, field: field)
        case (nil, nil):
            throw .invalid(
                field: "pack",
                message: "is missing, and so is `\(field)`: one is needed."
            )
        case (_?, _?):
            throw .invalid(field: field, message: "is not taken beside a pack, which has its own.")
        }
    }

    private func custom(_ credits: Amount, field: String) throws(AdministrationError) -> Pack {
        // Where only packs are sold, an amount that is a pack's is that pack.
        if sold.custom == nil, let pack = sold.packs.first(where: { $0.credits == credits }) {
            return pack
        }
        guard let custom = sold.custom else {
            throw .invalid(field: field, message: "only packs are sold here.")
        }
        guard credits.isPositive else {
            throw .invalid(field: field, message: "\(credits) is not above zero.")
        }
        if custom.whole, credits.units % Amount.unitsPerCredit != 0 {
            throw .invalid(field: field, message: "\(credits): only whole credits are sold.")
        }
        if let least = custom.minimum, credits < least {
            throw .invalid(field: field, message: "\(credits) is below the minimum, \(least).")
        }
        if let most = custom.maximum, credits > most {
            throw .invalid(field: field, message: "\(credits) is above the maximum, \(most).")
        }
        guard let price = custom.price(of: credits) else {
            throw .invalid(field: field, message: "\(credits) is too much for a price.")
        }
        return Pack(name: "", credits: credits, price: price)
    }

    /// The connector that is meant.
    ///
    /// - Throws: `invalid` when there is none of this name.
    func connector(_ name: String?) throws(AdministrationError) -> String {
        guard let name else { return sold.connector }
        guard sold.connector(named: name) != nil else {
            let names = ([PurchaseOffer.manual] + sold.connectors.map(\.name))
                .joined(separator: ", ")
            throw .invalid(field: "connector", message: "\"\(name)\" is not one of: \(names).")
        }
        return name
    }

    /// The currency of all prices.
    var currency: String { offer.credit.currency ?? "" }

    /// How long a wallet waits after a failure.
    var backOff: TopUpBackOff {
        TopUpBackOff(
            firstMicroseconds: Int64(sold.topUp.retryAfterSeconds) * 1_000_000,
            mostMicroseconds: Int64(sold.topUp.retryAtMostSeconds) * 1_000_000
        )
    }

    /// When credits that are bought now lapse.
    func expiry(from moment: Timestamp, zone: String, by calendar: any ZoneCalendar) -> Timestamp {
        guard let lifetime = offer.grants.purchased.expiresAfter else { return .never }
        return lifetime.end(from: moment, zone: zone, by: calendar)
    }

    /// What purchased credits burn by.
    var grantPriority: Int32 { offer.grants.purchased.priority ?? PurchaseTerms.priority }
}

extension Lifetime {
    /// The end of a life that begins at a moment: the same time of day on a later date of the
    /// account's calendar; the last day of a month that is too short.
    func end(from moment: Timestamp, zone: String, by calendar: any ZoneCalendar) -> Timestamp {
        guard let today = calendar.day(containing: moment, zone: zone) else {
            invariantBroken("a zone that was accepted once is known")
        }
        let date: CivilDay
        switch self {
        case .days(let days): date = today.day.advanced(by: Int32(days))
        case .months(let months):
            let (year, month, day) = today.day.date
            let count = year * 12 + month - 1 + months
            let first = CivilDay(year: count / 12, month: count % 12 + 1, day: 1)
            // Beyond the last year that there is, nothing lapses.
            guard let first else { return .never }
            let length = first.nextMonthStart.number - first.number
            date = first.advanced(by: Int32(min(day, Int(length))) - 1)
        }
        guard let start = calendar.start(of: date, zone: zone) else { return .never }
        return start.advanced(byMicroseconds: moment.microseconds - today.start.microseconds)
    }
}

/// What a payment may be called.
enum PaymentRule {
    static func check(_ payment: String) throws(AdministrationError) {
        let isPlain = payment.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
        guard (1...255).contains(payment.utf8.count), isPlain else {
            throw .invalid(
                field: "payment",
                message: "\"\(payment)\" is not 1 to 255 visible ASCII characters."
            )
        }
    }

    static func check(reason: String) throws(AdministrationError) {
        guard reason.utf8.count <= 1024 else {
            throw .invalid(field: "reason", message: "it is longer than 1024 bytes.")
        }
        guard !reason.utf8.contains(0) else {
            throw .invalid(field: "reason", message: "it holds U+0000, which no text may.")
        }
    }
}
