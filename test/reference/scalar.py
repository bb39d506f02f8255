"""Roots and minima by SciPy. Run: python3 test/reference/scalar.py"""

import json
from pathlib import Path

import numpy as np
from scipy.optimize import brentq, minimize_scalar

ROOTS = {
    "cubic": (lambda x: x**3 - 2 * x - 5, 2, 3),
    "cosine": (lambda x: np.cos(x) - x, 0, 1),
    "flat": (lambda x: (x - 1) ** 3, -1, 2.5),
    "steep": (lambda x: np.exp(20 * x) - 5, -1, 3),
    "pole": (lambda x: 1 / (x - 0.3) - 2, 0.31, 20),
}
MINIMA = {
    "quartic": (lambda x: x**4 - 3 * x + 1, (-2, 2)),
    "sine": (lambda x: np.sin(x) + 0.1 * x, (2, 7)),
    "kink": (lambda x: abs(x - 0.3) + 0.1 * x * x, (-3, 5)),
}

data = {"roots": {}, "minima": {}}
for name, (f, a, b) in ROOTS.items():
    x, report = brentq(f, a, b, full_output=True, maxiter=1000)
    data["roots"][name] = {"bracket": [a, b], "x": x, "evaluations": report.function_calls}
for name, (f, bounds) in MINIMA.items():
    result = minimize_scalar(f, bounds=bounds, method="bounded", options={"xatol": 1e-10})
    data["minima"][name] = {"bounds": bounds, "x": float(result.x), "value": float(result.fun)}
Path(__file__).with_suffix(".json").write_text(json.dumps(data) + "\n")
