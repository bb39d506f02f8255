"""Reference values for the tests of decompose/, from explicit NumPy formulas: run `python3 test/reference/decompose.py`.

Unfoldings follow TensorLy's convention (mode first, the others in their order, C order), Khatri-Rao products have the first
factor slowest. Complex numbers are stored as pairs [re, im].
"""

import json
from pathlib import Path

import numpy as np

rng = np.random.default_rng(20240607)


def pack(a):
    a = np.asarray(a)
    if np.iscomplexobj(a):
        flat = np.stack([a.real.ravel(), a.imag.ravel()], axis=1).ravel()
    else:
        flat = a.ravel().astype(float)
    return {"shape": list(a.shape), "complex": bool(np.iscomplexobj(a)), "data": [float(v) for v in flat]}


def unfold(x, mode):
    return np.moveaxis(x, mode, 0).reshape(x.shape[mode], -1)


def khatri_rao(factors):
    r = factors[0].shape[1]
    columns = []
    for c in range(r):
        column = np.ones(1, dtype=factors[0].dtype)
        for u in factors:
            column = np.kron(column, u[:, c])
        columns.append(column)
    return np.stack(columns, axis=1)


def normal(shape, is_complex):
    a = rng.standard_normal(shape)
    return a + 1j * rng.standard_normal(shape) if is_complex else a


def products(is_complex):
    shape, r = (3, 2, 4, 2), 2
    x = normal(shape, is_complex)
    factors = [normal((n, r), is_complex) for n in shape]
    u = normal((5, 4), is_complex)
    return {
        "x": pack(x),
        "factors": [pack(f) for f in factors],
        "matrix": pack(u),
        "unfold": [pack(unfold(x, k)) for k in range(4)],
        "khatriRao": pack(khatri_rao(factors[1:])),
        "kronecker": pack(np.kron(factors[0], factors[2])),
        "modeProduct": pack(np.moveaxis(np.tensordot(u, x, axes=(1, 2)), 0, 2)),
        "mttkrp": [
            pack(unfold(x, k) @ khatri_rao([f for j, f in enumerate(factors) if j != k])) for k in range(4)
        ],
        "cpFull": pack(np.einsum("ir,jr,kr,lr->ijkl", *factors)),
    }


def leading(matrix, r):
    return np.linalg.svd(matrix, full_matrices=False)[0][:, :r]


def relative(x, y):
    return float(np.linalg.norm(x - y) / np.linalg.norm(x))


def truncations():
    shape, ranks = (6, 5, 7), (3, 2, 4)
    i, j, k = np.meshgrid(*[np.arange(n) for n in shape], indexing="ij")
    x = 1.0 / (1 + i + 2 * j + k) + 0.05 * np.sin(3 * i * j - k)
    norm = np.linalg.norm(x)
    spectra = [np.linalg.svd(unfold(x, m), compute_uv=False) for m in range(3)]
    bases = [leading(unfold(x, m), r) for m, r in enumerate(ranks)]
    project = lambda y, us: np.einsum("ijk,ia,jb,kc,pa,qb,rc->pqr", y, *us, *us, optimize=True)
    hosvd = relative(x, project(x, bases))
    # ST-HOSVD in the order 2, 0, 1
    core, us = x, [None] * 3
    for m in (2, 0, 1):
        us[m] = leading(unfold(core, m), ranks[m])
        core = np.moveaxis(np.tensordot(us[m].T, core, axes=(1, m)), 0, m)
    sthosvd = relative(x, project(x, us))
    for _ in range(500):
        for m in range(3):
            y = x
            for o in range(3):
                if o != m:
                    y = np.moveaxis(np.tensordot(us[o].T, y, axes=(1, o)), 0, o)
            us[m] = leading(unfold(y, m), ranks[m])
    hooi = relative(x, project(x, us))
    # TT-SVD with ranks 2, 3
    u0 = leading(x.reshape(6, -1), 2)
    rest = (u0.T @ x.reshape(6, -1)).reshape(2 * 5, 7)
    u1 = leading(rest, 3)
    train = (u0 @ (u1 @ (u1.T @ rest)).reshape(2, -1)).reshape(shape)
    return {
        "x": pack(x),
        "norm": float(norm),
        "ranks": list(ranks),
        "spectra": [[float(v) for v in s] for s in spectra],
        "hosvd": hosvd,
        "sthosvd": sthosvd,
        "hooi": hooi,
        "tt": relative(x, train),
    }


def als(x, factors, sweeps):
    """Plain alternating least squares, no normalisation: the errors after each sweep."""
    factors = [f.copy() for f in factors]
    errors = []
    for _ in range(sweeps):
        for k in range(x.ndim):
            kr = khatri_rao([f for j, f in enumerate(factors) if j != k])
            factors[k] = np.linalg.lstsq(kr, unfold(x, k).T, rcond=None)[0].T
        errors.append(relative(x, np.einsum("ir,jr,kr->ijk", *factors)))
    return errors


def alternating(is_complex):
    x = normal((5, 4, 6), is_complex)
    start = [normal((n, 3), is_complex) for n in x.shape]
    return {"x": pack(x), "start": [pack(f) for f in start], "errors": als(x, start, 8)}


reference = {
    "real": products(False),
    "complex": products(True),
    "truncations": truncations(),
    "als": {"real": alternating(False), "complex": alternating(True)},
}
Path(__file__).with_suffix(".json").write_text(json.dumps(reference) + "\n")
