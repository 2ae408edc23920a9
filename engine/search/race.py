from engine.models.artifacts import OnnxModel
from engine.settings import QuantizeAuto
from engine.techniques.context import Context, Outcome


def race(model: OnnxModel, settings: QuantizeAuto, context: Context) -> Outcome:
    raise NotImplementedError
