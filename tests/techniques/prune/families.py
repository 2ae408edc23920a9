"""A small architecture of each family that can be pruned: its px, and the most parameters that may be left."""

FAMILIES = [
    ("resnet10t", 32, 0.4),
    ("regnetx_002", 32, 0.7),
    ("mobilenetv3_small_050", 32, 0.7),
    ("tinynet_e", 32, 0.7),
    ("convnext_atto", 32, 0.4),
    ("test_vit", 160, 0.5),
    ("mobileone_s0", 32, 0.4),
    ("test_nfnet", 64, 0.5),
]
