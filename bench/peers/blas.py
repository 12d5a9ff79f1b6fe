#!/usr/bin/env python3
"""Matrix products of the workloads in NumPy (OpenBLAS or whatever BLAS it finds)
and here, by turns.

  python3 bench/peers/blas.py [--rounds 5] [--threads 1]

OPENBLAS_CORETYPE, where it is set, is tried as set and unset: an old OpenBLAS
takes some newer processors for lesser ones, or the other way round.
"""
import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SECONDS = 0.15  # for each product of a round


def worker():
    """Times the products on standard input and prints GFLOP/s by name."""
    import numpy as np
    rng, out = np.random.default_rng(1), {}
    for layout, name, m, n, k in json.load(sys.stdin):
        a = rng.standard_normal((k, m) if layout == "AtB" else (m, k), dtype=np.float32)
        b = rng.standard_normal((n, k) if layout == "ABt" else (k, n), dtype=np.float32)
        c = np.empty((m, n), np.float32)
        x, y = (a.T if layout == "AtB" else a), (b.T if layout == "ABt" else b)
        np.matmul(x, y, out=c)
        runs, start = 0, time.perf_counter()
        while time.perf_counter() - start < SECONDS:
            np.matmul(x, y, out=c)
            runs += 1
        out[name] = 2e-9 * m * n * k * runs / (time.perf_counter() - start)
    json.dump(out, sys.stdout)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--threads", default="1")
    p.add_argument("--python", default="/usr/bin/python3", help="an interpreter with numpy")
    p.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    a = p.parse_args()
    if a.worker:
        return worker()
    with tempfile.TemporaryDirectory() as d:
        exe = os.path.join(d, "bench.test")
        subprocess.run(["go", "test", "-c", "-o", exe, "./bench"], cwd=ROOT, check=True)
        names, rates = [], {}
        for r in range(a.rounds):
            ours = go(exe, a.threads)
            if not names:
                names = list(ours)
            contenders = {"diffclip": ours, **numpy(a, names)}
            for who, result in contenders.items():
                for name, rate in result.items():
                    rates.setdefault(who, {}).setdefault(name, []).append(rate)
    show(names, rates)


def go(exe, threads):
    """Returns GFLOP/s of the large and cached products by name."""
    out = subprocess.run([exe, "-test.run", "^$", "-test.bench", f"Gemm/.*/.*/.*/threads={threads}$", "-test.benchtime", f"{SECONDS}s"],
                         check=True, capture_output=True, text=True).stdout
    rates = {}
    for name, rate in re.findall(r"^BenchmarkGemm/(\S+?)/threads=\S+.*?([\d.]+) GFLOP/s", out, re.M):
        if "scores" not in name and "values" not in name:  # NumPy has no batch with strides
            rates[name] = float(rate)
    return rates


def numpy(a, names):
    """Returns GFLOP/s by name for each setting of the BLAS."""
    settings = {"OpenBLAS": dict(os.environ)}
    core = os.environ.get("OPENBLAS_CORETYPE")
    if core:
        unset = dict(os.environ)
        del unset["OPENBLAS_CORETYPE"]
        settings = {f"OpenBLAS as {core}": dict(os.environ), "OpenBLAS, core type unset": unset}
    products = []
    for name in names:
        layout, _, size = name.split("/")
        products.append([layout, name, *map(int, size.split("x"))])
    out = {}
    for who, env in settings.items():
        for v in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
            env[v] = a.threads
        run = subprocess.run([a.python, __file__, "--worker"], input=json.dumps(products), env=env, capture_output=True, text=True)
        if run.returncode == 0:
            out[who] = json.loads(run.stdout)
        else:
            print(f"{who}: {run.stderr.strip().splitlines()[-1:]} (exit {run.returncode}), left out", file=sys.stderr)
    return out


def show(names, rates):
    print("| product (m x n x k), GFLOP/s: median (best) | " + " | ".join(rates) + " | ratio |")
    print("|---" * (len(rates) + 2) + "|")
    medians = {who: [statistics.median(r[n]) for n in names] for who, r in rates.items()}
    for i, name in enumerate(names):
        cells = [f"{medians[w][i]:.0f} ({max(r[name]):.0f})" for w, r in rates.items()]
        print(f"| {name} | " + " | ".join(cells) + " | " + ratio(medians, slice(i, i + 1)) + " |")
    means = [f"{statistics.geometric_mean(m):.0f}" for m in medians.values()]
    print("| geometric mean | " + " | ".join(means) + " | " + ratio(medians, slice(None)) + " |")


def ratio(medians, part):
    """Ours over each peer, of geometric means."""
    ours, *peers = (statistics.geometric_mean(m[part]) for m in medians.values())
    return ", ".join(f"{ours / p:.2f}" for p in peers)


if __name__ == "__main__":
    main()
