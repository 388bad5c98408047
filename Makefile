# What a person does here. `make test` is what CI runs.

CARGO ?= cargo
# Lets the crash tests kill the engine at every point of every effect.
FAILPOINTS = --features shipway-cli/failpoints

.PHONY: help test fmt fmt-check lint docs unit scripts-check setup bench demo deny

help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 16

test: setup fmt-check scripts-check lint docs unit ## Everything that has to pass

setup: ## Install what tests need and this machine lacks (Debian)
	@scripts/setup test

fmt: ## Format the sources
	$(CARGO) fmt --all

fmt-check:
	$(CARGO) fmt --all --check

scripts-check:
	@scripts/check-scripts

lint: ## Clippy over everything, warnings are errors
	$(CARGO) clippy --workspace --all-targets --locked $(FAILPOINTS) -- -D warnings

docs: ## The documentation of the crates, warnings are errors
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --locked

unit: ## The tests of every crate
	$(CARGO) test --workspace --locked $(FAILPOINTS)

bench: ## Measure; also installs what is measured against (nginx, HAProxy)
	@scripts/setup bench
	$(CARGO) bench --workspace --locked
	benches/proxy/run.sh
	benches/status/run.sh

demo: ## What the README begins with
	$(CARGO) run --release -- demo

deny: ## Licences, advisories and banned packages, if cargo-deny is installed
	@if $(CARGO) deny --version >/dev/null 2>&1; then \
		$(CARGO) deny check; \
	else \
		echo 'cargo-deny is not installed: cargo install --locked cargo-deny' >&2; exit 1; \
	fi
