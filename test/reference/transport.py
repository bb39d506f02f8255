"""Entropic optimal transport by Newton's method in 50 digits, and the unregularised optimum by linear programming.

Writes transport.json beside itself. Run with Python 3 (mpmath, scipy): python3 test/reference/transport.py
"""

import json
from pathlib import Path

import mpmath as mp
import numpy as np
from scipy.optimize import linprog

mp.mp.dps = 50
rng = np.random.default_rng(7)
n, m = 6, 4
a = rng.integers(1, 10, n)
b = rng.integers(1, 10, m)
a, b = a / a.sum(), b / b.sum()
cost = np.round(rng.random((n, m)), 3)


def entropic(eta):
    """Sinkhorn in high precision, long enough for 30 digits, then checked."""
    u = [mp.mpf(0)] * n
    v = [mp.mpf(0)] * m
    A = [mp.mpf(float(x)) for x in a]
    B = [mp.mpf(float(x)) for x in b]
    A = [x / mp.fsum(A) for x in A]
    B = [x / mp.fsum(B) for x in B]
    C = [[mp.mpf(float(cost[i, j])) for j in range(m)] for i in range(n)]
    K = [[mp.exp(-eta * C[i][j]) for j in range(m)] for i in range(n)]
    p, q = [mp.mpf(1)] * n, [mp.mpf(1)] * m
    for _ in range(20000):
        p = [A[i] / mp.fsum(K[i][j] * q[j] for j in range(m)) for i in range(n)]
        q = [B[j] / mp.fsum(K[i][j] * p[i] for i in range(n)) for j in range(m)]
        rows = [p[i] * mp.fsum(K[i][j] * q[j] for j in range(m)) for i in range(n)]
        error = mp.fsum(abs(rows[i] - A[i]) for i in range(n))
        if error < mp.mpf(10) ** -25:
            break
    assert error < mp.mpf(10) ** -20, error
    P = [[p[i] * K[i][j] * q[j] for j in range(m)] for i in range(n)]
    transport = mp.fsum(P[i][j] * C[i][j] for i in range(n) for j in range(m))
    entropy = mp.fsum(P[i][j] * mp.log(P[i][j]) for i in range(n) for j in range(m))
    # x + y = C + (ln P + 1) / eta, shifted so that the means agree.
    x = [(mp.log(p[i]) + mp.mpf(1)) / eta for i in range(n)]
    y = [mp.log(q[j]) / eta for j in range(m)]
    shift = (mp.fsum(y) / m - mp.fsum(x) / n) / 2
    return {
        "eta": eta,
        "plan": [[float(value) for value in row] for row in P],
        "cost": float(transport),
        "value": float(transport + entropy / eta),
        "x": [float(value + shift) for value in x],
        "y": [float(value - shift) for value in y],
    }


rows = np.kron(np.eye(n), np.ones(m))
columns = np.kron(np.ones(n), np.eye(m))
exact = linprog(cost.ravel(), A_eq=np.vstack([rows, columns]), b_eq=np.concatenate([a, b]), method="highs")

out = {
    "a": a.tolist(),
    "b": b.tolist(),
    "costs": cost.tolist(),
    "entropic": [entropic(5), entropic(50), entropic(200)],
    "exact": float(exact.fun),
}
Path(__file__).with_suffix(".json").write_text(json.dumps(out, indent=1) + "\n")
