"""What lies behind the symbolic links of a folder that a job reads, as far as a job may read it there.

A folder of images may be a stranger's, and so may be where its links lead: a link opens images alone, and no folder
that holds other things of the user.
"""

import re
from collections.abc import Callable, Iterable
from pathlib import Path

IMAGE_SUFFIXES = frozenset(
    (
        ".jpg .jpeg .jpe .jfif .png .apng .gif .bmp .dib .webp .tif .tiff .ppm .pgm .pbm .pnm .pfm .avif .mpo "
        ".jp2 .j2k .jpx .heic .heif"
    ).split()
)
"""Of what engine/data/tree.py reads."""
_SUM = re.compile(r"[0-9a-f]{30,}")
"""The name of a file in a store that names files by their content, as DVC and the Hub's client do."""
_SYSTEM = tuple(map(Path, "/proc /sys /dev /run/user /etc /boot /root /usr /var /bin /sbin /lib /lib64 /opt".split()))
_TEMPORARY = (Path("/tmp"), Path("/var/tmp"))


def linked_images(folder: Path) -> list[Path]:
    """Images behind links to files, and the folders behind links to folders, of a folder with all below it."""
    return _targets(folder.rglob("*"), lambda path: _is_image(path) if path.is_file() else _is_open(path))


def linked_files(folder: Path) -> list[Path]:
    """The plain files behind the links right in a folder."""
    return _targets(folder.glob("*"), Path.is_file)


def user_folder() -> Path:
    """The home folder of the user; the root folder where a container's user has none."""
    try:
        return Path.home()
    except RuntimeError:
        return Path("/")


def holds_all_sorts(folder: Path) -> bool:
    """Whether a folder is the user's, a temporary one or one of the system's, or holds one of them."""
    return any(path.is_relative_to(folder) for path in (user_folder(), *_TEMPORARY, *_SYSTEM))


def _targets(paths: Iterable[Path], allowed: Callable[[Path], bool]) -> list[Path]:
    targets: set[Path] = set()
    for path in paths:
        try:
            if path.is_symlink() and (target := path.resolve(strict=True)) not in targets and allowed(target):
                targets.add(target)
        except (OSError, RuntimeError):  # it leads nowhere, or round in a circle: reading it says so
            continue
    return sorted(targets)


def _is_image(file: Path) -> bool:
    return file.suffix.lower() in IMAGE_SUFFIXES or bool(_SUM.fullmatch(file.name))


def _is_open(folder: Path) -> bool:
    """Whether a folder is none that holds other things of the user or of the system, and in no hidden one."""
    hidden = any(part.startswith(".") for part in folder.parts)
    inside_system = any(folder.is_relative_to(path) for path in _SYSTEM if not user_folder().is_relative_to(path))
    return folder.is_dir() and not hidden and not inside_system and not holds_all_sorts(folder)
