"""Which images, how they are split, and how they reach the model."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from engine.settings.base import Settings, setting
from engine.settings.model import SHA256, Edge


class SampleData(Settings):
    """Images that ship with the project: the digits that its own network was trained on, or photos without labels."""

    kind: Literal["sample"] = "sample"
    name: Literal["digits", "photos"] = setting("digits", help="Which sample.")

    @property
    def title(self) -> str:
        """The name of the images for people."""
        return "Digits images" if self.name == "digits" else "Photos"

    @property
    def labelled(self) -> bool:
        return self.name == "digits"


FolderRole = Literal["class", "train", "val", "test", "left_out"]
"""What a folder of images is: one class, the images of one split with a folder per class in it, or nothing."""


NO_LABEL_FILE = "none"
"""In place of the name of a label file among the images: there is none, and folders alone are the classes."""


LeaveOut = Literal["nothing", "duplicates", "near_duplicates"]
"""Which copies of images for training or calibration judge no model: none, those byte for byte, those by look too."""


class ImagesData(Settings):
    """A folder, archive or Parquet file of images: a folder per class, a label file, or without labels.

    A label file is CSV and its kin, JSON or JSON lines, with a row per image; which column holds what is recognised
    where `file_column` and `label_column` are empty. A column without a header is "column 1" and so on. With `labels:
    folders` a label file may lie among the images; it is found where no folders are classes.
    """

    kind: Literal["images"] = "images"
    path: str | None = setting(
        None, help="A folder, a zip, a tar (also .tar.gz, .tgz and .tar.zst), or a Parquet file.", min_length=1
    )
    sha256: str | None = setting(None, help="SHA-256 of the content; alone, it names an upload.", pattern=SHA256)
    labels: str = setting("folders", help="folders, none, or the path of a label file: file,label.", min_length=1)
    labels_sha256: str | None = setting(None, help="SHA-256 of the label file.", pattern=SHA256)
    label_file: str | None = setting(
        None,
        label="Label file among the images",
        help="With labels: folders, the path of a label file in the folder or archive itself; found if empty where no "
        "folders are classes. none: folders alone are classes.",
        min_length=1,
        max_length=1000,
    )
    file_column: str | None = setting(
        None,
        label="Column of the files",
        help="The label file's column of the images' names; recognised if empty.",
        min_length=1,
        max_length=200,
    )
    label_column: str | None = setting(
        None,
        label="Column of the labels",
        help="The label file's column of the labels; recognised if empty.",
        min_length=1,
        max_length=200,
    )
    whole_labels: bool = setting(
        False,
        label="A label is always one class",
        help="Labels such as a|b are the name of one class, and not several labels.",
    )
    classes: tuple[str, ...] | None = setting(
        None,
        help="Class names in the order of the model's outputs, in a recipe file also the path of a list of them; "
        "sorted names if empty.",
        min_length=1,
    )
    leave_out: LeaveOut = setting(
        "nothing", help="Which copies of images for training or calibration are left out of evaluation and holdout."
    )

    folders: dict[str, FolderRole] = setting(
        {},
        help="What folders are, by their names, where the names alone do not say it right: class, train, val, test or "
        "left_out. '*' is every other folder: class, also if it is named as a split, or left_out unless it is.",
    )

    @field_validator("classes", mode="before")
    @classmethod
    def _are_names(cls, value: object) -> object:
        if isinstance(value, str):
            raise ValueError(
                f"classes is '{value[:60]}' and must be the names themselves; the path of a class list may stand there "
                "in a recipe file on the command line, and the Data page takes one as an upload"
            )
        return value

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if self.path is None and self.sha256 is None:
            raise ValueError("images need a path, or the sha256 of an upload")
        if self.folders.get("*", "class") not in ("class", "left_out"):
            raise ValueError(f"folders has '*' as {self.folders['*']}, which must be class or left_out")
        if self.labels_sha256 is not None and not self.has_label_file:
            raise ValueError(f"there is the sum of a label file, and '{self.labels}' in place of its path")
        if self.label_file is not None and self.labels != "folders":
            raise ValueError(f"a label file is named among the images, and labels is '{self.labels}'")
        if self.labels == "none" or self.label_file == NO_LABEL_FILE:
            other = "labels" if self.labels == "none" else "label_file"
            for name in ("file_column", "label_column", "whole_labels"):
                if getattr(self, name):
                    raise ValueError(f"{name} is about a label file, and {other} is 'none'")
        if self.file_column is not None and self.file_column == self.label_column:
            raise ValueError(f"the column of the files and that of the labels are both '{self.file_column}'")
        if self.classes is not None and len(set(self.classes)) < len(self.classes):
            raise ValueError("classes names one class twice")
        return self

    @property
    def title(self) -> str:
        """The name of the folder or zip."""
        return Path(self.path).name if self.path else "own images"

    @property
    def labelled(self) -> bool:
        return self.labels != "none"

    @property
    def has_label_file(self) -> bool:
        return self.labels not in ("folders", "none")


class ArraysData(Settings):
    """Inputs of any model, as numpy's savez writes them: an array a name of an input, whose first axis is the examples.

    An array named `labels` (N,) of integers, where no input has that name, holds the class of each example.
    """

    kind: Literal["arrays"] = "arrays"
    path: str | None = setting(None, help="An .npz with one array an input.", min_length=1)
    sha256: str | None = setting(None, help="SHA-256 of the file; alone, it names an upload.", pattern=SHA256)

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if self.path is None and self.sha256 is None:
            raise ValueError("arrays need a path, or the sha256 of an upload")
        return self

    @property
    def title(self) -> str:
        """The name of the file."""
        return Path(self.path).name if self.path else "own arrays"


DataSource = Annotated[SampleData | ImagesData | ArraysData, Field(discriminator="kind")]


class Split(Settings):
    """Shares of the images; they never overlap."""

    train: float = setting(0.6, label="For training", percent="%", help="For training steps.", ge=0, le=1)
    calibration: float = setting(
        0.1, label="For calibration", percent="%", help="For calibrating quantization.", ge=0, le=1
    )
    evaluation: float = setting(
        0.3,
        label="For evaluation",
        percent="%",
        help="For accuracy and fidelity; up to a third of them chooses where few others can.",
        gt=0,
        le=1,
    )
    holdout: float = setting(
        0.0, label="Held out", percent="%", help="For choosing among variants; they report nothing.", ge=0, le=1
    )

    @model_validator(mode="after")
    def _sums_to_one(self) -> Self:
        total = self.train + self.calibration + self.evaluation + self.holdout
        if abs(total - 1) > 1e-6:
            raise ValueError(
                f"train, calibration, evaluation and holdout sum to {100 * total:.4g} %, they must sum to "
                "100 % (to 1 in a recipe)"
            )
        return self


class Preprocess(Settings):
    """From an image to the model's input: resize, crop, divide by scale, normalise."""

    size: tuple[Edge, Edge] = setting(
        label="Height and width", help="Height and width of the model's input.", unit="px"
    )
    mean: tuple[float, ...] = setting(
        label="Mean of each channel", help="Mean per channel, after the division by scale.", min_length=1, max_length=4
    )
    std: tuple[Annotated[float, Field(gt=0)], ...] = setting(
        label="Standard deviation of each channel",
        help="Standard deviation per channel, after the division by scale.",
        min_length=1,
        max_length=4,
    )
    scale: float = setting(255.0, label="Pixels divided by", help="Pixel values are divided by this.", gt=0)
    interpolation: Literal["nearest", "bilinear", "bicubic", "lanczos"] = setting(
        "bicubic",
        label="Interpolation",
        choices={"nearest": "Nearest", "bilinear": "Bilinear", "bicubic": "Bicubic", "lanczos": "Lanczos"},
        help="How to resize.",
    )
    crop_pct: float = setting(
        1.0,
        label="Kept by the centre crop",
        percent="%",
        help="Share of the resized image that the centre crop keeps.",
        gt=0,
        le=2,
    )
    resize: Literal["crop", "squash", "letterbox"] = setting(
        "crop",
        label="Resize",
        choices={
            "crop": "Keep the shape, cut the centre",
            "squash": "Squash to the size",
            "letterbox": "Keep the shape, pad with grey",
        },
        help="crop keeps the aspect ratio and cuts the centre, squash does not keep it, letterbox keeps it and pads.",
    )
    channels: Literal["rgb", "bgr", "gray"] | None = setting(
        None,
        label="Channels",
        choices={"rgb": "RGB", "bgr": "BGR", "gray": "Gray"},
        help="Order of the channels; gray for one channel, rgb for three, if empty.",
    )

    @model_validator(mode="after")
    def _same_channels(self) -> Self:
        if len(self.mean) != len(self.std):
            raise ValueError(f"mean has {len(self.mean)} values and std {len(self.std)}, they must be as many")
        if self.channels is not None and len(self.mean) != (1 if self.channels == "gray" else 3):
            raise ValueError(f"mean has {len(self.mean)} values, which does not fit channels {self.channels}")
        if len(self.mean) not in (1, 3):
            raise ValueError(f"mean has {len(self.mean)} values, images have 1 or 3 channels")
        return self
