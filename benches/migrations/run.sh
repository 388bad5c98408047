#!/usr/bin/env bash
# `shipway check migrations` beside squawk: 10,000 small files, and one of 50 MB. Prints CPU
# seconds and the largest memory of each, three times.
#
#   benches/migrations/run.sh CORPUS
#
# CORPUS is a folder with `sql/` (small files) and `big.sql`. SHIPWAY and SQUAWK name other
# binaries than the release build and the one in PATH (PyPI: squawk-cli); without squawk, it
# measures Shipway alone.
set -euo pipefail
corpus="$(realpath "${1:?which folder has sql/ and big.sql?}")"
cd "$(dirname "$0")/../.."
if [ -z "${SHIPWAY:-}" ]; then
    cargo build --quiet --release -p shipway-cli --bin shipway
    SHIPWAY="${CARGO_TARGET_DIR:-$PWD/target}/release/shipway"
fi
SQUAWK="${SQUAWK:-$(command -v squawk || true)}"

# Linters end with 1 when they find something.
measure() {
    local name="$1"
    shift
    python3 - "$name" "$@" <<'PYTHON'
import resource, subprocess, sys
name, command = sys.argv[1], sys.argv[2:]
for _ in range(3):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run = subprocess.run(["/usr/bin/env", "python3", "-c", """
import os, resource, subprocess, sys
run = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(run.returncode, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
""", *command], capture_output=True, text=True, check=True)
    code, cpu, memory = run.stdout.split()
    print(f"{name:28} {float(cpu):7.2f} CPU s {float(memory):7.0f} MB (exit {code})")
PYTHON
}

cd "$corpus"
measure "shipway, 10,000 files" "$SHIPWAY" check migrations sql --json
measure "shipway, 50 MB" "$SHIPWAY" check migrations big.sql --json
if [ -n "$SQUAWK" ]; then
    measure "squawk, 10,000 files" "$SQUAWK" --reporter json sql/*.sql
    measure "squawk, 50 MB" "$SQUAWK" --reporter json big.sql
fi
