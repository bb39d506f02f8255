"""Reference values for test/ops/convolution, computed by PyTorch. Writes convolution.json beside this file."""

import json
import pathlib

import torch
import torch.nn.functional as F

torch.set_num_threads(1)


def make(shape, seed):
    """The same small whole numbers as `make` in test/ops/convolution/reference.test.ts: sums of products are exact."""
    count = 1
    for n in shape:
        count *= n
    i = torch.arange(count, dtype=torch.int64)
    return ((i * 7919 + seed * 104729) % 13 - 6).to(torch.float64).reshape(shape)


CONV = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
TRANSPOSE = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}
MAX = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}
AVG = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}


def numbers_of(x):
    """Whole numbers without a point, which makes the file smaller."""
    return [int(v) if v == int(v) else v for v in x.flatten().tolist()]


def differentiated(f, *operands):
    """The result and, for the cotangent make(shape, 9), the gradients."""
    leaves = [x.clone().requires_grad_(True) for x in operands]
    y = f(*leaves)
    y.backward(make(tuple(y.shape), 9))
    return {
        "shape": list(y.shape),
        "value": numbers_of(y.detach()),
        "gradients": [numbers_of(x.grad) for x in leaves],
    }


def conv(x, w, **options):
    d = len(x) - 2
    result = differentiated(lambda a, b: CONV[d](a, b, **options), make(x, 1), make(w, 2))
    return {"kind": "conv", "x": x, "w": w, "options": options, **result}


def transpose(x, w, **options):
    d = len(x) - 2
    result = differentiated(lambda a, b: TRANSPOSE[d](a, b, **options), make(x, 1), make(w, 2))
    return {"kind": "convTranspose", "x": x, "w": w, "options": options, **result}


def pool(kind, x, **options):
    f = (MAX if kind == "maxPool" else AVG)[len(x) - 2]
    # Coarse numbers, so that windows hold several equal maxima.
    numbers = torch.floor(make(x, 3) / 4)
    return {"kind": kind, "x": x, "options": options, **differentiated(lambda a: f(a, **options), numbers)}


cases = [
    conv([2, 3, 9], [4, 3, 3]),
    conv([2, 3, 10], [4, 3, 4], stride=3, padding=2, dilation=2),
    conv([1, 4, 8], [6, 2, 2], groups=2, stride=3),
    conv([2, 4, 7], [4, 1, 3], groups=4, padding=1),
    conv([2, 3, 6, 5], [4, 3, 3, 2]),
    conv([2, 2, 7, 6], [3, 2, 3, 3], stride=[2, 3], padding=[1, 2], dilation=[1, 2]),
    conv([2, 4, 5, 6], [4, 2, 2, 3], groups=2, padding=1),
    conv([1, 3, 7, 7], [6, 1, 3, 3], groups=3, stride=2, padding=1),
    conv([2, 5, 4, 4], [3, 5, 1, 1]),
    conv([1, 2, 6, 6], [3, 2, 3, 3], padding="same", dilation=2),
    conv([1, 2, 5, 4], [3, 2, 4, 4], padding="same"),
    conv([1, 2, 4, 5, 4], [3, 2, 2, 3, 2], stride=[1, 2, 2], padding=[1, 0, 1]),
    conv([2, 2, 3, 4, 3], [2, 1, 2, 2, 2], groups=2, dilation=[1, 2, 1]),
    transpose([2, 3, 5], [3, 2, 3]),
    transpose([1, 4, 4], [4, 3, 3], stride=3, padding=1, output_padding=2, groups=2),
    transpose([2, 2, 4, 3], [2, 3, 3, 3], stride=2, padding=1, output_padding=1),
    transpose([1, 4, 3, 4], [4, 1, 2, 3], stride=[1, 3], padding=[0, 1], dilation=[2, 1], groups=4),
    transpose([1, 2, 3, 2], [2, 2, 2, 2], stride=4, dilation=3, padding=2, output_padding=3),
    transpose([1, 2, 2, 3, 2], [2, 2, 2, 2, 3], stride=[2, 1, 2], padding=[1, 0, 1]),
    pool("maxPool", [2, 2, 9], kernel_size=3),
    pool("maxPool", [2, 2, 6, 7], kernel_size=2),
    pool("maxPool", [1, 2, 7, 8], kernel_size=[3, 2], stride=[2, 1], padding=1, dilation=[2, 1]),
    pool("maxPool", [1, 2, 4, 5, 4], kernel_size=2, stride=[1, 2, 2], padding=[1, 0, 1]),
    pool("avgPool", [2, 2, 9], kernel_size=3, stride=2, padding=1),
    pool("avgPool", [2, 2, 6, 7], kernel_size=[2, 3]),
    pool("avgPool", [1, 2, 7, 7], kernel_size=3, stride=2, padding=1, count_include_pad=False),
    pool("avgPool", [1, 2, 4, 5, 4], kernel_size=[2, 3, 2], stride=1),
]

target = pathlib.Path(__file__).with_suffix(".json")
lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
target.write_text(f"[\n{lines}\n]\n")
print(f"{len(cases)} cases, {target.stat().st_size} bytes")
