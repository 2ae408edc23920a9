"""The architecture of a model: timm's name, its arguments and its pretrained configuration, from timm or the Hub."""

from dataclasses import dataclass
from typing import Any

import timm
from timm.data import resolve_data_config
from timm.models import get_pretrained_cfg

from engine.catalogue import closest
from engine.errors import SourceError
from engine.models.artifacts import Argument
from engine.models.hub import folder_config, hub_config
from engine.models.preprocessing import timm_preprocess
from engine.settings import PRETRAINED, Preprocess, TimmModel

_LOCAL_WEIGHTS = "choose weights: random or a local weights file"


@dataclass(frozen=True)
class Design:
    """An architecture before its weights; `config` is timm's pretrained configuration."""

    architecture: str
    arguments: dict[str, Argument]
    config: dict[str, Any]

    @property
    def fixed_size(self) -> bool:
        """Whether the input size is part of the architecture."""
        return bool(self.config.get("fixed_input_size"))

    @property
    def num_classes(self) -> int:
        return int(self.config["num_classes"])

    @property
    def in_chans(self) -> int:
        return int(self.config["input_size"][0])

    @property
    def labels(self) -> tuple[str, ...]:
        """Class names, where config.json states them: a list, or names by output."""
        names = self.config.get("label_names") or ()
        if isinstance(names, dict):
            names = [names[key] for key in sorted(names, key=_number)]
        return tuple(map(str, names))

    def preprocess(self, channels: int, img_size: int | None) -> Preprocess:
        """The preprocessing of timm's evaluation, at the network's own size or at `img_size`."""
        config = resolve_data_config(pretrained_cfg=self.config)
        height, width = config["input_size"][1:]
        return timm_preprocess(config, channels, (img_size or height, img_size or width))


def design_of(source: TimmModel) -> Design:
    """The design that the source names.

    Raises SourceError for an unknown name or tag, and where the source wants pretrained weights and there are none;
    HubError where the Hub is needed and fails.
    """
    if source.from_hub:
        return _configured_design(source.name, *hub_config(source.name))
    if source.local_dir is not None:
        return _configured_design(source.title, *folder_config(source.title, source.local_dir))
    return _timm_design(source)


def _number(key: object) -> tuple[bool, int, str]:
    """The sort key of an output's number, which JSON keeps as text."""
    text = str(key)
    return (not text.isdigit(), int(text) if text.isdigit() else 0, text)


def _timm_design(source: TimmModel) -> Design:
    architecture, _, tag = source.name.partition(".")
    if not timm.is_model(architecture):
        near = ", ".join(closest(architecture))
        raise SourceError(
            f"timm has no architecture '{source.name}'; the closest names are {near}", "Choose one of the catalogue"
        )
    tags = _tags(architecture)
    if tag and tag not in tags:
        raise SourceError(
            f"'{architecture}' has no pretrained weights '{tag}'; it has {_join(tags)}",
            f"Choose one of these, or leave the tag out and {_LOCAL_WEIGHTS}",
        )
    config = get_pretrained_cfg(source.name)
    if source.weights == PRETRAINED and not config.has_weights:
        raise SourceError(
            f"'{source.name}' has no pretrained weights of its own; tagged ones: {_join(tags)}",
            f"Name a tag after a dot where there is one, or {_LOCAL_WEIGHTS}",
        )
    return Design(source.name, {}, config.to_dict())


def _tags(architecture: str) -> tuple[str, ...]:
    names = timm.list_pretrained(f"{architecture}.*")
    return tuple(name.partition(".")[2] for name in names if name.partition(".")[0] == architecture)


def _join(tags: tuple[str, ...]) -> str:
    return ", ".join(tags[:8]) + (", …" if len(tags) > 8 else "") if tags else "none"


def _configured_design(name: str, config: dict[str, Any], architecture: str, arguments: dict[str, Any]) -> Design:
    """The design that a config.json states: of a model on the Hub, or of a saved one."""
    if not timm.is_model(architecture):
        raise SourceError(
            f"'{name}' is of the architecture '{architecture[:80]}', which this timm does not have",
            "Choose a model that timm can load",
        )
    # timm takes these from the configuration when it loads from the Hub; a rebuild without it needs them as arguments.
    from_config = {"global_pool": config.get("global_pool")} if config.get("global_pool") else {}
    from_config |= {"img_size": config["input_size"][-2:]} if config.get("fixed_input_size") else {}
    overrides = {
        key: value for key, value in {**from_config, **arguments}.items() if key not in ("num_classes", "in_chans")
    }
    return Design(architecture, {key: _argument(name, key, value) for key, value in overrides.items()}, config)


def _argument(name: str, key: str, value: object) -> Argument:
    if isinstance(value, list | tuple) and all(isinstance(item, int) for item in value):
        return tuple(value)
    if isinstance(value, int | float | str | bool):
        return value
    raise SourceError(
        f"'{name}' sets '{key}' of its architecture to {str(value)[:60]}, which cannot be kept", "Choose another model"
    )
