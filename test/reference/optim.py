"""Minima and numbers of iterations of SciPy's BFGS. Run: python3 test/reference/optim.py"""

import json
from pathlib import Path

import numpy as np
from scipy.optimize import minimize, rosen, rosen_der


def beale(x):
    a, b = x
    return (1.5 - a + a * b) ** 2 + (2.25 - a + a * b**2) ** 2 + (2.625 - a + a * b**3) ** 2


def beale_der(x):
    a, b = x
    r = [1.5 - a + a * b, 2.25 - a + a * b**2, 2.625 - a + a * b**3]
    return np.array(
        [
            2 * (r[0] * (b - 1) + r[1] * (b**2 - 1) + r[2] * (b**3 - 1)),
            2 * (r[0] * a + r[1] * 2 * a * b + r[2] * 3 * a * b**2),
        ]
    )


scales = 10.0 ** np.arange(5)


def ellipsoid(x):
    return 0.5 * np.sum(scales * (x - 1) ** 2)


def ellipsoid_der(x):
    return scales * (x - 1)


def logsumexp(x):
    return np.log(np.sum(np.exp(x))) + 0.05 * np.sum((x - np.arange(len(x))) ** 2)


def logsumexp_der(x):
    p = np.exp(x - x.max())
    return p / p.sum() + 0.1 * (x - np.arange(len(x)))


problems = {
    "rosenbrock2": (rosen, rosen_der, [-1.2, 1.0]),
    "rosenbrock5": (rosen, rosen_der, [1.3, 0.7, 0.8, 1.9, 1.2]),
    "beale": (beale, beale_der, [1.0, 1.0]),
    "ellipsoid": (ellipsoid, ellipsoid_der, [0.0] * 5),
    "logSumExp": (logsumexp, logsumexp_der, [0.0] * 6),
}
found = {}
for name, (f, slope, x0) in problems.items():
    result = minimize(f, np.array(x0), jac=slope, method="BFGS", options={"gtol": 1e-8})
    found[name] = {
        "x0": x0,
        "x": result.x.tolist(),
        "value": float(result.fun),
        "iterations": int(result.nit),
        "evaluations": int(result.nfev),
    }

Path(__file__).with_suffix(".json").write_text(json.dumps({"bfgs": found}, indent=1) + "\n")
