"""Whether a verification can be of a bundle of this home, and whether its figures follow from one another.

It comes from a machine that nobody here knows, so that it is read like any upload. What cannot be told is whether the
machine is the one that it names.
"""

import json
import math
from datetime import UTC, datetime, timedelta

from pydantic import ValidationError

from engine.errors import NotFoundError, RequestError
from engine.results import Report, Variant
from engine.results.verification import Verification
from engine.settings import Target
from engine.settings.base import settings_error
from engine.wording import many

MOST_BYTES = 200_000
AGREES = 1e-3
"""How far a ratio may be from that of its own latencies, as a share: files are written with all digits."""
CLOCKS = timedelta(days=1)
"""How far two machines' clocks may be apart."""
WRITE_ANEW = "Run verify.py of the bundle again, and import the file as it wrote it"


def parse_verification(content: bytes) -> Verification:
    """The file's content. Raises RequestError for anything that verify.py does not write."""
    if len(content) > MOST_BYTES:
        raise RequestError(f"the file has {len(content):,} bytes, at most {MOST_BYTES:,} are read", WRITE_ANEW)
    try:
        values = json.loads(content)
        if not isinstance(values, dict):
            raise RequestError("the file holds no result of verify.py", WRITE_ANEW)
        verification = Verification.model_validate(values)
    except (ValueError, RecursionError) as error:
        if isinstance(error, ValidationError):
            raise RequestError(
                f"the result does not hold: {settings_error(error, values).message}", WRITE_ANEW
            ) from error
        raise RequestError("the file is no JSON", WRITE_ANEW) from error
    _check_time(verification.created)
    return verification


def check_verification(verification: Verification, report: Report) -> Variant:
    """The variant that it is of, in the report of its run.

    Raises NotFoundError for a variant that the run has not, and RequestError where the sums or the figures do not fit.
    """
    bundle = verification.bundle
    variant = report.variant(bundle.variant)
    if variant is None:
        raise NotFoundError(f"the run '{bundle.run}' has no variant '{bundle.variant}'", "Import it where it was made")
    if variant.sha256 != bundle.variant_sha256:
        raise RequestError(
            f"the result is of another file than '{variant.label}': its SHA-256 is {bundle.variant_sha256[:12]}…, and "
            f"the variant's is {variant.sha256[:12]}…",
            "Make the bundle anew and verify that one",
        )
    target = report.target_of(variant)
    if (verification.runtime, verification.provider) != (target.runtime, target.provider):
        raise RequestError(
            f"the result is of {verification.runtime} ({verification.provider}), and the variant's bundle runs in "
            f"{target.runtime} ({target.provider})",
            WRITE_ANEW,
        )
    _check_ratio(verification, variant, target)
    return variant


def _check_ratio(verification: Verification, variant: Variant, target: Target) -> None:
    """Raises RequestError where the ratio is not that of its p50 to the run's with as many threads."""
    latency, measured = verification.latency, variant.latency
    if latency is None or latency.ratio_to_measured is None:
        return
    if measured is None or target.bound or latency.threads != measured.threads:
        raise RequestError(
            f"the result names a ratio to the run, which has no latency with {many(latency.threads, 'thread')} to "
            "compare with",
            WRITE_ANEW,
        )
    ratio = latency.p50_ms / measured.p50_ms
    if math.isclose(latency.ratio_to_measured, ratio, rel_tol=AGREES):
        return
    raise RequestError(
        f"the result names a ratio of {latency.ratio_to_measured:.3g} to the run, and its own p50 of "
        f"{latency.p50_ms:.3g} ms gives {ratio:.3g}; a run that was measured again since needs a new bundle",
        WRITE_ANEW,
    )


def _check_time(text: str) -> None:
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise RequestError(f"'{text[:40]}' is no time", WRITE_ANEW) from error
    if time.tzinfo is None or time > datetime.now(UTC) + CLOCKS:
        raise RequestError(f"the time '{text[:40]}' has no zone, or is in the future", "Set the machine's clock")
