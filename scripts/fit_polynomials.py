"""Fits the polynomials of the WebAssembly kernels and prints src/device/wasm/coefficients.ts.

Every fit interpolates in Chebyshev nodes of the interval (within a small factor of the minimax polynomial) in 60
digits and rounds the coefficients to float64. The largest error of the rounded polynomial, relative to the function
that the kernel computes with it, stands in the comment of each table. Needs mpmath.

    python3 scripts/fit_polynomials.py > src/device/wasm/coefficients.ts
"""

from mpmath import mp, mpf, matrix, lu_solve, cos, pi, exp, sin, atanh, sqrt, erf, erfc, log, fabs, linspace, polyval

mp.dps = 60


def fit_exactly(f, low, high, degree):
    nodes = [(low + high) / 2 + (high - low) / 2 * cos(pi * (2 * i + 1) / (2 * degree + 2)) for i in range(degree + 1)]
    system = matrix(degree + 1, degree + 1)
    for i, x in enumerate(nodes):
        for j in range(degree + 1):
            system[i, j] = x**j
    return list(lu_solve(system, matrix([f(x) for x in nodes])))


def fit(f, low, high, degree):
    return [float(c) for c in fit_exactly(f, low, high, degree)]


def show(name, text, f, low, high, degree, weight):
    """`weight` is how much a change of the polynomial moves the result, relative to it."""
    coefficients = fit(f, mpf(low), mpf(high), degree)
    reverse = [mpf(c) for c in reversed(coefficients)]
    worst = max(fabs(weight(x) * (polyval(reverse, x) - f(x))) for x in linspace(mpf(low), mpf(high), 997))
    print(f"/** {text}; error {mp.nstr(worst / mpf(2) ** -53, 2)} units of 2^-53. */")
    print(f"export const {name}: readonly number[] = [")
    for c in coefficients:
        print(f"  {c!r},")
    print("];\n")


def series(f, direct, count=40):
    """`direct` away from 0, the Taylor coefficients `f(n)` near 0 where `direct` would cancel."""
    return lambda x: sum(f(n) * x**n for n in range(count)) if fabs(x) < mpf("0.05") else direct(x)


print("// Polynomial coefficients, lowest order first. Made by scripts/fit_polynomials.py: change them there.\n")

half_ln2 = log(2) / 2 * mpf("1.001")
show(
    "EXP",
    "(exp(r) - 1 - r) / r^2 for |r| <= ln(2) / 2",
    series(lambda n: 1 / mp.factorial(n + 2), lambda r: (exp(r) - 1 - r) / r**2),
    -half_ln2, half_ln2, 9, lambda r: r**2 / exp(r),
)
eighth = (pi / 4 * mpf("1.0001")) ** 2
show(
    "SIN",
    "(sin(r) - r) / r^3 in r^2 for |r| <= pi / 4",
    series(lambda n: (-1) ** (n + 1) / mp.factorial(2 * n + 3), lambda z: (sin(sqrt(z)) - sqrt(z)) / sqrt(z) ** 3),
    0, eighth, 6, lambda z: z * sqrt(z) / sin(sqrt(z)) if z else mpf(0),
)
show(
    "COS",
    "(cos(r) - 1 + r^2 / 2) / r^4 in r^2 for |r| <= pi / 4",
    series(lambda n: (-1) ** n / mp.factorial(2 * n + 4), lambda z: (cos(sqrt(z)) - 1 + z / 2) / z**2),
    0, eighth, 5, lambda z: z**2 / cos(sqrt(z)),
)
largest = ((sqrt(mpf(2)) - 1) / (sqrt(mpf(2)) + 1)) ** 2 * mpf("1.001")
show(
    "LOG",
    "2 (atanh(s) / s - 1) / s^2 in s^2 for (1 + s) / (1 - s) between sqrt(1/2) and sqrt(2)",
    series(lambda n: mpf(2) / (2 * n + 3), lambda z: 2 * (atanh(sqrt(z)) / sqrt(z) - 1) / z),
    0, largest, 6, lambda z: z / 2,
)
ratio = sqrt(mpf(3) / 2)
largest = ((ratio - 1) / (ratio + 1)) ** 2 * mpf("1.001")
show(
    "POW_LOG",
    "3 (atanh(s) / s - 1 - s^2 / 3) / s^4 in s^2 for (1 + s) / (1 - s) between sqrt(2/3) and sqrt(3/2)",
    series(lambda n: mpf(3) / (2 * n + 5), lambda z: 3 * (atanh(sqrt(z)) / sqrt(z) - 1 - z / 3) / z**2),
    0, largest, 5, lambda z: z**2 / 3,
)
show(
    "TANH",
    "(tanh(x) - x) / x^3 in x^2 for |x| <= 0.55",
    lambda z: (mp.tanh(sqrt(z)) / sqrt(z) - 1) / z if z else mpf(-1) / 3,
    0, mpf("0.3026"), 10, lambda z: z,
)
two_by_root_pi = 2 / sqrt(pi)
show(
    "ERF",
    "erf(x) / x - 1 in x^2 for |x| <= 3/4",
    series(
        lambda n: two_by_root_pi * (-1) ** n / (mp.factorial(n) * (2 * n + 1)) - (1 if n == 0 else 0),
        lambda z: erf(sqrt(z)) / sqrt(z) - 1,
    ),
    0, mpf("0.5626"), 11, lambda z: mpf(1),
)


def scaled_tail(t):
    x = mpf("2.5") * (1 + t) / (1 - t)
    return x * exp(x * x) * erfc(x)


show(
    "ERFC",
    "x exp(x^2) erfc(x) in t = (x - 2.5) / (x + 2.5) for 3/4 <= x <= 28",
    scaled_tail,
    mpf("-0.5386"), mpf("25.6") / mpf("30.5"), 24, lambda t: 1 / scaled_tail(t),
)

leading = fit_exactly(scaled_tail, mpf("-0.5386"), mpf("25.6") / mpf("30.5"), 24)[0]
print("/** What rounding to float64 took from the first coefficient of ERFC. */")
print(f"export const ERFC_REST: number = {float(leading - mpf(float(leading)))!r};")
