"""The image side of DiffCLIP in plain PyTorch, over a dict of parameters with the names of the Go state dict.

Images are (batch, channel, height, width) and go through convolutions; nothing is left out, merged or reordered.
"""
import torch
import torch.nn.functional as F

from attention import attention
from family import rounded
from ops import timestep_embedding

TIME_FEATURES = 256


def linear_shapes(name, out, n, bias=True):
    return {name + ".weight": (out, n), **({name + ".bias": (out,)} if bias else {})}


def norm_shapes(name, dim, running=False):
    parts = ("weight", "bias") + (("running_mean", "running_var") if running else ())
    return {f"{name}.{part}": (dim,) for part in parts}


def block_shapes(name, dim, ratio):
    return {**norm_shapes(name + ".norm1", dim), **linear_shapes(name + ".attn.qkv", 3 * dim, dim),
            **linear_shapes(name + ".attn.proj", dim, dim), **norm_shapes(name + ".norm2", dim),
            **linear_shapes(name + ".mlp.fc1", ratio * dim, dim), **linear_shapes(name + ".mlp.fc2", dim, ratio * dim)}


def tokens(c):
    return (c["window"] // c["patch"]) ** 2


def bands(c):
    return [c[f"bands{i}"] for i in range(c["modalities"])]


def encoder_shapes(c):
    dim, shapes = c["dim"], {}
    for i, n in enumerate(bands(c)):
        s = f"encoder.stems.{i}."
        shapes.update({**linear_shapes(s + "reduce1", dim, n), **norm_shapes(s + "norm1", dim, True),
                       **linear_shapes(s + "reduce2", dim, dim), **norm_shapes(s + "norm2", dim, True),
                       **linear_shapes(s + "embed", dim, c["patch"] ** 2 * dim),
                       s + "cls_token": (1, dim), s + "pos_embed": (1 + tokens(c), dim),
                       **linear_shapes(s + "time1", dim, TIME_FEATURES), **linear_shapes(s + "time2", dim, dim)})
    for i in range(c["depth"]):
        shapes.update(block_shapes(f"encoder.blocks.{i}", dim, c["mlp_ratio"]))
    shapes.update(norm_shapes("encoder.norm", dim))
    return shapes


def draw(case, shapes, frozen=()):
    """Draw every parameter, store it as state/<name>, and ask for gradients except of statistics and of frozen ones."""
    p = {}
    for name, shape in shapes.items():
        if name.endswith("running_var"):
            x = rounded(case.normal(*shape).abs() + 0.5)
        elif len(shape) == 2:
            x = case.normal(*shape, scale=shape[1] ** -0.5)
        else:
            x = case.normal(*shape, scale=0.2, shift=1.0 if "norm" in name and name.endswith("weight") else 0.0)
        case.put_input("state/" + name, x)
        p[name] = x.requires_grad_("running_" not in name and not name.endswith(tuple(frozen)))
    return p


def linear(p, name, x):
    return F.linear(x, p[name + ".weight"], p.get(name + ".bias"))


def layer_norm(p, name, x, eps=1e-6):
    return F.layer_norm(x, x.shape[-1:], p[name + ".weight"], p[name + ".bias"], eps)


def batch_norm(p, name, x, training):
    return F.batch_norm(x, p[name + ".running_mean"], p[name + ".running_var"], p[name + ".weight"], p[name + ".bias"],
                        training, 0.1, 1e-5)


def block(p, name, x, heads, act=F.gelu, causal=False, eps=1e-6):
    qkv = linear(p, name + ".attn.qkv", layer_norm(p, name + ".norm1", x, eps))
    x = x + linear(p, name + ".attn.proj", attention(qkv, heads, causal))
    return x + linear(p, name + ".mlp.fc2", act(linear(p, name + ".mlp.fc1", layer_norm(p, name + ".norm2", x, eps))))


def conv1x1(p, name, x):
    return F.conv2d(x, p[name + ".weight"][:, :, None, None], p[name + ".bias"])


def embed(p, c, m, x, training=True):
    """Reduce images of modality m pixel by pixel, then cut them into patches: (B, bands, H, W) to (B, D, H/p, W/p)."""
    s, dim, patch = f"encoder.stems.{m}.", c["dim"], c["patch"]
    for i in "12":
        x = F.relu(batch_norm(p, s + "norm" + i, conv1x1(p, s + "reduce" + i, x), training))
    weight = p[s + "embed.weight"].view(dim, patch, patch, dim).permute(0, 3, 1, 2)
    return F.conv2d(x, weight, p[s + "embed.bias"], stride=patch)


def class_token(p, m, t):
    s = f"encoder.stems.{m}."
    time = linear(p, s + "time2", F.silu(linear(p, s + "time1", timestep_embedding(t, TIME_FEATURES))))
    return (p[s + "cls_token"] + p[s + "pos_embed"][0] + time)[:, None]


def encode(p, c, x):
    for i in range(c["depth"]):
        x = block(p, f"encoder.blocks.{i}", x, c["heads"])
    return layer_norm(p, "encoder.norm", x)


def patches(c, x):
    """Cut images (B, C, H, W) into (B, L, C, p, p), row of patches after row."""
    b, ch, h, w = x.shape
    n, patch = c["window"] // c["patch"], c["patch"]
    return x.view(b, ch, n, patch, n, patch).permute(0, 2, 4, 1, 3, 5).reshape(b, n * n, ch, patch, patch)


def values(x):
    """A patch (..., C, p, p) as pixel after pixel, each with its bands: (..., p*p, C)."""
    return x.flatten(-2).transpose(-1, -2)


def image(x):
    """(B, H, W, C), as windows are stored, to (B, C, H, W)."""
    return x.permute(0, 3, 1, 2).contiguous()


def train(case, p, loss, final, steps=20, lr=1e-3, weight_decay=1e-2):
    """Store every gradient and the running statistics of the first step, the losses of all steps, and some final weights."""
    trained = {k: x for k, x in p.items() if x.requires_grad}
    opt = torch.optim.Adam(trained.values(), lr=lr, weight_decay=weight_decay)
    losses = []
    for step in range(steps):
        opt.zero_grad()
        value = loss()
        value.backward()
        losses.append(value.item())
        if step == 0:
            for k, x in trained.items():
                case.put("grad/" + k, x.grad)
            put_statistics(case, "first/", p)
        opt.step()
    case.put("losses", losses)
    put_statistics(case, "final/", p)
    for k in final:
        case.put("final/" + k, p[k])


def put_statistics(case, prefix, p):
    for k, x in p.items():
        if "running_" in k:
            case.put(prefix + k, x)
