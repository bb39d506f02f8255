"""Reference values for test/linalg, by SciPy and NumPy. Writes linalg.json beside itself.

Run with Python 3 (numpy 1.24, scipy 1.10): python3 test/reference/linalg.py
"""

import json
from pathlib import Path

import numpy as np
import scipy.linalg as sl

rng = np.random.default_rng(7)


def parts(a):
    """A matrix as nested lists of numbers, or of {re, im}."""
    a = np.asarray(a)
    if np.iscomplexobj(a):
        flat = [{"re": float(x.real), "im": float(x.imag)} for x in a.ravel()]
    else:
        flat = [float(x) for x in a.ravel()]
    return {"shape": list(a.shape), "values": flat}


def gaussian(m, n, is_complex):
    a = rng.integers(-50, 51, (m, n)) / 16
    return a + 1j * rng.integers(-50, 51, (m, n)) / 16 if is_complex else a


def case(m, n, is_complex, rank=None):
    a = gaussian(m, n, is_complex)
    if rank is not None:
        a = gaussian(m, rank, is_complex) @ gaussian(rank, n, is_complex)
    b = gaussian(m, 2, is_complex)
    x, _, found, s = sl.lstsq(a, b, cond=max(m, n) * np.finfo(float).eps)
    q, r = sl.qr(a, mode="economic")
    return {
        "a": parts(a),
        "b": parts(b),
        "x": parts(x),
        "residual": [float(v) for v in np.linalg.norm(a @ x - b, axis=0)],
        "rank": int(found),
        "s": [float(v) for v in s],
        "rDiagonal": [float(v) for v in np.abs(np.diag(r))],
        "norms": {
            "fro": float(np.linalg.norm(a)),
            "1": float(np.linalg.norm(a, 1)),
            "inf": float(np.linalg.norm(a, np.inf)),
            "2": float(np.linalg.norm(a, 2)),
            "nuclear": float(np.linalg.norm(a, "nuc")),
        },
    }


def hermitian(n, is_complex):
    g = gaussian(n, n, is_complex)
    h = (g + g.conj().T) / 2
    p = g @ g.conj().T
    return {
        "h": parts(h),
        "values": [float(v) for v in sl.eigvalsh(h)],
        "p": parts(p),
        "lower": parts(sl.cholesky(p, lower=True)),
        "solution": parts(sl.solve(g, np.ones(n))),
        "g": parts(g),
    }


if __name__ == "__main__":
    out = {
        "rectangular": [
            case(7, 4, False),
            case(4, 7, True),
            case(9, 6, False, rank=3),
            case(6, 8, True, rank=2),
            case(12, 12, False, rank=11),
        ],
        "hermitian": [hermitian(6, False), hermitian(8, True)],
        "hilbert12": {
            "singular": [float(v) for v in sl.svdvals(sl.hilbert(12))],
            "condition3": float(np.linalg.cond(sl.hilbert(3))),
        },
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(out) + "\n")
