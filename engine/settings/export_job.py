"""The request to export variants of a run to where people keep models, and the places that there are."""

import re
from typing import Annotated, ClassVar, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from engine.settings.base import Settings, setting
from engine.settings.model import ModelSource

REPOSITORY = r"^[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}$"
LICENCE = r"^[a-z0-9][a-z0-9.+-]{0,63}$"
MAX_VARIANTS = 100
TOKEN = "HF_TOKEN"
"""The variable of the environment that holds the token of the Hub."""
_SCHEME = re.compile(r"^([a-z][a-z0-9+.-]*)://")


class FilesDestination(Settings):
    """A shared folder by its absolute path, or a bucket of S3 as s3://BUCKET/PREFIX."""

    kind: Literal["files"] = "files"
    protocols: ClassVar[tuple[str, ...]] = ("file", "s3")

    url: str = setting(help="An existing folder, or s3://BUCKET/PREFIX.", min_length=1, max_length=1000)

    @field_validator("url")
    @classmethod
    def _is_reachable(cls, url: str) -> str:
        scheme = _SCHEME.match(url)
        if scheme is not None and scheme[1] not in cls.protocols:
            raise ValueError(f"'{url}' begins with {scheme[1]}://, it must be a folder's path or s3://BUCKET/PREFIX")
        if scheme is not None and (urlsplit(url).username or urlsplit(url).password):
            raise ValueError("the address holds a user name, credentials belong in the environment (AWS_…)")
        if scheme is not None and scheme[1] == "s3" and not urlsplit(url).netloc:
            raise ValueError(f"'{url}' names no bucket, it must be s3://BUCKET/PREFIX")
        return url

    @property
    def folder(self) -> str | None:
        """The path of the folder; None where it is a bucket."""
        return None if self.url.startswith("s3://") else self.url.removeprefix("file://")

    @property
    def title(self) -> str:
        return self.url


class HubDestination(Settings):
    """A repository of models on the Hugging Face Hub, written with the token in HF_TOKEN."""

    kind: Literal["hub"] = "hub"
    repository: str = setting(help="owner/name.", pattern=REPOSITORY)
    private: bool = setting(True, help="Whether a new repository is private.")
    licence: str | None = setting(
        None, help="The licence's identifier on the Hub, such as apache-2.0; unknown if left out.", pattern=LICENCE
    )

    @property
    def title(self) -> str:
        return self.repository


class MlflowDestination(Settings):
    """An experiment of an MLflow tracking server."""

    kind: Literal["mlflow"] = "mlflow"
    protocols: ClassVar[tuple[str, ...]] = ("http", "https")

    tracking_uri: str = setting(help="http://HOST:PORT or https://…", min_length=1, max_length=1000)
    experiment: str = setting("featherweight", help="The name of the experiment.", min_length=1, max_length=200)

    @field_validator("tracking_uri")
    @classmethod
    def _is_reachable(cls, uri: str) -> str:
        scheme = _SCHEME.match(uri)
        if scheme is None or scheme[1] not in cls.protocols:
            raise ValueError(f"'{uri}' must begin with http:// or https://")
        if urlsplit(uri).username or urlsplit(uri).password:
            raise ValueError(
                "the address holds a user name, credentials belong in MLFLOW_TRACKING_USERNAME and the like"
            )
        return uri

    @property
    def title(self) -> str:
        return f"{self.experiment} at {self.tracking_uri}"


Destination = Annotated[FilesDestination | HubDestination | MlflowDestination, Field(discriminator="kind")]


class ExportRequest(Settings):
    """The request to write variants of a finished run to a destination, whole or not at all; an ExportedFiles.

    `network_source` is the run's model, where its weights are read again.
    """

    kind: Literal["export"] = "export"
    folder: str = setting(help="The folder of the run, an absolute path.", min_length=1)
    name: str = setting(help="The name of the run.", min_length=1, max_length=200)
    variants: tuple[Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")], ...] = setting(
        help="The ids of the variants.", min_length=1, max_length=MAX_VARIANTS
    )
    destination: Destination
    network_source: ModelSource | None = None
    overwrite: bool = setting(False, help="Whether what is there of this run may be replaced.")

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        if len(set(self.variants)) < len(self.variants):
            raise ValueError("a variant is named twice")
        return self
