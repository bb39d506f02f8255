"""Values of orthogonal polynomials, rules of quadrature, spherical harmonics and coupling coefficients.

Writes special_polynomials.json. Nodes and weights with mpmath to 40 digits (every tenth of the large rules), harmonics and rotation
matrices from closed sums with mpmath, coupling coefficients from sympy-free exact sums of fractions.

    /usr/bin/python3 test/reference/special_polynomials.py
"""

import json
import math
from fractions import Fraction
from pathlib import Path

import mpmath as m
from mpmath import mp, mpf

mp.dps = 40
xs = [-0.95, -0.4, 0.1, 0.77, 1.0]
wide = [-2.5, 0.3, 1.7, 6.25]
result = {"values": {}, "rules": {}, "harmonics": [], "small": [], "threej": [], "sixj": []}


def values(name, f, degrees, points, *params):
    result["values"][name] = {
        "params": [float(p) for p in params],
        "entries": [[n, x, float(f(n, mpf(x)))] for n in degrees for x in points],
    }


degrees = [0, 1, 2, 5, 20]
values("evalLegendre", m.legendre, degrees, xs)
values("evalChebyt", m.chebyt, degrees, xs)
values("evalChebyu", m.chebyu, degrees, xs)
values("evalHermite", m.hermite, degrees, wide)
values("evalHermitenorm", lambda n, x: 2 ** (-mpf(n) / 2) * m.hermite(n, x / m.sqrt(2)), degrees, wide)
values("evalLaguerre", lambda n, x: m.laguerre(n, 0, x), degrees, wide)
values("evalGenlaguerre", lambda n, x: m.laguerre(n, mpf("1.5"), x), degrees, wide, 1.5)
values("evalGegenbauer", lambda n, x: m.gegenbauer(n, mpf("0.75"), x), degrees, xs, 0.75)
values("evalJacobi", lambda n, x: m.jacobi(n, mpf("0.5"), mpf("-0.25"), x), degrees, xs, 0.5, -0.25)


def polish(p, dp, x):
    x = mpf(x)
    for _ in range(8):
        x -= p(x) / dp(x)
    return x


def recurrence(step, n, x):
    """p_n, its derivative and p_{n-1} by the recurrence of three terms."""
    before, value, d_before, d = mpf(0), mpf(1), mpf(0), mpf(0)
    for k in range(n):
        a, b, c = step(k)
        value, before, d, d_before = (a * x + b) * value - c * before, value, a * value + (a * x + b) * d - c * d_before, d
    return value, d, before


def jacobi_step(al, be):
    def step(k):
        if k == 0:
            return (al + be + 2) / 2, (al - be) / 2, mpf(0)
        s, d = 2 * k + al + be, 2 * (k + 1) * (k + al + be + 1)
        return (s + 1) * (s + 2) / d, (al - be) * (al + be) * (s + 1) / (d * s), 2 * (k + al) * (k + be) * (s + 2) / (d * s)
    return step


def rule(name, starts, step, weight, n, keep):
    entries = []
    for i in keep:
        x = mpf(float(starts[i]))
        for _ in range(8):
            value, d, _ = recurrence(step, n, x)
            x -= value / d
        value, d, before = recurrence(step, n, x)
        w = weight(x, d)
        entries.append([i, float(x), float(w)])
    result["rules"][name] = entries


import numpy as np
import scipy.special as sc


def some(n):
    return sorted({0, 1, n // 3, n // 2, n - 2, n - 1} & set(range(n)))


def jacobi_weight(al, be, n):
    scale = m.gamma(n + al + 1) * m.gamma(n + be + 1) / (m.gamma(n + al + be + 1) * m.factorial(n)) * mpf(2) ** (al + be + 1)
    return lambda x, d: scale / ((1 - x * x) * d * d)


for n in (1, 2, 5, 32, 200):
    rule(f"legendre {n}", sc.roots_legendre(n)[0], jacobi_step(mpf(0), mpf(0)), jacobi_weight(mpf(0), mpf(0), n), n, some(n))
for n in (1, 4, 40):
    al, be = mpf("0.5"), mpf("-0.25")
    rule(f"jacobi {n}", sc.roots_jacobi(n, 0.5, -0.25)[0], jacobi_step(al, be), jacobi_weight(al, be, n), n, some(n))
for n in (1, 2, 10, 100):
    hermite = lambda k: (mpf(2), mpf(0), mpf(2 * k))
    rule(f"hermite {n}", sc.roots_hermite(n)[0], hermite, lambda x, d: m.sqrt(m.pi) * mpf(2) ** (n + 1) * m.factorial(n) / d**2, n, some(n))
for n in (1, 2, 10, 80):
    for al in (mpf(0), mpf("1.5")):
        step = lambda k: (mpf(-1) / (k + 1), (2 * k + 1 + al) / (k + 1), (k + al) / (k + 1))
        rule(f"laguerre {n} {float(al)}", sc.roots_genlaguerre(n, float(al))[0], step, lambda x, d: m.gamma(n + al + 1) / m.factorial(n) / (x * d * d), n, some(n))

for l, mm in [(0, 0), (1, -1), (1, 0), (1, 1), (3, 2), (5, -4), (10, 7), (10, -3), (40, 25)]:
    for theta, phi in [(0.3, 1.1), (1.9, -2.5), (2.9, 4)]:
        # mpmath's spherharm takes the polar angle first, then the azimuth.
        y = m.spherharm(l, mm, mpf(theta), mpf(phi))
        result["harmonics"].append([l, mm, theta, phi, float(y.real), float(y.imag)])


def fact(n):
    return math.factorial(int(n))


def small_d(j, row, column, beta):
    total = mpf(0)
    for s in range(int(max(0, column - row)), int(min(j + column, j - row)) + 1):
        bottom = fact(j + column - s) * fact(s) * fact(row - column + s) * fact(j - row - s)
        total += (-1) ** int(row - column + s) * m.cos(beta / 2) ** int(2 * j + column - row - 2 * s) * m.sin(beta / 2) ** int(row - column + 2 * s) / bottom
    return m.sqrt(fact(j + row) * fact(j - row) * fact(j + column) * fact(j - column)) * total


for j in (0, 0.5, 1, 1.5, 2, 10, 30):
    for row, column in [(j, j), (j, -j), (j - 1, j), (j - 2, 1 - j), (j - int(j), j - int(j))]:
        if abs(row) <= j and abs(column) <= j:
            for beta in (0.4, 2.2, -1.3):
                with m.workdps(80):
                    result["small"].append([j, row, column, beta, float(small_d(j, row, column, mpf(beta)))])


def three_j(a, b, c, x, y, z):
    total = Fraction(0)
    for k in range(int(max(0, b - c - x, a - c + y)), int(min(a + b - c, a - x, b + y)) + 1):
        total += Fraction((-1) ** k, fact(k) * fact(a + b - c - k) * fact(a - x - k) * fact(b + y - k) * fact(c - b + x + k) * fact(c - a - y + k))
    square = Fraction(fact(a + b - c) * fact(a - b + c) * fact(-a + b + c), fact(a + b + c + 1))
    for j, p in ((a, x), (b, y), (c, z)):
        square *= fact(j + p) * fact(j - p)
    return (-1) ** int(a - b - z) * m.sqrt(mpf(square.numerator) / square.denominator) * total.numerator / total.denominator


for args in [(1, 1, 0, 0, 0, 0), (1, 1, 2, 1, -1, 0), (2, 2, 2, 1, 1, -2), (0.5, 0.5, 1, 0.5, -0.5, 0), (1.5, 1, 0.5, 0.5, -1, 0.5), (5, 4, 3, 2, -3, 1), (10, 10, 10, 3, 4, -7), (20.5, 15, 10.5, 8.5, -3, -5.5), (50, 60, 70, -20, 30, -10), (200, 200, 200, 1, 2, -3)]:
    result["threej"].append([*args, float(three_j(*args))])


def six_j(a, b, c, d, e, f):
    def tri(x, y, z):
        return Fraction(fact(x + y - z) * fact(x - y + z) * fact(-x + y + z), fact(x + y + z + 1))
    s, q = (a + b + c, a + e + f, d + b + f, d + e + c), (a + b + d + e, b + c + e + f, a + c + d + f)
    total = Fraction(0)
    for t in range(int(max(s)), int(min(q)) + 1):
        bottom = 1
        for x in s:
            bottom *= fact(t - x)
        for x in q:
            bottom *= fact(x - t)
        total += Fraction((-1) ** t * fact(t + 1), bottom)
    square = tri(a, b, c) * tri(a, e, f) * tri(d, b, f) * tri(d, e, c)
    return m.sqrt(mpf(square.numerator) / square.denominator) * total.numerator / total.denominator


for args in [(1, 1, 1, 1, 1, 1), (1, 2, 3, 2, 1, 2), (0.5, 0.5, 1, 0.5, 0.5, 0), (4, 5, 3, 2, 4, 6), (10, 12, 8, 9, 11, 7), (2.5, 3, 1.5, 2, 1.5, 3)]:
    result["sixj"].append([*args, float(six_j(*args))])

Path(__file__).with_suffix(".json").write_text(json.dumps(result, separators=(",", ":"), indent=None) + "\n")
