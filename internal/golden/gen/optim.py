"""Optimisers on a small vector with given gradients, and gradient clipping."""
import numpy as np
import torch

from family import Family, rounded

STEPS, SIZE = 20, 11


def optimise(c, make):
    """Store param (start), grads (one row a step) and output (the parameters after each step)."""
    p = c.normal(SIZE).requires_grad_()
    grads = c.normal(STEPS, SIZE)
    grads[3] = 0          # a step without a gradient
    grads[:, 5] = 0       # a parameter without a gradient
    grads[7] *= 1000      # a step with large gradients
    grads[:, 6] *= 1e-6   # a parameter with small gradients
    grads = rounded(grads)
    c.put_input("param", p)
    c.put_input("grads", grads)
    opt, output = make([p]), []
    for g in grads:
        p.grad = g.clone()
        opt.step()
        output.append(p.detach().numpy().copy())
    c.put("output", np.stack(output))


def optimisers(fam):
    adam, sgd = torch.optim.Adam, torch.optim.SGD
    for name, about, cls, attrs in (
            ("adam", "Adam", adam, dict(lr=0.01, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0)),
            ("adam_l2", "Adam, grad += weight_decay * param first", adam, dict(lr=0.01, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.1)),
            ("adamw", "AdamW, param *= 1 - lr * weight_decay first", torch.optim.AdamW, dict(lr=0.01, beta1=0.9, beta2=0.99, eps=1e-8, weight_decay=0.1)),
            ("sgd", "param -= lr * grad", sgd, dict(lr=0.01, momentum=0, weight_decay=0)),
            ("sgd_momentum", "v = momentum v + grad (v = grad at first); param -= lr * v; grad += weight_decay * param first", sgd, dict(lr=0.01, momentum=0.9, weight_decay=0.1)),
            ("sgd_nesterov", "as sgd_momentum, but param -= lr * (grad + momentum v)", sgd, dict(lr=0.01, momentum=0.9, weight_decay=0.1, nesterov=1))):
        c = fam.case(name, about + "; param is the start, grads one row a step, output the parameters after each step", **attrs)
        options = dict(attrs)
        if "beta1" in options:
            options["betas"] = (options.pop("beta1"), options.pop("beta2"))
        if "nesterov" in options:
            options["nesterov"] = True
        optimise(c, lambda ps: cls(ps, **options))


def clipping(fam):
    for name, max_norm in (("clip_grad_norm", 1.0), ("clip_grad_norm_inside", 100.0)):
        c = fam.case(name, "norm = |all gradients|; each gradient * min(1, max_norm / (norm + 1e-6)): output_a, output_b, output_c", max_norm=max_norm)
        params = []
        for k, shape in (("a", (3, 4)), ("b", (5,)), ("c", (1,))):
            p = torch.zeros(shape, dtype=torch.float64, requires_grad=True)
            p.grad = c.normal(*shape)
            c.put_input(k, p.grad)
            params.append((k, p))
        c.put("norm", torch.nn.utils.clip_grad_norm_([p for _, p in params], max_norm))
        for k, p in params:
            c.put("output_" + k, p.grad)


def family():
    fam = Family("optim", "optimisers, 20 steps, and gradient clipping")
    optimisers(fam)
    clipping(fam)
    return fam
