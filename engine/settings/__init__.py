"""What is asked: frozen pydantic settings, from one technique to a whole recipe."""

from engine.settings.base import Settings, settings_error
from engine.settings.bundle_job import BundleRequest, GoldenSource
from engine.settings.class_list import MAX_CLASS_LIST_BYTES, parse_class_list, read_class_list
from engine.settings.cross_cpu_job import CrossCpuRequest
from engine.settings.data import (
    NO_LABEL_FILE,
    ArraysData,
    DataSource,
    FolderRole,
    ImagesData,
    Preprocess,
    SampleData,
    Split,
)
from engine.settings.disagreements_job import DisagreementsRequest
from engine.settings.distillation import Distill, Swap
from engine.settings.hardware_jobs import ShowdownEntry, ShowdownRequest, SweepRequest, VariantFile
from engine.settings.jobs import (
    AdviseRequest,
    AnalysisRequest,
    AuditRequest,
    ConfusionRequest,
    DetectRequest,
    HardwareRequest,
    IdentifyRequest,
    ImportRequest,
    JobRequest,
    PreviewRequest,
    ProfileRequest,
    RemeasureRequest,
    RunRequest,
    SensitivityRequest,
    SignatureRequest,
)
from engine.settings.machine_jobs import PeaksRequest, WorkloadRequest
from engine.settings.model import (
    PRETRAINED,
    RANDOM,
    BaselineModel,
    FileModel,
    ModelSource,
    SampleModel,
    TaskName,
    TeacherSource,
    TimmModel,
)
from engine.settings.normalisation import NORMALISATIONS, Normalisation
from engine.settings.prune import Importance, Prune, PruneChannel, PruneGoal, PruneSparse
from engine.settings.quantize import (
    Calibration,
    Quantize,
    QuantizeAuto,
    QuantizeDynamic,
    QuantizeStatic,
    QuantizeWeights,
)
from engine.settings.recipe import Recipe, absolute_paths, dump_recipe, load_recipe, parse_recipe, with_sources
from engine.settings.rules import ChainInputs, best_position, needs, refusals, title_of
from engine.settings.serving import MeasuredServing, ServeChoice, ServeSettings
from engine.settings.serving_job import ServeBenchRequest
from engine.settings.step import Stage
from engine.settings.target import Budget, Goal, Target
from engine.settings.techniques import TECHNIQUES, Float16, Simplify, Step
from engine.settings.training import Finetune, Qat

__all__ = [
    "AdviseRequest",
    "AnalysisRequest",
    "ArraysData",
    "AuditRequest",
    "BaselineModel",
    "Budget",
    "BundleRequest",
    "Calibration",
    "ChainInputs",
    "ConfusionRequest",
    "CrossCpuRequest",
    "DataSource",
    "DetectRequest",
    "DisagreementsRequest",
    "Distill",
    "FileModel",
    "Finetune",
    "Float16",
    "FolderRole",
    "Goal",
    "GoldenSource",
    "HardwareRequest",
    "IdentifyRequest",
    "ImagesData",
    "ImportRequest",
    "Importance",
    "JobRequest",
    "MAX_CLASS_LIST_BYTES",
    "ModelSource",
    "NORMALISATIONS",
    "NO_LABEL_FILE",
    "Normalisation",
    "PRETRAINED",
    "PeaksRequest",
    "Preprocess",
    "PreviewRequest",
    "ProfileRequest",
    "Prune",
    "PruneChannel",
    "PruneGoal",
    "PruneSparse",
    "Qat",
    "Quantize",
    "QuantizeAuto",
    "QuantizeDynamic",
    "QuantizeStatic",
    "QuantizeWeights",
    "RANDOM",
    "Recipe",
    "RemeasureRequest",
    "RunRequest",
    "SampleData",
    "SampleModel",
    "SensitivityRequest",
    "Settings",
    "MeasuredServing",
    "ServeBenchRequest",
    "ServeChoice",
    "ServeSettings",
    "ShowdownEntry",
    "ShowdownRequest",
    "SignatureRequest",
    "Simplify",
    "Split",
    "Stage",
    "Step",
    "Swap",
    "SweepRequest",
    "TECHNIQUES",
    "Target",
    "TaskName",
    "TeacherSource",
    "TimmModel",
    "VariantFile",
    "WorkloadRequest",
    "absolute_paths",
    "best_position",
    "dump_recipe",
    "load_recipe",
    "needs",
    "parse_class_list",
    "parse_recipe",
    "read_class_list",
    "refusals",
    "settings_error",
    "title_of",
    "with_sources",
]
