"""Reference values for the nonsymmetric part of polyadic/linalg, by SciPy. Writes eig.json beside itself.

Run with Python 3 (numpy 2.4, scipy 1.17): python3 test/reference/eig.py
"""

import json
from pathlib import Path

import numpy as np
import scipy.linalg as sl

rng = np.random.default_rng(3)


def parts(x):
    x = np.asarray(x)
    flat = x.ravel().tolist()
    if np.iscomplexobj(x):
        flat = [{"re": z.real, "im": z.imag} for z in x.ravel().tolist()]
    return {"shape": list(x.shape), "values": flat}


def draw(m, n, is_complex):
    x = rng.integers(-40, 41, (m, n)) / 16
    return x + 1j * rng.integers(-40, 41, (m, n)) / 16 if is_complex else x


def functions(is_complex):
    n = 4
    a = draw(n, n, is_complex)
    p = a / 4 + 3 * np.eye(n)
    e = draw(n, n, is_complex)
    return {
        "a": parts(a),
        "p": parts(p),
        "e": parts(e),
        "eigvals": parts(sl.eigvals(a).astype(complex)),
        "expm": parts(sl.expm(a)),
        "expmFrechet": parts(sl.expm_frechet(a, e, compute_expm=False)) if not is_complex else None,
        "cosm": parts(sl.cosm(a)),
        "sinm": parts(sl.sinm(a)),
        "sqrtm": parts(sl.sqrtm(p)),
        "logm": parts(sl.logm(p)),
        "signm": parts(sl.signm(a)),
        "power": parts(sl.fractional_matrix_power(p, 2.3)),
    }


def equations(is_complex):
    n, m = 4, 2
    a = draw(n, n, is_complex)
    b = draw(m, m, is_complex)
    c = draw(n, m, is_complex)
    half = draw(n, n, is_complex)
    q = half @ half.conj().T + 4 * np.eye(n)
    u = draw(n, m, is_complex)
    half = draw(m, m, is_complex)
    r = half @ half.conj().T + 4 * np.eye(m)
    e = draw(n, n, is_complex) / 16 + np.eye(n)
    s = draw(n, m, is_complex) / 64
    small = a / 6
    return {
        "a": parts(a),
        "b": parts(b),
        "c": parts(c),
        "q": parts(q),
        "u": parts(u),
        "r": parts(r),
        "e": parts(e),
        "s": parts(s),
        "small": parts(small),
        "sylvester": parts(sl.solve_sylvester(a, b, c)),
        "lyapunov": parts(sl.solve_continuous_lyapunov(a, q)),
        "discreteLyapunov": parts(sl.solve_discrete_lyapunov(small, q)),
        "riccati": parts(sl.solve_continuous_are(a, u, q, r)),
        "riccatiGeneral": parts(sl.solve_continuous_are(a, u, q, r, e, s)),
        "discreteRiccati": parts(sl.solve_discrete_are(a, u, q, r)),
        "discreteRiccatiGeneral": parts(sl.solve_discrete_are(a, u, q, r, e, s)),
    }


def pencil(is_complex):
    n = 5
    a = draw(n, n, is_complex)
    b = draw(n, n, is_complex)
    return {"a": parts(a), "b": parts(b), "values": parts(sl.eigvals(a, b).astype(complex))}


result = {
    "functions": [functions(False), functions(True)],
    "equations": [equations(False), equations(True)],
    "pencils": [pencil(False), pencil(True)],
}
path = Path(__file__).with_name("eig.json")
path.write_text(json.dumps(result, separators=(",", ":")) + "\n")
