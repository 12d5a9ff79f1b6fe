"""Products, element-wise functions, reductions, and the moving of rows."""
import math

import torch
import torch.nn.functional as F

from family import Family


def quickgelu(x):
    return x * torch.sigmoid(1.702 * x)


ACTIVATIONS = {"relu": F.relu, "gelu": F.gelu, "quickgelu": quickgelu, "silu": F.silu}
FORMULAS = {"relu": "max(x, 0)", "gelu": "x * Phi(x), exact (erf)", "quickgelu": "x * sigmoid(1.702 x)",
            "silu": "x * sigmoid(x)", "sigmoid": "1 / (1 + exp(-x))", "tanh": "tanh(x)", "exp": "exp(x)"}


def products(fam):
    c = fam.case("linear", "input @ weight^T + bias")
    c.differentiate(F.linear, input=c.normal(5, 7), weight=c.normal(3, 7), bias=c.normal(3))
    c = fam.case("linear_nobias", "input @ weight^T")
    c.differentiate(F.linear, input=c.normal(9, 5), weight=c.normal(6, 5))
    c = fam.case("linear_wide", "input @ weight^T + bias, larger than any vector tile")
    c.differentiate(F.linear, input=c.normal(37, 53), weight=c.normal(41, 53, scale=0.2), bias=c.normal(41))
    for name, act in ACTIVATIONS.items():
        c = fam.case("linear_" + name, f"{name}(input @ weight^T + bias)")
        c.differentiate(lambda input, weight, bias: act(F.linear(input, weight, bias)),
                        input=c.normal(5, 7), weight=c.normal(9, 7), bias=c.normal(9))
    for name, about, a, b, f in (
            ("matmul_nn", "a @ b", (5, 7), (7, 3), lambda a, b: a @ b),
            ("matmul_nt", "a @ b^T", (5, 7), (3, 7), lambda a, b: a @ b.t()),
            ("matmul_tn", "a^T @ b", (7, 5), (7, 3), lambda a, b: a.t() @ b),
            ("matmul_tt", "a^T @ b^T", (7, 5), (3, 7), lambda a, b: a.t() @ b.t()),
            ("matmul_batch_nn", "a[i] @ b[i]", (3, 5, 7), (3, 7, 4), lambda a, b: a @ b),
            ("matmul_batch_nt", "a[i] @ b[i]^T", (3, 5, 7), (3, 4, 7), lambda a, b: a @ b.transpose(1, 2)),
            ("matmul_batch_tn", "a[i]^T @ b[i]", (3, 7, 5), (3, 7, 4), lambda a, b: a.transpose(1, 2) @ b)):
        c = fam.case(name, about)
        c.differentiate(f, a=c.normal(*a), b=c.normal(*b))


def elementwise(fam):
    functions = dict(ACTIVATIONS, sigmoid=torch.sigmoid, tanh=torch.tanh, exp=torch.exp)
    for name, f in functions.items():
        c = fam.case(name, FORMULAS[name])
        c.differentiate(lambda input: f(input), input=c.normal(3, 11, scale=2))
    for name in ("gelu", "quickgelu", "silu", "sigmoid", "tanh"):
        c = fam.case(name + "_tails", FORMULAS[name] + ", from -30 to 30")
        c.differentiate(lambda input: functions[name](input), input=torch.linspace(-30, 30, 61, dtype=torch.float64))
    for name, sign, f in (("add", "+", torch.add), ("sub", "-", torch.sub), ("mul", "*", torch.mul)):
        c = fam.case(name, f"a {sign} b")
        c.differentiate(lambda a, b: f(a, b), a=c.normal(5, 7), b=c.normal(5, 7))
        c = fam.case(name + "_row", f"a {sign} b, the row b repeated for every row of a")
        c.differentiate(lambda a, b: f(a, b), a=c.normal(5, 7), b=c.normal(7))
    c = fam.case("scale", "factor * input", factor=-0.75)
    c.differentiate(lambda input: input * -0.75, input=c.normal(5, 7))


def reductions(fam):
    for name, about, f in (
            ("sum", "sum of all elements", torch.sum), ("mean", "mean of all elements", torch.mean),
            ("sum_dim0", "sum over rows: output[j] = sum_i input[i,j]", lambda x: x.sum(0)),
            ("sum_dim1", "sum over columns: output[i] = sum_j input[i,j]", lambda x: x.sum(1)),
            ("mean_dim0", "mean over rows", lambda x: x.mean(0)), ("mean_dim1", "mean over columns", lambda x: x.mean(1))):
        c = fam.case(name, about)
        c.differentiate(lambda input: f(input), input=c.normal(5, 7))
    for name, shape, scale, f in (("softmax", (5, 9), 2, F.softmax), ("softmax_large", (3, 7), 200, F.softmax),
                                  ("log_softmax", (5, 9), 2, F.log_softmax), ("log_softmax_large", (3, 7), 200, F.log_softmax)):
        c = fam.case(name, f.__name__ + " over the last dimension")
        c.differentiate(lambda input: f(input, -1), input=c.normal(*shape, scale=scale))
    c = fam.case("normalize", "input[i] / max(|input[i]|, eps), |.| the Euclidean norm of a row", eps=1e-12)
    c.differentiate(lambda input: F.normalize(input, dim=1), input=c.normal(5, 7))


def rows(fam):
    for dim, shapes in ((0, ((2, 5), (1, 5), (4, 5))), (1, ((3, 2), (3, 1), (3, 4)))):
        c = fam.case(f"concat_dim{dim}", f"a, b, c one after the other along dimension {dim}")
        c.differentiate(lambda a, b, c: torch.cat([a, b, c], dim), **{k: c.normal(*s) for k, s in zip("abc", shapes)})
    index = torch.tensor([4, 0, 4, 2, 5, 4, 1])
    c = fam.case("gather_rows", "output[i] = input[index[i]]")
    c.differentiate(lambda input, index: input[index], input=c.normal(6, 5), index=index)
    c = fam.case("scatter_add_rows", "output = input, then output[index[i]] += source[i]")
    c.differentiate(lambda input, index, source: input.index_add(0, index, source),
                    input=c.normal(6, 5), index=index, source=c.normal(7, 5))
    c = fam.case("embedding", "output[i,j] = weight[ids[i,j]], with repeated ids")
    c.differentiate(lambda ids, weight: F.embedding(ids, weight),
                    ids=torch.tensor([[1, 1, 8], [0, 1, 8], [3, 0, 1]]), weight=c.normal(9, 5))


def timestep_embedding(t, features):
    half = features // 2
    freq = torch.exp(-math.log(10000.0) * torch.arange(half, dtype=torch.float64) / half)
    a = t[:, None].double() * freq
    return torch.cat([a.cos(), a.sin()], 1)


def timesteps(fam):
    for name, features in (("timestep_embedding", 256), ("timestep_embedding_small", 6)):
        c = fam.case(name, "[cos(t f_k) for all k, then sin(t f_k)], f_k = 10000^(-k / (features/2))", features=features)
        t = torch.tensor([0, 1, 7, 250, 999])
        c.put_input("t", t)
        c.put("output", timestep_embedding(t, features))


def family():
    fam = Family("ops", "products, element-wise functions, reductions, rows")
    for part in (products, elementwise, reductions, rows, timesteps):
        part(fam)
    return fam
