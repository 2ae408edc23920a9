"""The shortlist of architectures that suit a CPU, as one table; the most informative come first.

`tag` names the pretrained weights of the architecture: published.csv has their top-1, and a step that starts from the
architecture starts from them.
"""

from typing import NamedTuple


class ShortlistRow(NamedTuple):
    """One row: timm's name and pretrained tag, the family, and the reason for its choice."""

    name: str
    tag: str
    family: str
    why: str


SHORTLIST = (
    ShortlistRow(
        "mobilenetv4_conv_small", "e2400_r224_in1k", "MobileNetV4", "plain convolutions, made for CPUs and phones"
    ),
    ShortlistRow("resnet18d", "ra4_e3600_r224_in1k", "ResNet", "ResNet-18 with a better stem, trained for long"),
    ShortlistRow(
        "mobilenetv3_large_100", "miil_in21k_ft_in1k", "MobileNetV3", "few multiply-adds, with squeeze and excite"
    ),
    ShortlistRow("efficientnet_lite0", "ra_in1k", "EfficientNet-Lite", "EfficientNet without what is slow in INT8"),
    ShortlistRow("regnety_004", "tv2_in1k", "RegNet", "grouped convolutions of one regular shape"),
    ShortlistRow("hgnetv2_b0", "ssld_stage2_ft_in1k", "HGNetV2", "plain convolutions, trained by a strong teacher"),
    ShortlistRow("convnext_atto", "d2_in1k", "ConvNeXt", "a modern convolutional network at its smallest"),
    ShortlistRow("mobilenetv4_conv_medium", "e500_r224_in1k", "MobileNetV4", "one size above small, near 80 %"),
    ShortlistRow(
        "efficientnet_b0", "ra4_e3600_r224_in1k", "EfficientNet", "the usual mark for accuracy per multiply-add"
    ),
    ShortlistRow("fastvit_t8", "apple_dist_in1k", "FastViT", "reparameterised, between convolution and attention"),
    ShortlistRow(
        "resnet34", "ra4_e3600_r224_in1k", "ResNet", "plain convolutions, which this kind of machine does best"
    ),
    ShortlistRow("repvgg_a0", "rvgg_in1k", "RepVGG", "reparameterised into nothing but 3x3 convolutions"),
    ShortlistRow("efficientvit_b0", "r224_in1k", "EfficientViT", "linear attention at high resolution"),
    ShortlistRow("lcnet_100", "ra2_in1k", "LCNet", "made for Intel CPUs"),
    ShortlistRow("resnet10t", "c3_in1k", "ResNet", "the shallowest ResNet with a tiered stem"),
    ShortlistRow("regnety_008_tv", "tv2_in1k", "RegNet", "near ResNet-50's accuracy at a fifth of its multiply-adds"),
    ShortlistRow("repvit_m0_9", "dist_450e_in1k", "RepViT", "MobileNetV3 rebuilt as a transformer is, reparameterised"),
    ShortlistRow("resnet50d", "ra4_e3600_r224_in1k", "ResNet", "ResNet-50 with a better stem, trained for long"),
    ShortlistRow("mobilenetv3_small_100", "lamb_in1k", "MobileNetV3", "hardly any multiply-adds"),
    ShortlistRow("mobilenetv2_100", "ra_in1k", "MobileNetV2", "the old mark for phones, takes INT8 well"),
    ShortlistRow("convnext_femto", "d1_in1k", "ConvNeXt", "one size above atto"),
    ShortlistRow("efficientvit_b1", "r224_in1k", "EfficientViT", "near 80 % at half a billion multiply-adds"),
    ShortlistRow("mobileone_s0", "apple_in1k", "MobileOne", "reparameterised, one branch when it runs"),
    ShortlistRow(
        "vit_tiny_patch16_224", "augreg_in21k_ft_in1k", "ViT", "a plain transformer, nearly all matrix products"
    ),
    ShortlistRow("deit_tiny_patch16_224", "fb_in1k", "DeiT", "the transformer of ViT, trained on ImageNet alone"),
    ShortlistRow("ghostnet_100", "in1k", "GhostNet", "half of the channels from cheap operations"),
    ShortlistRow("resnet18", "a1_in1k", "ResNet", "the network that most begin with"),
    ShortlistRow("resnet50", "a1_in1k", "ResNet", "the mark that all others are held against"),
    ShortlistRow("resnet26t", "ra2_in1k", "ResNet", "between 18 and 50 layers, with a tiered stem"),
    ShortlistRow("resnet14t", "c3_in1k", "ResNet", "bottlenecks at their shallowest"),
    ShortlistRow("efficientnet_b1", "ra4_e3600_r240_in1k", "EfficientNet", "one size above B0"),
    ShortlistRow("tf_efficientnet_lite1", "in1k", "EfficientNet-Lite", "one size above Lite0"),
    ShortlistRow("mobilenetv2_140", "ra_in1k", "MobileNetV2", "1.4 times as wide"),
    ShortlistRow("mobilenetv2_050", "lamb_in1k", "MobileNetV2", "half as wide"),
    ShortlistRow("mobilenetv4_conv_small_050", "e3000_r224_in1k", "MobileNetV4", "half as wide as small"),
    ShortlistRow("mobilenetv3_small_050", "lamb_in1k", "MobileNetV3", "about the fewest multiply-adds there are"),
    ShortlistRow("regnetx_002", "pycls_in1k", "RegNet", "the smallest without squeeze and excite"),
    ShortlistRow("regnetx_008", "tv2_in1k", "RegNet", "no squeeze and excite: all of it takes INT8"),
    ShortlistRow("regnety_016", "tv2_in1k", "RegNet", "above 80 % with convolutions alone"),
    ShortlistRow("repvgg_a1", "rvgg_in1k", "RepVGG", "one size above A0"),
    ShortlistRow("mobileone_s1", "apple_in1k", "MobileOne", "one size above S0"),
    ShortlistRow("fastvit_t12", "apple_dist_in1k", "FastViT", "one size above T8"),
    ShortlistRow("lcnet_050", "ra2_in1k", "LCNet", "half as wide"),
    ShortlistRow("convnext_pico", "d1_in1k", "ConvNeXt", "two sizes above atto"),
    ShortlistRow("convnext_nano", "in12k_ft_in1k", "ConvNeXt", "three sizes above atto, pretrained on more classes"),
)


def shortlist_row(name: str) -> ShortlistRow | None:
    """The row of an architecture, with or without a pretrained tag in its name, or None."""
    return next((row for row in SHORTLIST if row.name == name.partition(".")[0]), None)
