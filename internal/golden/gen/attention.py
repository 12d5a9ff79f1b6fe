"""Multi-head self-attention on packed queries, keys and values."""
import torch

from family import Family


def attention(qkv, heads, causal):
    """softmax(q k^T / sqrt(d)) v; a token's row of qkv (B, N, 3*heads*d) is all queries, all keys, all values."""
    b, n, d3 = qkv.shape
    hd = d3 // 3 // heads
    q, k, v = qkv.view(b, n, 3, heads, hd).permute(2, 0, 3, 1, 4).unbind(0)
    s = (q @ k.transpose(-2, -1)) * hd ** -0.5
    if causal:
        s = s + torch.full((n, n), float("-inf"), dtype=s.dtype).triu(1)
    return (s.softmax(-1) @ v).transpose(1, 2).reshape(b, n, d3 // 3)


def family():
    fam = Family("attention", "multi-head self-attention; input[b,n] = (queries, keys, values), each head after head")
    for name, b, n, heads, hd, causal in (("plain", 2, 5, 2, 3, 0), ("tokens37", 1, 37, 8, 16, 0), ("causal", 2, 9, 3, 4, 1)):
        c = fam.case(name, "softmax(q k^T / sqrt(head_size)) v" + (", token i sees tokens 0..i" if causal else ""),
                     heads=heads, head_size=hd, causal=causal)
        c.differentiate(lambda input: attention(input, heads, causal), input=c.normal(b, n, 3 * heads * hd))
    return fam
