"""How folders of images were read, as a sentence with counts."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.data.folder_roles import SPLIT_ROLES, Roles
from engine.data.tree import Folder
from engine.results import FolderReading, FolderUse, Note, codes
from engine.settings import FolderRole
from engine.wording import many

_MOST_NAMED = 6


@dataclass(frozen=True)
class Unused:
    """A folder that is left out, as the sentence names it; `reason` where that is not that it stands aside."""

    name: str
    folder: Folder
    reason: str = ""


def folder_reading(
    roles: Roles, read: Sequence[tuple[FolderRole | None, Folder]], n_classes: int | None, unused: Sequence[Unused]
) -> tuple[FolderReading, tuple[Note, ...]]:
    """The reading, and its sentence as a warning where more was read from the names than classes.

    `read` are the folders whose images are used, with the role of their split; `n_classes` is None without labels.
    """
    splits = {role: sum(folder.n_images for one, folder in read if one == role) for role in SPLIT_ROLES}
    splits = {role: n_images for role, n_images in splits.items() if n_images}
    loose = 0 if n_classes is not None or roles.splits else len(roles.level.images)
    total = sum(folder.n_images for _, folder in read) + loose
    sentence = f"Read as {_what(n_classes, total, splits, roles)}"
    if unused:
        sentence += f"; left out: {_left_out(unused)}"
    if splits.keys() == {"val", "test"}:
        sentence += ". There is no train: val takes its place (training and calibration), and test evaluates"
    note = Note(code=codes.FOLDERS_READ, text=sentence)
    is_plain = not roles.splits and not roles.splits_in_classes and not unused
    uses = [*_uses(roles, {one.folder.path for one in unused})]
    return FolderReading(note=note, folders=tuple(uses)), () if is_plain else (note,)


def _what(n_classes: int | None, total: int, splits: dict[FolderRole, int], roles: Roles) -> str:
    what = many(n_classes, "class", "classes") if n_classes is not None else f"{many(total, 'image')} without labels"
    if len(splits) > 1:
        counts = ", ".join(f"{role}: {many(n_images, 'image')}" for role, n_images in splits.items())
        return f"{what} in {len(splits)} splits ({counts})"
    if splits:
        return f"{what}, {many(total, 'image')}, in {next(iter(splits))} alone, which is split anew"
    return what if n_classes is None else f"{what}, {many(total, 'image')}"


def _left_out(unused: Sequence[Unused]) -> str:
    phrases = [f"`{one.name}`, {_content(one)}" for one in unused[:_MOST_NAMED]]
    rest = unused[_MOST_NAMED:]
    if rest:
        phrases.append(f"{many(len(rest), 'more folder')}, {many(sum(one.folder.n_images for one in rest), 'image')}")
    return "; ".join(phrases)


def _content(one: Unused) -> str:
    if one.folder.n_images:
        return many(one.folder.n_images, "image") + f" {one.reason}" * bool(one.reason)
    n_files = sum(1 for _ in one.folder.all_files())
    return f"no image among {many(n_files, 'file')}" if n_files else "empty"


def _uses(roles: Roles, unused_paths: set[object]) -> list[FolderUse]:
    """The folders of the level that hold images, with what each was read as; none where all are classes by default."""
    role_of: dict[str, FolderRole] = {folder.name: role for folder, role in roles.splits}
    role_of |= {folder.name: "class" for folder in roles.classes}
    role_of |= {folder.name: "left_out" for folder in roles.level.folders if folder.path in unused_paths}
    uses = [
        FolderUse(name=folder.name, role=role_of[folder.name], n_images=folder.n_images)
        for folder in roles.level.with_images
    ]
    return [] if all(use.role == "class" for use in uses) and not roles.splits_in_classes else uses
