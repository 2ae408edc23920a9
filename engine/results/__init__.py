"""What came out: frozen pydantic results, JSON both ways. Pages, charts and exports read nothing else."""

from engine.results.analyses import (
    Advice,
    Architecture,
    CatalogueEntry,
    ClassCount,
    DataPreview,
    Hardware,
    LayerSensitivity,
    ModelProfile,
    OwnModel,
    Preset,
    PresetName,
    Provider,
    Published,
    Sensitivity,
    SensitivityPoint,
    TechniqueInfo,
)
from engine.results.base import Environment, Note, Result, State
from engine.results.jobs import CheckItem, Estimate, Event, Job, JobRef, Part, PartState, Upload, Usage
from engine.results.measurements import (
    Accuracy,
    Answer,
    DataSummary,
    Fidelity,
    InputSpec,
    Latency,
    Speedup,
    Throughput,
    Verdict,
    speed_cell,
    times_as_fast,
)
from engine.results.preflight import Preflight, Refusal
from engine.results.report import (
    SCHEMA_VERSION,
    CutShort,
    Failure,
    Race,
    Recommendation,
    Report,
    Role,
    Trial,
    Variant,
    cut_short,
)
from engine.results.suggestion import Basis, Suggestion, SuggestionCode
from engine.results.summary import RunSummary, summarize, summarize_recipe

__all__ = [
    "Accuracy", "Advice", "Answer", "Architecture", "Basis", "CatalogueEntry", "CheckItem", "ClassCount", "CutShort",
    "DataPreview", "DataSummary", "Environment", "Estimate", "Event", "Failure", "Fidelity", "Hardware", "InputSpec",
    "Job", "JobRef", "Latency", "LayerSensitivity", "ModelProfile", "Note", "OwnModel", "Part", "PartState",
    "Preflight", "Preset", "PresetName", "Provider", "Published", "Race", "Recommendation", "Refusal", "Report",
    "Result", "Role", "RunSummary", "SCHEMA_VERSION", "Sensitivity", "SensitivityPoint", "Speedup", "State",
    "Suggestion", "SuggestionCode", "TechniqueInfo", "Throughput", "Trial", "Upload", "Usage", "Variant", "Verdict",
    "cut_short", "speed_cell", "summarize", "summarize_recipe", "times_as_fast",
]  # fmt: skip
