"""The verb about images: what is wrong with them."""

from pathlib import Path
from typing import Annotated

import typer

import engine
from engine import PRETRAINED, AuditRequest, ImagesData, SampleData
from engine.cli import audit_lines
from engine.cli.models import model_source
from engine.cli.shell import AsJson, app, on_event, show


@app.command()
def audit(
    data: Annotated[str, typer.Argument(metavar="DATA", help="A folder or archive of images, or sample.")],
    labels: Annotated[
        str, typer.Option("--labels", help="folders, none, or a label file (CSV, TSV, JSON).")
    ] = "folders",
    model: Annotated[
        str | None, typer.Option("--model", metavar="MODEL", help="A timm name, an ONNX file, or sample.")
    ] = None,
    leave_out: Annotated[
        str,
        typer.Option(
            "--exclude", help="Leave out duplicates or near_duplicates of training images, as data.leave_out does."
        ),
    ] = "nothing",
    findings: Annotated[
        Path | None, typer.Option("--findings", metavar="FILE", help="Write all findings to this CSV file.")
    ] = None,
    minutes: Annotated[float, typer.Option("--minutes", help="No further labels are checked after this.")] = 5.0,
    json: AsJson = False,
) -> None:
    """Say what is wrong with images."""
    path = str(Path(data).expanduser().absolute())
    images = (
        SampleData() if data == "sample" else ImagesData.parse({"path": path, "labels": labels, "leave_out": leave_out})
    )
    request = AuditRequest.parse(
        {"model": model_source(model, PRETRAINED) if model is not None else None, "data": images, "minutes": minutes}
    )
    show(engine.audit(request, on_event, findings=findings), json, audit_lines.of_audit)
