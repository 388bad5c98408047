"""Starts the backend and the proxies, loads each in turn, writes the ratios."""

import os
import platform
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE, PROXY, ROUNDS, SECONDS = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
PORTS = {"direct": 18080, "nginx": 18081, "haproxy": 18082, "shipway": 18083}
LOADS = [(path, connections) for path in ("small", "1m") for connections in (1, 64, 512)]
TICK = os.sysconf("SC_CLK_TCK")


def start(folder):
    """Every server as a child of this process; returns the one to watch of each."""

    def configured(name):
        with open(os.path.join(HERE, name)) as template:
            text = template.read().replace("DIR", folder)
        path = os.path.join(folder, name)
        with open(path, "w") as out:
            out.write(text)
        return path

    backend = f"127.0.0.1:{PORTS['direct']}"
    commands = {
        "direct": ["nginx", "-c", configured("backend.conf")],
        "nginx": ["nginx", "-c", configured("nginx.conf")],
        "haproxy": ["haproxy", "-db", "-f", configured("haproxy.cfg")],
        "shipway": [PROXY, f"127.0.0.1:{PORTS['shipway']}", backend, "--threads", "1"],
    }
    return {name: subprocess.Popen(command) for name, command in commands.items()}


def wait_for(port):
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            time.sleep(0.05)
    sys.exit(f"nothing listens on port {port}")


def cpu_seconds(pid):
    """Of a process and its children."""
    pids, total = [pid], 0
    with open(f"/proc/{pid}/task/{pid}/children") as children:
        pids += [int(child) for child in children.read().split()]
    for each in pids:
        with open(f"/proc/{each}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICK


def load(port, path, connections, pid):
    before = cpu_seconds(pid)
    command = ["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", "--latency", "--timeout", "10s"]
    url = f"http://127.0.0.1:{port}/{path}"
    out = subprocess.run(command + [url], capture_output=True, text=True, check=True).stdout
    cpu = cpu_seconds(pid) - before
    if re.search(r"Non-2xx|Socket errors", out):
        sys.exit(f"errors at {url}:\n{out}")
    requests = int(re.search(r"(\d+) requests in", out).group(1))
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1))
    value, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", out).groups()
    p99 = float(value) * {"us": 1, "ms": 1e3, "s": 1e6}[unit]
    return rate, cpu / requests * 1e6, p99


def measure(processes):
    seen = {}
    for turn in range(ROUNDS):
        for path, connections in LOADS:
            for name, port in PORTS.items():
                result = load(port, path, connections, processes[name].pid)
                seen.setdefault((path, connections, name), []).append(result)
        print(f"round {turn + 1} of {ROUNDS}", file=sys.stderr)
    return {key: [statistics.median(column) for column in zip(*rows)] for key, rows in seen.items()}


def version(command, pattern):
    out = subprocess.run(command, capture_output=True, text=True)
    return re.search(pattern, out.stdout + out.stderr).group(1)


def report(medians):
    nginx_version = version(["nginx", "-v"], r"nginx/([\d.]+)")
    haproxy_version = version(["haproxy", "-v"], r"version ([\d.]+)")
    lines = [
        "# Shipway's proxy beside nginx and HAProxy",
        "",
        f"Medians of {ROUNDS} rounds of {SECONDS} s; one worker each, {os.cpu_count()} cores shared with",
        f"`wrk -t1` and the backend; nginx {nginx_version}, HAProxy {haproxy_version}, "
        f"Linux {platform.release()}.",
        "CPU is the proxy's own, user and system; `p99 added` is against the backend direct.",
        "",
        "| body | connections | proxy | requests/s | × nginx | × HAProxy | CPU µs/request | × nginx | × HAProxy | p99 added ms | nginx's |",
        "|---|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for path, connections in LOADS:
        direct, nginx, haproxy = (medians[path, connections, name] for name in ("direct", "nginx", "haproxy"))
        for name in ("nginx", "haproxy", "shipway"):
            rate, cpu, p99 = medians[path, connections, name]
            added = lambda value: f"{(value - direct[2]) / 1000:.2f}"
            lines.append(
                f"| {path} | {connections} | {name} | {rate:,.0f} | {rate / nginx[0]:.2f} | {rate / haproxy[0]:.2f} "
                f"| {cpu:.1f} | {cpu / nginx[1]:.2f} | {cpu / haproxy[1]:.2f} | {added(p99)} | {added(nginx[2])} |"
            )
    return "\n".join(lines) + "\n"


def main():
    with tempfile.TemporaryDirectory(prefix="shipway-bench-") as folder:
        os.chmod(folder, 0o755)
        os.mkdir(os.path.join(folder, "www"))
        for name, size in (("small", 64), ("1m", 1 << 20)):
            with open(os.path.join(folder, "www", name), "wb") as out:
                out.write(os.urandom(size))
        processes = start(folder)
        try:
            for port in PORTS.values():
                wait_for(port)
            text = report(measure(processes))
        finally:
            for process in processes.values():
                process.send_signal(signal.SIGTERM)
            for process in processes.values():
                process.wait(10)
    with open(os.path.join(HERE, "RESULTS.md"), "w") as out:
        out.write(text)
    print(text)


main()
