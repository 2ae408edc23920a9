"""The images of a result: offered, followed, and looked through by kind and class."""

from PIL import Image

from engine import html_report
from engine.results import Disagreement, Disagreements
from tests.made import INT8
from tests.pages.test_pages import words


def row(number: int, **changed) -> Disagreement:
    values = {
        "image_id": f"image-{number}",
        "label": "cat",
        "kind": "right_to_wrong",
        "baseline_answer": "cat",
        "baseline_probability": 0.9,
        "variant_answer": "dog",
        "variant_probability": 0.6,
        "damage": 0.5,
        "label_is_doubtful": False,
        "picture": "image-000.png",
    }
    return Disagreement(**(values | changed))


def opened(app, run):
    return app("pages/results.py", run=run.id, view="Images")


def test_the_images_are_offered_and_followed(app, finished, queue):
    run = finished()
    at = opened(app, run)
    assert "Which images change their answer?" in words(at)
    at.button(key="disagreements-now").click().run()
    assert not at.exception
    assert [job.kind for job in queue.jobs("disagreements", 9)] == ["disagreements"]
    assert "Asking both about every image" in words(at)


def test_the_images_are_filtered_by_kind_and_class(app, finished, queue, answer):
    run = finished()
    at = opened(app, run)
    at.button(key="disagreements-now").click().run()
    id = queue.jobs("disagreements", 9)[0].id
    Image.new("RGB", (8, 8)).save(queue.folder(id).path / "image-000.png")
    answer(
        Disagreements(
            variant_id=INT8,
            n_images=100,
            n_evaluation=540,
            counts={"right_to_wrong": 30, "wrong_to_right": 1},
            rows=(
                *(row(number) for number in range(30)),
                row(30, kind="wrong_to_right", label="dog", baseline_answer="cat", label_is_doubtful=True),
            ),
        )
    )
    at.run()
    assert "31 of 100 images" in words(at)
    assert "of 540, since the time was up" in words(at)
    assert "image-0" in words(at).replace("\\", "")
    assert "image-29" not in words(at).replace("\\", "")
    at.button_group(key="kinds").set_value(["wrong_to_right"]).run()
    assert "image-30" in words(at).replace("\\", "")
    assert "image-0" not in words(at).replace("\\", "")
    at.selectbox(key="class").set_value("cat").run()
    assert "None is of this kind and this class" in words(at)
    assert not at.exception


def test_an_address_restores_the_page_and_the_filters(app, finished, queue, answer):
    run = finished()
    at = opened(app, run)
    at.button(key="disagreements-now").click().run()
    id = queue.jobs("disagreements", 9)[0].id
    Image.new("RGB", (8, 8)).save(queue.folder(id).path / "image-000.png")
    rows = tuple(row(number) for number in range(30))
    answer(Disagreements(variant_id=INT8, n_images=100, n_evaluation=100, counts={"right_to_wrong": 30}, rows=rows))
    again = app("pages/results.py", run=run.id, view="Images", **{"images-page": "2"})
    shown = words(again).replace("\\", "")
    assert "image-29" in shown
    assert "image-0" not in shown.splitlines()


def test_a_report_without_images_of_its_own_takes_those_that_were_looked_at(app, finished, queue, answer):
    run = finished()
    assert "No pictures are at hand" in html_report(run.id)
    opened(app, run).button(key="disagreements-now").click().run()
    id = queue.jobs("disagreements", 9)[0].id
    Image.new("RGB", (8, 8)).save(queue.folder(id).path / "image-000.png")
    rows = tuple(row(number) for number in range(9))
    answer(Disagreements(variant_id=INT8, n_images=100, n_evaluation=100, counts={"right_to_wrong": 9}, rows=rows))
    assert html_report(run.id).count('<img src="data:image/png;base64,') == 6
    assert '<img src="data:' not in html_report(run.id, images=False)
