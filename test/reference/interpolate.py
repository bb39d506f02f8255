"""Interpolation by SciPy and NumPy. Run: python3 test/reference/interpolate.py"""

import json
from pathlib import Path

import numpy as np
from scipy import interpolate as si

rng = np.random.default_rng(0)
x = np.array([-2, -1.3, -0.4, 0.1, 0.9, 1.0, 2.2, 3.1])
y = np.array([0.3, 1.2, 1.1, -0.4, 0.2, 0.2, 2.5, -1.0])
p = np.array([-2.4, -2, -1.7, -0.9, 0.1, 0.37, 0.95, 1.5, 2.9, 3.1, 3.4])
periodic = y.copy()
periodic[-1] = periodic[0]
cases = {}


def record(name, f, integral=None):
    cases[name] = {
        "value": f(p).tolist(),
        "slope": f(p, 1).tolist() if not isinstance(f, si.BSpline) else f(p, nu=1).tolist(),
        "bend": f(p, 2).tolist() if not isinstance(f, si.BSpline) else f(p, nu=2).tolist(),
        "integral": float(f.integrate(-1.1, 2.7)),
    }


for boundary in ["not-a-knot", "natural", "clamped"]:
    record(boundary, si.CubicSpline(x, y, bc_type=boundary))
record("slopes", si.CubicSpline(x, y, bc_type=((1, 0.5), (1, -2.0))))
record("periodic", si.CubicSpline(x, periodic, bc_type="periodic"))
record("three", si.CubicSpline(x[:3], y[:3]))
record("akima", si.Akima1DInterpolator(x, y, extrapolate=True))
record("makima", si.Akima1DInterpolator(x, y, method="makima", extrapolate=True))
record("pchip", si.PchipInterpolator(x, y))
for k in [1, 2, 3, 5]:
    record(f"spline{k}", si.make_interp_spline(x, y, k=k))
t = np.r_[[-2] * 4, -0.5, 1.2, [3.1] * 4]
w = np.array([1, 2, 1, 0.5, 1, 3, 1, 1.0])
record("lsq", si.make_lsq_spline(x, y, t, k=3, w=np.sqrt(w)))
smooth = si.make_smoothing_spline(x, y, w=w, lam=0.3)
inside = p[(p >= x[0]) & (p <= x[-1])]

scattered = rng.uniform(-1, 1, (12, 2))
values = np.sin(3 * scattered[:, 0]) + scattered[:, 1] ** 2
at = rng.uniform(-1, 1, (5, 2))
names = {
    "linear": "linear",
    "thin_plate_spline": "thinPlateSpline",
    "cubic": "cubic",
    "quintic": "quintic",
    "multiquadric": "multiquadric",
    "inverse_multiquadric": "inverseMultiquadric",
    "inverse_quadratic": "inverseQuadratic",
    "gaussian": "gaussian",
}
radial = {
    ours: si.RBFInterpolator(scattered, values, kernel=theirs, epsilon=1.7, smoothing=0.01)(at).tolist()
    for theirs, ours in names.items()
}

axes = [np.array([0, 1, 2.5]), np.array([-1, 0, 2, 3]), np.array([0, 5.0])]
grid = rng.normal(size=(3, 4, 2))
inner = rng.uniform([0, -1, 0], [2.5, 3, 5], (6, 3))
data = {
    "x": x.tolist(),
    "y": y.tolist(),
    "points": p.tolist(),
    "knots": t.tolist(),
    "weights": w.tolist(),
    "cases": cases,
    "smoothing": {"points": inside.tolist(), "value": smooth(inside).tolist()},
    "barycentric": si.BarycentricInterpolator(x, y)(p).tolist(),
    "rbf": {"x": scattered.tolist(), "y": values.tolist(), "points": at.tolist(), "values": radial},
    "grid": {
        "axes": [a.tolist() for a in axes],
        "values": grid.tolist(),
        "points": inner.tolist(),
        "linear": si.RegularGridInterpolator(axes, grid)(inner).tolist(),
        "nearest": si.RegularGridInterpolator(axes, grid, method="nearest")(inner).tolist(),
    },
    "gradient": {
        "uneven1": np.gradient(y, x).tolist(),
        "uneven2": np.gradient(y, x, edge_order=2).tolist(),
        "even": np.gradient(grid, 0.3, axis=1).tolist(),
    },
}
Path(__file__).with_suffix(".json").write_text(json.dumps(data) + "\n")
