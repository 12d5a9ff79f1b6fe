"""The mask-diffusion model: corrupted batches, losses, every gradient, and 20 steps of Adam."""
import torch
import torch.nn.functional as F

import vit
from family import Family

TIMESTEPS = 1000

# name: about, attributes
CASES = {
    "paper": ("mask, then noise and embed the visible patches; two weighted means", dict(
        modalities=2, bands0=7, bands1=1, window=5, patch=1, dim=12, heads=3, depth=2, mlp_ratio=2, decoder_depth=1, batch=6,
        mask_ratio=0.7, masked_weight=0.1, visible_weight=1, paper_loss=0, no_noise=0, reference_order=0, train_positions=0)),
    "reference": ("noise and embed every patch, then mask; one mean", dict(
        modalities=2, bands0=7, bands1=1, window=5, patch=1, dim=8, heads=2, depth=1, mlp_ratio=2, decoder_depth=2, batch=5,
        mask_ratio=0.7, masked_weight=0.1, visible_weight=1, paper_loss=1, no_noise=0, reference_order=1, train_positions=1)),
    "patch2": ("one modality in patches of 2 x 2", dict(
        modalities=1, bands0=7, window=6, patch=2, dim=8, heads=2, depth=1, mlp_ratio=3, decoder_depth=1, batch=5,
        mask_ratio=0.5, masked_weight=0.3, visible_weight=0.7, paper_loss=0, no_noise=0, reference_order=0, train_positions=1)),
    "patch3_reference": ("two modalities in patches of 3 x 3, every patch embedded", dict(
        modalities=2, bands0=5, bands1=2, window=6, patch=3, dim=4, heads=2, depth=1, mlp_ratio=2, decoder_depth=1, batch=6,
        mask_ratio=0.5, masked_weight=0.1, visible_weight=1, paper_loss=0, no_noise=0, reference_order=1, train_positions=0)),
    "clean": ("no noise and no masks", dict(
        modalities=1, bands0=3, window=3, patch=1, dim=4, heads=1, depth=1, mlp_ratio=2, decoder_depth=1, batch=5,
        mask_ratio=0, masked_weight=0.1, visible_weight=1, paper_loss=0, no_noise=1, reference_order=0, train_positions=0)),
    "masked_clean": ("no noise: a masked autoencoder", dict(
        modalities=2, bands0=4, bands1=3, window=5, patch=1, dim=8, heads=2, depth=1, mlp_ratio=2, decoder_depth=1, batch=5,
        mask_ratio=0.7, masked_weight=0.1, visible_weight=1, paper_loss=0, no_noise=1, reference_order=0, train_positions=0)),
    "noised_whole": ("no masks: every patch is seen, noised", dict(
        modalities=1, bands0=3, window=3, patch=1, dim=8, heads=2, depth=1, mlp_ratio=2, decoder_depth=1, batch=6,
        mask_ratio=0, masked_weight=0.1, visible_weight=1, paper_loss=0, no_noise=0, reference_order=0, train_positions=0)),
    "labelled": ("beside the restoration, the cross-entropy of a linear classifier on the class tokens", dict(
        modalities=2, bands0=5, bands1=1, window=5, patch=1, dim=8, heads=2, depth=1, mlp_ratio=2, decoder_depth=1, batch=6,
        mask_ratio=0.7, masked_weight=0.1, visible_weight=1, paper_loss=0, no_noise=0, reference_order=0, train_positions=0,
        classes=3, class_weight=0.3)),
}


def decoder_shapes(c):
    dim, shapes = c["dim"], {}
    for i, n in enumerate(vit.bands(c)):
        s = f"decoders.{i}."
        shapes.update({**vit.linear_shapes(s + "embed", dim, dim), s + "mask_token": (dim,), s + "pos_embed": (1 + vit.tokens(c), dim)})
        for k in range(c["decoder_depth"]):
            shapes.update(vit.block_shapes(f"{s}blocks.{k}", dim, c["mlp_ratio"]))
        shapes.update({**vit.norm_shapes(s + "norm", dim), **vit.linear_shapes(s + "projection", dim, dim),
                       **vit.linear_shapes(s + "pred", dim, dim), **vit.linear_shapes(s + "expand", c["patch"] ** 2 * n, dim)})
    return shapes


def noised(c, x, noise, t):
    """x_t = sqrt(acp_t) x_0 + sqrt(1 - acp_t) noise, for whole images."""
    if c["no_noise"]:
        return x
    acp = torch.cumprod(1 - torch.linspace(1e-4, 0.02, TIMESTEPS, dtype=torch.float64), 0)[t].view(-1, 1, 1, 1)
    return acp.sqrt() * x + (1 - acp).sqrt() * noise


def take(x, keep):
    """Row keep[b, i] of sample b: (B, L, ...) to (B, k, ...)."""
    return x[torch.arange(len(x))[:, None], keep]


def sequence(p, c, m, x, keep, t):
    """The class token and the visible tokens of noised images."""
    pos = p[f"encoder.stems.{m}.pos_embed"][1:]
    if c["reference_order"]:
        seen = take(vit.embed(p, c, m, x).flatten(2).transpose(1, 2) + pos, keep)
    else:
        visible = take(vit.patches(c, x), keep)  # (B, k, C, p, p)
        seen = vit.embed(p, c, m, visible.flatten(0, 1)).view(*keep.shape, c["dim"]) + pos[keep]
    return torch.cat([vit.class_token(p, m, t), seen], 1)


def decode(p, c, m, x, keep):
    s, dim, length = f"decoders.{m}.", c["dim"], vit.tokens(c)
    x = vit.linear(p, s + "embed", x)
    full = p[s + "mask_token"].expand(len(x), length, dim)
    full = full.scatter(1, keep[:, :, None].expand(-1, -1, dim), x[:, 1:])
    x = torch.cat([x[:, :1], full], 1) + p[s + "pos_embed"]
    for k in range(c["decoder_depth"]):
        x = vit.block(p, f"{s}blocks.{k}", x, c["heads"])
    x = vit.linear(p, s + "pred", vit.linear(p, s + "projection", vit.layer_norm(p, s + "norm", x)))
    return vit.linear(p, s + "expand", x)[:, 1:]  # (B, L, p*p*bands)


def restoration_loss(c, out, target, keep):
    e = ((out - target) ** 2).mean(-1)
    if c["paper_loss"]:
        return e.mean()
    visible = torch.zeros_like(e).scatter(1, keep, 1.0).bool()
    loss = c["visible_weight"] * e[visible].mean()
    return loss if visible.all() else loss + c["masked_weight"] * e[~visible].mean()


def run(case, c):
    frozen = () if c["train_positions"] else ("pos_embed",)
    shapes = {**vit.encoder_shapes(c), **decoder_shapes(c)}
    if c.get("classes"):
        shapes.update(vit.linear_shapes("classifier", c["classes"], c["modalities"] * c["dim"]))
    p = vit.draw(case, shapes, frozen)
    batch, length = c["batch"], vit.tokens(c)
    k = int(length * (1 - c["mask_ratio"]) + 1e-9)
    t = case.integers(TIMESTEPS, batch)
    case.put_input("timesteps", t)
    inputs = []
    for m, n in enumerate(vit.bands(c)):
        window, noise = (case.normal(batch, c["window"], c["window"], n, scale=scale) for scale in (0.5, 1))
        keep = torch.from_numpy(case.random.rand(batch, length).argsort(1)[:, :k].copy())
        for part, x in (("window", window), ("noise", noise), ("keep", keep)):
            case.put_input(part + str(m), x)
        x = noised(c, vit.image(window), vit.image(noise), t)
        seen = vit.patches(c, x)
        case.put(f"visible{m}", vit.values(seen if c["reference_order"] else take(seen, keep)).flatten(0, 2))
        inputs.append((x, vit.values(vit.patches(c, vit.image(window))).flatten(2), keep))

    labels = None
    if c.get("classes"):
        labels = case.integers(c["classes"], batch)
        case.put_input("labels", labels)

    def loss():
        total, tokens = 0, []
        for m, (x, target, keep) in enumerate(inputs):
            encoded = vit.encode(p, c, sequence(p, c, m, x, keep, t))
            tokens.append(encoded[:, 0])
            total = total + restoration_loss(c, decode(p, c, m, encoded, keep), target, keep)
        if labels is not None:
            total = total + c["class_weight"] * F.cross_entropy(vit.linear(p, "classifier", torch.cat(tokens, 1)), labels)
        return total

    vit.train(case, p, loss, ["encoder.stems.0.reduce1.weight", "encoder.blocks.0.attn.qkv.weight", "decoders.0.expand.bias"])


def family():
    fam = Family("diffusion", "the mask-diffusion model, one step's gradients and 20 steps of Adam (rate 1e-3, L2 decay 1e-2)")
    for name, (about, c) in CASES.items():
        run(fam.case(name, about, timesteps=TIMESTEPS, **c), c)
    return fam
