#!/usr/bin/python3
"""Write the golden files and their README: /usr/bin/python3 internal/golden/gen/gen.py [family ...]

Needs numpy and PyTorch 1.13 (Debian: python3-torch). The same versions give the same bytes on every run.
With --read FILE it lists the tensors of a safetensors file instead.
"""
import os
import sys

import torch

sys.dont_write_bytecode = True  # keep the folder clean

import attention  # noqa: E402
import block  # noqa: E402
import clip  # noqa: E402
import conv  # noqa: E402
import diffusion  # noqa: E402
import loss  # noqa: E402
import norm  # noqa: E402
import ops  # noqa: E402
import optim  # noqa: E402
import schedule  # noqa: E402
import stfile  # noqa: E402
import trajectory  # noqa: E402

MODULES = [ops, norm, conv, attention, block, loss, optim, schedule, diffusion, clip, trajectory]
HERE = os.path.dirname(os.path.abspath(__file__))

INTRODUCTION = """# Golden values

What PyTorch computes for small inputs, for tests to compare with. `golden.Load(t, "ops")` reads a family.

- A tensor is called `case/part`. Parts are the inputs, `output`, and `grad_` + the name of an input: the gradient of
  `sum(output * grad_output)`. The weights `grad_output` are random and stored.
- A whole model's tensors are `state/` + a name of its state dict, `grad/` + the gradient of the loss, `first/` the running
  statistics after one step, and `final/` some weights after the last.
- Attributes (eps, stride, heads, ...) lie in the file's metadata, one JSON object a case: `Case.Attr`.
- Inputs are exact in float32. Everything is computed in float64 and then rounded to float32 (schedules stay F64), so
  a golden value is the true one to half a unit in the last place, and a tolerance measures the code under test alone.
- Shapes are row-major and odd on purpose. Tensors are F32 where no type is given.

This page and `data/` are written by `/usr/bin/python3 internal/golden/gen/gen.py` (numpy, PyTorch 1.13; deterministic:
the numbers of a case depend on its name alone). To add a family, write `gen/<name>.py` with a function `family()` and
put it into `MODULES` of `gen/gen.py`. `gen.py --read FILE` lists any safetensors file.
"""


def main(args):
    if args[:1] == ["--read"]:
        tensors, metadata = stfile.read(args[1])
        for k, v in sorted(metadata.items()):
            print(f"# {k}: {v}")
        for k, x in sorted(tensors.items()):
            print(k, stfile.CODES[x.dtype], list(x.shape), x.ravel()[:4])
        return
    torch.set_num_threads(1)
    families = [m.family() for m in MODULES]
    for fam in families:
        if not args or fam.name in args:
            fam.write(os.path.join(HERE, "..", "data"))
    with open(os.path.join(HERE, "..", "README.md"), "w", encoding="utf-8") as f:
        f.write(INTRODUCTION + "".join(fam.table() for fam in families))


if __name__ == "__main__":
    main(sys.argv[1:])
