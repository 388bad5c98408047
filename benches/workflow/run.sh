#!/usr/bin/env bash
# How fast workflows run, beside act and beside the same scripts as plain bash
# processes (the floor), by hyperfine; and the most memory that engine and
# worker have at a time. One command, a table at the end:
#
#     benches/workflow/run.sh [RUNS]
#
# CASES: a folder of repositories, one a case, each with its workflow and a
# floor.sh; without it they are written. ACT: act's executable, if it is not in
# the PATH. SHIPWAY: the executable, if it is not to be built.
set -euo pipefail
cd "$(dirname "$0")/../.."

runs="${1:-5}"
place="$(mktemp -d /tmp/shipway.XXXXXX)"
trap 'rm -rf "$place"' EXIT
if [ -z "${SHIPWAY:-}" ]; then
    cargo build --quiet --release -p shipway-cli --bin shipway
    SHIPWAY="$(cargo metadata --format-version 1 --no-deps |
        python3 -c 'import json,sys; print(json.load(sys.stdin)["target_directory"])')/release/shipway"
fi
act="${ACT:-$(command -v act || true)}"
cases="${CASES:-$place/cases}"
[ -d "$cases" ] || benches/workflow/cases.sh "$cases"
export HOME="$place" XDG_STATE_HOME="$place/state" XDG_DATA_HOME="$place/data"

# once FOLDER COMMAND [BEFORE]: the seconds of one run by hyperfine, - if it fails;
# BEFORE is done before it.
once() {
    if (cd "$1" && hyperfine --shell=bash --runs 1 --prepare "${3:-true}" \
        --export-json "$place/once.json" "$2" > "$place/once.out" 2>&1); then
        python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["results"][0]["mean"])' "$place/once.json"
    else
        tail -3 "$place/once.out" >&2
        echo -
    fi
}
# mean: of the seconds on stdin, without the first, which warms up.
mean() {
    python3 -c 'import sys
all = sys.stdin.read().split()[1:]
print("-" if "-" in all or not all else "%.3f" % (sum(map(float, all)) / len(all)))'
}
# memory FOLDER COMMAND: the peak of the largest process, in MB.
memory() {
    (cd "$1" && /usr/bin/time -f %M -o "$place/memory" bash -c "$2" > /dev/null 2>&1) || true
    python3 -c 'import sys; print(round(int(open(sys.argv[1]).read().split()[-1]) / 1024))' "$place/memory"
}
# NAME, ours, act's, the floor's command, what is done before ours. Ours and the floor
# are run in turn, since the machine is not the same from second to second. act's are
# measured when all others are: it removes many files, and for minutes ext4 passes over
# their inodes, one by one, before it gives one.
row() {
    local folder="$cases/$1" turn
    rm -f "$place/ours" "$place/floor"
    for ((turn = 0; turn <= runs; turn++)); do
        once "$folder" "$2" "${5:-true}" >> "$place/ours"
        once "$folder" "$4" >> "$place/floor"
    done
    printf '%s\t' "$1${5:+, cold}" "$(mean < "$place/ours")" "$(mean < "$place/floor")" \
        "$(memory "$folder" "$2")" "$folder" >> "$place/rows"
    printf '%s\n' "$3" >> "$place/rows"
}
rows() {
    local name ours floor most folder command turn theirs=-
    while IFS=$'\t' read -r name ours floor most folder command; do
        if [ -n "$act" ]; then
            theirs="$(for ((turn = 0; turn <= runs; turn++)); do once "$folder" "$command"; done | mean)"
        fi
        python3 - "$name" "$ours" "$theirs" "$floor" "$most" << 'PYTHON'
import sys
name, ours, act, floor, memory = sys.argv[1:]
ratio = "-" if "-" in (ours, floor) else "%.2f" % (float(ours) / max(float(floor), 1e-9))
print(f"| {name} | {ours} s | {act} s | {floor} s | {ratio} | {memory} MB |", flush=True)
PYTHON
    done < "$place/rows"
}

quiet="-P ubuntu-latest=-self-hosted"
for case in steps1 steps500 matrix50 chain100; do
    row "$case" "$SHIPWAY run > /dev/null" "$act $quiet push > /dev/null" ./floor.sh
done
# Shown to a pipe; what act and the floor do with the output is the same.
row log200 "$SHIPWAY run | cat > /dev/null" "$act $quiet push | cat > /dev/null" ./floor.sh
row many200 "$SHIPWAY run --plan > /dev/null" "$act -l > /dev/null" ./floor.sh
# Without what was remembered of the plan before.
row many200 "$SHIPWAY run --plan > /dev/null" "$act -l > /dev/null" ./floor.sh \
    "rm -f $XDG_STATE_HOME/shipway/projects/*/memory"
row steps1 "$SHIPWAY --version > /dev/null" "$act --version > /dev/null" "bash --version > /dev/null"
echo "| case | shipway | act | floor | shipway / floor | peak memory |"
echo "|---|---|---|---|---|---|"
rows
