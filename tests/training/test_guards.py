"""What a library says of a memory that is full becomes a sentence on steps; any other error stays what it is."""

import pytest

from engine.errors import StepError
from engine.training.guards import memory_errors


@pytest.mark.parametrize(
    "text",
    [
        "CUDA out of memory. Tried to allocate 2.00 GiB",
        "DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes",
        "cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED",
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
    ],
)
def test_no_memory_for_a_step_says_what_to_take_fewer_of(text):
    with pytest.raises(StepError, match="not enough memory for training steps of 32 images"), memory_errors(32):
        raise RuntimeError(text)


def test_any_other_error_stays():
    with pytest.raises(RuntimeError, match="shapes"), memory_errors(32):
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")
