"""Pre-norm transformer blocks with the names of a PyTorch state dict."""
import torch
import torch.nn as nn

from attention import attention
from family import Family
from ops import quickgelu


class QuickGELU(nn.Module):
    def forward(self, x):
        return quickgelu(x)


class Attention(nn.Module):
    def __init__(self, dim, heads, causal):
        super().__init__()
        self.heads, self.causal = heads, causal
        self.qkv, self.proj = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)

    def forward(self, x):
        return self.proj(attention(self.qkv(x), self.heads, self.causal))


class Block(nn.Module):
    def __init__(self, dim, heads, mlp_ratio, act=nn.GELU, causal=False, eps=1e-6):
        super().__init__()
        hidden = int(dim * mlp_ratio)
        self.ln1, self.ln2 = nn.LayerNorm(dim, eps=eps), nn.LayerNorm(dim, eps=eps)
        self.attn = Attention(dim, heads, causal)
        self.mlp = nn.Sequential(nn.Linear(dim, hidden), act(), nn.Linear(hidden, dim))

    def forward(self, x):
        x = x + self.attn(self.ln1(x))
        return x + self.mlp(self.ln2(x))


def run(case, module, x):
    """Store a module's parameters, drawn by the case, and what differentiate stores for its input."""
    module.double()
    for name, p in module.named_parameters():
        norm_scale = p.dim() == 1 and name.endswith("weight")
        p.data = case.normal(*p.shape, scale=0.3, shift=1.0 if norm_scale else 0.0)
        case.put_input(name, p)
    case.differentiate(lambda input: module(input), input=x)
    for name, p in module.named_parameters():
        case.put("grad_" + name, p.grad)


def family():
    fam = Family("block", "transformer blocks: x += attn(ln1(x)); x += mlp(ln2(x))")
    for name, about, b, n, dim, heads, ratio, act, causal, eps in (
            ("vit", "GELU, every token sees all", 2, 7, 16, 4, 2, nn.GELU, 0, 1e-6),
            ("text", "QuickGELU, causal", 2, 9, 12, 3, 4, QuickGELU, 1, 1e-5)):
        c = fam.case(name, about, dim=dim, heads=heads, mlp_ratio=ratio, causal=causal, eps=eps)
        run(c, Block(dim, heads, ratio, act, bool(causal), eps), c.normal(b, n, dim))
    return fam
