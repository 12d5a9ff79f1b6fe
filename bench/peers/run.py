#!/usr/bin/env python3
"""Runs the workloads here and in PyTorch by turns and prints the table of ratios.

  python3 bench/peers/run.py [--rounds 3] [--steps 3] [--threads 1,2] [--workloads pretrain,fewshot,infer] [--json FILE]

A round starts a process for each contender, in an order that changes, so that
what else the machine does hits all of them; the table shows medians over the
rounds, and ratios of medians. Needs Go and Debian's python3-torch.
"""
import argparse
import datetime
import itertools
import json
import os
import platform
import shlex
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
# Contenders of each workload; the pruned form does what this engine does.
PEERS = {
    "pretrain": [["--variant", "plain"], ["--variant", "tuned"]],
    "fewshot": [["--variant", "plain"], ["--variant", "tuned"], ["--variant", "tuned", "--prune"]],
    "infer": [["--variant", "plain"], ["--variant", "tuned"], ["--variant", "tuned", "--prune"]],
}
OURS = {"pretrain": ["pretrain", "pretrain-reference"], "fewshot": ["fewshot"], "infer": ["infer", "scene"]}


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--rounds", type=int, default=3, metavar="N", help="how often each contender runs (default 3)")
    p.add_argument("--steps", type=int, default=3, metavar="N", help="timed steps of a process, after two that are not (default 3)")
    p.add_argument("--threads", default="1,2", metavar="N,...", help="numbers of threads (default 1,2)")
    p.add_argument("--workloads", default="pretrain,fewshot,infer", metavar="NAME,...", help="which to run (default pretrain,fewshot,infer)")
    p.add_argument("--batch", type=int, default=0, metavar="N", help="windows of a step (default: those of the workload)")
    p.add_argument("--python", default="/usr/bin/python3", metavar="FILE", help="an interpreter with torch (default /usr/bin/python3)")
    p.add_argument("--json", metavar="FILE", help="also write the table, with command, date and machine, to this file: docs/performance/peers.json has this form")
    a = p.parse_args()
    for name in a.workloads.split(","):
        if name not in PEERS:
            p.error(f"no workload is called {name!r}: want {', '.join(PEERS)}")
    if any(not n.isdigit() or int(n) < 1 for n in a.threads.split(",")) or a.rounds < 1 or a.steps < 1:
        p.error("--threads, --rounds and --steps want numbers from 1")
    if subprocess.run([a.python, "-c", "import torch"], capture_output=True).returncode:
        p.error(f"{a.python} has no torch: name an interpreter that has, by --python")
    table = []
    with tempfile.TemporaryDirectory() as d:
        exe = os.path.join(d, "diffclip")
        subprocess.run(["go", "build", "-o", exe, "./cmd/diffclip"], cwd=ROOT, check=True)
        for workload, threads in itertools.product(a.workloads.split(","), a.threads.split(",")):
            rows = summary(workload, threads, compare(a, exe, workload, threads))
            show(workload, threads, rows)
            table += rows
    if a.json:
        with open(a.json, "w", encoding="utf-8") as f:
            json.dump({"command": "python3 " + shlex.join(sys.argv), "date": datetime.date.today().isoformat(), "machine": machine(), "note": "", "rows": table}, f, indent=1)


def compare(a, exe, workload, threads):
    """Returns each contender's results, ours first."""
    common = ["-threads", threads, "-steps", str(a.steps), "-json"]
    commands = {}
    for name in OURS[workload]:
        batch = ["-batch", str(a.batch)] if a.batch and name != "scene" else []
        commands["diffclip " + name] = [exe, "bench", "-workload", name, *common, *batch]
    for variant in PEERS[workload]:
        batch = ["--batch", str(a.batch)] if a.batch else []
        commands["torch " + " ".join(v.lstrip("-") for v in variant[1:])] = [
            a.python, os.path.join(HERE, "torch_peer.py"), "--workload", workload, *variant,
            "--threads", threads, "--steps", str(a.steps), "--json", *batch]
    rows = {name: [] for name in commands}
    for r in range(a.rounds):
        for name in list(commands)[::1 if r % 2 == 0 else -1]:
            print(f"{workload}, {threads} thread{'s' if threads != '1' else ''}, round {r + 1} of {a.rounds}: {name}", file=sys.stderr)
            done = subprocess.run(commands[name], capture_output=True, text=True)
            if done.returncode:
                sys.exit(f"{shlex.join(commands[name])}\n{done.stderr}")
            rows[name].append(dict(json.loads(done.stdout), contender=name))
    return rows


def summary(workload, threads, rows):
    """Returns a row for each contender: medians over its runs, and the rate of the best step."""
    rate = {n: statistics.median(r["patches_per_s"] for r in runs) for n, runs in rows.items()}
    ours = rate["diffclip " + workload]
    return [{
        "workload": workload, "threads": int(threads), "batch": runs[0]["batch"], "contender": name,
        "windows_per_s": rate[name],
        "best": max(r["batch"] / r["ms_min"] * 1e3 for r in runs),
        "gflops": runs[0]["gflop_per_step"] / runs[0]["batch"] * rate[name],
        "peak_mib": statistics.median(r["peak_rss_mib"] for r in runs),
        "time": ours / rate[name],
    } for name, runs in rows.items()]


def show(workload, threads, rows):
    print(f"\n{workload}, {threads} thread{'s' if threads != '1' else ''}\n")
    print("| | windows/s (best) | GFLOP/s of the plain network | peak MiB | time per window, ours = 1 |")
    print("|---|---|---|---|---|")
    for r in rows:
        print(f"| {r['contender']} | {r['windows_per_s']:.1f} ({r['best']:.1f}) | {r['gflops']:.1f} | {r['peak_mib']:.0f} | {r['time']:.2f} |")
    sys.stdout.flush()


def machine():
    """Returns the processor's name, with the number of processors."""
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        names = [line.split(":", 1)[1].strip() for line in f if line.startswith("model name")]
    return f"{names[0] if names else platform.machine()}, {os.cpu_count()} processors"


if __name__ == "__main__":
    main()
