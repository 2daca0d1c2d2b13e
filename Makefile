# Everything that is done with this repository, by one word each. `make help` lists it.

PREFIX  ?= /usr/local
DESTDIR ?=
BINDIR   = $(PREFIX)/bin
UNITDIR ?= $(PREFIX)/lib/systemd/system
# Where meterd and systemd look for settings, whatever the prefix.
SYSCONFDIR ?= /etc

# Linked in, so that an installed meterd needs no Swift on its host.
RELEASE = -c release --static-swift-stdlib
SOURCES = Package.swift Sources Tests Benchmarks
LINT    = swift format lint --strict --parallel --recursive $(wildcard $(SOURCES))

.DEFAULT_GOAL := help
.PHONY: help demo demo-stop test check build bench bench-smoke crash hostile years simulate mutants fuzz \
        fuzz-seeds sanitize format lint setup install uninstall \
        verify-systemd clean

help: ## Show what there is to do.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## Play the whole story, from a database to a top-up (KEEP=1 leaves it running).
	@KEEP="$(KEEP)" .ci/demo start $(ARGS)

demo-stop: ## Stop what `make demo KEEP=1` left running.
	@.ci/demo stop

test: ## Run all tests against a private PostgreSQL (ARGS="--filter Journaling" for some).
	@.ci/test $(ARGS)

check: setup lint ## Lint, build with warnings as errors, verify the units, and run all tests.
	@METERD_STRICT=1 swift build --build-tests
	@.ci/verify-systemd
	@METERD_STRICT=1 .ci/test

build: setup ## Build meterd and meterctl for release.
	@swift build $(RELEASE) --product meterd
	@swift build $(RELEASE) --product meterctl

bench: ## Measure, with a baseline beside each figure (ARGS="--filter rings" for some).
	@.ci/bench $(ARGS)

bench-smoke: ## Run every row of the benchmarks with tiny parameters, to see that they still work.
	@.ci/bench --smoke $(ARGS)

crash: ## Attack daemon, PostgreSQL and disk, and prove the books (ROUNDS=200 EVENTS=1000000).
	@ROUNDS="$(ROUNDS)" EVENTS="$(EVENTS)" .ci/crash $(ARGS)

mutants: ## Break the code in one place after the other, and show what catches it (SEEDS=300).
	@SEEDS="$(SEEDS)" STEPS="$(STEPS)" .ci/mutants $(ARGS)

simulate: ## Run the whole daemon in simulated worlds (SEEDS=10000 JOBS=2), or one (SEED=7 STEPS=4000).
	@SEED="$(SEED)" SEEDS="$(SEEDS)" STEPS="$(STEPS)" JOBS="$(JOBS)" .ci/simulate $(ARGS)

years: ## Hold the books against a naive model over years (SEEDS=1000), or run one again (SEED=7).
	@METERD_YEARS_SEED="$(SEED)" METERD_YEARS_SEEDS="$(SEEDS)" \
	    swift test --disable-xctest --filter YearsTests $(ARGS)

hostile: ## Set hostile clients on the daemon, and time their neighbours (ARGS="--seconds 3").
	@.ci/hostile $(ARGS)

fuzz: ## Fuzz what reads bytes from outside (SECONDS=600 HARNESS=binary; INPUT=FILE tries one again).
	@SECONDS_EACH="$(SECONDS)" HARNESS="$(HARNESS)" INPUT="$(INPUT)" .ci/fuzz

fuzz-seeds: ## Write the fuzzers' corpus as the encoders make it.
	@.ci/fuzz seeds

sanitize: ## Run tests and the daemon under thread and address sanitizer (PART=rooms ARGS=thread).
	@PART="$(PART)" .ci/sanitize $(ARGS)

format: ## Format all sources in place.
	@swift format --in-place --parallel --recursive $(wildcard $(SOURCES))

lint: ## Check the format of all sources.
	@$(LINT)

setup: ## Install the Debian packages that are missing (root or sudo).
	@.ci/setup

install: build ## Install to $(DESTDIR)$(PREFIX); settings that exist are kept.
	@.ci/install install "$$(swift build $(RELEASE) --show-bin-path)" \
	    "$(DESTDIR)" "$(BINDIR)" "$(UNITDIR)" "$(PREFIX)" "$(SYSCONFDIR)"

uninstall: ## Take away what `make install` installed, except settings and state.
	@.ci/install uninstall "" "$(DESTDIR)" "$(BINDIR)" "$(UNITDIR)" "$(PREFIX)" "$(SYSCONFDIR)"

verify-systemd: ## Check the units, and their exposure, with systemd-analyze.
	@.ci/verify-systemd

clean: ## Stop a kept demo, and delete everything that was built.
	@.ci/demo stop
	@for name in test demo bench crash crash-test hostile sanitize; do \
	    .ci/postgres remove .build/postgres-$$name; done
	@rm -rf .build Benchmarks/.build
