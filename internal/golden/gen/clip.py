"""The language-driven classifier: loss, every gradient, 20 steps of Adam, and evaluation.

Every sample's prompt goes through the text transformer on its own, padded to the whole context; every block computes
every token.
"""
import torch
import torch.nn.functional as F

import vit
from family import Family
from ops import quickgelu

CONTEXT = 77

# name: about, attributes, prompt lengths, class of each sample
CASES = {
    "class_own": ("class token, each sample its own target", dict(
        modalities=2, bands0=7, bands1=1, window=5, patch=1, dim=8, heads=2, depth=2, mlp_ratio=2,
        text_dim=8, text_heads=2, text_depth=2, text_mlp_ratio=4, vocabulary=11, mean_pool=0, class_targets=0),
        [5, 3, 9, 2], [2, 0, 3, 2, 1, 0]),
    "mean_class": ("mean over the patches, targets shared within a class", dict(
        modalities=1, bands0=5, window=6, patch=2, dim=4, heads=2, depth=1, mlp_ratio=3,
        text_dim=12, text_heads=3, text_depth=1, text_mlp_ratio=2, vocabulary=9, mean_pool=1, class_targets=1),
        [4, 7, 6], [1, 2, 1, 1, 0]),
    "class_shared": ("one block, whose class token alone is read; targets shared within a class", dict(
        modalities=1, bands0=3, window=3, patch=1, dim=4, heads=1, depth=1, mlp_ratio=2,
        text_dim=8, text_heads=2, text_depth=3, text_mlp_ratio=2, vocabulary=9, mean_pool=0, class_targets=1),
        [6, 77], [1, 0, 1, 1, 0, 0, 1]),
}

# name: about, attributes, class of each sample
LINEAR = {
    "linear": ("a fully connected layer and cross-entropy in place of the text encoder", dict(
        modalities=2, bands0=5, bands1=1, window=5, patch=1, dim=8, heads=2, depth=2, mlp_ratio=2, classes=4, mean_pool=0),
        [2, 0, 3, 2, 1, 0]),
}


def shapes(c):
    dim = c["text_dim"]
    out = {**vit.encoder_shapes(c), **vit.linear_shapes("head", dim, c["modalities"] * c["dim"]),
           "text.token_embedding.weight": (c["vocabulary"], dim), "text.positional_embedding": (CONTEXT, dim)}
    for i in range(c["text_depth"]):
        out.update(vit.block_shapes(f"text.blocks.{i}", dim, c["text_mlp_ratio"]))
    return {**out, **vit.norm_shapes("text.ln_final", dim), **vit.linear_shapes("text.text_projection", dim, dim, False), "logit_scale": (1,)}


def encode_text(p, c, ids, end):
    """The normalised features of prompts (N, CONTEXT), read at their last tokens."""
    x = F.embedding(ids, p["text.token_embedding.weight"]) + p["text.positional_embedding"]
    for i in range(c["text_depth"]):
        x = vit.block(p, f"text.blocks.{i}", x, c["text_heads"], quickgelu, True, 1e-5)
    x = vit.layer_norm(p, "text.ln_final", x, 1e-5)[torch.arange(len(ids)), end]
    return F.normalize(vit.linear(p, "text.text_projection", x), dim=1)


def head(p, c, windows, t, training):
    """The output of the head for the features of all modalities side by side."""
    features = []
    for m, x in enumerate(windows):
        x = vit.embed(p, c, m, vit.image(x), training).flatten(2).transpose(1, 2) + p[f"encoder.stems.{m}.pos_embed"][1:]
        x = vit.encode(p, c, torch.cat([vit.class_token(p, m, t), x], 1))
        features.append(x[:, 1:].mean(1) if c["mean_pool"] else x[:, 0])
    return vit.linear(p, "head", torch.cat(features, 1))


def encode_image(p, c, windows, t, training):
    return F.normalize(head(p, c, windows, t, training), dim=1)


def draw_windows(case, c, classes):
    """Store and return classes, timesteps and windows."""
    classes, t = torch.tensor(classes), case.integers(1000, len(classes))
    windows = [case.normal(len(classes), c["window"], c["window"], n, scale=0.5) for n in vit.bands(c)]
    for part, x in [("classes", classes), ("timesteps", t)] + [(f"window{m}", x) for m, x in enumerate(windows)]:
        case.put_input(part, x)
    return classes, t, windows


def run(case, c, lengths, classes):
    p = vit.draw(case, shapes(c))
    end = torch.tensor(lengths) - 1
    ids = torch.zeros(len(lengths), CONTEXT, dtype=torch.int64)
    for i, n in enumerate(lengths):
        ids[i, :n] = case.integers(c["vocabulary"], n)
    for part, x in (("ids", ids), ("lengths", end + 1)):
        case.put_input(part, x)
    classes, t, windows = draw_windows(case, c, classes)
    with torch.no_grad():
        logits = p["logit_scale"].exp() * encode_image(p, c, windows, t, False) @ encode_text(p, c, ids, end).t()
        case.put("eval_logits", logits)
    same = (classes[:, None] == classes).double()
    target = same / same.sum(1, keepdim=True) if c["class_targets"] else torch.eye(len(classes), dtype=torch.float64)

    def loss():
        text, image = encode_text(p, c, ids[classes], end[classes]), encode_image(p, c, windows, t, True)
        logits = p["logit_scale"].exp() * image @ text.t()
        return (F.cross_entropy(logits, target) + F.cross_entropy(logits.t(), target)) / 2

    vit.train(case, p, loss, ["logit_scale", "head.weight", "text.text_projection.weight", "encoder.stems.0.reduce1.weight"])


def run_linear(case, c, classes):
    p = vit.draw(case, {**vit.encoder_shapes(c), **vit.linear_shapes("head", c["classes"], c["modalities"] * c["dim"])})
    classes, t, windows = draw_windows(case, c, classes)
    with torch.no_grad():
        case.put("eval_logits", head(p, c, windows, t, False))
    vit.train(case, p, lambda: F.cross_entropy(head(p, c, windows, t, True), classes), ["head.weight", "head.bias", "encoder.stems.0.reduce1.weight"])


def family():
    fam = Family("clip", "the language-driven classifier, one step's gradients and 20 steps of Adam (rate 1e-3, L2 decay 1e-2); "
                         "eval_logits are those of the first weights and of the running statistics")
    for name, (about, c, lengths, classes) in CASES.items():
        run(fam.case(name, about, context=CONTEXT, batch=len(classes), **c), c, lengths, classes)
    for name, (about, c, classes) in LINEAR.items():
        run_linear(fam.case(name, about, batch=len(classes), **c), c, classes)
    return fam
