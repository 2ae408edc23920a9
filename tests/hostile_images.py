"""Hostile archives and images: each is written into a folder of its own, which is all that it may touch."""

import gzip
import io
import pickle
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import zstandard
from PIL import Image

Write = Callable[[Path], object]
Entries = Mapping[str, bytes]
Change = Callable[[tarfile.TarInfo], object]
GOOD: Entries = {"cat/00.png": b"a", "dog/00.png": b"b"}
ZEROS = bytes(40_000_000)


def png(seed: int, size: int = 8) -> bytes:
    """A PNG of noise."""
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (size, size, 3), np.uint8)).save(file, "PNG")
    return file.getvalue()


def png_claiming(width: int, height: int) -> bytes:
    """A PNG whose header says so, and whose pixels are not there."""

    def chunk(name: bytes, content: bytes) -> bytes:
        body = name + content
        return len(content).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")

    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x02\0\0\0"
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"x") + chunk(b"IEND", b"")


def images(count: int = 20) -> dict[str, bytes]:
    """As many images of each of two classes."""
    return {f"{name}/{i:02d}.png": png(100 * n + i) for n, name in enumerate(("cat", "dog")) for i in range(count)}


def zipped(entries: Entries, method: int = zipfile.ZIP_DEFLATED) -> Write:
    def write(path: Path) -> None:
        with zipfile.ZipFile(path, "w", method) as archive:
            for name, content in entries.items():
                archive.writestr(name, content)

    return write


def zip_bytes(entries: Entries) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return file.getvalue()


def tar_bytes(entries: Entries, name: str = "", change: Change | None = None) -> bytes:
    """A tar of the entries; `change` is applied to the header of the one of this name."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for entry_name, content in entries.items():
            entry = tarfile.TarInfo(entry_name)
            entry.size = len(content)
            if change is not None and entry_name == name:
                change(entry)
            archive.addfile(entry, io.BytesIO(content))
    return file.getvalue()


def tarred(entries: Entries, name: str = "", compress: Callable[[bytes], bytes] = bytes, **fields: object) -> Write:
    """A tar whose entry of this name has these fields in its header."""

    def change(entry: tarfile.TarInfo) -> None:
        for field, value in fields.items():
            setattr(entry, field, value)

    return lambda path: path.write_bytes(compress(tar_bytes(entries, name, change)))


def zstd(content: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(content)


def lying_zip(path: Path) -> None:
    zipped({"cat/00.png": b"x" * 5000})(path)
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        struct.pack_into("<I", content, content.index(signature) + offset, 1_000_000)
    path.write_bytes(content)


def zip_with_link(path: Path) -> None:
    entry = zipfile.ZipInfo("cat/link.png")
    entry.external_attr = 0o120777 << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(entry, b"/etc/passwd")


def zip_with_nul(path: Path) -> None:
    zipped({**GOOD, "cat/01_.png": b"x"})(path)
    path.write_bytes(path.read_bytes().replace(b"cat/01_.png", b"cat/01\0.png"))


def long_name_bomb(path: Path) -> None:
    """A tar whose long name declares 8 GB, which tarfile would read into memory."""
    header = tarfile.TarInfo("././@LongLink")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 8_000_000_000
    path.write_bytes(header.tobuf(tarfile.GNU_FORMAT) + bytes(100_000))


def twice(path: Path) -> None:
    """A tar with one entry that stands there twice."""
    path.write_bytes(tar_bytes({"a.png": b"1"})[:1024] * 2 + bytes(1024))


def sized(n_bytes: int) -> Write:
    """A tar whose one entry has three bytes and declares others."""
    entry = tarfile.TarInfo("cat/00.png")
    entry.size = n_bytes
    return lambda path: path.write_bytes(entry.tobuf(tarfile.GNU_FORMAT) + b"abc" + bytes(509 + 1024))


def damaged_header(path: Path) -> None:
    """A tar whose second header is damaged, where tarfile alone would take the first entry for all."""
    content = bytearray(tar_bytes(GOOD))
    content[1024 + 150] ^= 0x20
    path.write_bytes(content)


def many(path: Path) -> None:
    """A zip of nothing but a directory, of 350,000 entries."""
    record = (
        struct.pack("<4s4B4HL2L5H2L", b"PK\x01\x02", 20, 3, 20, 0, 0, 0, 0, 33, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    )
    count = 350_000
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count & 0xFFFF, count & 0xFFFF, count * len(record), 0, 0)
    path.write_bytes(record * count + end)


def npz_with_pickle(path: Path) -> None:
    class Command:
        def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
            return Path.touch, (path.parent / "ran",)  # type: ignore[return-value]

    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "|O", "fortran_order": False, "shape": (40,)})
    zipped({"x.npy": head.getvalue() + pickle.dumps([Command()] * 40, protocol=2)})(path)


REFUSED: Mapping[str, tuple[str, Write, str]] = {
    "39 zip: out of its folder": ("zip", zipped({**GOOD, "../evil.png": b"x"}), "points outside the archive"),
    "39 zip: absolute": ("zip", zipped({**GOOD, "/tmp/evil.png": b"x"}), "has an absolute path"),
    "39 tar: out of its folder": ("tar", tarred({**GOOD, "cat/../../evil.png": b"x"}), "points outside the archive"),
    "39 tar: absolute": ("tgz", tarred({**GOOD, "/tmp/evil.png": b"x"}, compress=gzip.compress), "an absolute path"),
    "40 zip: link": ("zip", zip_with_link, "is a link or a device"),
    "40 zip: NUL": ("zip", zip_with_nul, "has a NUL character"),
    "40 zip: case": ("zip", zipped({**GOOD, "CAT/00.PNG": b"x"}), "differs from another only in case"),
    "40 zip: 300 characters": ("zip", zipped({**GOOD, "x" * 300 + ".png": b"x"}), "longer than 200 bytes"),
    "40 zip: folder against file": ("zip", zipped({**GOOD, "cat/00.png/x.png": b"x"}), "also a file"),
    "40 tar: symbolic link": (
        "tar",
        tarred({**GOOD, "cat/l.png": b""}, "cat/l.png", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
        "is a link or a device",
    ),
    "40 tar: hard link": (
        "tar",
        tarred({**GOOD, "cat/l.png": b""}, "cat/l.png", type=tarfile.LNKTYPE, linkname="../../x"),
        "is a link or a device",
    ),
    "40 tar: device": ("tar", tarred({**GOOD, "cat/d": b""}, "cat/d", type=tarfile.CHRTYPE), "is a link or a device"),
    "40 tar: FIFO": ("tar", tarred({**GOOD, "cat/d": b""}, "cat/d", type=tarfile.FIFOTYPE), "is a link or a device"),
    "40 tar: twice": ("tar", twice, "is there twice"),
    "40 tar: case": ("tar", tarred({**GOOD, "CAT/00.PNG": b"x"}), "differs from another only in case"),
    "40 tar: 300 characters": ("tar", tarred({**GOOD, "x" * 300 + ".png": b"x"}), "longer than 200 bytes"),
    "40 tar: file against folder": ("tar", tarred({**GOOD, "cat": b"x"}), "also a file"),
    "41 zip: bomb": ("zip", zipped({**GOOD, "cat/b.bmp": ZEROS}), "more than 200 times its size"),
    "41 tar.gz: bomb": ("tar.gz", tarred({"b.bmp": ZEROS}, compress=gzip.compress), "more than 200 times its size"),
    "41 tar.zst: bomb": ("tar.zst", tarred({"b.bmp": ZEROS}, compress=zstd), "more than 200 times its size"),
    "41 tar: a name that fills the memory": ("tar", long_name_bomb, "header declares 8,000,000,000 bytes"),
    "42 zip: lying size": ("zip", lying_zip, "declares 1,000,000"),
    "42 tar: lying size": ("tar", sized(100_000), "cannot be unpacked"),
    "42 tar: negative size": ("tar", sized(-1024), "header declares -1,024 bytes"),
    "42 tar: cut off": ("tar", lambda path: path.write_bytes(tar_bytes(GOOD)[:1024]), "damaged or incomplete"),
    "42 tar: damaged header": ("tar", damaged_header, "damaged or incomplete"),
    "42 tar.gz: cut off": ("tgz", lambda path: path.write_bytes(gzip.compress(tar_bytes(GOOD))[:90]), "cannot be unp"),
    "42 tar.zst: cut off": ("tar.zst", lambda path: path.write_bytes(zstd(tar_bytes(GOOD))[:60]), "cannot be unpacked"),
    "43 zip: 350,000 files": ("zip", many, "entries or more, at most 300,000 are allowed"),
    "43 zip in a zip in a zip": (
        "zip",
        zipped({"a.zip": zip_bytes({"b.zip": zip_bytes(GOOD)})}),
        "is an archive inside the archive",
    ),
    "43 tar in a zip in a tar": (
        "tar",
        tarred({"a.zip": zip_bytes({"b.tar": tar_bytes(GOOD)})}),
        "is an archive inside the archive",
    ),
    "43 zip among images": ("zip", zipped({**GOOD, "b.zip": zip_bytes(GOOD)}), "is an archive inside the archive"),
    "44 tar.xz": ("tar.xz", lambda path: path.write_bytes(b"\xfd7zXZ\0" + bytes(600)), "is compressed by xz"),
    "44 gzip of no tar": ("gz", lambda path: path.write_bytes(gzip.compress(b"text" * 300)), "cannot be unpacked"),
    "45 PNG: 60,000 x 60,000": (
        "zip",
        zipped({**images(), "cat/huge.png": png_claiming(60_000, 60_000)}),
        "at most 100 million",
    ),
    "46 mostly no images": (
        "zip",
        zipped({"cat/a.png": b"", "cat/b.png": png(0)[:60], "dog/c.png": b"text", "dog/d.svg": b"<svg/>"}),
        "are no usable images",
    ),
    "48 one class": ("tar", tarred({"cat/a.png": png(0), "cat/b.png": png(1)}), "nothing to tell apart"),
    "48 no image": ("zip", zipped({"cat/a.xml": b"<a/>"}), "holds no images"),
    "49 npz with a pickle": ("npz", npz_with_pickle, "x"),
}
"""By case: the file's ending, what writes it, and what its refusal says."""
