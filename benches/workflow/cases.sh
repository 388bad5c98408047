#!/usr/bin/env bash
# cases.sh FOLDER: writes the repositories that run.sh measures, each with its
# workflow and floor.sh, the same scripts as plain bash processes.
set -euo pipefail
folder="${1:?the folder to write to}"

begin() { mkdir -p "$folder/$1/.github/workflows"; cd "$folder/$1"; echo 'true' > s.sh; }
floor() { printf '#!/bin/bash\n%s\n' "$1" > floor.sh; chmod +x floor.sh; }
repeat() { echo "for ((i = 0; i < $1; i++)); do bash --noprofile --norc -e -o pipefail s.sh; done"; }
end() {
    git init --quiet --initial-branch=main && git add . &&
        git -c user.name=bench -c user.email=bench@example.invalid commit --quiet --message=case
}
job() { printf '  %s:\n    runs-on: ubuntu-latest\n' "$1"; }

for count in 1 500; do
    (
        begin "steps$count"
        { printf 'on: push\njobs:\n'; job j; echo '    steps:'
          for ((i = 0; i < count; i++)); do echo "      - run: 'true'"; done; } > .github/workflows/w.yml
        floor "$(repeat "$count")"
        end
    )
done
(
    begin matrix50
    { printf 'on: push\njobs:\n'; job j
      printf '    strategy: {matrix: {i: [%s]}}\n' "$(seq --separator=, 50)"
      printf "    steps:\n      - run: 'true'\n"; } > .github/workflows/w.yml
    floor "$(repeat 50)"
    end
)
(
    begin chain100
    { printf 'on: push\njobs:\n'
      for ((i = 1; i <= 100; i++)); do
          job "j$i"
          [ "$i" = 1 ] || echo "    needs: j$((i - 1))"
          printf "    steps:\n      - run: 'true'\n"
      done; } > .github/workflows/w.yml
    floor "$(repeat 100)"
    end
)
(
    # 1,000,000 lines, 200 MB. `yes` ends by SIGPIPE: no pipefail.
    begin log200
    line="$(printf 'x%.0s' {1..199})"
    echo "yes $line 2>/dev/null | head -n 1000000" > s.sh
    { printf 'on: push\njobs:\n'; job j
      printf '    steps:\n      - run: %s\n' "$(cat s.sh)"; } > .github/workflows/w.yml
    floor 'bash --noprofile --norc -e s.sh | cat > /dev/null'
    end
)
(
    begin many200
    for ((file = 1; file <= 200; file++)); do
        { printf 'name: w%s\non: [push, pull_request]\njobs:\n' "$file"
          for ((j = 1; j <= 5; j++)); do
              job "j$j"
              [ "$j" = 1 ] || echo "    needs: j$((j - 1))"
              printf '    strategy: {matrix: {os: [a, b, c]}}\n    steps:\n'
              for ((s = 1; s <= 10; s++)); do
                  printf '      - name: step %s\n        if: %s\n        run: echo %s %s\n' "$s" \
                      "\${{ github.ref == 'refs/heads/main' && matrix.os != 'c' }}" "\${{ matrix.os }}" "$s"
              done
          done; } > ".github/workflows/w$file.yml"
    done
    floor 'cat .github/workflows/*.yml > /dev/null'
    end
)
