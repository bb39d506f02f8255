"""Solutions of classic problems by SciPy at tight tolerances, and its statistics at ordinary ones: ode.json."""

import json
from pathlib import Path

import numpy as np
from scipy.integrate import solve_ivp


def pleiades(t, u):
    x, y, v, w = u[:7], u[7:14], u[14:21], u[21:]
    dx, dy = x[None] - x[:, None], y[None] - y[:, None]
    r = (dx**2 + dy**2) ** 1.5 + np.eye(7)
    m = np.arange(1, 8)
    return np.concatenate([v, w, (m * dx / r).sum(1), (m * dy / r).sum(1)])


def arenstorf(t, u):
    mu = 0.012277471
    x, y, v, w = u
    d1 = ((x + mu) ** 2 + y**2) ** 1.5
    d2 = ((x - 1 + mu) ** 2 + y**2) ** 1.5
    return [
        v,
        w,
        x + 2 * w - (1 - mu) * (x + mu) / d1 - mu * (x - 1 + mu) / d2,
        y - 2 * v - (1 - mu) * y / d1 - mu * y / d2,
    ]


PROBLEMS = {
    "decay": (lambda t, y: [-0.5 * y[0]], [2.0], 4.0),
    "oscillator": (lambda t, y: [y[1], -4 * y[0]], [1.0, 0.0], 10.0),
    "lotkaVolterra": (lambda t, y: [1.5 * y[0] - y[0] * y[1], y[0] * y[1] - 3 * y[1]], [10.0, 5.0], 8.0),
    "arenstorf": (arenstorf, [0.994, 0.0, 0.0, -2.00158510637908252], 5.0),
    "pleiades": (
        pleiades,
        [3, 3, -1, -3, 2, -2, 2, 3, -3, 2, 0, 0, -4, 4, 0, 0, 0, 0, 0, 1.75, -1.5, 0, 0, 0, -1.25, 1, 0, 0],
        1.0,
    ),
    "vanDerPol": (lambda t, y: [y[1], 1000 * (1 - y[0] ** 2) * y[1] - y[0]], [2.0, 0.0], 1500.0),
    "robertson": (
        lambda t, y: [
            -0.04 * y[0] + 1e4 * y[1] * y[2],
            0.04 * y[0] - 1e4 * y[1] * y[2] - 3e7 * y[1] ** 2,
            3e7 * y[1] ** 2,
        ],
        [1.0, 0.0, 0.0],
        1e4,
    ),
}

result = {}
for name, (f, y0, t1) in PROBLEMS.items():
    stiff = name in ("vanDerPol", "robertson")
    tight = solve_ivp(f, (0, t1), y0, method="Radau" if stiff else "DOP853", rtol=1e-12 if stiff else 3e-14, atol=1e-14)
    entry = {"y0": y0, "t1": t1, "end": tight.y[:, -1].tolist(), "statistics": {}}
    rtol, atol = (1e-6, 1e-10) if stiff else (1e-7, 1e-9)
    for method in ("Radau", "BDF", "LSODA") if stiff else ("RK45", "DOP853"):
        s = solve_ivp(f, (0, t1), y0, method=method, rtol=rtol, atol=atol)
        entry["statistics"][method] = {"steps": len(s.t) - 1, "evaluations": s.nfev, "end": s.y[:, -1].tolist()}
    result[name] = entry

path = Path(__file__).with_suffix(".json")
path.write_text(json.dumps(result, indent=1) + "\n")
