#!/bin/sh
# Shipway's proxy beside nginx and HAProxy: one worker each, kept connections
# to the same backend, run in turn. Writes RESULTS.md beside this file.
#
#   benches/proxy/run.sh            ROUNDS=5 SECONDS_EACH=4 by default
#
# Wants nginx, haproxy, wrk and python3 (Debian: apt-get install nginx-light
# haproxy wrk). PROXY=path measures that binary and builds nothing.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
for tool in nginx haproxy wrk python3; do
    command -v "$tool" >/dev/null || { echo "$tool is missing: apt-get install nginx-light haproxy wrk python3" >&2; exit 1; }
done
if [ -z "${PROXY:-}" ]; then
    (cd "$here/../.." && cargo build --release -p shipway-host --example static_proxy)
    PROXY="${CARGO_TARGET_DIR:-$here/../../target}/release/examples/static_proxy"
fi
exec python3 "$here/measure.py" "$here" "$PROXY" "${ROUNDS:-5}" "${SECONDS_EACH:-4}"
