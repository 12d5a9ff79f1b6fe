"""Training from given weights: the loss before each of 20 steps of Adam."""
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

from block import Block
from family import Family

STEPS = 20


def train(c, module, loss, lr, weight_decay):
    """Draw the weights, store them, and losses: the loss before each step."""
    module.double()
    for name, p in module.named_parameters():
        norm_scale = p.dim() == 1 and name.startswith("ln") and name.endswith("weight")
        p.data = c.normal(*p.shape, scale=0.3, shift=1.0 if norm_scale else 0.0)
        c.put_input(name, p)
    opt, losses = torch.optim.Adam(module.parameters(), lr=lr, weight_decay=weight_decay), []
    for _ in range(STEPS):
        opt.zero_grad()
        value = loss()
        value.backward()
        losses.append(value.item())
        opt.step()
    c.put("losses", np.array(losses))


def family():
    fam = Family("trajectory", "training from given weights: losses holds the loss before each of 20 steps of Adam")
    attrs = dict(lr=0.02, weight_decay=0.01)
    c = fam.case("mlp", "cross_entropy(fc2(gelu(fc1(input))), target)", **attrs)
    net = nn.Sequential()
    net.fc1, net.act, net.fc2 = nn.Linear(5, 9), nn.GELU(), nn.Linear(9, 3)
    x, target = c.normal(11, 5), c.integers(3, 11)
    c.put_input("input", x)
    c.put_input("target", target)
    train(c, net, lambda: F.cross_entropy(net(x), target), **attrs)

    attrs = dict(lr=0.003, weight_decay=0.01)
    c = fam.case("block", "mse(block(input), target), the block that block.safetensors calls vit", dim=12, heads=3, mlp_ratio=2, eps=1e-6, **attrs)
    module = Block(12, 3, 2)
    x, target = c.normal(3, 5, 12), c.normal(3, 5, 12)
    c.put_input("input", x)
    c.put_input("target", target)
    train(c, module, lambda: F.mse_loss(module(x), target), **attrs)
    return fam
