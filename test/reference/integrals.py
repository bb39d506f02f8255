"""Integrals by mpmath, and of samples by SciPy. Run: python3 test/reference/integrals.py"""

import json
from pathlib import Path

import mpmath as mp
import numpy as np
from scipy import integrate

mp.mp.dps = 30
EXACT = {
    "peak": mp.quad(lambda x: 1 / (1e-4 + (x - 0.3) ** 2), [0, 0.3, 1]),
    "wave": mp.quad(lambda x: mp.cos(40 * x) * mp.exp(x), mp.linspace(0, 2, 40)),
    "root": mp.mpf(2),
    "logarithm": mp.mpf(-1),
    "power": mp.mpf(10),
    "gauss": mp.sqrt(mp.pi),
    "decay": mp.quad(lambda x: mp.exp(-x) * mp.sqrt(x), [0, mp.inf]),
    "cauchy": mp.pi / 2,
    "left": mp.quad(lambda x: mp.exp(x) / (1 + x * x), [-mp.inf, 1]),
    "kink": mp.mpf(5) / 2,
    "box": mp.quad(lambda x: mp.exp(-(x**2)), [0, 1]) ** 3,
    "ridge": mp.quad(lambda x: mp.atan((1 - x) * 20) / 20 + mp.atan(x * 20) / 20, [0, 1]) * 20,
}
y = np.array([0.3, 1.2, 1.1, -0.4, 0.2, 0.2, 2.5, -1.0])
x = np.array([-2, -1.3, -0.4, 0.1, 0.9, 1.0, 2.2, 3.1])
data = {
    "exact": {name: float(value) for name, value in EXACT.items()},
    "x": x.tolist(),
    "y": y.tolist(),
    "trapezoid": float(integrate.trapezoid(y, x)),
    "cumulative": integrate.cumulative_trapezoid(y, x, initial=0).tolist(),
    "simpson8": float(integrate.simpson(y, x=x)),
    "simpson7": float(integrate.simpson(y[:7], x=x[:7])),
    "simpsonEven": float(integrate.simpson(y, dx=0.3)),
    "romberg": float(integrate.romb(np.exp(np.linspace(0, 2, 17)), dx=0.125)),
}
Path(__file__).with_suffix(".json").write_text(json.dumps(data) + "\n")
