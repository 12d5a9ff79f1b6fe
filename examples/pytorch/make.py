"""Writes xor.safetensors: a perceptron trained with PyTorch, in the names of its state dict, and what it computes.

    python3 examples/pytorch/make.py

Needs PyTorch; the file is written by the writer beside the golden values. With the safetensors package it is
safetensors.torch.save_file(net.state_dict(), "xor.safetensors").
"""
import pathlib
import sys

import torch

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here.parents[1] / "internal/golden/gen"))
import stfile  # noqa: E402

torch.manual_seed(3)
net = torch.nn.Sequential(torch.nn.Linear(2, 8), torch.nn.GELU(), torch.nn.Linear(8, 1))
x = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
y = torch.tensor([[0.0], [1.0], [1.0], [0.0]])
opt = torch.optim.Adam(net.parameters(), lr=0.05)
for _ in range(60):
    opt.zero_grad()
    torch.nn.functional.mse_loss(net(x), y).backward()
    opt.step()
tensors = {name: t.detach().numpy() for name, t in net.state_dict().items()}
tensors["test.input"] = x.numpy()
tensors["test.output"] = net(x).detach().numpy()
stfile.write(here / "xor.safetensors", tensors, {"made with": "torch " + torch.__version__})
