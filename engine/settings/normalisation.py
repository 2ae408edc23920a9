"""The usual ways to make a model's numbers of pixels from 0 to 255, by the titles that they go by."""

from collections.abc import Mapping
from dataclasses import dataclass

from engine.settings.data import Preprocess


@dataclass(frozen=True)
class Normalisation:
    """(pixel / scale - mean) / std, with a mean and a standard deviation for red, green and blue, in this order."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    scale: float

    def applied(self, preprocess: Preprocess) -> Preprocess:
        """The preprocessing with these numbers, in the order of its channels; of gray, with the mean of the three."""
        mean, std = self.mean, self.std
        if len(preprocess.mean) == 1:
            numbers: tuple[tuple[float, ...], ...] = ((sum(mean) / 3,), (sum(std) / 3,))
        else:
            numbers = (mean[::-1], std[::-1]) if preprocess.channels == "bgr" else (mean, std)
        return preprocess.model_copy(update={"mean": numbers[0], "std": numbers[1], "scale": self.scale})


NORMALISATIONS: Mapping[str, Normalisation] = {
    "ImageNet": Normalisation((0.485, 0.456, 0.406), (0.229, 0.224, 0.225), 255.0),
    "Inception, −1 to 1": Normalisation((0.5, 0.5, 0.5), (0.5, 0.5, 0.5), 255.0),
    "CLIP": Normalisation((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711), 255.0),
    "0 to 1 only": Normalisation((0.0, 0.0, 0.0), (1.0, 1.0, 1.0), 255.0),
    "Raw pixels, 0 to 255": Normalisation((0.0, 0.0, 0.0), (1.0, 1.0, 1.0), 1.0),
    "Caffe, mean subtracted": Normalisation((123.68, 116.779, 103.939), (1.0, 1.0, 1.0), 1.0),
}
"""The numbers of timm.data.constants (ImageNet, Inception, OpenAI's CLIP), and of Caffe's networks as Keras has them
(keras.applications.imagenet_utils, mode "caffe"), whose channels are mostly in the order BGR."""
