"""Serves the libraries that draw graphs, from this folder: nothing comes from another site.

They are the npm packages cytoscape 3.35.0, which draws, and @dagrejs/dagre 3.1.3, which places boxes in layers, as
published but for the lines that name source maps; both have the MIT licence, which lies beside them.
"""

from pathlib import Path

from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

LIBRARY_ROUTE = Mount("/graph-library", StaticFiles(directory=Path(__file__).parent / "library"))
"""A browser keeps what it has got of it, so that a page that is drawn again does not load it again."""
