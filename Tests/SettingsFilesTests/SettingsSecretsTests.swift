import Testing

@testable import SettingsFiles

// Goal: no password gets in, and none gets out, not even in the message that refuses it.
// Method: every shape that libpq knows, with a word that must never be printed.
@Suite struct SettingsSecretsTests {
    private static let secrets = [
        "host=db password=hunter2 dbname=meterd", "password = 'hunter2'",
        "dbname=meterd PASSWORD=hunter2", "sslpassword=hunter2",
        "postgresql://meterd:hunter2@db/meterd", "postgres://db/meterd?password=hunter2",
        "postgresql://db/meterd?sslmode=require&sslpassword=hunter2", "password='hunter2",
        "host=db password",
    ]

    @Test(arguments: secrets)
    func `a connection text with a password is refused, and the password not printed`(
        connection: String
    ) throws {
        let variable = ["METERD_POSTGRES_CONNECTION": connection]
        let error = #expect(throws: SettingsError.self) {
            try Settings.load(text: "node:\n", environment: variable)
        }
        let message = try #require(error).description
        #expect(!message.contains("hunter2"))
        #expect(message.contains("postgres.connection"))
    }

    @Test func `explaining leaves out what code put in`() {
        for connection in Self.secrets {
            var settings = Settings()
            settings.postgres.connection = connection
            #expect(!settings.explanation.contains("hunter2"))
        }
    }

    @Test func `a connection text without secrets is shown as it is`() {
        for text in [
            "dbname=meterd", "host='/run/my sockets' user=o\\'neill", "postgresql://me@db/meterd",
            "passfile=/run/credentials/pgpass dbname='password=no'",
        ] {
            #expect(SettingsConnection.complaint(about: text) == nil)
            #expect(SettingsConnection.redacted(text) == text)
        }
    }

    @Test func `only the secret words are replaced`() {
        #expect(
            SettingsConnection.redacted("host='a b' password=x user=me")
                == "host='a b' password=*** user=me"
        )
    }
}
