"""Layer, batch, instance and group normalisation."""
import torch.nn.functional as F

from family import Family, rounded


def layer(fam):
    for name, shape, eps, shift in (("layernorm", (5, 7), 1e-6, 0), ("layernorm_eps1e-5", (3, 12), 1e-5, 0),
                                    ("layernorm_offset", (4, 33), 1e-6, 100), ("layernorm_3d", (2, 3, 16), 1e-6, 0)):
        c = fam.case(name, "(input - mean) / sqrt(var + eps) * weight + bias over the last dimension", eps=eps)
        c.differentiate(lambda input, weight, bias: F.layer_norm(input, shape[-1:], weight, bias, eps),
                        input=c.normal(*shape, shift=shift), weight=c.normal(shape[-1]), bias=c.normal(shape[-1]))


def batch(fam):
    for name, shape in (("batchnorm1d", (9, 5)), ("batchnorm2d", (3, 4, 5, 3))):
        channels = shape[1]
        for mode in ("train", "eval"):
            how = ("batch statistics (biased variance); running = 0.9 running + 0.1 batch (variance unbiased), stored as new_running_*"
                   if mode == "train" else "running statistics")
            c = fam.case(f"{name}_{mode}", how, eps=1e-5, momentum=0.1)
            mean, var = c.normal(channels), rounded(c.normal(channels).abs() + 0.5)
            new_mean, new_var = mean.clone(), var.clone()
            c.differentiate(
                lambda input, weight, bias, running_mean, running_var: F.batch_norm(
                    input, new_mean, new_var, weight, bias, mode == "train", 0.1, 1e-5),
                input=c.normal(*shape, scale=2, shift=1), weight=c.normal(channels), bias=c.normal(channels),
                const_running_mean=mean, const_running_var=var)
            if mode == "train":
                c.put("new_running_mean", new_mean)
                c.put("new_running_var", new_var)


def images(fam):
    c = fam.case("instancenorm2d", "each channel of each image normalised over its pixels (biased variance), then weight, bias", eps=1e-5)
    c.differentiate(lambda input, weight, bias: F.instance_norm(input, None, None, weight, bias, True, 0.1, 1e-5),
                    input=c.normal(2, 3, 5, 4), weight=c.normal(3), bias=c.normal(3))
    for groups in (1, 2, 6):
        c = fam.case(f"groupnorm_{groups}", "each group of channels of each image normalised over channels and pixels, then weight, bias",
                     groups=groups, eps=1e-5)
        c.differentiate(lambda input, weight, bias: F.group_norm(input, groups, weight, bias, 1e-5),
                        input=c.normal(2, 6, 3, 5), weight=c.normal(6), bias=c.normal(6))


def family():
    fam = Family("norm", "normalisation")
    for part in (layer, batch, images):
        part(fam)
    return fam
