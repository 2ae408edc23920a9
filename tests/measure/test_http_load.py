"""A load on a server: what is asked for, how often, and how broken connections and refusals count."""

import io
import socket

import numpy as np
import pytest
from PIL import Image

from engine.measure.http_load import at_times, images_to_ask_for, without_pause, zipf_picks
from tests.made_serving import answering_server


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_images_differ_in_their_bytes_alone(kind):
    buffer = io.BytesIO()
    Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16)).save(buffer, kind)
    made = images_to_ask_for([buffer.getvalue()], 5, load=1)
    assert len({*made, *images_to_ask_for([buffer.getvalue()], 5, load=2)}) == 10
    first = np.asarray(Image.open(buffer))
    assert all(np.array_equal(first, np.asarray(Image.open(io.BytesIO(one)))) for one in made)


def test_the_first_image_is_asked_for_most_and_the_seed_decides():
    picks = zipf_picks(50, 1.1, 5000, seed=4)
    counts = np.bincount(picks, minlength=50)
    assert counts.argmax() == 0
    assert counts[0] > 5 * counts[20]
    assert picks == zipf_picks(50, 1.1, 5000, seed=4)
    assert np.bincount(zipf_picks(50, 0.0, 5000, seed=4), minlength=50).max() < 160


def test_clients_ask_without_pause_and_end_by_themselves():
    with answering_server() as (port, bodies):
        load = without_pause(port, [b"a", b"b"], 3, 0.3, cached=False)
    assert len(load.good) == len(bodies) > 10
    assert {(one.batch_size, one.call_ms, one.hit) for one in load.good} == {(2, 0.5, False)}


def test_every_request_is_made_at_its_time_and_counts_from_then():
    with answering_server() as (port, bodies):
        load = at_times(port, [b"x"] * 40, np.linspace(0, 0.2, 40).tolist(), 4, cached=True)
    assert len(bodies) == len(load.good) == 40
    assert load.seconds >= 0.2
    assert sum(one.hit for one in load.good) == 39


def test_refusals_and_broken_connections_are_no_answers():
    with answering_server(status=503) as (port, _):
        load = at_times(port, [b"x"] * 3, [0.0] * 3, 2, cached=True)
    assert ([one.status for one in load.answers], load.good) == ([503] * 3, ())
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # it listens to nothing
        load = at_times(nobody.getsockname()[1], [b"x"], [0.0], 1, cached=True)
    assert [one.status for one in load.answers] == [0]


def test_a_connection_that_the_server_closed_meanwhile_is_opened_again():
    with answering_server(close=True) as (port, bodies):
        load = at_times(port, [b"x"] * 3, [0.0, 0.05, 0.1], 1, cached=False)
    assert ([one.status for one in load.answers], len(bodies)) == ([200] * 3, 3)
