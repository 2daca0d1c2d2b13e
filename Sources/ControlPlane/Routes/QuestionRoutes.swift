import Engine
import HTTPTypes
import Quantities

/// What people ask about their money.
enum QuestionRoutes {
    static let all: [Route] = [
        .get("/v1/organisations/:name/outlook", outlook),
        .get("/v1/organisations/:name/spend", spend),
        .get("/v1/organisations/:name/dearest", dearest),
        .get("/v1/organisations/:name/suggestions", suggestions),
        .get("/v1/organisations/:name/export", export),
        .get("/api/billing/credits", credits),
    ]

    private static let outlook: @Sendable (Call) async throws -> Answer = { call in
        try call.refuseQuery()
        let info = try await call.administration.outlook(organisation: call.part("name"))
        return try .json(OutlookBody(info))
    }

    private static let groupings = SpendGrouping.allCases.map { (word: $0.rawValue, value: $0) }

    private static let spend: @Sendable (Call) async throws -> Answer = { call in
        var filters = try call.filters()
        let grouping = try filters.optionalChoice("by", groupings) ?? .day
        let days = try days(&filters)
        try filters.refuseRest()
        let report = try await call.administration.spend(
            organisation: call.part("name"),
            by: grouping,
            days: days
        )
        return try .json(SpendReportBody(report))
    }

    private static let dearest: @Sendable (Call) async throws -> Answer = { call in
        var filters = try call.filters()
        let days = try days(&filters)
        let limit = Int(try filters.optionalWhole("limit", in: 1...10) ?? 10)
        try filters.refuseRest()
        let requests = try await call.administration.dearest(
            organisation: call.part("name"),
            days: days,
            limit: limit
        )
        return try .json(DearestBody(requests: requests.map { UsageBody($0) }))
    }

    private static let suggestions: @Sendable (Call) async throws -> Answer = { call in
        try call.refuseQuery()
        let found = try await call.administration.suggestions(organisation: call.part("name"))
        return try .json(
            SuggestionsBody(days: 30, suggestions: found.map { SuggestionBody($0) })
        )
    }

    private static func days(_ filters: inout FieldReader) throws -> Int {
        Int(try filters.optionalWhole("days", in: 1...366) ?? 30)
    }

    // MARK: - Export

    private static let export: @Sendable (Call) async throws -> Answer = { call in
        var filters = try call.filters()
        let books = ExportBook.allCases.map { (word: $0.rawValue, value: $0) }
        let formats = ExportFormat.allCases.map { (word: $0.rawValue, value: $0) }
        let book = try filters.optionalChoice("what", books) ?? .ledger
        let format = try filters.optionalChoice("format", formats) ?? .csv
        let from = try filters.optionalTime("from")
        let to = try filters.optionalTime("to")
        try filters.refuseRest()
        let name = try call.part("name")
        let administration = call.administration
        // Asked before the answer begins, so that what is wrong still has a status of its own.
        let last = try await administration.lastLine(organisation: name)
        let export = Export(
            administration: administration,
            organisation: name,
            book: book,
            format: format,
            from: from,
            to: to,
            last: last
        )
        return .stream(type: format.contentType) { write in try await export.run(write) }
    }

    // MARK: - Credits

    /// The account is told by a key's secret, as its owner's programs have it, or by name, as an
    /// operator does.
    private static let credits: @Sendable (Call) async throws -> Answer = { call in
        var filters = try call.filters()
        let named = try filters.optionalText("organisation")
        var filter = TransactionFilter()
        filter.from = try filters.optionalTime("from")
        filter.to = try filters.optionalTime("to")
        filter.beforeLine = try filters.optionalWhole("before", in: 1...Int64.max)
            .map { UInt64($0) }
        filter.limit = Int(try filters.optionalWhole("limit", in: 1...1000) ?? 50)
        try filters.refuseRest()
        let name = try account(call, named: named)
        let info = try await call.administration.organisation(name: name)
        let lines = try await call.administration.transactions(organisation: name, filter: filter)
        let next = lines.count == filter.limit ? lines.last?.line : nil
        return try .json(
            CreditsBody(
                organisation: name,
                balance: info.wallet.posted,
                available: info.wallet.available,
                history: lines.map { CreditEntryBody($0) },
                nextBefore: next == 1 ? nil : next
            )
        )
    }

    private static func account(_ call: Call, named: String?) throws -> String {
        guard let header = call.headers[.authorization] else {
            if let named { return named }
            throw Problem(
                .unauthorized,
                code: "invalid_key",
                message: "Say whose credits: by the header Authorization: Bearer and a key's "
                    + "secret, or by the query parameter organisation.",
                field: "Authorization"
            )
        }
        if let named {
            throw Problem.invalid(
                "organisation",
                "\(JSONTree.quoted(named)) is not needed with the header Authorization"
            )
        }
        let words = header.split(separator: " ")
        guard words.count == 2, words[0].lowercased() == "bearer",
            let name = call.administration.organisation(ofSecret: String(words[1]))
        else {
            throw Problem(
                .unauthorized,
                code: "invalid_key",
                message: "The header Authorization names no key that is in force.",
                field: "Authorization"
            )
        }
        return name
    }
}
