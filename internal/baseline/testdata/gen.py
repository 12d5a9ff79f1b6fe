#!/usr/bin/python3
"""Writes sklearn.json beside it: what scikit-learn makes of small problems. Needs numpy and scikit-learn (Debian:
python3-sklearn). The same versions give the same bytes on every run."""
import json
import os

import numpy as np
from sklearn.covariance import ledoit_wolf_shrinkage
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import RandomForestClassifier
from sklearn.neighbors import NearestCentroid
from sklearn.svm import SVC


def problem(rng, train, test, features, spread):
    """Three overlapping classes, the second in two clumps."""
    centres = rng.normal(size=(4, features)) * spread
    y = np.arange(train + test) % 3
    clump = np.where((y == 1) & (rng.random(y.size) < 0.5), 3, y)
    x = np.round(centres[clump] + rng.normal(size=(y.size, features)) * np.linspace(0.5, 1.5, features), 3)
    return x[:train], y[:train], x[train:], y[train:]


def svm(x, y, test):
    # LIBSVM keeps its kernel in single precision, which shows in the decisions once C is large.
    cases = []
    for c, gamma in [(1, 0), (10, 0), (0.05, 0.3), (100, 2), (30, 1)]:
        m = SVC(C=c, gamma=gamma or "scale", tol=1e-10, decision_function_shape="ovo").fit(x, y)
        cases.append({"c": c, "gamma": gamma, "decisions": m.decision_function(test).tolist(),
                      "predicted": m.predict(test).tolist()})
    return cases


def lda(x, y, test):
    residuals = x - np.stack([x[y == k].mean(0) for k in range(3)])[y]
    auto = ledoit_wolf_shrinkage(residuals, assume_centered=True)
    cases = []
    for a in [0, 0.1, 1, auto]:
        m = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=a or None).fit(x, y)
        cases.append({"shrinkage": a, "log_proba": m.predict_log_proba(test).tolist()})
    return {"auto": auto, "cases": cases}


def refine(x, y, unlabelled, test):
    """lda_refine.go in the plainest form: every unlabelled sample once for every class, with a weight."""
    def discriminants(means, cov):
        w = np.linalg.solve(cov, means.T)
        return w, np.log(counts / len(x)) - (means.T * w).sum(0) / 2

    counts = np.bincount(y).astype(float)
    means = np.stack([x[y == k].mean(0) for k in range(3)])
    residuals = x - means[y]
    a = ledoit_wolf_shrinkage(residuals, assume_centered=True)
    cov = residuals.T @ residuals / len(x)
    for _ in range(3):
        cov = (1 - a) * cov + a * np.trace(cov) / len(cov) * np.eye(len(cov))
        w, b = discriminants(means, cov)
        p = np.exp(unlabelled @ w + b)
        p /= p.sum(1, keepdims=True)
        inverse = np.linalg.inv(cov)
        far = np.min([np.einsum("ni,ij,nj->n", unlabelled - m, inverse, unlabelled - m) for m in means], 0)
        p[far > np.sort(far)[int(np.ceil(0.8 * len(far))) - 1]] = 0
        p *= 0.5 * counts / np.maximum(p.sum(0), counts)
        rows = np.concatenate([x] + [unlabelled] * 3)
        at = np.concatenate([y] + [np.full(len(unlabelled), k) for k in range(3)])
        weight = np.concatenate([np.ones(len(x))] + [p[:, k] for k in range(3)])
        means = np.stack([np.average(rows[at == k], 0, weight[at == k]) for k in range(3)])
        cov = ((rows - means[at]).T * weight) @ (rows - means[at]) / weight.sum()
        a = 0.25
    w, b = discriminants(means, 0.75 * cov + 0.25 * np.trace(cov) / len(cov) * np.eye(len(cov)))
    return (test @ w + b).tolist()


def forest(x, y, test, truth):
    right = [(RandomForestClassifier(100, random_state=s).fit(x, y).predict(test) == truth).mean() for s in range(20)]
    return {"mean": np.mean(right), "std": np.std(right, ddof=1), "seeds": len(right)}


def main():
    rng = np.random.default_rng(20)
    out = {}
    for name, shape in {"small": (31, 20, 4, 0.8), "wide": (12, 10, 15, 0.5), "many": (90, 180, 6, 0.7)}.items():
        x, y, test, truth = problem(rng, *shape)
        out[name] = {"x": x.tolist(), "y": y.tolist(), "test": test.tolist(), "truth": truth.tolist()}
        if name == "small":
            out[name]["svm"] = svm(x, y, test)
            out[name]["mean"] = NearestCentroid().fit(x, y).predict(test).tolist()
        if name == "many":
            out[name]["forest"] = forest(x, y, test, truth)
            few = np.r_[0:7, 8, 11]  # two, three and four of a class; too few others for them to weigh as much as they may
            out[name]["refine"] = {"labelled": few.tolist(), "far": refine(x[few], y[few], x[12:], test[:40]),
                                   "few": refine(x[few], y[few], x[12:20], test[:10])}
        else:
            out[name]["lda"] = lda(x, y, test)
            if name == "wide":  # no inverse without shrinkage
                out[name]["lda"]["cases"].pop(0)
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sklearn.json")
    with open(path, "w") as f:
        f.write(json.dumps(out).replace("}, ", "},\n") + "\n")


main()
