"""Rebuilds a tensor from a polyadic .safetensors file with NumPy alone and compares it with the original.

usage: verify_decomposition.py RESULT.safetensors ORIGINAL.npy TOLERANCE
Exits 1 when the relative Frobenius error is above the tolerance.
"""

import json
import struct
import sys

import numpy as np

DTYPES = {"F64": np.float64, "F32": np.float32, "C64": np.complex64, "C128": np.complex128}


def load(path):
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        body = file.read()
    meta = json.loads(header.pop("__metadata__")["polyadic"])
    tensors = {}
    for name, entry in header.items():
        start, stop = entry["data_offsets"]
        tensors[name] = np.frombuffer(body[start:stop], DTYPES[entry["dtype"]]).reshape(entry["shape"])
    return tensors, meta


def rebuild(t, meta):
    kind = meta["kind"]
    if kind == "dense":
        return t["data"]
    if kind == "cp":
        x = t["weights"]
        factors = [t[f"factors.{k}"] for k in range(sum(name.startswith("factors.") for name in t))]
        product = factors[0] * x
        for u in factors[1:]:
            product = product[..., None, :] * u
        return product.sum(-1)
    if kind == "tucker":
        x = t["core"]
        for k in range(x.ndim):
            x = np.moveaxis(np.tensordot(t[f"factors.{k}"], x, axes=(1, k)), 0, k)
        return x
    if kind in ("tt", "ring"):
        cores = [t[f"cores.{k}"] for k in range(len(t))]
        x = cores[0]
        for core in cores[1:]:
            x = np.tensordot(x, core, axes=(-1, 0))
        return np.trace(x, axis1=0, axis2=-1)
    if kind == "tree":
        counter = iter(range(len(t)))

        def node(n):
            if isinstance(n, int):
                return t[f"leaves.{n}"], [n]
            b = t[f"transfers.{next(counter)}"]
            (left, lm), (right, rm) = node(n[0]), node(n[1])
            x = np.tensordot(np.tensordot(left, b, axes=(-1, 0)), right, axes=(-2, -1))
            return np.moveaxis(x, len(lm), -1), lm + rm

        x, modes = node(meta["tree"])
        return np.transpose(x[..., 0], np.argsort(modes))
    raise ValueError(kind)


def unarrange(x, meta):
    layout = meta.get("layout")
    if not layout:
        return x
    x = np.transpose(x, np.argsort(layout["order"])).reshape(layout["padded"])
    return x[tuple(slice(n) for n in layout["shape"])]


def main():
    result, original, tolerance = sys.argv[1:]
    tensors, meta = load(result)
    x = np.load(original).astype(np.complex128 if "C" in str(np.load(original).dtype) else np.float64)
    difference = unarrange(rebuild(tensors, meta), meta) - x
    error = np.linalg.norm(difference) / np.linalg.norm(x)
    stored = sum(t.size for t in tensors.values())
    print(f"{meta['kind']}: {stored} numbers for {x.size}, relative error {error:.6f}, asked {tolerance}")
    sys.exit(int(error > float(tolerance)))


main()
