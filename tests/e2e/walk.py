"""A walk over all that can be pressed: every button, link, switch and choice that is drawn, found on the page itself.

A place is an address; pressing the choices that are bound to the address leads to further places. What a press unfolds
(a menu, a dialog, a card) is pressed as well. Each press begins on a page that was opened afresh. Of the links to the
pages, which are the same everywhere, each place has one pressed, another one at the next place.
"""

import shutil
import sqlite3
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page

from pages._ui.guard import UNEXPECTED
from tests.e2e.serving import App

DEEPEST = 3
"""Presses one after the other: a menu, its entry, a button of the dialog that it opens."""
MOST_LOOKS, MOST_TRIES, ENOUGH_TIMES = 4, 3, 2
NO_HEADING, DEAD_END = "no heading", "a dead end"
NOT_YET = {NO_HEADING, DEAD_END}
"""What is also true of a page that is not drawn to its end."""
PER_PERSON = (
    *("draft", "recipe", "advice", "sensitivity", "detect", "remeasure", "peaks", "sweep", "showdown", "float"),
    *("run", "runs", "only", "node", "layer", "open", "tour", "hardware", "pack", "serve", "lanes"),
)
"""What of an address says which things are looked at, and not how."""

CANDIDATES = """() => {
    const chosen = 'button, a[href], summary, [role="radio"], [role="switch"], [role="menuitem"], [role="option"]';
    const foreign = '[data-testid="stElementToolbar"], [data-testid="stToolbarActions"], [data-testid="stMainMenu"], '
        + '.modebar';
    const seen = element => {
        const box = element.getBoundingClientRect();
        return box.width > 1 && box.height > 1 && element.checkVisibility({visibilityProperty: true})
            && !(element.getAttribute('aria-label') || '').startsWith('Help for');
    };
    const found = [...document.querySelectorAll(chosen)].filter(element =>
        seen(element) && !element.disabled && element.getAttribute('aria-disabled') !== 'true'
        && !element.closest(foreign));
    const counts = {};
    return found.map((element, index) => {
        element.setAttribute('data-walk', index);
        // The icon of a section says whether it is open or pointed at, and "an hour" comes after "59 minutes".
        const name = (element.getAttribute('aria-label') || element.innerText || element.title || '')
            .trim().replace(/\\s+/g, ' ').replace(element.tagName === 'SUMMARY' ? /^([a-z_]+ )+/ : '', '')
            .replace(/\\d[\\d.]*( (s|ms|min|h|minutes?|hours?|days?|%)(?![a-z]))+/g, 'so long');
        const kind = element.dataset.testid === 'stTopNavLink' ? 'link' : element.getAttribute('role');
        const shown = `${kind || element.tagName.toLowerCase()} ${name.slice(0, 80)}`;
        counts[shown] = (counts[shown] || 0) + 1;
        return `${shown} #${counts[shown]}`;
    });
}"""

SETTLED = """() => new Promise(resolve => {
    const app = document.querySelector('[data-testid="stApp"]');
    const idle = () => app && app.dataset.testConnectionState === 'CONNECTED'
        && app.dataset.testScriptState === 'notRunning';
    let quiet;
    const end = () => { observer.disconnect(); clearTimeout(last); resolve(); };
    const wait = () => { clearTimeout(quiet); quiet = setTimeout(() => idle() ? end() : wait(), 220); };
    const observer = new MutationObserver(wait);
    observer.observe(document.body, {subtree: true, childList: true, attributes: true});
    const last = setTimeout(end, 6000);
    wait();
})"""
"""Nothing has moved for a moment and no script runs; a page that draws itself again each second is left in time."""


@dataclass(frozen=True)
class Press:
    """What is pressed on a page, after what was pressed on it before."""

    address: str
    names: tuple[str, ...]

    def __str__(self) -> str:
        return " > ".join((self.address or "/", *self.names))


@dataclass
class Walk:
    """The presses that were made, and what was wrong after them."""

    app: App
    page: Page
    template: Path
    names: dict[str, str]
    """Of runs by their id and of drafts by their word: what a place is called does not change with them."""
    wanted: Callable[[str], bool] = lambda name: True
    discover: bool = True
    places: dict[str, str] = field(default_factory=dict)
    """Addresses by what tells them apart."""
    pressed: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    """What could not be pressed: it was drawn once and not again. A job that ends in seconds has buttons for as long
    as it runs, so a press is tried MOST_TRIES times, from the beginning."""
    wrong: list[str] = field(default_factory=list)
    states: set[tuple[str, ...]] = field(default_factory=set)
    """Each place of a run with all that is drawn there: two runs in the same state are pressed once."""
    times: Counter[tuple[str, tuple[str, ...]]] = field(default_factory=Counter)
    """Presses by names and by where: the place, whatever project they were made for, or the page with its run."""

    def over(self, addresses: list[str]) -> None:
        """From these addresses to all that can be reached by pressing."""
        waiting = [address for address in addresses if self._is_new(address)]
        while waiting:
            address = waiting.pop(0)
            print(f"{len(self.pressed)} presses, {len(waiting)} places wait: {self.key(address)}", flush=True)
            for found in self._presses(address):
                if self.discover and self._is_new(found):
                    waiting.append(found)
        self._restore()

    def _is_new(self, address: str) -> bool:
        """Whether nothing of the kind was looked at; of a choice of several, every one is, and not each set of them."""
        key, query = self.key(address), parse_qsl(urlsplit(address).query)
        if len(query) > len(dict(query)):
            return False
        return self.places.setdefault(key, address) == address if key not in self.places else False

    def key(self, address: str) -> str:
        """Path, bound parameters, and what kind of thing is looked at."""
        query = dict(parse_qsl(urlsplit(address).query, keep_blank_values=True))
        seen = [self.names.get(query[name], "another") for name in ("run", "draft") if name in query]
        return " ".join((_place(address), *seen))

    def _is_known(self, press: Press) -> bool:
        """Whether the same was pressed often enough: at this place for other projects; in other views of a page without
        a project, as Compare draws the same buttons around each of its charts; and, if it is a choice, as that of the
        view itself, in other views of the same run. All else of a run is another matter."""
        run = dict(parse_qsl(urlsplit(press.address).query)).get("run", "")
        if run and not press.names[-1].startswith("radio "):
            return False
        where = _place(press.address) if "draft=" in press.address else f"{urlsplit(press.address).path} {run}"
        self.times[where, press.names] += 1
        return self.times[where, press.names] > ENOUGH_TIMES

    def _is_known_state(self, address: str, drawn: list[str]) -> bool:
        """Whether the same was drawn at this place for another run."""
        state = (_place(address), *drawn)
        is_known = state in self.states
        self.states.add(state)
        return is_known

    def _presses(self, address: str) -> Iterator[str]:
        """Presses all that is drawn at an address; the addresses that this leads to."""
        self._take_new_tab()
        first = self._open(address)
        self._look(Press(address, ()))
        if "run=" in address and self._is_known_state(address, first):
            return
        links = [name for name in first if name.startswith("link ")]
        left_out = {link for index, link in enumerate(links) if index != len(self.places) % len(links)}
        waiting = [Press(address, (name,)) for name in first if name not in left_out]
        known = set(first)
        while waiting:
            press = waiting.pop(0)
            name = f"{self.key(address)}: {' > '.join(press.names)}"
            if not self.wanted(name) or self._is_known(press):
                continue
            if not any(self._press(press) for _ in range(MOST_TRIES)):
                self.gone.append(name)
                print(f"GONE: {name}", flush=True)
                continue
            self.pressed.append(name)
            self._look(press)
            here = urlsplit(self.page.url)
            there = f"{here.path.strip('/')}?{here.query}"
            if self.key(there) != self.key(address):
                yield there
            elif len(press.names) < DEEPEST:
                # A list stays open where several can be chosen, and scrolls: its other options are no new presses.
                in_list = press.names[-1].startswith("option ")
                drawn = self.page.evaluate(CANDIDATES)
                new = [one for one in drawn if one not in known and not (in_list and one.startswith("option "))]
                known |= set(new)
                waiting += [Press(address, (*press.names, one)) for one in new]

    def _take_new_tab(self) -> None:
        """A tab that has opened hundreds of pages takes gigabytes, and each page in it longer than the one before."""
        before, self.page = self.page, self.page.context.new_page()
        before.close()

    def _open(self, address: str) -> list[str]:
        self._restore()
        self.page.goto(f"http://localhost:{self.app.port}/{address}")
        return self._drawn(())

    def _drawn(self, wanted: Iterable[str]) -> list[str]:
        """What can be pressed once nothing moves; a busy machine may pause within a page, so that it is asked again
        until an answer holds what is wanted, or two agree where nothing is."""
        before: list[str] = []
        for _ in range(MOST_LOOKS):
            self.page.evaluate(SETTLED)
            found: list[str] = self.page.evaluate(CANDIDATES)
            if set(wanted) <= set(found) if wanted else found and found == before:
                break
            before = found
        return found

    def _press(self, press: Press) -> bool:
        """Opens the page afresh and presses; False where what was to be pressed is not there any more."""
        self._restore()
        self.page.goto(f"http://localhost:{self.app.port}/{press.address}")
        there = self._drawn(press.names[:1])
        for number, name in enumerate(press.names, start=1):
            if name not in there:
                return False
            target = self.page.locator(f'[data-walk="{there.index(name)}"]')
            try:
                target.scroll_into_view_if_needed()
                self.page.evaluate("() => new Promise(requestAnimationFrame)")  # the hit is tested where it was drawn
                target.dispatch_event("click") if "role" in name else target.click(force=True)
            except PlaywrightError:  # it moved or went while the page was drawn again
                return False
            there = self._drawn(press.names[number : number + 1])
        return True

    def _look(self, press: Press) -> None:
        """Whether what is drawn is worth showing: no box of Streamlit's own, no traceback, a way on. A busy machine may
        pause within a page, so that what is not there yet is looked for again."""
        signs = self._signs()
        for _ in range(MOST_LOOKS):
            if not signs or not signs <= NOT_YET:
                break
            self.page.evaluate(SETTLED)
            signs = self._signs()
        wrong = [f"{press}: {sign}" for sign in sorted(signs)]
        self.wrong += wrong
        for one in wrong:
            print(f"WRONG: {one}", flush=True)

    def _signs(self) -> set[str]:
        """What is wrong with the page as it is drawn now."""
        found = self.page.evaluate("""() => {
            const main = document.querySelector('[data-testid="stMain"]');
            return {
                box: document.querySelectorAll('[data-testid="stException"]').length,
                text: document.body.innerText,
                heading: main ? main.querySelectorAll('h1').length : 0,
                ways: main ? main.querySelectorAll('button:not([disabled]), a[href]').length : 0,
            };
        }""")
        signs = {
            "an error box of Streamlit": found["box"],
            "a traceback": "Traceback" in found["text"],
            "an error that nobody foresaw": UNEXPECTED in found["text"].lower(),
            NO_HEADING: not found["heading"],
            DEAD_END: not found["ways"],
            "a page that is not there": "Page not found" in found["text"],
        }
        return {sign for sign, there in signs.items() if there}

    def _restore(self) -> None:
        """The home as it was, where a press has changed it."""
        if _jobs(self.app.home.path) == _jobs(self.template):
            return
        self.page.goto("about:blank")  # a page that looks again each second would write into what is put back
        for name in ("jobs", "requests", "uploads"):
            shutil.rmtree(self.app.home.path / name, ignore_errors=True)
            shutil.copytree(self.template / name, self.app.home.path / name, dirs_exist_ok=True)
        with (
            closing(sqlite3.connect(self.template / "featherweight.db")) as kept,
            closing(sqlite3.connect(self.app.home.path / "featherweight.db")) as used,
        ):
            kept.backup(used)


def _place(address: str) -> str:
    """Path and bound parameters."""
    parts = urlsplit(address)
    bound = sorted(
        (name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in PER_PERSON
    )
    return f"{parts.path.strip('/') or 'start'} {urlencode(bound)}"


def _jobs(home: Path) -> list[str]:
    """What lies in a home, and how its jobs ended."""
    entries = [*(home / "jobs").iterdir(), *(home / "uploads").iterdir()]
    return sorted(
        f"{path.name} {(path / 'outcome.json').exists()} {(home / 'requests' / f'{path.name}.json').stat().st_size}"
        if (home / "requests" / f"{path.name}.json").exists()
        else path.name
        for path in entries
    )


def sampled(one_in: int) -> Callable[[str], bool]:
    """About one press in so many, the same ones every time."""
    return lambda name: zlib.crc32(name.encode()) % one_in == 0
