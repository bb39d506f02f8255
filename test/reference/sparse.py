"""Reference values of sparse matrices and their files from SciPy: writes sparse.json.

Made with numpy 2.4 and scipy 1.17.
"""

import base64
import io
import json
from pathlib import Path

import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg as spl
from scipy.sparse import csgraph
from scipy.io import mmwrite

rng = np.random.default_rng(20)


def numbers(x):
    x = np.asarray(x)
    if np.iscomplexobj(x):
        return {"re": x.real.tolist(), "im": x.imag.tolist()}
    return x.tolist()


def draw(m, n, count, dtype):
    """A coordinate list in random order, with repetitions."""
    rows = rng.integers(0, m, count)
    columns = rng.integers(0, n, count)
    values = np.round(rng.uniform(-2, 2, count), 3)
    if np.dtype(dtype).kind == "c":
        values = values + 1j * np.round(rng.uniform(-2, 2, count), 3)
    return rows, columns, values.astype(dtype)


def listed(rows, columns, values, shape):
    return {
        "rows": rows.tolist(),
        "columns": columns.tolist(),
        "values": numbers(values),
        "shape": list(shape),
    }


def by_rows(a):
    a = sp.csr_array(a)
    a.sort_indices()
    return {"indptr": a.indptr.tolist(), "indices": a.indices.tolist(), "values": numbers(a.data)}


algebra = []
for dtype in ("float64", "complex128"):
    rows, columns, values = draw(7, 5, 18, dtype)
    a = sp.coo_array((values, (rows, columns)), shape=(7, 5))
    rows2, columns2, values2 = draw(5, 6, 12, dtype)
    b = sp.coo_array((values2, (rows2, columns2)), shape=(5, 6))
    rows3, columns3, values3 = draw(7, 5, 10, dtype)
    c = sp.coo_array((values3, (rows3, columns3)), shape=(7, 5))
    x = rng.uniform(-1, 1, (5, 3)).astype(dtype)
    r, k = a.tocsr(), b.tocsr()
    algebra.append(
        {
            "dtype": dtype,
            "a": listed(rows, columns, values, (7, 5)),
            "b": listed(rows2, columns2, values2, (5, 6)),
            "c": listed(rows3, columns3, values3, (7, 5)),
            "x": numbers(x),
            "csr": by_rows(a),
            "csc": by_rows(a.T),
            "dense": numbers(a.toarray()),
            "ax": numbers(a @ x),
            "ab": by_rows(r @ k),
            "sum": by_rows(r + c.tocsr()),
            "product": numbers(r.multiply(c.tocsr()).toarray()),
            "slice": numbers(r[[4, 1, 1], :][:, [3, 0]].toarray()),
            "kron": numbers(sp.kron(r[:2, :2], k[:2, :3]).toarray()),
            "norms": [float(spl.norm(a.tocsr(), o)) for o in ("fro", 1, np.inf)],
            "diagonal": numbers(r.diagonal()),
            "above": numbers(r.diagonal(1)),
            "below": numbers(r.diagonal(-2)),
        }
    )

systems = []
for dtype in ("float64", "complex128"):
    n = 30
    rows, columns, values = draw(n, n, 110, dtype)
    a = sp.coo_array((values, (rows, columns)), shape=(n, n)).tocsc() + 2 * sp.eye_array(n)
    a = a.tocoo()
    b = rng.uniform(-1, 1, (n, 2)).astype(dtype)
    dense = a.toarray()
    h = (a @ a.conj().T + sp.eye_array(n)).tocoo()
    systems.append(
        {
            "dtype": dtype,
            "a": listed(a.row, a.col, a.data, a.shape),
            "b": numbers(b),
            "x": numbers(spl.spsolve(a.tocsc(), b)),
            "xt": numbers(np.linalg.solve(dense.T, b)),
            "logdet": float(np.linalg.slogdet(dense)[1]),
            "h": listed(h.row, h.col, h.data, h.shape),
            "xh": numbers(np.linalg.solve(h.toarray(), b)),
            "logdeth": float(np.linalg.slogdet(h.toarray())[1]),
            "lower": numbers(spl.spsolve_triangular(sp.tril(a.tocsr() + 3 * sp.eye_array(n)).tocsr(), b)),
            "upper": numbers(
                spl.spsolve_triangular(sp.triu(a.tocsr() + 3 * sp.eye_array(n)).tocsr(), b, lower=False)
            ),
        }
    )

rows, columns, values = draw(12, 12, 30, "float64")
w = sp.coo_array((np.abs(values) + 0.1, (rows, columns)), shape=(12, 12)).tocsr()
w = (w + w.T).tolil()
w.setdiag(0)
w[7, :] = 0
w[:, 7] = 0
w = sp.csr_array(w)
w.eliminate_zeros()
w = w.tocoo()
graph = {
    "adjacency": listed(w.row, w.col, w.data, w.shape),
    "combinatorial": numbers(csgraph.laplacian(w).toarray()),
    "symmetric": numbers(csgraph.laplacian(w, normed=True).toarray()),
}


def saved(a):
    buffer = io.BytesIO()
    sp.save_npz(buffer, a)
    return base64.b64encode(buffer.getvalue()).decode()


def market(a, **options):
    buffer = io.BytesIO()
    mmwrite(buffer, a, **options)
    return buffer.getvalue().decode()


a = sp.coo_array(draw(6, 4, 9, "float64")[2:] + (draw(6, 4, 9, "float64")[:2],), shape=(6, 4)).tocsr()
z = sp.coo_array(draw(4, 4, 7, "complex128")[2:] + (draw(4, 4, 7, "float64")[:2],), shape=(4, 4)).tocsr()
s = (a.T @ a).tocsr()
files = {
    "dense": numbers(a.toarray()),
    "complexDense": numbers(z.toarray()),
    "symmetricDense": numbers(s.toarray()),
    "npz": {f: saved(a.asformat(f)) for f in ("csr", "csc", "coo")} | {"bsr": saved(a.tobsr((2, 2)))},
    "unsortedNpz": saved(sp.csr_array(([1.0, 2.0, 3.0, 4.0], [2, 0, 1, 1], [0, 2, 4]), shape=(2, 3))),
    "unsortedColumnsNpz": saved(sp.csc_array(([1.0, 2.0, 3.0, 4.0], [2, 0, 1, 1], [0, 2, 4]), shape=(3, 2))),
    "diaNpz": saved(sp.dia_array(np.eye(3))),
    "complexNpz": saved(z),
    "mtx": market(a, precision=17),
    "complexMtx": market(z, precision=17),
    "symmetricMtx": market(s, symmetry="symmetric", precision=17),
    "hermitianMtx": market((z + z.conj().T).tocoo(), symmetry="hermitian", precision=17),
    "hermitianDense": numbers((z + z.conj().T).toarray()),
    "skewMtx": market((z.real - z.real.T).tocoo(), symmetry="skew-symmetric", precision=17),
    "skewDense": numbers((z.real - z.real.T).toarray()),
    "arrayMtx": market(a.toarray(), precision=17),
    "symmetricArrayMtx": market(s.toarray(), symmetry="symmetric", precision=17),
    "patternMtx": market(a, field="pattern"),
}


def grid(m):
    t = sp.diags_array([-np.ones(m - 1), 2 * np.ones(m), -np.ones(m - 1)], offsets=[-1, 0, 1])
    return (sp.kron(t, sp.eye_array(m)) + sp.kron(sp.eye_array(m), t)).tocsc()


fill = {}
for m in (16, 32, 64):
    lu = spl.splu(grid(m), permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
    fill[m] = int(lu.L.nnz)

t = sp.diags_array([-np.ones(2), 2 * np.ones(3), -np.ones(2)], offsets=[-1, 0, 1])
p3 = sp.kron(sp.kron(2 * sp.eye_array(2) - np.fliplr(np.eye(2)), sp.eye_array(3)), sp.eye_array(2))
p3 = p3 + sp.kron(sp.kron(sp.eye_array(2), t), sp.eye_array(2))
p3 = p3 + sp.kron(sp.eye_array(6), 2 * sp.eye_array(2) - np.fliplr(np.eye(2)))

Path(__file__).with_suffix(".json").write_text(
    json.dumps(
        {
            "algebra": algebra,
            "systems": systems,
            "graph": graph,
            "files": files,
            "fill": fill,
            "poisson232": numbers(p3.toarray()),
        }
    )
)
