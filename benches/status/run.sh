#!/usr/bin/env bash
# How long `shipway status` takes on a journal of 100,000 entries, beside
# `true`, by hyperfine: with the views kept, and with them folded anew.
set -euo pipefail
cd "$(dirname "$0")/../.."

entries="${1:-100000}"
place="$(mktemp -d /tmp/shipway.XXXXXX)"
trap 'rm -rf "$place"' EXIT

cargo build --quiet --release -p shipway-cli -p shipway-server --example fill_journal --bin shipway
target="$(cargo metadata --format-version 1 --no-deps | python3 -c 'import json,sys; print(json.load(sys.stdin)["target_directory"])')"
export HOME="$place" XDG_STATE_HOME="$place/state" XDG_DATA_HOME="$place/data"
"$target/release/examples/fill_journal" bench "$entries"
mkdir "$place/repository"
cd "$place/repository"
echo 'project: bench' > shipway.yaml

hyperfine --warmup 3 --shell=none true "$target/release/shipway status" \
    "$target/release/shipway history"
journal="$place/state/shipway/projects/bench/store/journal.db"
hyperfine --warmup 1 --shell=none \
    --prepare "sqlite3 $journal 'DELETE FROM snapshots'" "$target/release/shipway status"
