#!/usr/bin/env python3
"""Runs the workloads here and in PyTorch by turns and prints the table of ratios.

  python3 bench/peers/run.py [--rounds 3] [--steps 3] [--threads 1,2] [--workloads pretrain,fewshot,infer]

A round starts a process for each contender, in an order that changes, so that
what else the machine does hits all of them; the table shows medians over the
rounds, and ratios of medians. Needs Go and Debian's python3-torch.
"""
import argparse
import itertools
import json
import os
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
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--steps", type=int, default=3, help="timed steps of a process, after two that are not")
    p.add_argument("--threads", default="1,2")
    p.add_argument("--workloads", default="pretrain,fewshot,infer")
    p.add_argument("--batch", type=int, default=0, help="windows of a step (default: those of the workload)")
    p.add_argument("--python", default="/usr/bin/python3", help="an interpreter with torch")
    p.add_argument("--json", help="also write every result to this file")
    a = p.parse_args()
    results = []
    with tempfile.TemporaryDirectory() as d:
        exe = os.path.join(d, "diffclip")
        subprocess.run(["go", "build", "-o", exe, "./cmd/diffclip"], cwd=ROOT, check=True)
        for workload, threads in itertools.product(a.workloads.split(","), a.threads.split(",")):
            rows = compare(a, exe, workload, threads)
            results += [r for runs in rows.values() for r in runs]
            show(workload, threads, rows)
    if a.json:
        with open(a.json, "w", encoding="utf-8") as f:
            json.dump(results, f, indent=1)


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
            out = subprocess.run(commands[name], check=True, capture_output=True, text=True).stdout
            rows[name].append(dict(json.loads(out), contender=name))
    return rows


def show(workload, threads, rows):
    print(f"\n{workload}, {threads} thread{'s' if threads != '1' else ''}\n")
    print("| | windows/s (best) | GFLOP/s of the plain network | peak MiB | time per window, ours = 1 |")
    print("|---|---|---|---|---|")
    rate = {n: statistics.median(r["patches_per_s"] for r in runs) for n, runs in rows.items()}
    ours = rate["diffclip " + workload]
    for name, runs in rows.items():
        best = max(r["batch"] / r["ms_min"] * 1e3 for r in runs)
        gflops = runs[0]["gflop_per_step"] / runs[0]["batch"] * rate[name]
        rss = statistics.median(r["peak_rss_mib"] for r in runs)
        print(f"| {name} | {rate[name]:.1f} ({best:.1f}) | {gflops:.1f} | {rss:.0f} | {ours / rate[name]:.2f} |")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
