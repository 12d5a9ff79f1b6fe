"""A family is one file of cases; a case is a computation with its inputs, output and gradients."""
import json
import os
import zlib

import numpy as np
import torch

import stfile


def rounded(x):
    """A float64 tensor whose values are exact in float32."""
    return torch.from_numpy(np.asarray(x, np.float32).astype(np.float64))


class Case:
    """One case. Random numbers depend on the names alone, so a new case changes no other."""

    def __init__(self, family, name, about, attrs):
        self.name, self.about, self.attrs = name, about, attrs
        self.family, self.tensors = family, {}
        self.random = np.random.RandomState(zlib.crc32(f"{family}/{name}".encode()))

    def normal(self, *shape, scale=1.0, shift=0.0):
        return rounded(self.random.standard_normal(shape) * scale + shift)

    def integers(self, high, *shape):
        return torch.from_numpy(self.random.randint(0, high, shape).astype(np.int64))

    def put_input(self, name, x):
        """Store what the computation reads: it must be exact in float32."""
        assert not x.is_floating_point() or (x == x.float().double()).all(), (self.name, name)
        self.put(name, x)

    def put(self, name, x, dtype=np.float32):
        x = x.detach().numpy() if isinstance(x, torch.Tensor) else np.asarray(x)
        self.tensors[name] = x.astype(np.int64 if x.dtype.kind in "iu" else dtype)

    def differentiate(self, f, **inputs):
        """Store the inputs, output = f(inputs) and, for each float input, the gradient of sum(output * grad_output).

        An input whose name starts with "const_" is stored without that prefix and has no gradient.
        """
        args = {}
        for name, x in inputs.items():
            if name.startswith("const_"):
                name = name[len("const_"):]
            elif x.is_floating_point():
                x = x.clone().requires_grad_()
            args[name] = x
            self.put_input(name, x)
        output = f(**args)
        weight = self.normal(*output.shape)
        (output * weight).sum().backward()
        self.put("output", output)
        self.put("grad_output", weight)
        for name, x in args.items():
            if x.requires_grad:
                self.put("grad_" + name, x.grad)
        return output


class Family:
    def __init__(self, name, title):
        self.name, self.title, self.cases = name, title, []

    def case(self, name, about, **attrs):
        c = Case(self.name, name, about, attrs)
        self.cases.append(c)
        return c

    def write(self, folder):
        tensors, metadata = {}, {"torch": torch.__version__}
        for c in self.cases:
            metadata[c.name] = json.dumps(c.attrs, sort_keys=True)
            for part, x in c.tensors.items():
                assert np.isfinite(x).all(), (c.name, part)
                tensors[f"{c.name}/{part}"] = x
        path = os.path.join(folder, self.name + ".safetensors")
        stfile.write(path, tensors, metadata)
        again, meta = stfile.read(path)
        assert meta == metadata and again.keys() == tensors.keys()
        assert all((again[k] == tensors[k]).all() and again[k].shape == tensors[k].shape for k in tensors)

    def table(self):
        """The family's part of the README."""
        rows = [f"\n## {self.name}.safetensors: {self.title}\n", "| case | output | attributes | tensors |", "|---|---|---|---|"]
        for c in self.cases:
            attrs = ", ".join(f"{k} {v:g}" for k, v in c.attrs.items())
            parts = [f"{k} {list(x.shape)}" + (f" {stfile.CODES[x.dtype]}" if x.dtype != np.float32 else "")
                     for k, x in c.tensors.items() if "/" not in k and not (k.startswith("grad_") and k[5:] in c.tensors)]
            folders = [k.split("/")[0] for k in c.tensors if "/" in k]
            parts += [f"{k}/ ({folders.count(k)} tensors)" for k in dict.fromkeys(folders)]
            grads = [k[5:] for k in c.tensors if k.startswith("grad_") and k[5:] in c.tensors and k != "grad_output"]
            cell = ", ".join(parts) + ("; grad_ of output" if grads else "") + ("".join(", " + g for g in grads))
            about = c.about.replace("|", "\\|")
            rows.append(f"| {c.name} | {about} | {attrs} | {cell} |")
        return "\n".join(rows) + "\n"
