#!/usr/bin/python3
"""Writes statistics.json beside it: what scipy and scikit-learn make of awkward samples, with ties, equal pairs,
a single class, or hardly anything in them. Needs both (Debian: python3-scipy, python3-sklearn). The same versions
give the same bytes on every run."""
import json
import os
import warnings

import numpy as np
from scipy import stats
from sklearn import metrics

warnings.simplefilter("ignore")  # of degenerate tables, which are the point


def signed_ranks(d):
    """Both rank sums of the differences that are not zero, equal sizes sharing their mean rank."""
    d = d[d != 0]
    ranks = stats.rankdata(np.abs(d))
    return ranks[d > 0].sum(), ranks[d < 0].sum(), len(d)


def wilcoxon(name, d):
    """All sign patterns where they are few; scipy's distribution without ties up to 50; its normal limit beyond."""
    d = np.asarray(d, float)
    up, down, n = signed_ranks(d)
    tied = len(set(np.abs(d[d != 0]))) < n
    if n < 2:  # nothing can be told apart
        p = 1.0
    elif n <= 12:
        kept = d[d != 0]
        ranks = stats.rankdata(np.abs(kept))
        p = stats.permutation_test((np.sign(kept) * ranks,), lambda v, axis: np.where(v > 0, v, 0).sum(axis),
                                   permutation_type="samples", vectorized=True, n_resamples=np.inf).pvalue
    elif n <= 50:
        assert not tied, name
        p = stats.wilcoxon(d, method="exact").pvalue
    else:
        p = stats.wilcoxon(d, method="approx", correction=False).pvalue
    return {"name": name, "differences": d.tolist(), "n": n, "statistic": min(up, down), "p": min(float(p), 1.0)}


def mcnemar(first, second):
    n = first + second
    if n < 25:
        return {"first": first, "second": second, "p": stats.binomtest(first, n).pvalue if n else 1.0}
    chi = max(abs(first - second) - 1, 0) ** 2 / n
    return {"first": first, "second": second, "p": stats.chi2.sf(chi, 1)}


def none(v):
    return None if np.isnan(v) else float(v)


def table(name, counts):
    counts = np.asarray(counts)
    k = len(counts)
    truth = np.repeat(np.repeat(np.arange(k), k), counts.ravel())
    given = np.repeat(np.tile(np.arange(k), k), counts.ravel())
    recall = metrics.recall_score(truth, given, labels=range(k), average=None)
    f1 = metrics.f1_score(truth, given, labels=range(k), average=None)
    return {"name": name, "counts": counts.tolist(), "oa": metrics.accuracy_score(truth, given),
            "aa": metrics.balanced_accuracy_score(truth, given),
            "kappa": none(metrics.cohen_kappa_score(truth, given, labels=range(k))),
            "recall": [float(r) if s else None for r, s in zip(recall, counts.sum(1))],
            "f1": [float(f) if s + p else None for f, s, p in zip(f1, counts.sum(1), counts.sum(0))]}


def auc(name, truth, score):
    return {"name": name, "truth": [bool(t) for t in truth], "score": [float(s) for s in score],
            "auc": metrics.roc_auc_score(truth, score)}


rng = np.random.default_rng(1)
distinct = rng.permutation(np.arange(1, 51)) * np.where(rng.random(50) < 0.4, -1, 1) / 1000
coarse = np.round(rng.normal(0.1, 1, 140))  # many ties and zeros
sparse = np.where(rng.random((7, 7)) < 0.6, 0, rng.integers(0, 40, (7, 7)))
ratings = rng.integers(0, 4, 60)

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "statistics.json"), "w") as f:
    json.dump({
        "wilcoxon": [
            wilcoxon("one pair", [0.02]),
            wilcoxon("two pairs against each other", [0.02, -0.02]),
            wilcoxon("all equal", [0, 0, 0]),
            wilcoxon("one of five differs", [0, 0, -0.01, 0, 0]),
            wilcoxon("ten of one sign and size", [0.01] * 10),
            wilcoxon("twelve of one size", [0.01] * 9 + [-0.01] * 3),
            wilcoxon("ties and zeros", [0.01, -0.01, 0, 0.02, 0.02, -0.02, 0.03, 0, 0.05, 0.05, 0.05, -0.01]),
            wilcoxon("twenty-five", distinct[:25]),
            wilcoxon("fifty, the last exact", distinct),
            wilcoxon("fifty-one, all of one sign", np.arange(1, 52) / 100),
            wilcoxon("ties and zeros of many", coarse),
        ],
        "mcnemar": [mcnemar(a, b) for a, b in [(0, 1), (1, 1), (0, 24), (12, 12), (11, 13), (0, 25), (12, 13), (1, 400), (1000, 1100)]],
        "tables": [
            table("sparse", sparse),
            table("one class in truth, two given", [[5, 3], [0, 0]]),
            table("two classes in truth, one given", [[5, 0], [3, 0]]),
            table("never right", [[0, 4, 0], [0, 0, 2], [9, 0, 0]]),
            table("one sample", [[1, 0], [0, 0]]),
            table("large counts", [[10**6, 3], [7, 10**6]]),
        ],
        "auc": [
            auc("ratings", rng.integers(0, 2, 60), ratings),
            auc("all scores equal", [0, 1, 1, 0], [0.5] * 4),
            auc("one positive, last", [0, 0, 0, 1], [0.1, 0.1, 0.2, 0]),
        ],
    }, f, indent=None, separators=(",", ":"))
    f.write("\n")
