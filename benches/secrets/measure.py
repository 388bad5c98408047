"""Copies sources, plants secrets, runs each tool, and counts what it finds."""

import json
import os
import random
import resource
import shutil
import subprocess
import sys
import time

SOURCES, WORK, SHIPWAY = sys.argv[1:4]
SIZE = int(os.environ.get("MEGABYTES", "100")) * 1_000_000


def copy_sources(to):
    """As many text files as make up SIZE, in the order of their paths."""
    total = 0
    files = []
    for folder, folders, names in os.walk(SOURCES):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(folder, name)
            if os.path.islink(path) or os.path.getsize(path) > 4_000_000:
                continue
            with open(path, "rb") as source:
                content = source.read()
            if b"\0" in content[:8000]:
                continue
            target = os.path.join(to, os.path.relpath(path, SOURCES))
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(target, "wb") as out:
                out.write(content)
            files.append(target)
            total += len(content)
            if total >= SIZE:
                return files, total
    return files, total


def plant(files):
    """Appends each secret to a file of its own; returns {file: id}."""
    random.seed(1)
    with open(os.path.join(WORK, "planted.tsv")) as lines:
        secrets = [line.rstrip("\n").split("\t", 1) for line in lines]
    placed = {}
    for (name, text), path in zip(secrets, random.sample(files, len(secrets))):
        with open(path, "a") as out:
            out.write("\n" + text.replace("\\n", "\n") + "\n")
        placed[path] = name
    return placed


def run(command, cwd):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    out = subprocess.run(command, cwd=cwd, capture_output=True)
    wall = time.monotonic() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return out, wall, cpu, after.ru_maxrss / 1024


def main():
    tree = os.path.join(WORK, "tree")
    files, total = copy_sources(tree)
    clean, _, _, _ = run([SHIPWAY, "check", "secrets", "--json", "."], tree)
    before = {(f["file"], f["rule"], f["message"]) for f in json.loads(clean.stdout)["findings"]}
    placed = plant(files)
    out, wall, cpu, memory = run([SHIPWAY, "check", "secrets", "--json", "."], tree)
    found = {(f["file"], f["rule"], f["message"]) for f in json.loads(out.stdout)["findings"]}
    names = {os.path.relpath(path, tree): name for path, name in placed.items()}
    hit = {rule for file, rule, _ in found if names.get(file) == rule}
    missed = sorted(set(names.values()) - hit)
    megabytes = total / 1e6
    print(f"{megabytes:.0f} MB in {len(files)} files, {len(placed)} secrets planted\n")
    print("| tool | MB/s a core | found | without planting |")
    print("|---|--:|--:|--:|")
    print(f"| shipway | {megabytes / cpu:.0f} | {len(hit)} of {len(placed)} | {len(before)} |")
    if shutil.which("detect-secrets"):
        small = os.path.join(WORK, "small")
        few = sorted(placed)[:30]
        size = 0
        for path in few:
            target = os.path.join(small, os.path.relpath(path, tree))
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copy(path, target)
            size += os.path.getsize(path)
        out, _, cpu, _ = run(["detect-secrets", "scan", "--all-files", "."], small)
        results = json.loads(out.stdout)["results"]
        print(f"| detect-secrets (30 files) | {size / 1e6 / cpu:.2f} | in {len(results)} of 30 files | |")
    print(f"\n{wall:.2f} s, {cpu:.2f} CPU s, {memory:.0f} MB")
    for name in missed:
        print(f"missed: {name}")
    for file, rule, message in sorted(before):
        print(f"there before: {file}: {rule}: {message}")


main()
