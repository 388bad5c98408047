#!/bin/sh
# How fast secrets are found, how many of those that were planted, and how many
# that are none: in 100 MB of sources of crates, with a made-up secret of every
# kind in it. Beside it detect-secrets (PyPI) and secretlint (npm), if they are
# in PATH. Prints a table.
#
#   benches/secrets/run.sh [FOLDER OF SOURCES]
#
# SHIPWAY=path measures that binary and builds nothing.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
sources=${1:-${CARGO_HOME:-$HOME/.cargo}/registry/src}
if [ -z "${SHIPWAY:-}" ]; then
    (cd "$root" && cargo build --release -p shipway-cli)
    SHIPWAY="${CARGO_TARGET_DIR:-$root/target}/release/shipway"
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$root" && cargo run -q -p shipway-checks --example planted_secrets) >"$work/planted.tsv"

python3 "$here/measure.py" "$sources" "$work" "$SHIPWAY"
