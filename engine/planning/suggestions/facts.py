"""The input of the rules for suggestions."""

from collections.abc import Mapping
from dataclasses import dataclass

from engine import catalogue
from engine.catalogue.measured import CPUS, Cpu, preset_runs
from engine.results import (
    Advice,
    CatalogueEntry,
    Preset,
    PresetName,
    Published,
    Report,
    Variant,
    report_measure,
    times_as_fast,
)
from engine.settings import Recipe, SampleData, SampleModel, Step, TimmModel
from engine.system.machine import has_vnni, is_x86
from engine.wording import percent

SAMPLE_ARCHITECTURE = "resnet10t"


@dataclass(frozen=True)
class Facts:
    """A report that keeps its baseline, what the advisor found for its model, and the presets by name."""

    report: Report
    baseline: Variant
    advice: Advice | None
    presets: Mapping[PresetName, Preset]

    @property
    def recipe(self) -> Recipe:
        """The recipe of the run."""
        return self.report.recipe

    @property
    def attempted_steps(self) -> tuple[Step, ...]:
        """The steps that were carried out or failed, with races and their candidates; not those that never began."""
        variant_steps = tuple(one.settings for one in self.report.variants if one.settings is not None)
        chains = self.recipe.chains
        race_steps = tuple(chains[race.branch][race.step] for race in self.report.races)
        failed_steps = tuple(
            chains[one.branch][one.step]
            for one in self.report.failures
            if one.branch is not None and one.step is not None
        )
        return (*variant_steps, *race_steps, *failed_steps)

    @property
    def notes(self) -> frozenset[str]:
        """The codes of the report's warnings and of the notes of its variants."""
        notes = (*self.report.warnings, *(note for one in self.report.variants for note in one.notes))
        return frozenset(note.code for note in notes)

    @property
    def on_sample(self) -> bool:
        """Whether it is the very network and images that docs/pruning.md has the presets measured on."""
        recipe = self.recipe
        is_sample = isinstance(recipe.model, SampleModel) and recipe.data == SampleData()
        return is_sample and not recipe.baseline_steps

    @property
    def entry(self) -> CatalogueEntry | None:
        """The model's architecture, where the catalogue has it."""
        match self.recipe.model:
            case SampleModel():
                return catalogue.entry(SAMPLE_ARCHITECTURE)
            case TimmModel(name=name):
                return catalogue.entry(name)
        return None

    @property
    def name(self) -> str:
        """The architecture's name; empty where it is not known."""
        return self.entry.name if self.entry else ""

    @property
    def model_name(self) -> str:
        """The architecture's name for a sentence; "this model" where it is not known."""
        return self.name or "this model"

    @property
    def is_image_classifier(self) -> bool:
        """Whether the model tells images apart by their class, as the architectures of the catalogue do."""
        takes_images = self.baseline.input.preprocess is not None
        return takes_images and report_measure(self.report) in (None, "agreement")

    @property
    def edge(self) -> int:
        """The larger of the height and the width of the images that the model takes, in px."""
        return max(edge for edge in self.baseline.input.shape[1:] if isinstance(edge, int))

    @property
    def cpu(self) -> Cpu | None:
        """Which of the two machines with measured races the run's is like, or None."""
        isa = self.report.environment.isa
        if not is_x86(isa):
            return None
        return "VNNI" if has_vnni(isa) else "AVX2"

    def relative(self, name: str) -> str:
        """The beginning of a sentence on measurements of this architecture, the model's own or one of its family."""
        return name if name == self.name else f"Nothing is measured of {self.model_name}; of its family, {name}"

    def sample_text(self, preset: PresetName) -> str:
        """A sentence on the measured result of a preset on the sample."""
        run, original = preset_runs()[preset], preset_runs()["none"]
        return (
            f"The preset {self.presets[preset].title} brought this network to {run.size_mb:.2f} of "
            f"{original.size_mb:.2f} MB and {percent(run.top1, 2)} top-1 ({percent(original.top1, 2)} as it was), "
            f"{times_as_fast(run.speedup)}, on {CPUS['VNNI']}"
        )


def published_text(architecture: str, figure: Published) -> str:
    """The weights, their published top-1 and its image size: resnet18.a1_in1k 71.5 % at 224 px."""
    return f"{architecture.partition('.')[0]}.{figure.tag} {percent(figure.top1, 1)} at {figure.img_size} px"
