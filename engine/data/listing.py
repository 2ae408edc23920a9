"""Which files of a folder are images, with the label and the split that their path implies."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.data.folder_reading import Unused, folder_reading
from engine.data.folder_roles import Roles, assign_roles, named_splits, split_in_class
from engine.data.pool import SplitName
from engine.data.tree import Folder, relative_id, scan
from engine.errors import DataError
from engine.results import FolderReading, Note, codes
from engine.settings import FolderRole

_A_FOLDER_PER_CLASS = (
    "Put the images into one folder per class, go on without labels, or give a label file (data.labels)"
)
_SECOND_CLASS = "Add images of other classes, say what the folders are (data.folders), or go on without labels"


@dataclass(frozen=True)
class ImageFile:
    """A file that should be an image; `id` is its path within the folder of images, with forward slashes."""

    path: Path
    id: str
    label: str | None = None
    split: SplitName | None = None


@dataclass(frozen=True)
class Listing:
    """`stray` are images that belong to no class; `classes` are the names of all class folders.

    `reading` says how the folders were read, and `notes` what a user should know of it. `class_names` are all classes
    in the order that the set itself numbers them, where it does.
    """

    files: tuple[ImageFile, ...]
    classes: frozenset[str] = frozenset()
    stray: tuple[str, ...] = ()
    reading: FolderReading | None = None
    notes: tuple[Note, ...] = ()
    class_names: tuple[str, ...] = ()


@dataclass(frozen=True)
class ClassFolder:
    """A folder of one class in one split, whose folder is named `top`; both are None where there are no splits."""

    folder: Folder
    name: str
    role: FolderRole | None = None
    top: str | None = None


def by_folder(root: Path, requested: Mapping[str, FolderRole] | None = None) -> Listing:
    """The images of a folder per class, where folders that are named as splits decide the splits.

    `requested` are the roles of folders by their names, in place of those that the names say. Raises DataError.
    """
    tree = scan(root)
    roles = assign_roles(tree, requested or {}, labelled=True)
    folders, unused = _labelled(_class_folders(roles), roles)
    if not folders:
        is_empty = not tree.folders and not tree.files
        problem = "has no class folders" if tree.n_images else "is empty" if is_empty else "holds no images"
        raise DataError(f"'{roles.level.name}' {problem}", _A_FOLDER_PER_CLASS)
    names, merged = _merged_names(folders)
    split_of = split_names({folder.role for folder in folders if folder.role is not None})
    top = roles.level.path
    images = [
        ImageFile(file, relative_id(file, top), names[folder.name], split_of.get(folder.role))
        for folder in folders
        for file in folder.folder.all_files()
    ]
    used = {folder.top for folder in folders}
    holders = [roles.level, *(_unwrapped(folder) for folder, _ in roles.splits if folder.name in used)]
    stray = [relative_id(file, top) for holder in holders for file in holder.images]
    stray += [relative_id(file, root) for file in roles.images_beside]
    reading, notes = folder_reading(roles, [(one.role, one.folder) for one in folders], len({*names.values()}), unused)
    if unused and len({*names.values()}) < 2:
        raise DataError(f"{reading.note.text}: there is nothing to tell apart", _SECOND_CLASS)
    return Listing(tuple(images), frozenset(names.values()), tuple(stray), reading, (*notes, *merged))


def unlabelled(root: Path, requested: Mapping[str, FolderRole] | None = None) -> Listing:
    """Every file below the folder, without labels; folders that are named as splits decide the splits."""
    roles = assign_roles(scan(root), requested or {}, labelled=False)
    unused = [Unused(folder.name, folder) for folder in (*roles.left_out, *roles.beside)]
    stray = [relative_id(file, root) for file in roles.images_beside]
    top = roles.level.path
    if not roles.splits:
        left_out = {folder.path for folder in roles.left_out}
        folders = [folder for folder in roles.level.folders if folder.path not in left_out]
        files = [*roles.level.files, *(file for folder in folders for file in folder.all_files())]
        read: list[tuple[FolderRole | None, Folder]] = [(None, folder) for folder in folders]
        reading, notes = folder_reading(roles, read, None, unused)
        return Listing(
            tuple(ImageFile(file, relative_id(file, top)) for file in files), frozenset(), (), reading, notes
        )
    split_of = split_names({role for _, role in roles.splits})
    images = [
        ImageFile(file, relative_id(file, top), None, split_of.get(role))
        for folder, role in roles.splits
        for file in folder.all_files()
    ]
    stray += [relative_id(file, top) for file in roles.level.images]
    reading, notes = folder_reading(roles, [(role, folder) for folder, role in roles.splits], None, unused)
    return Listing(tuple(images), frozenset(), tuple(stray), reading, notes)


def split_names(roles: set[FolderRole]) -> dict[FolderRole | None, SplitName]:
    """What the images of each role are for; empty where there are fewer than two roles, so that nothing is split.

    train trains (and gives calibration its share), val evaluates, test evaluates where there is no val and is the
    holdout otherwise. Without train val takes its place and test evaluates.
    """
    if len(roles) < 2:
        return {}
    if "train" not in roles:
        return {"val": "train", "test": "evaluation"}
    return {"train": "train", "val": "evaluation", "test": "holdout" if "val" in roles else "evaluation"}


def inner_folder(root: Path) -> Path:
    """The folder itself, or the only folder in it where that one holds folders (as zips often wrap their content)."""
    tree = scan(root)
    while len(tree.folders) == 1 and tree.folders[0].folders and not tree.files:
        tree = tree.folders[0]
    return tree.path


def walk(folder: Path) -> list[Path]:
    """Every file below, sorted. Raises DataError where a folder is unreadable."""
    return list(scan(folder).all_files())


def _class_folders(roles: Roles) -> list[ClassFolder]:
    """The folders with images that stand where classes do."""
    if roles.splits_in_classes:
        return [
            ClassFolder(inner, folder.name, split_in_class(folder).get(inner.name), inner.name)
            for folder in roles.classes
            for inner in folder.with_images
        ]
    if not roles.splits:
        return [ClassFolder(folder, folder.name) for folder in roles.classes]
    return [
        ClassFolder(inner, inner.name, role, folder.name)
        for folder, role in roles.splits
        for inner in _unwrapped(folder).with_images
    ]


def _unwrapped(folder: Folder) -> Folder:
    """A split's folder, or the one in it that has a split's name again (seg_train/seg_train) and wraps its classes."""
    while len(folder.with_images) == 1 and not folder.images:
        (inner,) = folder.with_images
        if inner.name.casefold() != folder.name.casefold() and not named_splits([inner.name]):
            break
        folder = inner
    return folder


def _labelled(folders: Sequence[ClassFolder], roles: Roles) -> tuple[list[ClassFolder], list[Unused]]:
    """The folders whose classes count, and the folders that are left out.

    A split without class folders has no labels, nor has one that shares no class with the train split (as a
    competition's test images, which stand in a folder "unknown").
    """
    unused = [Unused(folder.name, folder) for folder in (*roles.left_out, *roles.beside)]
    if not roles.splits:
        kept = [folder for folder in folders if folder.role is not None or not roles.splits_in_classes]
        return kept, unused + [
            Unused(f"{one.name}/{one.folder.name}", one.folder) for one in folders if one not in kept
        ]
    train = {_key(folder.name) for folder in folders if folder.role == "train"}
    without_labels = set()
    for folder, role in roles.splits:
        inside = {_key(one.name) for one in folders if one.top == folder.name}
        if not inside or (train and role != "train" and not inside & train):
            without_labels.add(folder.name)
            reason = "without labels" if not inside else "without the classes of train"
            unused.append(Unused(folder.name, folder, reason))
        empty = [inner for inner in _unwrapped(folder).folders if not inner.n_images]
        unused += [Unused(f"{folder.name}/{inner.name}", inner) for inner in empty]
    return [folder for folder in folders if folder.top not in without_labels], unused


def _merged_names(folders: Sequence[ClassFolder]) -> tuple[dict[str, str], tuple[Note, ...]]:
    """The class that each folder's name stands for, and a note where names differ in case alone.

    The name in the train split counts. Raises DataError where one split has two names of one class.
    """
    in_order = sorted(folders, key=lambda folder: folder.role not in (None, "train"))
    names: dict[str, str] = {}
    in_split: dict[tuple[str | None, str], str] = {}
    for folder in in_order:
        key = _key(folder.name)
        other = in_split.setdefault((folder.top, key), folder.name)
        if other != folder.name:
            where = f"'{folder.top}' holds" if folder.top else "there are"
            raise DataError(
                f"{where} the class folders '{other}' and '{folder.name}', which differ in upper and lower case alone",
                "If they are one class, move their images into one folder; if they are two, rename one",
            )
        names.setdefault(key, folder.name)
    class_of = {folder.name: names[_key(folder.name)] for folder in folders}
    merged = sorted((name, one) for name, one in class_of.items() if name != one)
    if not merged:
        return class_of, ()
    examples = ", ".join(f"'{name}' as '{one}'" for name, one in merged[:3])
    more = f" and {len(merged) - 3} more" if len(merged) > 3 else ""
    sentence = f"Class folders that differ in upper and lower case alone were read as one class: {examples}{more}"
    return class_of, (Note(code=codes.CLASSES_MERGED, text=sentence),)


def _key(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
