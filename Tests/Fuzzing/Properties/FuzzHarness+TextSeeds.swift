import SettingsFiles

/// Settings and rate cards.
enum TextSeeds {
    static var settings: [(name: String, bytes: [UInt8])] {
        var text = ""
        var group = ""
        for line in Settings().explained {
            let parts = line.key.split(separator: ".").map(String.init)
            if parts[0] != group { text += "\(parts[0]):\n" }
            group = parts[0]
            text += "  \(parts[1]): \(line.value)\n"
        }
        let some = [
            ("defaults", text),
            (
                "system",
                """
                rates: {card: rates.yaml}
                data_socket:
                  group: "meterd-clients" # by name
                  allow_groups: [meterd-clients, '7']
                journal: {segment_bytes: 64 MiB, max_bytes: 1_073_741_824}
                holds:
                  default_ttl_ms: 300_000
                postgres:
                  connection: host=/run/postgresql dbname='a b' user=\\'
                accounts: {default_time_zone: Europe/Berlin}
                control_tcp: {listen: "[::1]:9090"}
                """
            ),
            (
                "environment",
                "logging: {level: debug}\0METERD_LOGGING_FORMAT=json\0METERD_NODE_NAME=n"
                    + "\0METERD_DATA_SOCKET_ALLOW_USERS=a, b,\0METERD_POSTGRES_CONNECTION="
                    + "postgresql://u@h/db?sslmode=require"
            ),
            ("password", "postgres: {connection: \"host=h password=x\"}"),
            ("anchor", "journal: &a {segment_bytes: 1}\nnode: *a\n? [x]\n: |\n  y\n"),
        ]
        return some.map { ($0.0, Array($0.1.utf8)) }
    }

    static var rates: [(name: String, bytes: [UInt8])] {
        let unit = "unit: credits per 1,000,000 tokens\n"
        let some = [
            (
                "card",
                "rate_card: gateway\n" + unit
                    + """
                    charge_failures: true
                    default: {input: 5, output: 25}
                    providers: {anthropic: [claude], openai: [azure, "a b"]}
                    models:
                      claude-sonnet:
                        aliases: [anthropic/claude-sonnet]
                        prices:
                          - from: always
                            input: 3
                            cache_read: 0.30
                            cache_write: 3.75
                            output: 15
                            tiers:
                              - above_input_tokens: 200000
                                input: 6
                                output: 22.50
                          - from: 2026-07-01T08:00:00Z
                            input: 2
                            output: 10
                            reasoning: 0

                    """
            ),
            (
                "packs",
                "rate_card: \"1: #\"\n" + unit
                    + "plausible_prices: {lowest: 1000000, highest: 1000000}\n"
                    + "default: {input: 1000000, output: 1000000, "
                    + "tiers: [{from_input_tokens: 4294967295, input: 9}]}\nmodels: {}\n"
            ),
            (
                "litellm",
                """
                {"sample_spec": {}, "m": {"input_cost_per_token": 3e-06, \
                "output_cost_per_token": 0.000015, "cache_read_input_token_cost": 3.0E-7, \
                "cache_creation_input_token_cost": "3.75e-6", "mode": "chat", \
                "litellm_provider": "xai", "input_cost_per_token_above_200k_tokens": 6e-06, \
                "output_cost_per_reasoning_token": 1e-12}, "n": {"mode": "embedding", \
                "input_cost_per_token": 2.500000000000001e-12, "output_cost_per_token": 0}}
                """
            ),
            (
                "litellm-tiers",
                """
                {"p/q": {"tiered_pricing": [{"range": [0, 32000], "input_cost_per_token": 1e-06, \
                "output_cost_per_token": 5e-6}, {"range": [32000, 128000.0], \
                "input_cost_per_token": 1.8e-06, "output_cost_per_token": 9e-06}]}}
                """
            ),
        ]
        return some.map { ($0.0, Array($0.1.utf8)) }
    }
}
