"""What jobs are kept from, as the pages say it."""

import pytest
from streamlit.testing.v1 import AppTest

from engine.results import Protection
from pages._ui import protections_view

FILES = Protection(name="files", in_force=False, means="no Landlock", meaning="a model could read every file")
NETWORK = Protection(name="network", in_force=True, means="seccomp", meaning="jobs have no network")


def show() -> None:
    from pages._ui import protections_view

    protections_view.show()


@pytest.fixture
def machine(monkeypatch):
    """A machine that offers these protections."""
    return lambda *found: monkeypatch.setattr(protections_view, "protections", lambda: found)


def warnings(at: AppTest) -> list[str]:
    return [one.value for one in at.warning if "confined" in one.value]


@pytest.mark.parametrize(("page", "params"), [
    ("pages/model.py", {"source": "ONNX file"}),
    ("pages/data.py", {"images": "My images"}),
])  # fmt: skip
def test_an_uploader_warns_where_a_protection_is_missing(app, machine, page, params):
    machine(NETWORK)
    assert warnings(app(page, **params)) == []
    machine(FILES, NETWORK)
    found = warnings(app(page, **params))
    assert found
    assert all("a model could read every file" in text for text in found)


def test_every_protection_is_listed_with_what_it_means(machine):
    machine(FILES, NETWORK)
    at = AppTest.from_function(show).run()
    texts = [one.value for one in at.markdown]
    assert any("Files: a model could read every file (no Landlock)" in text and "orange" in text for text in texts)
    assert any("Network: jobs have no network (seccomp)" in text and "orange" not in text for text in texts)
