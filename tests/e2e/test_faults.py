"""What goes on when tabs are closed, servers die, supervisors die and files vanish."""

from playwright.sync_api import Page, expect

from engine.runner import LOADING
from engine.settings import QuantizeStatic
from pages._ui.cards import of_chain
from pages._ui.draft import sample as sample_draft
from pages._ui.draft import to_link
from tests.e2e.browsing import answer, settled, tab
from tests.e2e.serving import LONG, App, kill, until
from tests.processes import command_of, parent_of, supervisors_of

RUNNER = "engine.runner"
SOON_DONE = to_link(sample_draft().replace(cards=of_chain([QuantizeStatic(method="static")])))


def _run(app: App, page: Page) -> str:
    """The sample with a chain that is soon done, run by a click; its id once its process is there."""
    page.goto(app.address("optimize", draft=SOON_DONE))
    page.get_by_role("button", name="Run", exact=True).click()
    page.wait_for_url("**/results?run=*")
    id = app.runs()[0].id
    until(lambda: _runners(app, id))
    return id


def _runners(app: App, id: str = "") -> list[int]:
    """Of each job the process that carries it out, without those that it starts for cold starts."""
    found = {each.pid: parent_of(each) for each in app.runners(id) if RUNNER in " ".join(command_of(each))}
    return [pid for pid, parent in found.items() if parent is not None and parent not in found]


def test_a_run_outlives_its_tab_and_the_server(app, sample, browser, page):
    with tab(browser) as closed:
        id = _run(app, closed)
    page.goto(app.address("results", run=id))
    page.get_by_role("button", name="Cancel").wait_for()
    before = _runners(app, id)
    app.kill()
    assert _runners(app, id) == before
    app.start()
    expect(answer(page)).to_be_visible(timeout=1000 * LONG)
    with tab(browser) as later:
        later.goto(app.address("results", run=id))
        expect(answer(later)).to_be_visible()
    found = app.queue.job(id)
    assert (found.state, found.attempts) == ("done", 1)


def test_a_killed_supervisor_is_started_again_by_the_open_page(app, sample, page):
    before = len(app.runs())
    id = _run(app, page)
    (first,), (supervisor,) = _runners(app, id), supervisors_of(app.home.path)
    kill(supervisor)
    until(lambda: first not in _runners(app, id))

    together: set[int] = set()
    (second,) = until(lambda: _runners(app, id))
    until(lambda: together.add(len(_runners(app, id))) or app.queue.job(id).state == "done", LONG)
    assert second != first
    assert max(together) == 1
    assert app.queue.job(id).attempts == 2
    assert len(app.runs()) == before + 1
    assert [event.message for event in app.queue.folder(id).events()].count(LOADING) == 1
    expect(answer(page)).to_be_visible()
    until(lambda: not app.runners())
    assert len(supervisors_of(app.home.path)) == 1


def test_cancel_ends_a_run_and_all_its_processes(app, page):
    id = _run(app, page)
    page.get_by_role("button", name="Cancel").click()
    app.reaches(id, "cancelled", seconds=20)
    assert not app.runners(id)
    expect(page.get_by_text("Cancelled").or_(page.get_by_text("It was cancelled")).first).to_be_visible()
    expect(page.get_by_role("button", name="Cancel")).to_have_count(0)
    app.queue.cancel(id)
    assert app.queue.job(id).state == "cancelled"


def test_a_second_person_sees_the_same_run_and_not_the_first_ones_choices(app, sample, browser, page):
    page.goto(app.address())
    page.get_by_role("button", name="Look at it first").click()
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_enabled()
    with tab(browser) as other:
        other.goto(app.address("optimize"))
        expect(other.get_by_text("No model is chosen yet")).to_be_visible()
        other.goto(app.address("results", run=sample.id))
        expect(other.get_by_text("Top-1 accuracy", exact=True)).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_enabled()


def test_a_download_of_a_deleted_run_gives_no_file(app, sample, page):
    run = next(run for run in app.runs() if run.state == "done" and run.id != sample.id)
    page.goto(app.address("results", run=run.id, view="Take home"))
    button = page.locator(".st-key-card-file").get_by_role("button", name="Download the ONNX file")
    button.wait_for()
    settled(page)
    came = []
    page.on("download", lambda download: came.append(download))
    app.queue.delete(run.id)
    button.click()
    expect(page.get_by_text("Failed to generate file for download")).to_be_visible()
    assert not came
    page.reload()
    expect(page.get_by_text(f"There is no run '{run.id}' here")).to_be_visible()
