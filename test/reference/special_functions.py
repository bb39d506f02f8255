"""Values of the element-wise functions, computed with mpmath in 400 to 1200 bits.

Writes special_functions.json: for every function a list of [arguments..., y, r], where y is the correctly rounded
float64 and y + r ulp(y) the exact value, so that a test can measure errors to a hundredth of an ulp. Points: magnitudes
from subnormal numbers to the largest, neighbourhoods of zeros and of the places where algorithms change, huge
arguments. An argument asks for more points than the suite keeps:

    /usr/bin/python3 test/reference/special_functions.py [points [file]]
"""

import json
import math
import random
import sys
from pathlib import Path

from mpmath import mp, mpf

mp.prec = 400
POINTS = int(sys.argv[1]) if len(sys.argv) > 1 else 18


def ulp(y):
    return mpf(math.ulp(y))


def record(f, *args):
    try:
        exact = f(*[mpf(a) for a in args])
    except (ValueError, ZeroDivisionError, OverflowError):
        return None
    if not isinstance(exact, mpf) or mp.isnan(exact) or mp.isinf(exact):
        return None
    y = float(exact)
    if not math.isfinite(y):
        return None
    r = float((exact - mpf(y)) / ulp(y))
    return [*args, y, round(r, 2)]


def magnitudes(rng, low, high, count):
    """Log-spaced magnitudes between 2^low and 2^high with random mantissas."""
    return [math.ldexp(1 + rng.random(), 0) * 2.0 ** (low + (high - low) * i / count) for i in range(count)]


def both_signs(xs):
    return [s * x for x in xs for s in (1, -1)]


def points(rng, low, high, exponents=(-1073, 1022)):
    """Log-spaced over everything and uniform over [low, high] where the function is most interesting."""
    xs = both_signs(magnitudes(rng, *exponents, POINTS // 4)) + both_signs(magnitudes(rng, -12, 4, POINTS // 4))
    return xs + [rng.uniform(low, high) for _ in range(POINTS)]


def near_multiples(step, indices):
    """The float64 closest to multiples of a number, and its neighbours."""
    return [x for n in indices for x in (float(step * n), math.nextafter(float(step * n), 0))]


def sigmoid(x):
    return 1 / (1 + mp.exp(-x)) if x >= 0 else mp.exp(x) / (1 + mp.exp(x))


def erfc(x):
    return mp.erfc(x)


def cbrt(x):
    return -mp.cbrt(-x) if x < 0 else mp.cbrt(x)


def power(x, y):
    if x == 0 or abs(y * mp.log(abs(x))) > 760:
        raise ValueError
    if x < 0:
        if y != mp.floor(y):
            raise ValueError
        return mp.power(-x, y) * (-1 if mp.floor(y / 2) * 2 != y else 1)
    return mp.power(x, y)


def fmod(x, y):
    if abs(x) > abs(y) * mpf(2) ** 300:
        raise ValueError
    quotient = mp.floor(abs(x) / abs(y))
    rest = abs(x) - quotient * abs(y)
    return rest if x >= 0 else -rest


quarter_turns = near_multiples(mp.pi / 2, [1, 2, 3, 4, 7, 11, 100, 1000, 100003, 667544]) + [
    2.0**21 * 1.2345, 1e10, 1e22, 6381956970095103.0 * 2.0**797, 1e300,
]
UNARY = {
    "exp": (mp.exp, (-745, 709), [709.78, -708.3, -744.9, 1e-300]),
    "exp2": (lambda x: mpf(2) ** x, (-1074, 1024), [1023.9999, -1022.5, -1073.9, 0.5, -0.5]),
    "expm1": (mp.expm1, (-60, 709), [709.78, 0.34657, 0.34658, -0.34657, -1.04, 1.04]),
    "log": (mp.log, (0, 4), near_multiples(mpf(1), [1]) + [1.0000001, 0.7071, 0.70711, 1.4142, 1.41422]),
    "log2": (lambda x: mp.log(x, 2), (0, 4), [1.0000001, 0.999, 0.7071, 0.70711, 1.4142, 8.0, 2.0**-1074]),
    "log10": (mp.log10, (0, 4), [1.0000001, 0.999, 0.7071, 0.70711, 1.4142, 1000.0, 1e-300]),
    "log1p": (mp.log1p, (-1, 4), [-0.9999999999, -0.3, 0.41421, 0.41422, -0.2929, 1e16]),
    "sin": (mp.sin, (-100, 100), quarter_turns),
    "cos": (mp.cos, (-100, 100), quarter_turns),
    "tan": (mp.tan, (-100, 100), quarter_turns),
    "asin": (mp.asin, (-1, 1), [0.5, 0.49999, 0.975, 1.0, -1.0, math.nextafter(1, 0)]),
    "acos": (mp.acos, (-1, 1), [0.5, 0.49999, -0.5, 1.0, -1.0, math.nextafter(1, 0)]),
    "atan": (mp.atan, (-4, 4), [0.4375, 0.6875, 1.1875, 2.4375, 1e16]),
    "sinh": (mp.sinh, (-710, 710), [710.4, -710.4, 22.0, 0.3466]),
    "cosh": (mp.cosh, (-710, 710), [710.4, -710.4, 22.0, 0.3466]),
    "tanh": (mp.tanh, (-3, 3), [19.0, 22.0, 0.1733, 0.5, 0.55]),
    "asinh": (mp.asinh, (-4, 4), [2.0**28, 2.0]),
    "acosh": (mp.acosh, (1, 6), [1.0, math.nextafter(1, 2), 2.0, 1e18]),
    "atanh": (mp.atanh, (-1, 1), [0.5, math.nextafter(1, 0), 0.9999]),
    "erf": (mp.erf, (-3, 3), [0.5, 0.49999, 0.84375, 1.25, 5.9, 6.1]),
    "erfc": (erfc, (-6, 27), [0.5, 0.49999, 0.25, 0.84375, 1.25, 26.0, 26.1, 26.5, 27.2, -0.5]),
    "cbrt": (cbrt, (-30, 30), [8.0, 27.0, -64.0]),
    "sigmoid": (sigmoid, (-745, 40), [-744.9, -708.5, 36.8]),
    "sqrt": (mp.sqrt, (0, 30), [4.0, 2.0]),
}


def pairs(rng, low, high):
    wide = both_signs(magnitudes(rng, -1073, 1022, POINTS // 3))
    other = wide[:]
    rng.shuffle(other)
    near = [(rng.uniform(low, high), rng.uniform(low, high)) for _ in range(POINTS)]
    return list(zip(wide, other)) + near


def powers(rng):
    near_one = [(1 + rng.uniform(-1, 1) * 2.0 ** -rng.randint(1, 50), rng.uniform(-1, 1) * 2.0 ** rng.randint(1, 52))
                for _ in range(POINTS // 2)]
    plain = [(10 ** rng.uniform(-3, 3), rng.uniform(-90, 90)) for _ in range(POINTS)]
    wide = [(math.ldexp(1 + rng.random(), rng.randint(-1074, 1022)), rng.uniform(-1.05, 1.05)) for _ in range(POINTS)]
    whole = [(-rng.uniform(0, 9), float(rng.randint(-40, 40))) for _ in range(POINTS // 2)]
    return near_one + plain + wide + whole + [(2.0, -1074.0), (10.0, -320.5), (1.5, 2.0), (1.2247448, 3.0)]


BINARY = {
    "pow": (power, powers),
    "atan2": (lambda y, x: mp.atan2(y, x), lambda rng: pairs(rng, -3, 3)),
    "hypot": (lambda a, b: mp.sqrt(a * a + b * b), lambda rng: pairs(rng, -9, 9)),
    "fmod": (fmod, lambda rng: pairs(rng, -9, 9)),
}

result = {}
for seed, (name, (f, (low, high), special)) in enumerate(UNARY.items()):
    rng = random.Random(seed)
    mp.prec = 1400 if name in ("sin", "cos", "tan") else 400
    if name in ("expm1", "log1p", "asinh", "sinh", "tanh", "atanh", "acosh"):
        mp.prec = 2400
    found = (record(f, x) for x in special + points(rng, low, high))
    result[name] = [entry for entry in found if entry]
mp.prec = 2600
for seed, (name, (f, make)) in enumerate(BINARY.items()):
    found = (record(f, *args) for args in make(random.Random(100 + seed)))
    result[name] = [entry for entry in found if entry]

target = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).with_suffix(".json")
lines = ",\n".join(f'"{name}": {json.dumps(entries, separators=(",", ":"))}' for name, entries in result.items())
target.write_text("{\n" + lines + "\n}\n")
