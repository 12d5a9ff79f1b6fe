"""Convolution and pooling over images in (batch, channel, height, width) order."""
import torch.nn.functional as F

from family import Family

# name: input, weight, bias?, stride, padding, dilation, groups
CONVS = {
    "conv1x1": ((2, 5, 4, 3), (7, 5, 1, 1), True, (1, 1), (0, 0), (1, 1), 1),
    "conv1x1_nobias": ((2, 5, 4, 3), (7, 5, 1, 1), False, (1, 1), (0, 0), (1, 1), 1),
    "conv3x3": ((2, 3, 6, 5), (4, 3, 3, 3), True, (1, 1), (0, 0), (1, 1), 1),
    "conv3x3_same": ((2, 3, 6, 5), (4, 3, 3, 3), True, (1, 1), (1, 1), (1, 1), 1),
    "conv3x3_stride2": ((2, 3, 7, 6), (4, 3, 3, 3), True, (2, 2), (1, 1), (1, 1), 1),
    "conv3x3_dilation2": ((2, 3, 8, 7), (4, 3, 3, 3), True, (1, 1), (2, 2), (2, 2), 1),
    "conv7x7_stride2": ((1, 3, 13, 11), (5, 3, 7, 7), True, (2, 2), (3, 3), (1, 1), 1),
    "conv_rectangular": ((2, 3, 7, 6), (4, 3, 3, 2), True, (2, 1), (1, 0), (1, 2), 1),
    "conv_groups2": ((2, 4, 5, 6), (6, 2, 3, 3), True, (1, 1), (1, 1), (1, 1), 2),
    "conv_depthwise3x3": ((2, 5, 6, 5), (5, 1, 3, 3), True, (1, 1), (1, 1), (1, 1), 5),
    "conv_depthwise_multiplier2": ((2, 3, 5, 5), (6, 1, 3, 3), True, (2, 2), (1, 1), (1, 1), 3),
}


def convolutions(fam):
    for name, (input, weight, bias, stride, padding, dilation, groups) in CONVS.items():
        c = fam.case(name, "conv2d(input, weight, bias)" if bias else "conv2d(input, weight)",
                     stride_h=stride[0], stride_w=stride[1], padding_h=padding[0], padding_w=padding[1],
                     dilation_h=dilation[0], dilation_w=dilation[1], groups=groups)
        args = dict(input=c.normal(*input), weight=c.normal(*weight, scale=0.5))
        if bias:
            args["bias"] = c.normal(weight[0])
        c.differentiate(lambda input, weight, bias=None: F.conv2d(input, weight, bias, stride, padding, dilation, groups), **args)


def pooling(fam):
    for kernel, stride, padding in ((2, 2, 0), (3, 2, 1)):
        c = fam.case(f"maxpool{kernel}x{kernel}", "largest of each window; padding never wins", kernel=kernel, stride=stride, padding=padding)
        c.differentiate(lambda input: F.max_pool2d(input, kernel, stride, padding), input=c.normal(2, 3, 7, 6))
    for kernel, stride, padding, include in ((2, 2, 0, 1), (3, 1, 1, 1), (3, 2, 1, 0)):
        c = fam.case(f"avgpool{kernel}x{kernel}_stride{stride}", "mean of each window; count_include_pad 1: padding counts as zeros, 0: it does not count",
                     kernel=kernel, stride=stride, padding=padding, count_include_pad=include)
        c.differentiate(lambda input: F.avg_pool2d(input, kernel, stride, padding, count_include_pad=bool(include)), input=c.normal(2, 3, 7, 6))
    c = fam.case("adaptive_avgpool1", "mean of each channel of each image, shape (batch, channel, 1, 1)")
    c.differentiate(lambda input: F.adaptive_avg_pool2d(input, 1), input=c.normal(2, 3, 5, 4))


def family():
    fam = Family("conv", "convolution and pooling, (batch, channel, height, width)")
    convolutions(fam)
    pooling(fam)
    return fam
