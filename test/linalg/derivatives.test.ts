import fc from "fast-check";
import {
  cholesky,
  det,
  eigh,
  eigvalsh,
  inv,
  lstsq,
  type NormKind,
  norm,
  pinv,
  qr,
  slogdet,
  solve,
  solvePositive,
  solveTriangular,
  svd,
  svdvals,
} from "polyadic/linalg";
import { cos, sin } from "polyadic/ops";
import { eye, type Tensor } from "polyadic/tensor";
import { trace } from "polyadic/transform";
import { describe, expect, it } from "vitest";
import type { Kind } from "./check.ts";
import {
  batch,
  checkAdjoint,
  checkBatching,
  checkDerivatives,
  checkJet,
  type Fn,
  hermitian,
  like,
  matrix,
  positive,
} from "./derivativeChecks.ts";

const kinds = ["float64", "complex128"] as const;

const adjoint = (x: Tensor): Tensor => x.mT().conj();
const squares = (x: Tensor): Tensor => x.mul(x.conj()).real();
/** x with column j times the real sⱼ. */
const scaled = (x: Tensor, s: Tensor): Tensor => x.mul(s.expandDims(-2));

/** One way to use a factorization, independent of signs and phases, and operands to try it on. */
interface Case {
  readonly f: Fn;
  readonly operands: (kind: Kind, seed: number) => Tensor[];
  /** Directions in which the operands may move; any unless told. */
  readonly directions?: (kind: Kind, seed: number) => Tensor[];
  readonly jetTolerance?: number;
}

const general =
  (...shapes: readonly (readonly [number, number])[]) =>
  (kind: Kind, seed: number): Tensor[] =>
    shapes.map(([m, n], i) => matrix(m, n, kind, 10 * seed + i));

const wellPosed =
  (n: number, ...more: readonly (readonly [number, number])[]) =>
  (kind: Kind, seed: number): Tensor[] => [
    positive(n, kind, seed).add(matrix(n, n, kind, seed).mul(0.3)),
    ...general(...more)(kind, seed),
  ];

const triangularCases = (["none", "transpose", "adjoint"] as const).flatMap((transpose, i) =>
  [true, false].map((lower): [string, Case] => {
    const unitDiagonal = i === 1;
    return [
      `solveTriangular ${lower ? "lower" : "upper"} ${transpose}`,
      {
        f: (a, b) => [solveTriangular(a!, b!, { lower, transpose, unitDiagonal })],
        operands: (kind, seed) => [
          matrix(4, 4, kind, seed, (r, c) => (r === c ? 1 : 0.4)),
          matrix(4, 2, kind, seed + 1),
        ],
      },
    ];
  }),
);

const eighCase: Case = {
  f: (a) => {
    const { values, vectors } = eigh(a!);
    return [values, squares(vectors), scaled(vectors, sin(values)).matmul(adjoint(vectors))];
  },
  operands: (kind, seed) => [hermitian(4, kind, seed)],
};

const svdCase = (m: number, n: number): Case => ({
  f: (a) => {
    const { u, s, v } = svd(a!);
    return [s, squares(u), squares(v), scaled(u, cos(s)).matmul(adjoint(v))];
  },
  operands: general([m, n]),
  jetTolerance: 1e-6,
});

const lstsqCase = (m: number, n: number): Case => ({
  f: (a, b) => {
    const { x, residual, singularValues } = lstsq(a!, b!);
    return m > n ? [x, residual, singularValues] : [x, singularValues];
  },
  operands: general([m, n], [m, 2]),
});

const cases: readonly (readonly [string, Case])[] = [
  [
    "cholesky",
    {
      f: (a) => [cholesky(a!)],
      operands: (kind, seed) => [positive(4, kind, seed)],
      directions: (kind, seed) => [hermitian(4, kind, seed)],
    },
  ],
  ["solve", { f: (a, b) => [solve(a!, b!)], operands: wellPosed(4, [4, 2]) }],
  [
    "solvePositive",
    {
      f: (a, b) => [solvePositive(a!, b!)],
      operands: (kind, seed) => [positive(4, kind, seed), matrix(4, 2, kind, seed)],
      directions: (kind, seed) => [hermitian(4, kind, seed), matrix(4, 2, kind, seed + 1)],
    },
  ],
  ...triangularCases,
  ["inv", { f: (a) => [inv(a!)], operands: wellPosed(4) }],
  ["det", { f: (a) => [det(a!)], operands: wellPosed(4) }],
  [
    "slogdet",
    {
      f: (a) => {
        const { sign, logAbs } = slogdet(a!);
        return [sign, logAbs];
      },
      operands: wellPosed(4),
    },
  ],
  [
    "eigh",
    { ...eighCase, directions: (kind, seed) => [hermitian(4, kind, seed).mul(0.3)], jetTolerance: 1e-6 },
  ],
  [
    "eigvalsh",
    {
      f: (a) => [eigvalsh(a!)],
      operands: eighCase.operands,
      directions: (kind, seed) => [hermitian(4, kind, seed).mul(0.3)],
    },
  ],
  [
    "qr tall",
    {
      f: (a) => {
        const { q, r } = qr(a!);
        return [q, r];
      },
      operands: general([5, 3]),
    },
  ],
  [
    "qr square",
    {
      f: (a) => {
        const { q, r } = qr(a!);
        return [q, r];
      },
      operands: wellPosed(3),
    },
  ],
  [
    "qr wide",
    {
      f: (a) => {
        const { q, r } = qr(a!);
        return [q, r];
      },
      operands: (kind, seed) => [matrix(3, 5, kind, seed, (i, j) => (i === j ? 2 : 0.5))],
      // The first three columns have a singular value of 0.006, and terms of the series grow with powers of its inverse.
      jetTolerance: 1e-6,
    },
  ],
  ["svd tall", svdCase(5, 3)],
  ["svd square", svdCase(3, 3)],
  ["svd wide", svdCase(3, 5)],
  ["svdvals", { f: (a) => [svdvals(a!)], operands: general([4, 3]) }],
  ["pinv tall", { f: (a) => [pinv(a!)], operands: general([5, 3]) }],
  ["pinv wide", { f: (a) => [pinv(a!)], operands: general([3, 5]) }],
  ["lstsq tall", lstsqCase(5, 3)],
  ["lstsq wide", lstsqCase(3, 5)],
  ...(["fro", 1, "inf", 2, "nuclear"] as NormKind[]).map((kind): [string, Case] => [
    `norm ${kind}`,
    { f: (a) => [norm(a!, kind)], operands: general([4, 3]) },
  ]),
];

describe("any shape", () => {
  const { assert, property, integer, constantFrom } = fc;
  it("reverse mode is the transpose of forward mode", () => {
    assert(
      property(
        integer({ min: 1, max: 6 }),
        integer({ min: 1, max: 6 }),
        integer({ min: 0, max: 2 }),
        integer({ min: 1, max: 1000 }),
        constantFrom(...kinds),
        (m, n, count, seed, kind) => {
          const batched = (shape: readonly [number, number], from: number): Tensor => {
            const one = (i: number): Tensor => matrix(...shape, kind, from + i);
            return count === 0 ? one(0) : batch(count, one);
          };
          const a = batched([m, n], seed);
          const b = batched([m, 2], seed + 10);
          const square = a.matmul(adjoint(a)).add(eye(m));
          checkAdjoint((x) => [qr(x!).q, qr(x!).r], [a]);
          checkAdjoint((x) => [svd(x!).s, scaled(svd(x!).u, svd(x!).s)], [a]);
          checkAdjoint((x) => [pinv(x!)], [a]);
          checkAdjoint((x, y) => [lstsq(x!, y!).x], [a, b]);
          checkAdjoint((x, y) => [solve(x!, y!), det(x!), slogdet(x!).logAbs], [square, b]);
          checkAdjoint((x, y) => [cholesky(x!), solvePositive(x!, y!)], [square, b]);
        },
      ),
      { numRuns: 25 },
    );
  });
});

describe.each(kinds)("derivatives of %s", (kind) => {
  const step = 0.4;
  for (const [name, { f, operands, directions, jetTolerance }] of cases) {
    const directionsOf = (seed: number): Tensor[] =>
      (directions?.(kind, seed) ?? operands(kind, seed).map((x, i) => like(x, seed + i))).map((x) =>
        x.mul(step),
      );
    it(`${name}: forward and reverse, first and second order`, () => {
      checkDerivatives(f, operands(kind, 3), directionsOf(5), 1e-6);
    });
    it(`${name}: batched`, () => {
      const stacked = (make: (seed: number) => Tensor[]): Tensor[] =>
        make(0).map((_, at) => batch(2, (i) => make(3 + i)[at]!));
      checkDerivatives(
        f,
        stacked((seed) => operands(kind, seed)),
        stacked(directionsOf),
        1e-6,
      );
      checkBatching(f, (i) => operands(kind, 3 + i));
    });
    it(`${name}: Taylor series`, () => {
      checkJet(f, operands(kind, 3), directionsOf(5), directionsOf(6), jetTolerance);
    });
    it(`${name}: traces`, () => {
      const inputs = operands(kind, 3);
      expect(trace((...xs: Tensor[]) => f(...xs))(...inputs).outputs.length).toBe(f(...inputs).length);
    });
  }
});
