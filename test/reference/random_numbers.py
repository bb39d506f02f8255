"""Low-discrepancy points by SciPy and derivatives of gamma quantiles by mpmath. Run: python3 test/reference/random_numbers.py"""

import json
from pathlib import Path

import mpmath as mp
from scipy.stats import qmc

mp.mp.dps = 40


def shape_derivatives():
    """Derivatives of log x with respect to a at constant F(a, x), first and second, by differences in 40 digits."""
    rows = []
    for a in ["0.01", "0.3", "1", "2.5", "30", "1000"]:
        a = mp.mpf(a)
        for q in (-3, -1, 0, 1, 3):
            x = a * mp.exp(q / mp.sqrt(a)) if a >= 1 else mp.exp(mp.mpf(q) * 2) * a
            f = x**a * mp.exp(-x) / mp.gamma(a)

            def cdf(s):
                # From the smaller side: less cancellation.
                if x > a:
                    return -mp.gammainc(s, x, mp.inf, regularized=True)
                return mp.gammainc(s, 0, x, regularized=True)

            h = mp.mpf(10) ** -10 * a
            rows.append(
                [
                    float(a),
                    float(mp.log(x)),
                    float(-(cdf(a + h) - cdf(a - h)) / (2 * h) / f),
                    float(-(cdf(a + h) - 2 * cdf(a) + cdf(a - h)) / h**2 / f),
                ]
            )
    return rows


def truncated():
    rows = []
    for low, high in [(-1, 2), (-40, -38), (6, 7), (9, 100), (-3, 30), (50, 51)]:
        for u in (0.1, 0.5, 0.9):
            flip = low > 0
            a, b = (-high, -low) if flip else (low, high)
            p = mp.mpf(1 - mp.mpf(u) if flip else u)
            fa, fb = mp.ncdf(a), mp.ncdf(b)
            target = fa + p * (fb - fa)
            left, right = mp.mpf(max(a, -60)), mp.mpf(min(b, 60))
            for _ in range(160):
                middle = (left + right) / 2
                if mp.ncdf(middle) < target:
                    left = middle
                else:
                    right = middle
            rows.append([u, low, high, float(-left if flip else left)])
    return rows


data = {
    "sobolWide": (qmc.Sobol(256, scramble=False).random(8) * 8).astype(int).tolist(),
    "sobolLong": qmc.Sobol(40, scramble=False).random(512)[500:505].tolist(),
    "halton": qmc.Halton(6, scramble=False).random(20).tolist(),
    "shapeDerivatives": shape_derivatives(),
    "truncated": truncated(),
}
Path(__file__).with_suffix(".json").write_text(json.dumps(data) + "\n")
