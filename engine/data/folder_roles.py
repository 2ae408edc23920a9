"""What the folders of a set of images are: splits by their names, classes, or neither."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.data.tree import Folder
from engine.errors import DataError
from engine.results import codes
from engine.settings import FolderRole

SPLIT_ROLES: tuple[FolderRole, ...] = ("train", "val", "test")
_SPLIT_NAMES: dict[str, FolderRole] = {
    "train": "train",
    "training": "train",
    "trainval": "train",
    "val": "val",
    "valid": "val",
    "validate": "val",
    "validation": "val",
    "dev": "val",
    "devel": "val",
    "development": "val",
    "eval": "val",
    "evaluation": "val",
    "test": "test",
    "testing": "test",
}
_SUFFIX = r"(?:[ _.-]?(?:\d{1,4}|sets?|data|dataset|images?|imgs?|split|folder|dir|[ab]))?"
"""What people write after a split's name: train2017, test1, train_set, val-images, trainA."""
_NAME = "(?P<split>" + "|".join(sorted(_SPLIT_NAMES, key=len, reverse=True)) + f"){_SUFFIX}"
_SPLIT = re.compile(_NAME, re.IGNORECASE)
_PREFIXED_SPLIT = re.compile(rf"(?P<prefix>.+)[ _.-]{_NAME}", re.IGNORECASE)
_OTHERS = "*"
"""In a request: every folder that it does not name."""


@dataclass(frozen=True)
class Roles:
    """How the folders within `level` are read.

    `splits` are those of a split each, with its role; else every folder with images is one of `classes`. With
    `splits_in_classes` the splits are the folders within each class. `left_out` are neither; `beside` are those that
    stand beside `level` or a folder around it, and `images_beside` are images there.
    """

    level: Folder
    splits: tuple[tuple[Folder, FolderRole], ...] = ()
    classes: tuple[Folder, ...] = ()
    left_out: tuple[Folder, ...] = ()
    beside: tuple[Folder, ...] = ()
    images_beside: tuple[Path, ...] = ()
    splits_in_classes: bool = False


def named_splits(names: Collection[str]) -> dict[str, FolderRole]:
    """The role of each name that is a split's, in any case and with the usual endings.

    Where no name is, those with one prefix that together name two splits: seg_train beside seg_test.
    """
    found = {name: match for name in names if (match := _SPLIT.fullmatch(name))}
    if not found:
        prefixed = {name: match for name in names if (match := _PREFIXED_SPLIT.fullmatch(name))}
        prefixes = {match["prefix"].casefold() for match in prefixed.values()}
        found = prefixed if len(prefixes) == 1 else {}
    roles = {name: _SPLIT_NAMES[match["split"].casefold()] for name, match in found.items()}
    is_prefixed = any("prefix" in match.groupdict() for match in found.values())
    return {} if is_prefixed and len(set(roles.values())) < 2 else roles


def assign_roles(root: Folder, requested: Mapping[str, FolderRole], *, labelled: bool) -> Roles:
    """How the folders below `root` are read, where `requested` has not said it otherwise by a folder's name.

    Raises DataError where a name is that of a split and could as well be a class's (code `codes.FOLDERS_OPEN`), and
    where `requested` names no folder or contradicts itself.
    """
    outer, level = _levels(root, requested)
    beside = tuple(folder for one in outer for folder in one.folders if folder not in (*outer, level))
    images_beside = tuple(image for one in outer for image in one.images)
    _check_requested(level, requested)
    role_of = {name: role for name, role in requested.items() if role in SPLIT_ROLES}
    if requested.get(_OTHERS) != "class":
        role_of |= named_splits([folder.name for folder in level.with_images if folder.name not in requested])
    default = requested.get(_OTHERS, "class")
    left_out = [
        folder
        for folder in level.folders
        if folder.name not in role_of and requested.get(folder.name, default) == "left_out"
    ]
    splits = tuple((folder, role_of[folder.name]) for folder in level.folders if folder.name in role_of)
    others = [folder for folder in level.folders if folder.name not in role_of and folder not in left_out]
    if splits:
        _check_open(level, splits, others, requested, labelled=labelled)
    if not splits or (not labelled and _is_one_kind_among_others(splits, others, requested)):
        empty = [folder for folder in others if not folder.n_images]
        classes = tuple(folder for folder in level.with_images if folder not in left_out)
        inside = not requested and _splits_are_in_classes(classes)
        return Roles(level, (), classes, (*left_out, *empty), beside, images_beside, inside)
    return Roles(level, splits, (), (*left_out, *others), beside, images_beside)


def split_in_class(folder: Folder) -> dict[str, FolderRole]:
    """The roles of the folders with images within a class, where they are named as splits."""
    return named_splits([inner.name for inner in folder.with_images])


def _levels(root: Folder, requested: Mapping[str, FolderRole]) -> tuple[list[Folder], Folder]:
    """The folder whose folders are classes or splits, `root` or one below that wraps it; before it those around it."""
    outer, level = list[Folder](), root
    while (inner := _inner_level(level, requested)) is not None:
        outer.append(level)
        level = inner
    return outer, level


def _inner_level(level: Folder, requested: Mapping[str, FolderRole]) -> Folder | None:
    """The one folder in it that holds the classes or splits; None where these are its own folders."""
    holders = level.with_images
    names = [folder.name for folder in holders]
    if named_splits(names) or any(folder.name in requested for folder in level.folders):
        return None
    with_splits = [folder for folder in holders if len(set(split_in_class(folder).values())) > 1]
    if len(with_splits) == 1:
        return with_splits[0]
    is_wrapper = len(holders) == 1 and not level.images and holders[0].with_images
    return holders[0] if is_wrapper else None


def _check_requested(level: Folder, requested: Mapping[str, FolderRole]) -> None:
    names = [folder.name for folder in level.folders]
    unknown = sorted(name for name in requested if name not in names and name != _OTHERS)
    if unknown:
        raise DataError(
            f"'{unknown[0]}' is to be read as {requested[unknown[0]]} (data.folders), and there is no such folder in "
            f"'{level.name}'",
            f"Its folders are {_examples(names, 8)}" if names else "It has no folders: take that away",
        )


def _check_open(
    level: Folder,
    splits: tuple[tuple[Folder, FolderRole], ...],
    others: list[Folder],
    requested: Mapping[str, FolderRole],
    *,
    labelled: bool,
) -> None:
    """Raises DataError where the folders can be read in two ways, or are requested to be classes beside splits."""
    names = [folder.name for folder, _ in splits]
    as_class = [folder.name for folder in others if requested.get(folder.name) == "class"]
    if as_class:
        raise DataError(
            f"'{as_class[0]}' is to be a class (data.folders) beside {_examples(names)}, which is read as a split",
            "Read all folders of one level as classes, or all as splits",
        )
    if not labelled or _is_answered(splits, requested):
        return
    rivals = [folder for folder in others if folder.n_images and _could_be_classes(splits, folder)]
    if len({role for _, role in splits}) == 1 and rivals:
        raise DataError(
            f"'{names[0]}' in '{level.name}' is the name of a split, and beside it "
            f"{_examples([folder.name for folder in rivals])} could be classes as it could be: both readings are "
            "possible",
            "Say which is meant (data.folders)",
            code=codes.FOLDERS_OPEN,
        )


def _could_be_classes(splits: tuple[tuple[Folder, FolderRole], ...], other: Folder) -> bool:
    """Whether a folder beside the folders of one split is filled as they are, and with other folders than they are."""
    inside = {inner.name.casefold() for folder, _ in splits for inner in folder.with_images}
    other_inside = {inner.name.casefold() for inner in other.with_images}
    return bool(inside) == bool(other_inside) and not inside & other_inside


def _is_one_kind_among_others(
    splits: tuple[tuple[Folder, FolderRole], ...], others: list[Folder], requested: Mapping[str, FolderRole]
) -> bool:
    """Whether a single split's name among other folders with images says nothing, as of images without labels."""
    return (
        len({role for _, role in splits}) == 1
        and any(folder.n_images for folder in others)
        and not _is_answered(splits, requested)
    )


def _is_answered(splits: tuple[tuple[Folder, FolderRole], ...], requested: Mapping[str, FolderRole]) -> bool:
    """Whether the request says that the folders of one split are one."""
    return requested.get(_OTHERS) == "left_out" or any(folder.name in requested for folder, _ in splits)


def _splits_are_in_classes(classes: tuple[Folder, ...]) -> bool:
    """Whether every class holds its images in folders that are named as splits, two of them at least in all."""
    inside = [split_in_class(folder) for folder in classes]
    roles = {role for names in inside for role in names.values()}
    return (
        len(roles) > 1
        and all(inside)
        and not any(inner.with_images for folder in classes for inner in folder.with_images)
    )


def _examples(names: Collection[str], most: int = 3) -> str:
    shown = ", ".join(f"'{name}'" for name in list(names)[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown
