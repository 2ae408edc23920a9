"""What is asked: frozen pydantic settings, from one technique to a whole recipe."""

from engine.settings.base import Settings, settings_error
from engine.settings.data import ArraysData, DataSource, ImagesData, Preprocess, SampleData, Split
from engine.settings.distillation import Distill, Swap
from engine.settings.jobs import (
    AdviseRequest,
    AnalysisRequest,
    DetectRequest,
    HardwareRequest,
    IdentifyRequest,
    JobRequest,
    PreviewRequest,
    ProfileRequest,
    RemeasureRequest,
    RunRequest,
    SensitivityRequest,
    SignatureRequest,
)
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
from engine.settings.step import Stage
from engine.settings.target import Budget, Goal, Target
from engine.settings.techniques import TECHNIQUES, Float16, Simplify, Step
from engine.settings.training import Finetune, Qat

__all__ = [
    "AdviseRequest",
    "AnalysisRequest",
    "ArraysData",
    "BaselineModel",
    "Budget",
    "Calibration",
    "ChainInputs",
    "DataSource",
    "DetectRequest",
    "Distill",
    "FileModel",
    "Finetune",
    "Float16",
    "Goal",
    "HardwareRequest",
    "IdentifyRequest",
    "ImagesData",
    "Importance",
    "JobRequest",
    "ModelSource",
    "NORMALISATIONS",
    "Normalisation",
    "PRETRAINED",
    "Preprocess",
    "PreviewRequest",
    "ProfileRequest",
    "RemeasureRequest",
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
    "RunRequest",
    "SampleData",
    "SampleModel",
    "SensitivityRequest",
    "Settings",
    "SignatureRequest",
    "Simplify",
    "Split",
    "Stage",
    "Step",
    "Swap",
    "TECHNIQUES",
    "Target",
    "TaskName",
    "TeacherSource",
    "TimmModel",
    "absolute_paths",
    "best_position",
    "dump_recipe",
    "load_recipe",
    "needs",
    "parse_recipe",
    "refusals",
    "settings_error",
    "title_of",
    "with_sources",
]
