"""Writes the files that test/io reads: NumPy's own .npy and .npz, and .safetensors laid out by its description.

Run from the repository root: python3 test/reference/io_fixtures.py
"""
import json
import struct
from pathlib import Path

import numpy as np
from numpy.lib import format as npy

folder = Path(__file__).parent.parent / "io" / "fixtures"
folder.mkdir(exist_ok=True)
expected = {}


def listed(x):
    """Elements in C order as JSON can hold them: complex numbers as pairs."""
    if np.iscomplexobj(x):
        return [[float(v.real), float(v.imag)] for v in x.ravel(order="C")]
    return [float(v) for v in x.ravel(order="C")]


def save(name, x, version=None):
    with open(folder / f"{name}.npy", "wb") as file:
        npy.write_array(file, x, version=version)
    expected[f"{name}.npy"] = {"shape": list(x.shape), "values": listed(x)}


base = np.arange(6, dtype=float).reshape(2, 3) * 1.25 - 2
for code in "f8 f4 f2 i1 i2 i4 i8 u1 u2 u4 u8 c8 c16 b1".split():
    x = np.abs(base) if code[0] == "u" else base
    x = (x > 0) if code == "b1" else x + 1j * x[::-1] if code[0] == "c" else x
    for order in "<>" if code not in ("i1", "u1", "b1") else "|":
        save(f"{code}-{dict(zip('<>|', ['little', 'big', 'byte']))[order]}", x.astype(order + code))

save("fortran", np.asfortranarray(np.arange(24.0).reshape(2, 3, 4)))
save("fortran-big", np.asfortranarray(np.arange(24).reshape(2, 3, 4).astype(">i2")))
save("version2", base, version=(2, 0))
save("version3", base, version=(3, 0))
save("scalar", np.array(2.5))
save("vector", np.arange(4, dtype=np.float32))
save("empty", np.zeros((0, 3)))
save("huge-int64", np.array([2**53, 2**53 + 1, -(2**60), 7], dtype=np.int64))
save("half-specials", np.array([np.inf, -np.inf, 65504, 6e-8, -0.0], dtype=np.float16).clip(-65504, 65504))

for name, x in {
    "objects": np.array([{"a": 1}, None], dtype=object),
    "records": np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]),
    "text": np.array(["one", "two"]),
    "bytes": np.array([b"one", b"two"]),
    "dates": np.array(["2020-01-01"], dtype="M8[D]"),
    "long-double": np.array([1.0], dtype=np.longdouble),
}.items():
    np.save(folder / f"refused-{name}.npy", x)

np.savez(folder / "stored.npz", a=base, b=np.arange(3, dtype=np.int32))
np.savez_compressed(folder / "deflated.npz", ones=np.ones((20, 20)), ramp=np.arange(100, dtype=">u2"))


def safetensors(name, tensors, metadata=None):
    """tensors: name -> (type name, shape, bytes, values)."""
    header, body = {}, b""
    if metadata:
        header["__metadata__"] = metadata
    for key, (kind, shape, data, values) in tensors.items():
        header[key] = {"dtype": kind, "shape": shape, "data_offsets": [len(body), len(body) + len(data)]}
        body += data
        expected[f"{name}:{key}"] = {"shape": shape, "values": values}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    (folder / f"{name}.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + body)


def entry(kind, x):
    return kind, list(x.shape), np.ascontiguousarray(x).tobytes(), listed(x)


bf16 = (np.array([1.0, -2.5, 3.140625], dtype=np.float32).view(np.uint32) >> 16).astype(np.uint16)
safetensors(
    "types",
    {
        "f64": entry("F64", base),
        "f32": entry("F32", base.astype("<f4")),
        "f16": entry("F16", base.astype("<f2")),
        "bf16": ("BF16", [3], bf16.tobytes(), [1.0, -2.5, 3.140625]),
        # Sign, 4 bits of exponent (bias 7), 3 of mantissa: 1, 1.125, -448, 2^-9.
        "e4m3": ("F8_E4M3", [4], bytes([0x38, 0x39, 0xFE, 0x01]), [1.0, 1.125, -448.0, 2.0**-9]),
        # Sign, 5 bits of exponent (bias 15), 2 of mantissa: 1, 1.25, -57344, 2^-16.
        "e5m2": ("F8_E5M2", [4], bytes([0x3C, 0x3D, 0xFB, 0x01]), [1.0, 1.25, -57344.0, 2.0**-16]),
        "i64": entry("I64", np.array([2**53 + 2, -5], dtype="<i8")),
        "i32": entry("I32", np.array([[1], [-(2**31)]], dtype="<i4")),
        "i16": entry("I16", np.array([-32768, 32767], dtype="<i2")),
        "i8": entry("I8", np.array([-128, 127], dtype="i1")),
        "u64": entry("U64", np.array([2**32 + 1], dtype="<u8")),
        "u32": entry("U32", np.array([2**32 - 1], dtype="<u4")),
        "u16": entry("U16", np.array([65535], dtype="<u2")),
        "u8": entry("U8", np.array([255, 0], dtype="u1")),
        "bool": entry("BOOL", np.array([True, False, True])),
        "c64": entry("C64", np.array([1 + 2j], dtype="<c8")),
        "scalar": entry("F32", np.array(7, dtype="<f4")),
        "nothing": entry("F32", np.zeros((0, 4), dtype="<f4")),
    },
    {"made by": "io_fixtures.py"},
)

(Path(__file__).parent / "io_fixtures.json").write_text(json.dumps(expected, separators=(",", ":")) + "\n")
