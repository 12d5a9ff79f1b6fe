"""Losses."""
import math

import torch
import torch.nn.functional as F

from family import Family, rounded


def classification(fam):
    c = fam.case("nll", "mean of -input[i, target[i]], input = log-probabilities")
    log_probs = rounded(F.log_softmax(c.normal(7, 5), 1).numpy())
    c.differentiate(lambda input, target: F.nll_loss(input, target), input=log_probs, target=c.integers(5, 7))
    for name, scale in (("cross_entropy", 2), ("cross_entropy_large", 200)):
        c = fam.case(name, "mean of -log_softmax(input)[i, target[i]]")
        c.differentiate(lambda input, target: F.cross_entropy(input, target), input=c.normal(7, 5, scale=scale), target=c.integers(5, 7))
    c = fam.case("cross_entropy_soft", "mean over rows of -sum_j target[i,j] log_softmax(input)[i,j]")
    target = rounded(F.softmax(c.normal(7, 5), 1).numpy())
    c.differentiate(lambda input, target: F.cross_entropy(input, target), input=c.normal(7, 5, scale=2), const_target=target)


def masked_mse(input, target, mask, masked, visible):
    e = ((input - target) ** 2).mean(-1)
    v = 1 - mask
    return masked * (e * mask).sum() / mask.sum() + visible * (e * v).sum() / v.sum()


def regression(fam):
    c = fam.case("mse", "mean of (input - target)^2")
    c.differentiate(lambda input, target: F.mse_loss(input, target), input=c.normal(3, 5, 4), const_target=c.normal(3, 5, 4))
    c = fam.case("masked_mse", "e = mean over bands of (input - target)^2; masked_weight * mean of e where mask is 1 + visible_weight * mean of e where it is 0",
                 masked_weight=0.1, visible_weight=1)
    mask = torch.zeros(2, 11, dtype=torch.float64)
    for row in mask:
        row[torch.from_numpy(c.random.permutation(11)[:7])] = 1
    c.differentiate(lambda input, target, mask: masked_mse(input, target, mask, 0.1, 1),
                    input=c.normal(2, 11, 5), const_target=c.normal(2, 11, 5), const_mask=mask)


def contrastive(fam):
    c = fam.case("contrastive", "logits = exp(logit_scale) normalize(image) @ normalize(text)^T; cross_entropy(logits, 0..B-1) + cross_entropy(logits^T, 0..B-1)")
    b = 6

    def f(image, text, logit_scale):
        logits = logit_scale.exp() * F.normalize(image, dim=1) @ F.normalize(text, dim=1).t()
        c.put("logits", logits)
        y = torch.arange(b)
        return F.cross_entropy(logits, y) + F.cross_entropy(logits.t(), y)

    c.differentiate(f, image=c.normal(b, 7), text=c.normal(b, 7), logit_scale=rounded(math.log(1 / 0.07)))


def family():
    fam = Family("loss", "losses")
    for part in (classification, regression, contrastive):
        part(fam)
    return fam
