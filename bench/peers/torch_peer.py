#!/usr/bin/env python3
"""The workloads of package bench in PyTorch, to be run beside them.

  pretrain  W1: a step of mask-diffusion pre-training, batch 256
  fewshot   W2: a step of contrastive few-shot training, batch 64
  infer     W3: classifying windows against known text features, batch 256

--variant plain is the network as one writes it first: channels-first images, an
encoder pass per modality, softmax(q k^T) v in three calls, torch.optim.Adam.
--variant tuned is the fastest form found with stock operators: pixels in rows,
both modalities in one encoder pass, the functional attention operator, Adam on
one flat buffer, batch norm folded at inference. Parameters and losses agree:
--check compares them.

--prune (fewshot, infer) leaves out what cannot change the result, as the Go
engine does: the last block computes one token, prompts end at their last token.
GFLOP is always that of the plain network.
"""
import argparse
import contextlib
import json
import math
import os
import resource
import statistics
import sys
import time

ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
ap.add_argument("--workload", choices=["pretrain", "fewshot", "infer"], required=True)
ap.add_argument("--variant", choices=["plain", "tuned"], default="plain")
ap.add_argument("--threads", type=int, default=1)
ap.add_argument("--device", default="cpu", help="cpu or cuda, with products in TF32")
ap.add_argument("--bf16", action="store_true", help="with --device cuda: products in bfloat16, by autocast")
ap.add_argument("--compile", nargs="?", const="default", default="", help="let torch.compile make the network, in this mode (reduce-overhead replays CUDA graphs)")
ap.add_argument("--batch", type=int, default=0)
ap.add_argument("--steps", type=int, default=5)
ap.add_argument("--prune", action="store_true")
ap.add_argument("--check", action="store_true", help="compare the forms' losses and gradients and exit")
ap.add_argument("--json", action="store_true")
A = ap.parse_args()
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = str(A.threads)  # before the BLAS is loaded

import torch  # noqa: E402
from torch import nn  # noqa: E402
import torch.nn.functional as F  # noqa: E402

torch.set_num_threads(A.threads)
if A.device != "cpu":
    torch.set_default_device(A.device)  # PyTorch 2
    torch.set_float32_matmul_precision("high")
BANDS, WINDOW, DIM, HEADS, DEPTH, DECODER, TEXT, CONTEXT, VOCAB, CLASSES = (144, 1), 11, 128, 8, 4, 3, 3, 77, 49408, 15
TOKENS, KEEP = WINDOW * WINDOW, int(WINDOW * WINDOW * 0.3)
A.batch = A.batch or (64 if A.workload == "fewshot" else 256)


class Attention(nn.Module):
    def __init__(self, causal):
        super().__init__()
        self.qkv, self.proj = nn.Linear(DIM, 3 * DIM), nn.Linear(DIM, DIM)
        mask = torch.full((CONTEXT, CONTEXT), -math.inf).triu(1) if causal else None
        self.register_buffer("mask", mask, persistent=False)

    def forward(self, x):
        b, n, d = x.shape
        q, k, v = self.qkv(x).view(b, n, 3, HEADS, d // HEADS).permute(2, 0, 3, 1, 4)
        mask = None if self.mask is None else self.mask[:n, :n]
        if A.variant == "tuned" and hasattr(F, "scaled_dot_product_attention"):  # PyTorch 2
            y = F.scaled_dot_product_attention(q, k, v, mask)
        elif A.variant == "tuned":
            y = F._scaled_dot_product_attention(q, k, v, mask, 0.0, False, False)[0]
        else:
            s = q @ k.transpose(-2, -1) * (d // HEADS) ** -0.5
            y = (s if mask is None else s + mask).softmax(-1) @ v
        return self.proj(y.transpose(1, 2).reshape(b, n, d))

    def one(self, x, at, last):
        """The result at token at[i] of each sample; keys after last[i] are hidden."""
        b, n, d = x.shape
        w, c, size = self.qkv.weight, self.qkv.bias, d // HEADS
        q = F.linear(x[torch.arange(b, device=x.device), at], w[:d], c[:d]).view(b, HEADS, 1, size) * size ** -0.5
        k, v = F.linear(x, w[d:], c[d:]).view(b, n, 2, HEADS, size).permute(2, 0, 3, 1, 4)
        s = q @ k.transpose(-2, -1)
        if last is not None:
            s = s.masked_fill((torch.arange(n, device=x.device) > last[:, None])[:, None, None], -math.inf)
        return self.proj((s.softmax(-1) @ v).reshape(b, d))


class QuickGELU(nn.Module):
    def forward(self, x):
        return x * torch.sigmoid(1.702 * x)


class Block(nn.Module):
    def __init__(self, ratio=2, act=nn.GELU, causal=False, eps=1e-6):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(DIM, eps), nn.LayerNorm(DIM, eps)
        self.attn = Attention(causal)
        self.mlp = nn.Sequential(nn.Linear(DIM, ratio * DIM), act(), nn.Linear(ratio * DIM, DIM))

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))

    def one(self, x, at, last=None):
        r = x[torch.arange(len(x), device=x.device), at] + self.attn.one(self.norm1(x), at, last)
        return r + self.mlp(self.norm2(r))


class Stem(nn.Module):
    """A modality's reducer, embedding, class token and timestep."""

    def __init__(self, bands):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(bands, DIM, 1), nn.BatchNorm2d(DIM)
        self.conv2, self.bn2 = nn.Conv2d(DIM, DIM, 1), nn.BatchNorm2d(DIM)
        self.embed = nn.Conv2d(DIM, DIM, 1)
        self.cls = nn.Parameter(torch.randn(1, 1, DIM) * 0.02)
        self.pos = nn.Parameter(torch.randn(1, 1 + TOKENS, DIM) * 0.02)
        self.time = nn.Sequential(nn.Linear(256, DIM), nn.SiLU(), nn.Linear(DIM, DIM))
        self.register_buffer("freq", torch.exp(-math.log(10000) * torch.arange(128) / 128), persistent=False)

    def tokens(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.embed(F.relu(self.bn2(self.conv2(x))))
        return x.flatten(2).transpose(1, 2) + self.pos[:, 1:]

    def class_token(self, t):
        angle = t[:, None] * self.freq
        return self.cls + self.pos[:, :1] + self.time(torch.cat([angle.cos(), angle.sin()], 1))[:, None]

    def fold(self):
        self.conv1, self.bn1 = torch.nn.utils.fuse_conv_bn_eval(self.conv1, self.bn1), nn.Identity()
        self.conv2, self.bn2 = torch.nn.utils.fuse_conv_bn_eval(self.conv2, self.bn2), nn.Identity()


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.stems = nn.ModuleList(Stem(c) for c in BANDS)
        self.blocks = nn.ModuleList(Block() for _ in range(DEPTH))
        self.norm = nn.LayerNorm(DIM, 1e-6)

    def run(self, x, one):
        for b in self.blocks[:-1]:
            x = b(x)
        last = self.blocks[-1]
        return self.norm(last.one(x, torch.zeros(len(x), dtype=torch.long, device=x.device))[:, None] if one else last(x))

    def forward(self, seqs, one=False):
        if A.variant == "tuned":
            return self.run(torch.cat(seqs), one).chunk(len(seqs))
        return [self.run(s, one) for s in seqs]


class Decoder(nn.Module):
    def __init__(self, bands):
        super().__init__()
        self.embed, self.mask = nn.Linear(DIM, DIM), nn.Parameter(torch.randn(1, 1, DIM) * 0.02)
        self.pos = nn.Parameter(torch.randn(1, 1 + TOKENS, DIM) * 0.02)
        self.blocks = nn.Sequential(*(Block() for _ in range(DECODER)))
        self.norm = nn.LayerNorm(DIM, 1e-6)
        self.projection, self.predict, self.expand = nn.Linear(DIM, DIM), nn.Linear(DIM, DIM), nn.Linear(DIM, bands)

    def forward(self, x, restore):
        x = self.embed(x)
        b = len(x)
        full = torch.cat([x[:, 1:], self.mask.expand(b, TOKENS - KEEP, DIM)], 1)
        full = full.gather(1, restore[:, :, None].expand(b, TOKENS, DIM))
        x = self.blocks(torch.cat([x[:, :1], full], 1) + self.pos)
        return self.expand(self.predict(self.projection(self.norm(x)))[:, 1:])


class Pretrain(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc, self.dec = Encoder(), nn.ModuleList(Decoder(c) for c in BANDS)
        keep = torch.cumprod(1 - torch.linspace(1e-4, 0.02, 1000, dtype=torch.float64), 0)
        self.register_buffer("signal", keep.sqrt().float(), persistent=False)
        self.register_buffer("noise", (1 - keep).sqrt().float(), persistent=False)

    def forward(self, images):
        b = len(images[0])
        t = torch.randint(0, 1000, (b,), device=self.signal.device)
        signal, noise = self.signal[t].view(b, 1, 1, 1), self.noise[t].view(b, 1, 1, 1)
        seqs, restores = [], []
        orders = [torch.rand(b, TOKENS, device=t.device).argsort(1) for _ in images]
        for img, stem, order in zip(images, self.enc.stems, orders):
            x = stem.tokens(signal * img + noise * torch.randn_like(img))
            visible = x.gather(1, order[:, :KEEP, None].expand(b, KEEP, DIM))
            seqs.append(torch.cat([stem.class_token(t), visible], 1))
            restores.append(order.argsort(1))
        loss = 0
        for img, dec, x, restore in zip(images, self.dec, self.enc(seqs), restores):
            error = F.mse_loss(dec(x, restore), img.flatten(2).transpose(1, 2), reduction="none").mean(-1)
            hidden = (restore >= KEEP).float()
            loss = loss + 0.1 * (error * hidden).sum() / hidden.sum() + (error * (1 - hidden)).sum() / (1 - hidden).sum()
        return loss


class FewShot(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc, self.head, self.tok = Encoder(), nn.Linear(2 * DIM, DIM), nn.Embedding(VOCAB, DIM)
        nn.init.normal_(self.tok.weight, std=0.02)
        self.pos = nn.Parameter(torch.randn(CONTEXT, DIM) * 0.01)
        self.text = nn.ModuleList(Block(4, QuickGELU, True, 1e-5) for _ in range(TEXT))
        self.norm, self.proj = nn.LayerNorm(DIM), nn.Parameter(torch.randn(DIM, DIM) * DIM ** -0.5)
        self.scale = nn.Parameter(torch.tensor(math.log(1 / 0.7)))

    def images(self, images, t):
        seqs = [torch.cat([s.class_token(t), s.tokens(x)], 1) for s, x in zip(self.enc.stems, images)]
        return F.normalize(self.head(torch.cat([x[:, 0] for x in self.enc(seqs, A.prune)], 1)))

    def texts(self, ids, end):
        if A.prune:
            ids = ids[:, :int(end.max()) + 1]
        x = self.tok(ids) + self.pos[:ids.shape[1]]
        for b in self.text[:-1]:
            x = b(x)
        x = self.text[-1].one(x, end, end) if A.prune else self.text[-1](x)[torch.arange(len(ids), device=ids.device), end]
        return F.normalize(self.norm(x) @ self.proj)

    def forward(self, images, ids, t):
        logits = self.scale.exp() * self.images(images, t) @ self.texts(ids, ids.argmax(1)).t()
        y = torch.arange(len(ids), device=ids.device)
        return 0.5 * (F.cross_entropy(logits, y) + F.cross_entropy(logits.t(), y))


class FlatAdam:
    """Adam over one buffer that parameters and gradients are views of."""

    def __init__(self, params):
        params = list(params)
        n = sum(p.numel() for p in params)
        self.p, self.g, self.m, self.v, self.tmp = torch.empty(n), *(torch.zeros(n) for _ in range(4))
        at, self.t = 0, 0
        for p in params:
            here = slice(at, at + p.numel())
            self.p[here] = p.detach().flatten()
            p.data, p.grad = self.p[here].view_as(p), self.g[here].view_as(p)
            at += p.numel()

    def zero_grad(self):
        self.g.zero_()

    @torch.no_grad()
    def step(self):
        self.t += 1
        self.g.add_(self.p, alpha=1e-4)
        self.m.lerp_(self.g, 0.1)
        self.v.mul_(0.999).addcmul_(self.g, self.g, value=0.001)
        torch.sqrt(self.v, out=self.tmp).div_(math.sqrt(1 - 0.999 ** self.t)).add_(1e-8)
        self.p.addcdiv_(self.m, self.tmp, value=-1e-4 / (1 - 0.9 ** self.t))


def gflop():
    """GFLOP of a step's matrix products; three times where it trains, twice for first layers."""
    b, train, total = A.batch, A.workload != "infer", 0

    def gemm(m, k, n, times=3):
        nonlocal total
        total += 2e-9 * m * k * n * (times if train else 1)

    def block(n, ratio):
        for k, m in ((DIM, 3 * DIM), (DIM, DIM), (DIM, ratio * DIM), (ratio * DIM, DIM), (DIM, n), (n, DIM)):
            gemm(b * n, k, m)

    for c in BANDS:
        gemm(b * TOKENS, c, DIM, 2), gemm(b * TOKENS, DIM, DIM), gemm(b * TOKENS, DIM, DIM)
        gemm(b, 256, DIM, 2), gemm(b, DIM, DIM)
        seen = 1 + (KEEP if A.workload == "pretrain" else TOKENS)
        for _ in range(DEPTH):
            block(seen, 2)
        if A.workload == "pretrain":
            gemm(b * seen, DIM, DIM)
            for _ in range(DECODER):
                block(1 + TOKENS, 2)
            gemm(b * (1 + TOKENS), DIM, DIM), gemm(b * (1 + TOKENS), DIM, DIM), gemm(b * TOKENS, DIM, c)
    if A.workload != "pretrain":
        gemm(b, 2 * DIM, DIM), gemm(b, DIM, CLASSES if A.workload == "infer" else b)
    if A.workload == "fewshot":
        for _ in range(TEXT):
            block(CONTEXT, 4)
        gemm(b, DIM, DIM)
    return total


def precision():
    """The arithmetic of products: bfloat16 where it was asked for."""
    return torch.autocast("cuda", torch.bfloat16) if A.bf16 else contextlib.nullcontext()


def build():
    torch.manual_seed(0)
    model = Pretrain() if A.workload == "pretrain" else FewShot()
    params = sum(p.numel() for p in model.parameters())
    layout = torch.channels_last if A.variant == "tuned" else torch.contiguous_format
    images = [torch.rand(A.batch, c, WINDOW, WINDOW).contiguous(memory_format=layout) for c in BANDS]
    model = model.to(memory_format=layout)
    t = torch.randint(0, 1000, (A.batch,))
    if A.workload == "infer":
        model.eval()
        if A.variant == "tuned":
            for s in model.enc.stems:
                s.fold()
        text = F.normalize(torch.randn(CLASSES, DIM)).t().contiguous()

        encode = torch.compile(model.images, mode=A.compile) if A.compile else model.images

        def classify():
            with torch.inference_mode(), precision():
                scores = encode(images, t) @ text
                return scores.norm() if A.check else scores.argmax(1)
        return model, params, classify
    ids = torch.zeros(A.batch, CONTEXT, dtype=torch.long)
    ids[:, :12] = torch.randint(1, VOCAB - 2, (A.batch, 12))
    ids[:, 0], ids[:, 11] = VOCAB - 2, VOCAB - 1
    adam = FlatAdam(model.parameters()) if A.variant == "tuned" else \
        torch.optim.Adam(model.parameters(), lr=1e-4, weight_decay=1e-4, **({"fused": True} if A.device == "cuda" else {}))

    run = torch.compile(model, mode=A.compile) if A.compile else model

    def step():
        adam.zero_grad()
        with precision():
            loss = run(images) if A.workload == "pretrain" else run(images, ids, t)
        loss.backward()
        if not A.check:
            adam.step()
        return loss.detach()
    return model, params, step


def check():
    """Plain, tuned and pruned must agree (noise is drawn in memory order, so without it)."""
    for A.variant, A.prune in (("plain", False), ("tuned", False), ("tuned", True)):
        torch.manual_seed(0)
        model, _, step = build()
        if A.workload == "pretrain":
            model.noise.zero_()
            model.signal.fill_(1)
        torch.manual_seed(1)
        loss = step()
        norm = math.sqrt(sum(float(p.grad.double().pow(2).sum()) for p in model.parameters() if p.grad is not None))
        print(f"{A.variant:6} prune={A.prune!s:5}  value {float(loss):.6f}  gradient norm {norm:.6f}")


def main():
    if A.check:
        return check()
    _, params, step = build()
    for _ in range(2):
        step()
    times = []
    for _ in range(A.steps):
        start = time.perf_counter()
        step()
        if A.device == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    median, work = statistics.median(times), gflop()
    out = {"workload": A.workload, "variant": "torch " + A.variant + (" pruned" if A.prune else "") + (" bf16" if A.bf16 else "") + (" compiled " + A.compile if A.compile else ""), "threads": A.threads,
           "batch": A.batch, "params": params, "torch": torch.__version__, "ms_per_step": round(1e3 * median, 2),
           "ms_min": round(1e3 * min(times), 2), "timed_steps": len(times), "patches_per_s": round(A.batch / median, 1),
           "gflop_per_step": round(work, 2), "gflops": round(work / median, 1),
           "peak_rss_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)}
    print(json.dumps(out) if A.json else "\n".join(f"{k:16} {v}" for k, v in out.items()))


if __name__ == "__main__":
    sys.exit(main())
