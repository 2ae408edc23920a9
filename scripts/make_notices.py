"""Writes THIRD_PARTY_NOTICES.md: the packages that requirements.txt installs here, with version and licence.

`make notices` runs it. Licences are those in the packages' own metadata.
"""

import re
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

ROOT = Path(__file__).parents[1]
HEAD = """# Third-party notices

Featherweight is under the Apache License 2.0 (see [LICENSE](LICENSE)). It installs the packages below, which are not
part of this repository; their licences, as their own metadata states them, are theirs. The table is written by
`make notices` from the packages that `requirements.txt` installs on Linux.

## Data in this repository

`engine/data/digits.npz` holds the test part of
[Optical Recognition of Handwritten Digits](https://archive.ics.uci.edu/dataset/80) by E. Alpaydin and C. Kaynak (1998,
UCI Machine Learning Repository, doi:10.24432/C50P49), licensed under
[CC BY 4.0](https://creativecommons.org/licenses/by/4.0/). The numbers are unchanged; their type is now 8-bit.

`engine/data/photos.npz` holds photos that scikit-image and scikit-learn ship, shrunk to at most 512 px and stored as
JPEG files without metadata; their crops have the same licences:

- In the public domain: astronaut (NASA, https://flic.kr/p/r9qvLn), clock (Stefan van der Walt), hubble (NASA,
  http://hubblesite.org/newscenter/archive/releases/2012/37/image/a/), rocket (SpaceX).
- Under [CC0](https://creativecommons.org/publicdomain/zero/1.0/): camera (Lav Varshney), chelsea (Stefan van der Walt),
  coffee (Rachel Michetti), retina (Mikael Häggström, https://doi.org/10.15347/wjm/2014.008), brick and gravel
  (CC0Textures, Bricks25 and Gravel04), grass (linolafett, https://www.deviantart.com/linolafett/art/Grass-01-434853879).
- With no known copyright restrictions: coins (Brooklyn Museum,
  https://www.brooklynmuseum.org/opencollection/archives/image/51611), ihc (Center for Microscopy And Molecular
  Imaging).
- Under [CC BY 2.0](https://creativecommons.org/licenses/by/2.0/): china (danielbuechele,
  https://www.flickr.com/photos/danielbuechele/6061409035), flower (vultilion,
  https://www.flickr.com/photos/vultilion/6056698931).

`engine/catalogue/published.csv` and `engine/catalogue/throughput.csv` hold figures of the tables in the folder
`results` of [pytorch-image-models](https://github.com/huggingface/pytorch-image-models) (timm) by Ross Wightman and
Hugging Face, licensed under the Apache License 2.0; their first lines name the commit and the date.

## Code in this repository

`engine/export/onnxruntime_web/` holds the files for WebAssembly of the npm package
[onnxruntime-web](https://www.npmjs.com/package/onnxruntime-web) 1.30.0 by Microsoft Corporation, licensed under the
[MIT License](engine/export/onnxruntime_web/LICENSE.txt); they are unchanged but for the line that named a source map.
What Microsoft built into them is listed in
[ThirdPartyNotices.txt](https://github.com/microsoft/onnxruntime/blob/v1.30.0/ThirdPartyNotices.txt) of onnxruntime.

`pages/_ui/graph/library/` holds the modules of the npm packages cytoscape 3.35.0 by The Cytoscape Consortium
([MIT License](pages/_ui/graph/library/cytoscape.LICENSE)) and @dagrejs/dagre 3.1.3 by Chris Pettitt
([MIT License](pages/_ui/graph/library/dagre.LICENSE)); they are unchanged but for the lines that named source maps.

## Packages

| package | version | licence |
| --- | --- | --- |
"""


def main() -> None:
    """Write the table, sorted by package."""
    rows = [row(package) for name in locked_packages() if (package := find_package(name))]
    (ROOT / "THIRD_PARTY_NOTICES.md").write_text(HEAD + "".join(f"| {' | '.join(cells)} |\n" for cells in rows))


def locked_packages() -> list[str]:
    """The packages of requirements.txt by name."""
    return re.findall(r"^([a-z0-9.-]+)==", (ROOT / "requirements.txt").read_text(), re.MULTILINE)


def find_package(name: str) -> Distribution | None:
    """The package as it is installed, or None where this system does not need it."""
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


def row(package: Distribution) -> tuple[str, str, str]:
    """Name, version and licence of a package."""
    return package.metadata["Name"], package.version, licence(package)


def licence(package: Distribution) -> str:
    """The SPDX expression, else the classifiers, else the first line of the licence field."""
    if expressions := package.metadata.get_all("License-Expression"):
        return expressions[0]
    classifiers = package.metadata.get_all("Classifier") or []
    names = [
        each.split(" :: ")[-1] for each in classifiers if each.startswith("License :: ") and each.count(" :: ") > 1
    ]
    lines = "".join(package.metadata.get_all("License") or []).strip().splitlines()
    return ", ".join(names) or (lines[0] if lines else "not stated")


if __name__ == "__main__":
    main()
