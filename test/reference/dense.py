"""Reference values for test/linalg/structured.test.ts, by SciPy and NumPy. Writes dense.json beside itself.

Run with Python 3 (numpy 1.24, scipy 1.10): python3 test/reference/dense.py
"""

import json
from pathlib import Path

import numpy as np
import scipy.linalg as sl
from linalg import gaussian, parts

rng = np.random.default_rng(11)
c = rng.integers(-9, 10, 4) / 4 + 1j * rng.integers(-9, 10, 4) / 4
r = rng.integers(-9, 10, 3) / 4 + 1j * rng.integers(-9, 10, 3) / 4
r[0] = c[0]
h = rng.integers(-9, 10, 3) / 4
last = rng.integers(-9, 10, 5) / 4
last[0] = h[-1]


def angles(a, b):
    return {"a": parts(a), "b": parts(b), "angles": [float(x) for x in sl.subspace_angles(a, b)]}


near = gaussian(7, 3, False)
square = [gaussian(n, n, is_complex) for n, is_complex in ((3, False), (5, True))]
low = gaussian(8, 3, True) @ gaussian(3, 6, True)
p = gaussian(6, 6, True)
g = gaussian(6, 6, True)
hermitian = (g + g.conj().T) / 2
positive = p @ p.conj().T + np.eye(6)

out = {
    "toeplitz": {"c": parts(c), "r": parts(r), "both": parts(sl.toeplitz(c, r)), "one": parts(sl.toeplitz(c))},
    "hankel": {"c": parts(h), "r": parts(last), "both": parts(sl.hankel(h, last)), "one": parts(sl.hankel(h))},
    "circulant": {"c": parts(c), "matrix": parts(sl.circulant(c))},
    "vandermonde": {
        "x": parts(c),
        "matrix": parts(np.vander(c)),
        "increasing": parts(np.vander(c, 3, increasing=True)),
    },
    "hilbert": parts(sl.hilbert(4)),
    "kron": {"a": parts(near), "b": parts(square[1]), "product": parts(np.kron(near, square[1]))},
    "angles": [
        angles(near, gaussian(7, 2, False)),
        angles(near, near[:, :2] + 1e-9 * gaussian(7, 2, False)),
        angles(gaussian(6, 2, True), gaussian(6, 4, True)),
        angles(np.eye(5)[:, :2], np.eye(5)[:, 3:]),
    ],
    "condition": [
        {
            "a": parts(a),
            "values": [float(np.real(np.linalg.cond(a, kind))) for kind in (1, 2, np.inf, "fro")],
        }
        for a in square
    ],
    "rank": {"a": parts(low), "rank": int(np.linalg.matrix_rank(low))},
    "generalized": {
        "a": parts(hermitian),
        "b": parts(positive),
        "values": [[float(x) for x in sl.eigh(hermitian, positive, type=t, eigvals_only=True)] for t in (1, 2, 3)],
    },
    "pivots": {"a": parts(square[1]), "order": [int(i) for i in sl.qr(square[1], pivoting=True)[2]]},
    "inertia": {"a": parts(hermitian), "d": parts(sl.ldl(hermitian)[1])},
}
Path(__file__).with_suffix(".json").write_text(json.dumps(out) + "\n")
