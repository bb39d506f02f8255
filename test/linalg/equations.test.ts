import {
  discreteLyapunov,
  discreteRiccati,
  eigvals,
  lyapunov,
  riccati,
  solve,
  sylvester,
} from "polyadic/linalg";
import { eye, type Scalar, type Tensor, tensor, zeros } from "polyadic/tensor";
import { describe, expect, it } from "vitest";
import data from "../reference/eig.json" with { type: "json" };
import { dense, distance, epsilon, hermitian, type Kind, matrix } from "./check.ts";
import { checkBatching, checkDerivatives, type Fn, like, positive } from "./derivativeChecks.ts";
import { kinds, square } from "./matrices.ts";

const read = ({ shape, values }: { shape: number[]; values: Scalar[] }): Tensor =>
  tensor(values).reshape(shape);

function gap(a: Tensor, b: Tensor): number {
  const y = dense(b);
  return distance(dense(a), y) / (distance(y) || 1);
}
const h = (x: Tensor): Tensor => x.mT().conj();
const size = (x: Tensor): number => (x.size === 0 ? 0 : distance(dense(x)));

describe.each([0, 1])("SciPy's values, case %i", (index) => {
  const c = data.equations[index]!;
  const [a, b, q, u, r, e, s] = [c.a, c.b, c.q, c.u, c.r, c.e, c.s].map(read) as [
    Tensor,
    Tensor,
    Tensor,
    Tensor,
    Tensor,
    Tensor,
    Tensor,
  ];
  const cases: [string, () => Tensor, { shape: number[]; values: Scalar[] }][] = [
    ["sylvester", () => sylvester(a, b, read(c.c)), c.sylvester],
    ["lyapunov", () => lyapunov(a, q), c.lyapunov],
    ["discreteLyapunov", () => discreteLyapunov(read(c.small), q), c.discreteLyapunov],
    ["riccati", () => riccati(a, u, q, r), c.riccati],
    ["riccati with e and s", () => riccati(a, u, q, r, { e, s }), c.riccatiGeneral],
    ["discreteRiccati", () => discreteRiccati(a, u, q, r), c.discreteRiccati],
    ["discreteRiccati with e and s", () => discreteRiccati(a, u, q, r, { e, s }), c.discreteRiccatiGeneral],
  ];
  it.each(cases)("%s", (_, compute, expected) => {
    const found = compute();
    expect(found.dtype).toBe(a.dtype);
    expect(gap(found, read(expected))).toBeLessThan(1e-10);
  });
});

describe.each(kinds)("%s", (kind) => {
  const eps = epsilon(kind);
  it("Sylvester equations of all sizes", () => {
    for (const [m, n] of [
      [0, 3],
      [3, 0],
      [1, 1],
      [1, 7],
      [5, 2],
      [16, 17],
      [50, 35],
      [20, 70],
    ] as const) {
      const a = matrix(m, m, kind, m + 1).add(
        eye(m)
          .mul(2 * Math.sqrt(m))
          .astype(kind),
      );
      const b = matrix(n, n, kind, n + 2).add(
        eye(n)
          .mul(2 * Math.sqrt(n))
          .astype(kind),
      );
      const c = matrix(m, n, kind, 3);
      const x = sylvester(a, b, c);
      const rest = a.matmul(x).add(x.matmul(b)).sub(c);
      const unit = (size(a) * m + size(b) * n) * size(x) + size(c);
      expect(size(rest), `${m} ${n}`).toBeLessThan(30 * eps * (unit + 1e-300));
    }
  });
  it("quasi-triangular coefficients: grcar, companion, orthogonal", () => {
    for (const name of ["grcar", "companion", "orthogonal"]) {
      const a = square(name, 40, kind);
      const b = square(name, 33, kind).add(eye(33).mul(4).astype(kind));
      const c = matrix(40, 33, kind, 1);
      const x = sylvester(a, b, c);
      const rest = a.matmul(x).add(x.matmul(b)).sub(c);
      expect(size(rest)).toBeLessThan(300 * eps * ((size(a) * 40 + size(b) * 33) * size(x) + size(c)));
    }
  });
  it("Lyapunov equations", () => {
    for (const n of [1, 4, 20]) {
      const a = matrix(n, n, kind, 1).sub(
        eye(n)
          .mul(3 * Math.sqrt(n))
          .astype(kind),
      );
      const q = hermitian(n, kind, 2);
      const x = lyapunov(a, q);
      expect(
        size(
          a
            .matmul(x)
            .add(x.matmul(h(a)))
            .sub(q),
        ),
      ).toBeLessThan(100 * eps * n * size(a) * size(x));
      const small = a.mul(0.1 / Math.sqrt(n));
      const y = discreteLyapunov(small, q);
      expect(size(small.matmul(y).matmul(h(small)).sub(y).add(q))).toBeLessThan(100 * eps * n * size(y));
    }
  });
  it("Riccati equations: the residual vanishes and the closed loop is stable", () => {
    for (const [n, m] of [
      [1, 1],
      [3, 1],
      [6, 2],
      [12, 12],
    ] as const) {
      const a = matrix(n, n, kind, n);
      const b = matrix(n, m, kind, n + 1);
      const q = positive(n, kind, n + 2);
      const r = positive(m, kind, n + 3);
      const x = riccati(a, b, q, r);
      expect(gap(h(x), x)).toBe(0);
      const gain = solve(r, h(b).matmul(x));
      const rest = h(a).matmul(x).add(x.matmul(a)).sub(x.matmul(b).matmul(gain)).add(q);
      const unit = size(x) * size(a) * n + size(x) ** 2 * size(b) * size(solve(r, h(b))) * n * n;
      expect(size(rest), `${n} ${m}`).toBeLessThan(100 * eps * unit);
      expect(Math.max(...dense(eigvals(a.sub(b.matmul(gain)))).re)).toBeLessThan(0);
      const y = discreteRiccati(a, b, q, r);
      const inner = r.add(h(b).matmul(y).matmul(b));
      const k = solve(inner, h(b).matmul(y).matmul(a));
      const left = h(a).matmul(y).matmul(a).sub(y).add(q).sub(h(a).matmul(y).matmul(b).matmul(k));
      expect(size(left), `${n} ${m}`).toBeLessThan(1e3 * eps * n * n * size(y) * (1 + size(a)) ** 2);
      const loop = dense(eigvals(a.sub(b.matmul(k))));
      loop.re.forEach((re, i) => {
        expect(Math.hypot(re, loop.im[i]!)).toBeLessThan(1);
      });
    }
  });
});

describe("closed forms and refusals", () => {
  it("scalars", () => {
    // x² − 2 x − 3 = 0 and 4 x − x − 4 x² / (1 + x) + 3 = 0
    expect(riccati(tensor([[1]]), tensor([[1]]), tensor([[3]]), tensor([[1]])).item()).toBeCloseTo(3, 14);
    const x = Number(discreteRiccati(tensor([[2]]), tensor([[1]]), tensor([[3]]), tensor([[1]])).item());
    expect(3 * x - (4 * x * x) / (1 + x) + 3).toBeCloseTo(0, 12);
    expect(discreteLyapunov(tensor([[0.5]]), tensor([[3]])).item()).toBeCloseTo(4, 14);
  });
  it("badly scaled Riccati equations", () => {
    const a = tensor([
      [0, 1e4],
      [0, 0],
    ]);
    const b = tensor([[0], [1e-3]]);
    const q = tensor([
      [1e-6, 0],
      [0, 1],
    ]);
    const r = tensor([[1]]);
    const x = riccati(a, b, q, r);
    // With x₁₂ = √q₁ / b, x₂₂ = √(q₂ + 2 g x₁₂) / b and x₁₁ = b² x₁₂ x₂₂ / g.
    const x12 = 1e-3 / 1e-3;
    const x22 = Math.sqrt(1 + 2e4 * x12) / 1e-3;
    const x11 = (1e-6 * x12 * x22) / 1e4;
    expect(
      gap(
        x,
        tensor([
          [x11, x12],
          [x12, x22],
        ]),
      ),
    ).toBeLessThan(1e-12);
    expect(Math.abs(Number(x.item(0, 0)) / x11 - 1)).toBeLessThan(1e-10);
  });
  it("broadcasts leading axes", () => {
    const a = matrix(3, 3, "float64", 1).add(eye(3).mul(4));
    const c = tensor([
      matrix(3, 2, "float64", 2).toArray(),
      matrix(3, 2, "float64", 3).toArray(),
    ] as number[][][]);
    const x = sylvester(a, eye(2), c);
    expect(gap(x.at(1), sylvester(a, eye(2), c.at(1)))).toBe(0);
    expect(lyapunov(zeros([0, 2, 2]), eye(2)).shape).toEqual([0, 2, 2]);
  });
  it("says what is wrong", () => {
    expect(() => sylvester(eye(2), eye(3), zeros([3, 2]))).toThrow("c must be [..., 2, 3]");
    expect(() => sylvester(eye(2), eye(2).mul(-1), eye(2))).toThrow("the equation is singular");
    expect(() => discreteLyapunov(eye(2), eye(2))).toThrow("the equation is singular");
    expect(() => sylvester(tensor([[Number.NaN]]), eye(1), eye(1))).toThrow(
      "a holds a value that is not finite",
    );
    expect(() => riccati(eye(2), zeros([2, 1]), eye(2), eye(1))).toThrow("no stabilizing solution");
    expect(() => riccati(eye(2), eye(3), eye(2), eye(3))).toThrow("b must be [..., 2, 3]");
    expect(() =>
      riccati(
        eye(2),
        eye(2),
        tensor([
          [0, 1],
          [0, 0],
        ]),
        eye(2),
      ),
    ).toThrow("not symmetric");
  });
});

describe.each(["float64", "complex128"] as Kind[])("derivatives, %s", (kind) => {
  const shifted = (n: number, seed: number, by: number): Tensor =>
    matrix(n, n, kind, seed).mul(0.5).add(eye(n).mul(by).astype(kind));
  it("sylvester", () => {
    const make = (i: number): Tensor[] => [
      shifted(3, i, 2),
      shifted(2, i + 10, 2),
      matrix(3, 2, kind, i + 20),
    ];
    const f: Fn = (a, b, c) => [sylvester(a!, b!, c!)];
    const xs = make(1);
    checkDerivatives(
      f,
      xs,
      xs.map((x, i) => like(x, i + 5)),
      1e-6,
    );
    checkBatching(f, make);
  });
  it("lyapunov and discreteLyapunov", () => {
    const make = (i: number): Tensor[] => [shifted(3, i, -2), matrix(3, 3, kind, i + 20)];
    const f: Fn = (a, q) => [lyapunov(a!, q!), discreteLyapunov(a!.mul(0.2), q!)];
    const xs = make(1);
    checkDerivatives(
      f,
      xs,
      xs.map((x, i) => like(x, i + 5)),
      1e-6,
    );
    checkBatching(f, make);
  });
  it("Riccati equations, in all six operands", () => {
    const make = (i: number): Tensor[] => [
      shifted(3, i, 0.3),
      matrix(3, 2, kind, i + 1),
      positive(3, kind, i + 2),
      positive(2, kind, i + 3),
      shifted(3, i + 4, 3).mul(0.4),
      matrix(3, 2, kind, i + 5).mul(0.05),
    ];
    const hermitianPart = (x: Tensor): Tensor => x.add(h(x)).mul(0.5);
    for (const solver of [riccati, discreteRiccati]) {
      const f: Fn = (a, b, q, r, e, s) => [
        solver(a!, b!, hermitianPart(q!), hermitianPart(r!), { e: e!, s: s! }),
      ];
      const xs = make(1);
      checkDerivatives(
        f,
        xs,
        xs.map((x, i) => like(x, i + 5).mul(0.3)),
        1e-6,
      );
      const g: Fn = (a, q) => [solver(a!, xs[1]!, q!, xs[3]!)];
      checkBatching(g, (i) => [make(i)[0]!, make(i)[2]!]);
    }
  });
});
