// Identities between special functions at random arguments, inverses, derivatives, dtypes, and what bad input does.
import fc from "fast-check";
import { jit } from "polyadic/compiler";
import * as S from "polyadic/special";
import { type Tensor, type TensorLike, tensor } from "polyadic/tensor";
import { grad, jet, vmap } from "polyadic/transform";
import { describe, expect, test } from "vitest";
import { near } from "../transform/near.ts";

const value = (x: Tensor): number => x.item() as number;
const between = (min: number, max: number): fc.Arbitrary<number> => fc.double({ min, max, noNaN: true });

/** Throws unless a and b agree relative to a size, by default the larger of the two. */
function alike(a: number, b: number, tolerance = 1e-12, size = Math.max(Math.abs(a), Math.abs(b))): void {
  if (a === b) return;
  expect(Math.abs(a - b), `${a} and ${b}`).toBeLessThanOrEqual(tolerance * size);
}

const holds = <T>(arbitrary: fc.Arbitrary<T>, check: (x: T) => void): void =>
  fc.assert(fc.property(arbitrary, check), { numRuns: 60 });

describe("identities", () => {
  test("Γ(x + 1) = x Γ(x) and Γ(x) Γ(1 - x) = π / sin πx", () =>
    holds(fc.integer({ min: -30000, max: 30000 }), (k) => {
      // Multiples of 2⁻⁹, to which 1 can be added exactly.
      const x = k / 512;
      fc.pre(k % 512 !== 0);
      alike(value(S.gamma(x + 1)), x * value(S.gamma(x)));
      alike(
        value(S.gamma(x)) * value(S.gamma(1 - x)),
        Math.PI / Math.sin(Math.PI * (x - 2 * Math.round(x / 2))),
        1e-11,
      );
    }));
  test("Γ near its underflow", () => {
    for (const x of [-168.25, -169.5, -170.7, -171.3]) {
      const y = value(S.gamma(x));
      expect(Math.sign(y)).toBe(value(S.gammasgn(x)));
      alike(y * value(S.rgamma(x)), 1, 1e-12);
    }
  });
  test("ψ(2x) = (ψ(x) + ψ(x + 1/2))/2 + log 2", () =>
    holds(between(0.01, 50), (x) => {
      const right = (value(S.digamma(x)) + value(S.digamma(x + 0.5))) / 2 + Math.LN2;
      alike(value(S.digamma(2 * x)), right, 1e-12, 1 + 1 / x);
    }));
  test("P + Q = 1, and the recurrence in a", () =>
    holds(fc.tuple(between(0.05, 300), between(0.01, 400)), ([a, x]) => {
      const p = value(S.gammainc(a, x));
      alike(p + value(S.gammaincc(a, x)), 1, 1e-14);
      const step = Math.exp(a * Math.log(x) - x - value(S.gammaln(a + 1)));
      alike(value(S.gammainc(a + 1, x)), p - step, 1e-12, p);
    }));
  test("incomplete gamma functions are inverted", () =>
    holds(fc.tuple(between(0.05, 500), between(1e-6, 1 - 1e-6)), ([a, p]) => {
      alike(value(S.gammainc(a, value(S.gammaincinv(a, p)))), p, 1e-11);
      alike(value(S.gammaincc(a, value(S.gammainccinv(a, p)))), p, 1e-11);
    }));
  test("the incomplete beta function is symmetric and inverted", () =>
    holds(fc.tuple(between(0.1, 200), between(0.1, 200), between(1e-4, 1 - 1e-4)), ([a, b, x]) => {
      const p = value(S.betainc(a, b, x));
      alike(p + value(S.betaincc(a, b, x)), 1, 1e-13);
      fc.pre(p > 1e-280 && p < 1 - 1e-9);
      alike(value(S.betaincinv(a, b, p)), x, 1e-9);
    }));
  test("error functions are inverted, and erfcx scales erfc", () =>
    holds(between(-3.5, 3.5), (x) => {
      alike(
        value(S.erfcinv(S.erfc(x))),
        x,
        1e-14,
        Math.max(Math.abs(x), 1e-2) * (x < -1 ? Math.exp(x * x) * 2 : 1),
      );
      alike(value(S.erfcx(x)), Math.exp(x * x) * value(S.erfc(x)), 1e-13);
      alike(value(S.erfinv(S.erf(x / 2))), x / 2, 1e-14, 1);
    }));
  test("Bessel functions: Wronskians and recurrences", () =>
    holds(fc.tuple(between(0, 40), between(0.1, 80)), ([v, x]) => {
      const [j, j1, y, y1] = [S.jv(v, x), S.jv(v + 1, x), S.yv(v, x), S.yv(v + 1, x)].map(value) as number[];
      fc.pre(Math.abs(y1!) < 1e150);
      alike(j1! * y! - j! * y1!, 2 / (Math.PI * x), 1e-12, Math.abs(j1! * y!) + Math.abs(j! * y1!));
      const [i, i1, k, k1] = [S.ive(v, x), S.ive(v + 1, x), S.kve(v, x), S.kve(v + 1, x)].map(
        value,
      ) as number[];
      alike(i! * k1! + i1! * k!, 1 / x, 1e-12);
      const j2 = value(S.jv(v + 2, x));
      alike(
        j! + j2,
        ((2 * (v + 1)) / x) * j1!,
        1e-11,
        Math.abs(j!) + Math.abs(j2) + Math.abs((2 * (v + 1) * j1!) / x),
      );
    }));
  test("Airy functions: Ai Bi' - Ai' Bi = 1/π", () =>
    holds(between(-60, 60), (x) => {
      const { ai, aip, bi, bip } = S.airy(x);
      const [a, b] = [value(ai) * value(bip), value(aip) * value(bi)];
      alike(a - b, 1 / Math.PI, 1e-12, Math.abs(a) + Math.abs(b));
    }));
  test("Legendre's relation E K' + E' K - K K' = π/2", () =>
    holds(between(1e-6, 1 - 1e-6), (m) => {
      const [k, e, k1, e1] = [S.ellipk(m), S.ellipe(m), S.ellipk(1 - m), S.ellipe(1 - m)].map(
        value,
      ) as number[];
      alike(e! * k1! + e1! * k! - k! * k1!, Math.PI / 2, 1e-13, k! * k1!);
    }));
  test("Jacobi's functions lie on their curves, and the amplitude inverts F", () =>
    holds(fc.tuple(between(-4, 4), between(0, 0.99)), ([u, m]) => {
      const { sn, cn, dn, ph } = S.ellipj(u, m);
      alike(value(sn) ** 2 + value(cn) ** 2, 1, 1e-14);
      alike(value(dn) ** 2 + m * value(sn) ** 2, 1, 1e-14);
      alike(value(S.ellipkinc(ph, m)), u, 1e-13, 1);
    }));
  test("Euler's transformation of ₂F₁ and Kummer's of ₁F₁", () =>
    holds(fc.tuple(between(0.1, 4), between(0.1, 4), between(0.6, 6), between(-3, 0.9)), ([a, b, c, x]) => {
      const left = value(S.hyp2f1(a, b, c, x));
      alike(left, (1 - x) ** (c - a - b) * value(S.hyp2f1(c - a, c - b, c, x)), 1e-11, Math.abs(left) + 1e-3);
      alike(value(S.hyp1f1(a, c, 4 * x)), Math.exp(4 * x) * value(S.hyp1f1(c - a, c, -4 * x)), 1e-11);
    }));
  test("ζ(s, q) = ζ(s, q + 1) + q^-s; polylogarithm squares; Lambert's W solves its equation", () =>
    holds(fc.tuple(between(1.05, 12), between(0.05, 20), between(0.01, 0.99)), ([s, q, x]) => {
      alike(value(S.zeta(s, q)), value(S.zeta(s, q + 1)) + q ** -s);
      const n = Math.ceil(s / 3);
      const sum = value(S.polylog(n, x)) + value(S.polylog(n, -x));
      alike(sum, 2 ** (1 - n) * value(S.polylog(n, x * x)), 1e-12, value(S.polylog(n, x)));
      const w = value(S.lambertw(q));
      alike(w * Math.exp(w), q, 1e-13);
      const y = -x / Math.E;
      const lower = value(S.lambertw(y, -1));
      alike(lower * Math.exp(lower), y, 1e-13 * (1 - lower));
    }));
  test("exponential integrals: n Eₙ₊₁ = e^(-x) - x Eₙ", () =>
    holds(fc.tuple(fc.integer({ min: 1, max: 40 }), between(0.01, 30)), ([n, x]) => {
      const right = Math.exp(-x) - x * value(S.expn(n, x));
      alike(n * value(S.expn(n + 1, x)), right, 1e-13, Math.exp(-x));
    }));
});

describe("as functions of tensors", () => {
  test("arguments broadcast, integers become float64, plain numbers adapt", () => {
    const orders = tensor([[0], [1], [2]], { dtype: "int32" });
    const x = tensor([0.5, 1.5]);
    const all = S.jv(orders, x);
    expect(all.shape).toEqual([3, 2]);
    expect(all.dtype).toBe("float64");
    near(all.at(2), S.jv(2, x));
    expect(S.jv(0.5, tensor([1], { dtype: "float32" })).dtype).toBe("float32");
    expect(S.gamma(tensor([5], { dtype: "int32" })).item()).toBe(24);
    expect(() => S.jv(tensor([1, 2]), tensor([1, 2, 3]))).toThrow(/\[2\].*\[3\]/);
    expect(() => S.gamma(tensor([{ re: 1, im: 1 }]))).toThrow(/gamma does not take complex128/);
  });
  test("derivatives in orders and parameters are refused, not made up", () => {
    const cases: readonly (readonly [string, (x: Tensor) => Tensor])[] = [
      ["jv: there is no derivative with respect to the order v", (v) => S.jv(v, 1)],
      ["gammainc: there is no derivative with respect to the parameter a", (a) => S.gammainc(a, 1)],
      ["hyp2f1: there is no derivative with respect to the parameter c", (c) => S.hyp2f1(1, 2, c, 0.5)],
      ["riemannZeta: there is no derivative with respect to the exponent x", (x) => S.zeta(x)],
    ];
    for (const [message, f] of cases) expect(() => grad(f)(tensor(1.5)), message).toThrow(message);
  });
  test("derivatives where formulas have removable singularities", () => {
    const slope = (f: (x: TensorLike) => Tensor, at: number): number =>
      value(grad((x: Tensor) => f(x))(tensor(at)));
    expect(slope(S.sinc, 0)).toBe(0);
    expect(value(grad(grad((x: Tensor) => S.sinc(x)))(tensor(0)))).toBeCloseTo(-(Math.PI ** 2) / 3, 12);
    expect(slope(S.exprel, 0)).toBeCloseTo(0.5, 15);
    expect(slope(S.ellipk, 0)).toBeCloseTo(Math.PI / 8, 15);
    expect(slope(S.ellipe, 0)).toBeCloseTo(-Math.PI / 8, 15);
    expect(slope((x) => S.jv(1, x), 0)).toBeCloseTo(0.5, 15);
    expect(slope((x) => S.lambertw(x), 0)).toBeCloseTo(1, 15);
    expect(slope((x) => S.gammainc(1, x), 0)).toBeCloseTo(1, 15);
    expect(slope((x) => S.boxcox(3, x), 0)).toBeCloseTo(Math.log(3) ** 2 / 2, 13);
  });
  test("Taylor series, vmap and compiled code go through", () => {
    // Γ and its derivatives at 1: 1, -γ, γ² + π²/6.
    const gamma = 0.5772156649015329;
    const curve = jet((x: Tensor) => S.gamma(x), tensor(1), [tensor(1), null]);
    expect(value(curve.value)).toBe(1);
    expect(value(curve.series[0]!)).toBeCloseTo(-gamma, 14);
    expect(value(curve.series[1]!)).toBeCloseTo(gamma ** 2 + Math.PI ** 2 / 6, 13);
    const f = (v: Tensor, x: Tensor): Tensor => S.jv(v, x).add(S.gammaln(x));
    const x = tensor([0.5, 2, 7]);
    near(vmap(f)(x, x), f(x, x));
    near(jit(f)(x, x), f(x, x), 1e-15);
    const g = (y: Tensor): Tensor => S.kve(1, y).sum();
    near(jit(grad(g))(x), grad(g)(x), 1e-14);
  });
  test("softmax and its logarithm", () => {
    const x = tensor([
      [1, 2, 800],
      [-3, 0.5, 0],
    ]);
    near(S.softmax(x, { axis: -1 }).sum({ axis: -1 }), tensor([1, 1]));
    near(S.logSoftmax(x, { axis: -1 }).exp(), S.softmax(x, { axis: -1 }));
    expect(S.logSoftmax(x, { axis: -1 }).at(0, 0).item()).toBe(-799);
  });
  test("whole-number functions", () => {
    expect(S.comb(10, 3)).toBe(120);
    expect(S.comb(56, 28)).toBe(7648690600760440);
    expect(S.comb(3, 5)).toBe(0);
    expect(S.comb(4, 2, { repetition: true })).toBe(10);
    expect(S.factorial2(7)).toBe(105);
    expect(S.factorial2(-1)).toBe(1);
    expect(value(S.multigammaln(3.5, 2))).toBeCloseTo(
      0.5 * Math.log(Math.PI) + value(S.gammaln(3.5)) + value(S.gammaln(3)),
      14,
    );
    expect(() => S.comb(2.5, 1)).toThrow(/comb: n: an integer of at least 0 was expected, got 2.5/);
    expect(() => S.factorial2(-3)).toThrow(/factorial2: n/);
    expect(() => S.multigammaln(3, 0)).toThrow(/multigammaln: d/);
    expect(() => S.lambertw(1, 1 as 0)).toThrow(/lambertw: k: 0 or -1/);
  });
});
