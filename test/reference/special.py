"""Values of the special functions, computed with mpmath to 40 digits.

Writes special.json: for every function a list of [arguments..., y], rounded to float64. Where a function oscillates, a last
number says against which size errors are measured (the modulus of the pair to which it belongs). Values at poles, at
infinities and outside of domains are those of SciPy. An argument asks for more points than the suite keeps:

    /usr/bin/python3 test/reference/special.py [factor [file]]
"""

import json
import math
import random
import sys
from pathlib import Path

import scipy.special as sc
from mpmath import mp, mpf
import mpmath as m

mp.dps = 40
FACTOR = float(sys.argv[1]) if len(sys.argv) > 1 else 1
result = {}
inf, nan = math.inf, math.nan


def encode(x):
    return x if math.isfinite(x) else "nan" if math.isnan(x) else "inf" if x > 0 else "-inf"


def short(x):
    """Arguments with few digits, which keep the file small and are exact in float64."""
    return float(f"{x:.5g}")


def add(name, f, points, edges=(), scipy=None, size=None):
    """Values of f at points and of scipy's function at edges; points without a value in range are left out."""
    entries = []
    for point in points:
        args = tuple(point) if isinstance(point, (tuple, list)) else (point,)
        try:
            exact = f(*[mpf(a) for a in args])
            y = float(exact)
            entry = [*args, y]
            if size is not None:
                entry.append(float(f"{float(size(*[mpf(a) for a in args])):.6g}"))
        except (ValueError, ZeroDivisionError, OverflowError, TypeError, m.libmp.NoConvergence):
            continue
        if not math.isfinite(y) or (y != 0 and abs(y) < 1e-300):
            continue
        entries.append(entry)
    for point in edges:
        args = tuple(point) if isinstance(point, (tuple, list)) else (point,)
        with_edges = float(scipy(*args))
        entries.append([encode(float(a)) for a in args] + [encode(with_edges)])
    result[name] = entries


def count(n):
    return max(1, int(n * FACTOR))


def uniform(rng, low, high, n=10):
    return [short(rng.uniform(low, high)) for _ in range(count(n))]


def spread(rng, low, high, n=10):
    """Between 10^low and 10^high."""
    return [short(10 ** rng.uniform(low, high)) for _ in range(count(n))]


def signed(rng, xs):
    return [x if rng.random() < 0.5 else -x for x in xs]


def pairs(*lists):
    return list(zip(*lists))


R = random.Random
rng = R(1)
ends = [0.0, inf, -inf, nan]

# Gamma family
left = [-0.5, -1.5, -2.5, -10.3, -100.5, -170.7, -0.001, -3.0001]
add("gamma", m.gamma, uniform(rng, 0, 3) + spread(rng, -5, 2.2, 12) + left + [171.6], [0.0, -1.0, inf, -inf, nan, 200.0, -5.0], lambda x: nan if x < 0 else sc.gamma(x))
add("gammaln", lambda x: m.log(abs(m.gamma(x))), uniform(rng, 0, 3) + spread(rng, -8, 10, 16) + left + [1 + 2**-30, 2 - 2**-30, 1e300], [0.0, -1.0, inf, -inf, nan], sc.gammaln)
add("gammasgn", lambda x: m.sign(m.gamma(x)), left + [3.5], [inf, nan], sc.gammasgn)
add("rgamma", m.rgamma, uniform(rng, 0, 3, 5) + spread(rng, -5, 2.2, 8) + left + [171.6], [0.0, -1.0, inf], sc.rgamma)
add("digamma", m.digamma, uniform(rng, 0, 3) + spread(rng, -5, 8, 12) + left + [1.4616, 1.5, 1.35], [0.0, -1.0, inf, nan], sc.digamma)


def hurwitz(s, q, terms=80):
    """By Euler and Maclaurin: mpmath's own has only a small absolute error, and values of large exponents are tiny."""
    with m.workdps(60):
        w = q + terms
        total = m.fsum((q + k) ** -s for k in range(terms)) + w ** (1 - s) / (s - 1) + w**-s / 2
        return total + m.fsum(m.bernoulli(2 * k) / m.factorial(2 * k) * m.rf(s, 2 * k - 1) * w ** (1 - s - 2 * k) for k in range(1, 40))


def polygamma(n, x):
    n = int(n)
    return m.digamma(x) if n == 0 else (-1) ** (n + 1) * m.factorial(n) * hurwitz(n + 1, x)


orders = [1, 1, 2, 3, 5, 8, 15, 40]
add("polygamma", polygamma, [(n, x) for n in orders for x in uniform(rng, 0, 5, 2) + spread(rng, -2, 3, 2)] + [(1, -0.5), (2, -3.3), (1, -30.3), (3, -25.7), (1, -50.3), (4, -60.75), (101, -70.25), (0, 2.5)], [(1, 0.0), (1, -1.0), (2, nan)], lambda n, x: sc.polygamma(int(n), x))
add("factorial", m.factorial, [0, 1, 2, 5, 10, 20, 25, 100, 170, 0.5, 3.7], [-1.0, 171.0], lambda x: sc.factorial(x))
add("beta", m.beta, pairs(spread(rng, -3, 2), spread(rng, -3, 2)) + [(-0.5, 0.7), (-1.5, 3.25), (300.5, 0.25), (1e6, 2.5), (5e-5, 30)], [(0.0, 1.0), (-1.0, 2.0), (nan, 1.0), (-3.0, 2.0)], sc.beta)
add("betaln", lambda a, b: m.log(abs(m.beta(a, b))), pairs(spread(rng, -3, 6), spread(rng, -3, 6)) + [(-0.5, 0.7), (1e5, 1e-5), (200, 300)], [(0.0, 1.0)], sc.betaln)
add("binom", m.binomial, pairs(uniform(rng, 0, 30), uniform(rng, 0, 10)) + [(10, 3), (50, 25), (100, 7), (5, 7), (1000, 500), (0.5, 3), (-2.5, 4)], [(-1.0, 2.0), (nan, 1.0)], sc.binom)
add("poch", lambda x, n: m.rf(x, n), pairs(uniform(rng, 0, 10), uniform(rng, 0, 10)) + [(2, 3), (0.5, 5), (-2.5, 3), (100.5, 30.25), (50, -3.5), (1e4, 0.5)], [], sc.poch)
add("hurwitzZeta", hurwitz, pairs(uniform(rng, 1, 3), spread(rng, -2, 3)) + pairs(uniform(rng, 3, 30), spread(rng, -1, 2)) + [(1.0001, 1), (3, 0.5), (2, 1e6)], [(1.0, 2.0), (0.5, 2.0), (2.0, 0.0), (2.0, -1.0), (2.0, nan)], lambda s, q: sc.zeta(s, q))


# Incomplete gamma
grid = [(a, short(a * f)) for a in spread(rng, -2, 1.5, 8) for f in (0.1, 0.7, 1.0001, 1.5, 4)]
grid += [(a, x) for a in (100, 1000, 1e5) for x in (a - 2 * a**0.5, a, a + 3 * a**0.5, a * 0.7, a * 1.35)]
grid += [(a, x) for a in (1e-3, 0.02, 0.4) for x in (1e-8, 1e-3, 0.4, 1.05, 3)]
grid = [(short(a), short(x)) for a, x in grid]
lower = lambda a, x: m.gammainc(a, 0, x, regularized=True)
upper = lambda a, x: m.gammainc(a, x, regularized=True)


def guarded(f, other):
    def g(a, x):
        with m.workdps(60):
            y = f(a, x)
            return y if y > 0 else 1 - other(a, x)
    return g


add("gammainc", guarded(lower, upper), grid, [(-1.0, 1.0), (1.0, -1.0), (0.0, 1.0), (0.0, 0.0), (1.0, 0.0), (1.0, inf), (inf, 1.0), (nan, 1.0)], sc.gammainc)
add("gammaincc", guarded(upper, lower), grid, [(-1.0, 1.0), (1.0, -1.0), (0.0, 1.0), (0.0, 0.0), (1.0, 0.0), (1.0, inf), (inf, 1.0), (nan, 1.0)], sc.gammaincc)

betas = pairs(spread(rng, -1, 1.5, 14), spread(rng, -1, 1.5, 14), uniform(rng, 0, 1, 14))
betas += [(a, b, x) for a, b in ((30, 50), (300, 200), (2000, 5000), (0.01, 3), (1e4, 0.5)) for x in (0.05, 0.3, 0.4, 0.6, 0.95, 0.9999)]


def ib(a, b, x):
    with m.workdps(60):
        return m.betainc(a, b, 0, x, regularized=True)


def ibc(a, b, x):
    with m.workdps(60):
        return m.betainc(b, a, 0, 1 - x, regularized=True)


add("betainc", ib, betas, [(1.0, 1.0, -0.1), (1.0, 1.0, 1.1), (-1.0, 1.0, 0.5), (2.0, 3.0, 0.0), (2.0, 3.0, 1.0), (nan, 1.0, 0.5)], sc.betainc)
add("betaincc", ibc, betas)

# Error functions
xs = signed(rng, spread(rng, -8, 0.5, 12)) + uniform(rng, -5, 5, 12)
add("erfcx", lambda x: m.exp(x * x) * m.erfc(x), xs + [8, 12.5, 40, 1e5, 1e10, -25.5], [inf, -inf, nan, 0.0], sc.erfcx)
add("erfi", m.erfi, xs + [12.5, -20.5, 26.5], [inf, -inf, nan, 0.0], sc.erfi)


def dawson(x):
    with m.workdps(60 + int(abs(float(x)) ** 2) if abs(x) < 60 else 40):
        if abs(x) > 60:
            return sum(m.fac2(2 * k - 1) / (2 * x * x) ** k for k in range(12)) / (2 * x)
        return m.sqrt(m.pi) / 2 * m.exp(-x * x) * m.erfi(x)


add("dawsn", dawson, xs + [6.9, 7.1, 9.5, 30, 1e3, -1e8], [inf, -inf, nan, 0.0], sc.dawsn)
add("erfinv", m.erfinv, signed(rng, spread(rng, -10, -0.1, 8)) + uniform(rng, -1, 1, 12) + [0.999, 0.9999999, -0.75001], [1.0, -1.0, 1.5, nan, 0.0], sc.erfinv)


def erfcinv(y):
    with m.workdps(380):
        x = mpf(float(sc.erfcinv(float(y))))
        for _ in range(7):
            x += (m.erfc(x) - y) * m.sqrt(m.pi) / 2 * m.exp(x * x)
        return x


add("erfcinv", erfcinv, spread(rng, -300, 0, 8) + spread(rng, -3, 0, 6) + uniform(rng, 0, 2, 10), [0.0, 2.0, -1.0, 3.0, nan], sc.erfcinv)
add("ndtr", m.ncdf, xs + [-10.5, -30.5], [inf, -inf, nan], sc.ndtr)
add("logNdtr", lambda x: m.log(m.ncdf(x)), xs + [-10.5, -30.5, -1e5, 8.5], [inf, nan], sc.log_ndtr)
add("ndtri", lambda p: -m.sqrt(2) * erfcinv(2 * p), spread(rng, -290, 0, 8) + uniform(rng, 0, 1, 8), [0.0, 1.0, -1.0, 2.0, nan], sc.ndtri)

# Integrals
positive = spread(rng, -6, 0, 8) + uniform(rng, 0, 40, 14)
add("exp1", m.e1, positive + [100, 500, 0.9999, 1.0001], [0.0, -1.0, inf, nan], sc.exp1)
add("expi", m.ei, positive + [-x for x in positive] + [41, 100, 700, 0.37, 0.3725, 0.5], [0.0, inf, nan], lambda x: inf if x == inf else sc.expi(x))
add("expn", lambda n, x: m.expint(int(n), x), [(n, x) for n in (0, 1, 2, 3, 7, 30, 80, 300) for x in (0.003, 0.4, 0.99, 1.5, 8, 60)], [(1, 0.0), (2, 0.0), (2, -1.0), (2, nan)], lambda n, x: sc.expn(int(n), x))
wave = signed(rng, spread(rng, -6, 0, 6)) + signed(rng, uniform(rng, 0, 40, 12)) + [3.99, 4.01, 300, 1e5]
add("sici.si", m.si, wave, [0.0, inf, -inf, nan], lambda x: sc.sici(x)[0])
add("sici.ci", m.ci, [abs(x) for x in wave], [0.0, inf, nan], lambda x: sc.sici(x)[1], size=lambda x: max(abs(m.ci(x)), min(1, 1 / x)))
add("shichi.shi", m.shi, wave, [0.0, inf, -inf, nan], lambda x: sc.shichi(x)[0])
add("shichi.chi", m.chi, [abs(x) for x in wave], [0.0, inf, nan], lambda x: sc.shichi(x)[1], size=lambda x: max(abs(m.chi(x)), 1))
add("fresnel.s", m.fresnels, wave + [1.59, 1.61], [0.0, inf, -inf, nan], lambda x: sc.fresnel(x)[0])
add("fresnel.c", m.fresnelc, wave + [1.59, 1.61], [0.0, inf, -inf, nan], lambda x: sc.fresnel(x)[1])

# Bessel
vs = [0, 1, 2, 0.5, 1 / 3, 2.75, 7, 15.5, 30, 60.25]
table = [(short(v), x) for v in vs for x in spread(rng, -3, 0.3, 2) + uniform(rng, 2, 25, 3) + uniform(rng, 25, 300, 1)]
table += [(343, 41), (700, 60)]
table += [(0, 1e4), (1.5, 12345.6), (100, 90), (100, 99.5), (100, 101), (300, 310), (1000, 950), (1000, 1100), (500.5, 800), (200, 1), (3, 1e7)]
table += [(-0.5, 2), (-1.5, 0.7), (-3, 4), (-2.3, 11), (-7.7, 3.3)]
jy = lambda v, x: max(abs(m.besselj(v, x)), m.sqrt(m.besselj(v, x) ** 2 + m.bessely(v, x) ** 2) if x > abs(v) else 0)
yj = lambda v, x: max(abs(m.bessely(v, x)), m.sqrt(m.besselj(v, x) ** 2 + m.bessely(v, x) ** 2) if x > abs(v) else 0)
bessel_edges = [(0.0, 0.0), (1.0, 0.0), (0.5, -1.0), (nan, 1.0), (1.0, nan)]
add("jv", m.besselj, table + [(1, -2), (2, -3)], bessel_edges, sc.jv, jy)
add("yv", m.bessely, table, bessel_edges, sc.yv, yj)
add("iv", m.besseli, table + [(1, -2), (2, -3)], bessel_edges, sc.iv)
add("kv", m.besselk, table, bessel_edges, sc.kv)
add("ive", lambda v, x: m.besseli(v, x) * m.exp(-abs(x)), table[::2] + [(1, -2)], [(0.0, 0.0)], sc.ive)
add("kve", lambda v, x: m.besselk(v, x) * m.exp(x), table[::2], [(0.0, 0.0)], sc.kve)
small = [(n, x) for n in (0, 1, 2, 3, 6, 10, 30, 80) for x in spread(rng, -3, 0, 2) + uniform(rng, 1, 30, 4) + [200]]
half = lambda f: lambda n, x: m.sqrt(m.pi / (2 * x)) * f(n + mpf(1) / 2, x)
sp_edges = [(0, 0.0), (1, 0.0), (1, inf), (1, nan)]
add("sphericalJn", half(m.besselj), small, sp_edges, lambda n, x: sc.spherical_jn(int(n), x), lambda n, x: half(jy)(n, x))
add("sphericalYn", half(m.bessely), small, sp_edges, lambda n, x: sc.spherical_yn(int(n), x), lambda n, x: half(yj)(n, x))
add("sphericalIn", half(m.besseli), small, sp_edges, lambda n, x: sc.spherical_in(int(n), x))
add("sphericalKn", half(m.besselk), small, sp_edges, lambda n, x: sc.spherical_kn(int(n), x))
where = signed(rng, spread(rng, -6, 0, 6)) + uniform(rng, -30, 30, 16) + [-1.49, -1.51, 0.69, 0.71, 60, 90, -200]
modulus = lambda d: lambda x: m.sqrt(m.airyai(x, derivative=d) ** 2 + m.airybi(x, derivative=d) ** 2) if x < 0 else 0
for name, f, d, index in (("ai", m.airyai, 0, 0), ("aip", m.airyai, 1, 1), ("bi", m.airybi, 0, 2), ("bip", m.airybi, 1, 3)):
    g = (lambda f, d: lambda x: f(x, derivative=d))(f, d)
    s = (lambda g, d: lambda x: max(abs(g(x)), modulus(d)(x)))(g, d)
    add(f"airy.{name}", g, where, [0.0, nan], (lambda i: lambda x: sc.airy(x)[i])(index), s)

# Elliptic
ms = uniform(rng, 0, 1, 6) + [-x for x in spread(rng, -6, 4, 8)] + [0.999, 1 - 1e-10, 1e-9]
add("ellipk", m.ellipk, ms, [0.0, 1.0, 2.0, nan], sc.ellipk)
add("ellipe", m.ellipe, ms, [0.0, 1.0, 2.0, nan], sc.ellipe)
add("ellipkm1", lambda p: m.ellipk(1 - p), spread(rng, -250, 0, 6) + [0.5, 2, 100], [0.0, -1.0, nan], sc.ellipkm1)
mp.dps = 300
for i, p in enumerate(result["ellipkm1"]):
    if isinstance(p[0], float) and 0 < p[0]:
        p[1] = float(m.ellipk(1 - mpf(p[0])))
mp.dps = 40
angles = pairs(uniform(rng, -1.57, 1.57, 12), uniform(rng, 0, 1, 12)) + pairs(uniform(rng, -12, 12, 6), uniform(rng, -3, 1, 6)) + [(1.5, 0.9999), (1e-5, 0.5), (1.2, 0), (0.7, 1), (0.5, -1000)]
add("ellipkinc", m.ellipf, angles, [(0.0, 0.5), (0.5, nan), (1.0, 2.0)], sc.ellipkinc)
add("ellipeinc", m.ellipe, angles, [(0.0, 0.5), (0.5, nan), (1.0, 2.0)], sc.ellipeinc)
third = [(short(rng.uniform(-3, 0.95)), phi, mm) for phi, mm in angles if abs(phi) < 1.57 and mm < 1]
add("ellippiinc", m.ellippi, third)
add("ellippi", m.ellippi, [(0.3, 0.5), (-2, 0.9), (0.9, -3), (0, 0.25)])
rf = pairs(spread(rng, -3, 3, 10), spread(rng, -3, 3, 10), spread(rng, -3, 3, 10)) + [(0, 1, 2), (1, 1, 1), (0, 0.5, 1e-8), (1e-10, 1, 1e10)]
add("elliprf", m.elliprf, rf, [(0, 0, 1), (-1, 2, 3)], lambda *a: inf if a[0] == 0 else nan)
add("elliprd", m.elliprd, rf)
add("elliprc", m.elliprc, [(x, y) for x, y, _ in rf] + [(1, -2), (0.5, -0.25), (1, 1.0001), (2, 1)])
add("elliprj", lambda *a: m.elliprj(*a), [(x, y, z, short(10 ** rng.uniform(-3, 3))) for x, y, z in rf] + [(2, 3, 4, -0.5), (2, 3, 4, -5)])
jacobi = pairs(uniform(rng, -8, 8, 14), uniform(rng, 0, 1, 14)) + [(1, 0), (2, 1), (1.5, 0.9999), (1e-4, 0.3)]
for name, index in (("sn", 0), ("cn", 1), ("dn", 2)):
    add(f"ellipj.{name}", (lambda name: lambda u, mm: m.ellipfun(name, u, m=mm))(name), jacobi, [(0.0, 0.5), (1.0, 1.5), (nan, 0.5)], (lambda i: lambda u, mm: sc.ellipj(u, mm)[i])(index), lambda u, mm: 1)

# Hypergeometric
hyps = [(short(rng.uniform(0.1, 5)), short(rng.uniform(0.1, 5)), short(rng.uniform(0.5, 8)), x) for x in uniform(rng, -1, 1, 24) + uniform(rng, -20, -1, 8)]
hyps += [(-rng.randint(1, 12), short(rng.uniform(0.1, 5)), short(rng.uniform(0.5, 5)), x) for x in uniform(rng, -3, 3, 8)]
hyps += [(0.5, 0.5, 1, x) for x in (0.3, 0.9, 0.999, -5, -1000)] + [(1, 1, 2, x) for x in (0.5, 0.99, -3)]
hyps += [(0.5, 1, 3.5, 0.95), (1.5, 2.5, 2, 0.95), (0.3, 0.4, 0.7 + 1e-3, 0.9), (1, 2, 3, 1 - 1e-6), (-0.5, 0.5, 1, 0.9), (2.25, -1.75, 0.5, 0.6), (0.7, 1.3, -0.5, 0.8), (1, 2, 4, 1), (10, 10, 1, -0.4), (12.5, 7.5, 20, 0.8)]
add("hyp2f1", lambda a, b, c, x: m.hyp2f1(a, b, c, x).real, hyps, [(1, 2, -1, 0.5), (1, 2, 3, 1.0), (1, 2, 3, 1.5), (1, 2, 3, nan), (0, 2, 3, 0.5)], sc.hyp2f1)
kummer = [(short(rng.uniform(0.1, 6)), short(rng.uniform(0.2, 8)), x) for x in uniform(rng, -30, 30, 24) + [-200, 200, 500, -1000, 45, -45, 1e-5]]
kummer += [(-rng.randint(1, 8), short(rng.uniform(0.5, 5)), x) for x in uniform(rng, -10, 10, 6)] + [(-1.5, 2.5, 3), (0.5, -2.5, 1.5), (5, 2, -3), (2, 2, 1.5)]
add("hyp1f1", m.hyp1f1, kummer, [(1, -1, 0.5), (1, 2, 0.0), (1, 2, nan)], sc.hyp1f1)
add("hyp0f1", m.hyp0f1, [(short(rng.uniform(0.2, 8)), x) for x in uniform(rng, -60, 100, 16)] + [(-1.5, 2), (0.5, -30)], [(1, 0.0)], sc.hyp0f1, lambda b, x: max(abs(m.hyp0f1(b, x)), abs(x) ** (0.25 - b / 2) if x < 0 else 0))

# Zeta and others
add("zeta", m.zeta, uniform(rng, -20, 20, 20) + [1.0001, 0.5, -0.3, 50, -100.5, 1e-10, 0.9999], [1.0, inf, nan, -2.0, 0.0], lambda x: 0.0 if x == -2 else -0.5 if x == 0 else sc.zeta(x))
add("zetac", lambda x: m.zeta(x) - 1, uniform(rng, 1, 60, 8) + [-3.5, 0.2], [1.0, inf], sc.zetac)
add("polylog", lambda s, x: m.polylog(s, x).real, [(s, x) for s in (2, 3, 1, 0, -1, -3, 7) for x in (-200, -3, -0.9, -0.55, -0.2, 0.01, 0.4, 0.6, 0.95, 0.9999)] + [(s, x) for s in (0.5, 1.5, 2.7, -0.5) for x in (-5, -1.5, -0.7, 0.3, 0.8, 0.99)] + [(2, 1), (3, 1), (2, -1)])
add("spence", lambda z: m.polylog(2, 1 - z).real, spread(rng, -8, 0, 6) + uniform(rng, 0, 2, 8) + [5, 100, 1e6, 0.49, 0.51], [0.0, 1.0, -1.0, nan], sc.spence)
w0 = spread(rng, -8, 5, 10) + [-x for x in spread(rng, -6, -0.5, 6)] + [1e10, 1e300, -0.3678, -0.36787944, -0.36, -0.35, -0.33, 3, 2.99]
real = lambda f: lambda x, *k: f(x, *k).real
add("lambertw", lambda x: m.lambertw(x).real if x > -m.exp(-1) else nan, w0, [0.0, inf, nan, -1.0], lambda x: nan if x == -1 else sc.lambertw(x).real)
w1 = [x for x in w0 if -0.36787944 <= x < 0] + [-x for x in spread(rng, -300, -1, 6)]
add("lambertw.lower", lambda x: m.lambertw(x, -1).real, w1, [0.0], lambda x: -inf)

# Elementary
add("xlogy", lambda x, y: x * m.log(y), pairs(uniform(rng, 0, 3, 4), uniform(rng, 0, 3, 4)), [(0.0, 0.0), (0.0, nan), (1.0, 0.0), (0.0, -1.0)], sc.xlogy)
add("xlog1py", lambda x, y: x * m.log1p(y), pairs(uniform(rng, 0, 3, 4), spread(rng, -9, 0, 4)), [(0.0, -1.0), (1.0, -1.0)], sc.xlog1py)
add("entr", lambda x: -x * m.log(x), uniform(rng, 0, 3, 4), [0.0, -1.0, inf, nan], sc.entr)
add("relEntr", lambda x, y: x * m.log(x / y), pairs(uniform(rng, 0, 3, 4), uniform(rng, 0, 3, 4)), [(0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (-1.0, 1.0), (nan, 1.0)], sc.rel_entr)
add("klDiv", lambda x, y: x * m.log(x / y) - x + y, pairs(uniform(rng, 0, 3, 4), uniform(rng, 0, 3, 4)), [(0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (-1.0, 1.0), (nan, 1.0)], sc.kl_div)
add("sinc", m.sincpi, signed(rng, spread(rng, -8, 0, 5)) + uniform(rng, -5, 5, 5), [0.0], lambda x: 1.0, lambda x: 1 / (1 + abs(x)))
add("logit", lambda p: m.log(p / (1 - p)), spread(rng, -8, 0, 5) + uniform(rng, 0, 1, 8) + [0.5001], [0.0, 1.0, -1.0, 2.0], sc.logit)
add("logExpit", lambda x: -m.log1p(m.exp(-x)), uniform(rng, -40, 40, 8) + [-800], [inf, -inf], sc.log_expit)
add("exprel", lambda x: m.expm1(x) / x, signed(rng, spread(rng, -8, 0, 5)) + uniform(rng, -30, 30, 6), [0.0, -inf], sc.exprel)

target = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).with_suffix(".json")
lines = ",\n".join(f'"{name}": {json.dumps(entries, separators=(",", ":"))}' for name, entries in result.items())
target.write_text("{\n" + lines + "\n}\n")
