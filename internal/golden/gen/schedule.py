"""Learning rates of 200 steps: output[i] is the rate of step i, counted from 0."""
import math
import warnings

import numpy as np
import torch
from torch.optim import lr_scheduler as lrs

from family import Family

STEPS, LR = 200, 0.01


def rates(make, at=None):
    """The rates a scheduler gives; at(i) is the fractional epoch of step i, for schedulers that take one."""
    opt = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=LR)
    sched, out = make(opt), []
    for i in range(STEPS):
        if at is not None:
            sched.step(at(i))
        out.append(opt.param_groups[0]["lr"])
        opt.step()
        if at is None:
            sched.step()
    return out


def warmup_cosine(i, warmup, minimum):
    if i < warmup:
        return LR * (i + 1) / warmup
    return minimum + (LR - minimum) * 0.5 * (1 + math.cos(math.pi * (i - warmup) / (STEPS - warmup)))


def family():
    warnings.simplefilter("ignore")
    fam = Family("schedule", "learning rate of step i = 0 .. 199, F64")

    def add(name, about, values, **attrs):
        fam.case(name, about, lr=LR, **attrs).put("output", np.array(values), np.float64)

    for name, t_max, low in (("cosine", 200, 0.0), ("cosine_periodic", 50, 1e-4)):
        add(name, "CosineAnnealingLR: min_lr + (lr - min_lr) (1 + cos(pi i / t_max)) / 2; it rises again after t_max",
            rates(lambda o: lrs.CosineAnnealingLR(o, t_max, low)), t_max=t_max, min_lr=low)
    about = "CosineAnnealingWarmRestarts: periods t0, t0*t_mult, t0*t_mult^2, ...; lr (1 + cos(pi t/T)) / 2 at place t of a period T"
    add("warm_restarts", about, rates(lambda o: lrs.CosineAnnealingWarmRestarts(o, 5, 2)), t0=5, t_mult=2)
    add("warm_restarts_fractional", about + "; step i is at epoch i / steps_per_epoch",
        rates(lambda o: lrs.CosineAnnealingWarmRestarts(o, 5, 2), lambda i: i / 8), t0=5, t_mult=2, steps_per_epoch=8)
    add("step", "StepLR: lr gamma^floor(i / step_size)", rates(lambda o: lrs.StepLR(o, 30, 0.5)), step_size=30, gamma=0.5)
    add("multistep", "MultiStepLR: lr gamma^(number of milestones <= i)",
        rates(lambda o: lrs.MultiStepLR(o, [100, 131], 0.1)), milestone1=100, milestone2=131, gamma=0.1)
    add("warmup_cosine", "lr (i+1)/warmup for i < warmup, then min_lr + (lr - min_lr) (1 + cos(pi (i-warmup)/(total-warmup))) / 2; not from PyTorch",
        [warmup_cosine(i, 10, 1e-5) for i in range(STEPS)], warmup=10, total=STEPS, min_lr=1e-5)
    return fam
