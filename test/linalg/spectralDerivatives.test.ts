// Derivatives in closed form, at repeated and zero values, at deficient rank, and what is not defined.
import {
  cholesky,
  det,
  eigh,
  eigvalsh,
  inv,
  lstsq,
  norm,
  pinv,
  qr,
  randomizedSvd,
  slogdet,
  solve,
  solvePositive,
  svd,
  svdvals,
} from "polyadic/linalg";
import { cos, exp, sin } from "polyadic/ops";
import { DomainError, eye, type Tensor, TracerError, tensor, zeros } from "polyadic/tensor";
import { grad, hessian, jacrev, jvp, vjp } from "polyadic/transform";
import { describe, expect, it } from "vitest";
import { luFactors } from "../../src/linalg/systems/solve.ts";
import {
  checkDerivatives,
  entries,
  type Fn,
  hermitian,
  like,
  matrix,
  near,
  positive,
} from "./derivativeChecks.ts";

const kinds = ["float64", "complex128"] as const;
const adjoint = (x: Tensor): Tensor => x.mT().conj();
const close = (x: Tensor, y: Tensor, tolerance = 1e-12): void => {
  expect(x.shape).toEqual(y.shape);
  near(entries([x]), entries([y]), tolerance);
};
const allFinite = (x: Tensor): boolean => entries([x]).every(Number.isFinite);
/** x diag(s) yᴴ */
const assemble = (x: Tensor, s: Tensor, y: Tensor): Tensor => x.mul(s.expandDims(-2)).matmul(adjoint(y));
/** A Hermitian matrix with given eigenvalues. */
const withValues = (values: number[], kind: (typeof kinds)[number]): Tensor => {
  const { q } = qr(matrix(values.length, values.length, kind, 4));
  const a = assemble(q, tensor(values), q);
  return a.add(adjoint(a)).mul(0.5);
};

/** The sine of a Hermitian matrix. */
const sineOf = (a: Tensor): Tensor => {
  const { values, vectors } = eigh(a);
  return assemble(vectors, sin(values), vectors);
};

describe("closed forms", () => {
  it("the gradient of log det is the transposed inverse, that of det the cofactors", () => {
    const a = matrix(4, 4, "float64", 1);
    const cofactors = inv(a).mT();
    close(grad((x: Tensor) => slogdet(x).logAbs)(a), cofactors);
    close(grad((x: Tensor) => det(x))(a), cofactors.mul(det(a)));
    const p = positive(4, "float64", 2);
    // By Cholesky: 2 Σ log lᵢᵢ.
    const byCholesky = grad((x: Tensor) => cholesky(x).mul(eye(4)).sum({ axis: 0 }).log().sum().mul(2))(p);
    close(byCholesky, inv(p), 1e-11);
  });
  it("gradients of the largest eigenvalue, the nuclear norm and the spectral norm", () => {
    const h = hermitian(5, "float64", 3);
    const v = eigh(h).vectors.at(":", "4:");
    close(grad((x: Tensor) => eigvalsh(x).at(4))(h), v.matmul(v.mT()));
    const a = matrix(5, 3, "float64", 4);
    const { u, v: right } = svd(a);
    close(grad((x: Tensor) => norm(x, "nuclear"))(a), u.matmul(right.mT()));
    close(grad((x: Tensor) => norm(x, 2))(a), u.at(":", ":1").matmul(right.at(":", ":1").mT()));
  });
  it("the gradient of a complex log |det| is the transposed inverse, without conjugation", () => {
    const a = matrix(3, 3, "complex128", 5);
    close(grad((x: Tensor) => slogdet(x).logAbs)(a), inv(a).mT());
  });
  it("quadratic forms: Hessian and derivatives along the matrix", () => {
    const p = positive(4, "float64", 6);
    const x = matrix(4, 1, "float64", 7).reshape([4]);
    for (const solver of [solve, solvePositive]) {
      const energy = (y: Tensor, a: Tensor): Tensor => y.mul(solver(a, y)).sum().mul(0.5);
      close(hessian(energy)(x, p), inv(p), 1e-11);
      const z = solve(p, x);
      const along = grad(energy, { argnums: 1 })(x, p);
      close(along, z.expandDims(1).mul(z).mul(-0.5), 1e-11);
    }
  });
  it("jacobians of solve with respect to b are the inverse", () => {
    const a = matrix(3, 3, "float64", 8);
    close(jacrev((b: Tensor) => solve(a, b))(tensor([1, 2, 3])), inv(a), 1e-11);
  });
  it("keeps float32, and the dtype of a real matrix beside complex right-hand sides", () => {
    const a = positive(3, "float64", 9);
    const small = grad((x: Tensor) => eigvalsh(x).square().sum())(a.astype("float32"));
    expect(small.dtype).toBe("float32");
    close(small.astype("float64"), a.mul(2), 1e-5);
    const b = matrix(3, 1, "complex128", 9);
    const mixed = grad((x: Tensor) => norm(solve(x, b)).square())(a);
    expect(mixed.dtype).toBe("float64");
    const x = solve(a, b);
    // d‖x‖² = 2 Re (xᴴ dx) with dx = -a⁻¹ da x
    close(mixed, adjoint(x).matmul(inv(a)).mT().matmul(x.mT()).real().mul(-2), 1e-11);
  });
});

describe.each(kinds)("repeated and zero values, %s", (kind) => {
  it("sums over eigenvalues of the identity", () => {
    const a = eye(3, 3, { dtype: kind });
    close(grad((x: Tensor) => exp(eigh(x).values).sum())(a), a.mul(Math.E));
    close(grad((x: Tensor) => exp(eigvalsh(x)).sum())(a), a.mul(Math.E));
  });
  it("sums over eigenvalues of which two are equal; value and vector of the third", () => {
    const a = withValues([1, 1, 2], kind);
    const { values, vectors } = eigh(a);
    // The gradient of Σ sin(w) is cos(a), transposed.
    close(grad((x: Tensor) => sin(eigh(x).values).sum())(a), assemble(vectors, cos(values), vectors).mT());
    const last = (x: Tensor): Tensor => eigh(x).vectors.at(":", "2:");
    close(
      grad((x: Tensor) => eigh(x).values.at(2))(a),
      last(a)
        .matmul(adjoint(last(a)))
        .mT(),
    );
    const weights = like(a, 6);
    const f: Fn = (x) => [
      last(x!)
        .matmul(adjoint(last(x!)))
        .mul(weights)
        .sum(),
    ];
    const direction = hermitian(3, kind, 7);
    const { tangent } = jvp(f, [a], [direction]);
    const h = 1e-4;
    const difference = entries(f(a.add(direction.mul(h)))).map(
      (y, i) => (y - entries(f(a.sub(direction.mul(h))))[i]!) / (2 * h),
    );
    near(entries(tangent), difference, 1e-6);
    const { pullback } = vjp(f, a);
    const c = like(f(a)[0]!, 1);
    const [pulled] = pullback([c]);
    near(entries([pulled!.mul(direction).sum().real()]), entries([c.mul(tangent[0]!).sum().real()]), 1e-10);
  });
  it("vectors inside a repeated eigenvalue give no finite number", () => {
    const a = withValues([1, 1, 2], kind);
    const weights = like(a, 8);
    const first = (x: Tensor): Tensor => {
      const v = eigh(x).vectors.at(":", ":1");
      return v.matmul(adjoint(v)).mul(weights).sum().real();
    };
    expect(allFinite(grad(first)(a))).toBe(false);
    expect(allFinite(jvp(first, [a], [hermitian(3, kind, 9)]).tangent)).toBe(false);
  });

  for (const [m, n] of [
    [5, 4],
    [4, 5],
    [4, 4],
  ] as const) {
    const low = matrix(m, 2, kind, 1).matmul(matrix(2, n, kind, 2));
    const leading = (x: Tensor): { u: Tensor; s: Tensor; v: Tensor } => {
      const { u, s, v } = svd(x);
      return { u: u.at(":", ":2"), s: s.at(":2"), v: v.at(":", ":2") };
    };
    it(`leading triplets and sums of squares at rank 2, ${m} x ${n}`, () => {
      const f: Fn = (x) => {
        const { u, s, v } = leading(x!);
        return [s, u.mul(u.conj()).real(), v.mul(v.conj()).real(), assemble(u, sin(s), v)];
      };
      const direction = like(low, 3);
      const h = 1e-4;
      const [up, down] = [h, -h].map((t) => entries(f(low.add(direction.mul(t)))));
      const { tangent } = jvp(f, [low], [direction]);
      near(
        entries(tangent),
        up!.map((y, i) => (y - down![i]!) / (2 * h)),
        1e-5,
      );
      const { value, pullback } = vjp(f, low);
      const weights = value.map((y, i) => like(y, i));
      const forward = weights.map((c, i) => c.mul(tangent[i]!).sum().real().item());
      near(
        entries([pullback(weights)[0]!.mul(direction).sum().real()]),
        [forward.reduce((a, b) => a + b)],
        1e-10,
      );
      const energy = (values: (x: Tensor) => Tensor) => (x: Tensor) => values(x).square().sum();
      close(grad(energy(svdvals))(low), low.conj().mul(2));
      close(grad(energy((x) => svd(x).s))(low), low.conj().mul(2));
    });
    it(`vectors of zero singular values give no finite number, ${m} x ${n}`, () => {
      const last = (x: Tensor): Tensor => {
        const u = svd(x).u.at(":", "3:");
        return u.mul(u.conj()).real().at(0).sum();
      };
      expect(allFinite(grad(last)(low))).toBe(false);
    });
  }
  it("the singular values of zero", () => {
    const zero = zeros([3, 2], kind);
    close(grad((x: Tensor) => svdvals(x).square().sum())(zero), zero);
    close(grad((x: Tensor) => norm(x))(zero), zero);
    close(grad((x: Tensor) => norm(x.at(":", 0), 2))(zero), zero);
  });
  it("a vector of a simple zero singular value of a square matrix", () => {
    const { u, v } = svd(matrix(3, 3, kind, 5));
    const a = assemble(u, tensor([3, 2, 0]), v);
    const f: Fn = (x) => [svd(x!).u, svd(x!).v].map((w) => w.mul(w.conj()).real());
    const direction = like(a, 6);
    const h = 1e-5;
    const [up, down] = [h, -h].map((t) => entries(f(a.add(direction.mul(t)))));
    near(
      entries(jvp(f, [a], [direction]).tangent),
      up!.map((y, i) => (y - down![i]!) / (2 * h)),
      1e-6,
    );
  });

  it("residuals that are zero to rounding", () => {
    const a = matrix(3, 5, kind, 1);
    const b = matrix(3, 2, kind, 2);
    const total = (x: Tensor, y: Tensor): Tensor => lstsq(x, y).residual.sum();
    close(grad(total)(a, b), zeros([3, 5], kind));
    close(grad(total, { argnums: 1 })(a, b), zeros([3, 2], kind));
  });
  it("gradients along Hermitian matrices are Hermitian", () => {
    const a = positive(4, kind, 3);
    const b = matrix(4, 2, kind, 4);
    const functions: Fn[] = [
      (x) => [cholesky(x!)],
      (x) => [solvePositive(x!, b)],
      (x) => [eigh(x!).values],
      (x) => [sineOf(x!)],
    ];
    for (const f of functions) {
      const { value, pullback } = vjp(f, a);
      const [pulled] = pullback(value.map((y, i) => like(y, 30 + i)));
      close(adjoint(pulled!), pulled!);
    }
  });

  it("least squares and pseudoinverse of rank 2 along matrices of rank 2", () => {
    const parts = [matrix(5, 2, kind, 1), matrix(2, 4, kind, 2), matrix(5, 2, kind, 3)];
    const directions = parts.map((x, i) => like(x, 20 + i).mul(0.3));
    checkDerivatives(
      (b, c, y) => {
        const { x, residual } = lstsq(b!.matmul(c!), y!, { rtol: 1e-10 });
        return [x, residual];
      },
      parts,
      directions,
      1e-6,
    );
    checkDerivatives(
      (b, c) => [pinv(b!.matmul(c!), { rtol: 1e-10 })],
      parts.slice(0, 2),
      directions.slice(0, 2),
      1e-6,
    );
  });
});

describe("determinants and inverses", () => {
  const permutations = (n: number): number[][] =>
    n === 0
      ? [[]]
      : permutations(n - 1).flatMap((rest) =>
          Array.from({ length: n }, (_, at) => [...rest.slice(0, at), n - 1, ...rest.slice(at)]),
        );
  const parity = (p: number[]): number =>
    p.reduce((sign, x, i) => p.slice(i + 1).reduce((s, y) => (y < x ? -s : s), sign), 1);

  it.each(kinds)("det and slogdet agree with the sum over permutations, %s", (kind) => {
    for (const n of [0, 1, 2, 3, 4]) {
      const a = matrix(n, n, kind, n + 1);
      let re = 0;
      let im = 0;
      for (const p of permutations(n)) {
        let product = { re: parity(p), im: 0 };
        p.forEach((column, row) => {
          const entry = a.element(row, column);
          const z = typeof entry === "object" ? entry : { re: Number(entry), im: 0 };
          product = {
            re: product.re * z.re - product.im * z.im,
            im: product.re * z.im + product.im * z.re,
          };
        });
        re += product.re;
        im += product.im;
      }
      const parts = kind === "float64" ? [re] : [re, im];
      near(entries([det(a)]), parts, 1e-13);
      const { sign, logAbs } = slogdet(a);
      near(entries([sign.mul(logAbs.exp())]), parts, 1e-13);
      close(inv(a).matmul(a), eye(n, n, { dtype: kind }), 1e-11);
    }
  });
  it.each(kinds)("pinv satisfies the conditions of Penrose at any rank, %s", (kind) => {
    for (const a of [
      matrix(5, 3, kind, 1),
      matrix(3, 5, kind, 2),
      matrix(5, 2, kind, 3).matmul(matrix(2, 4, kind, 4)),
      zeros([3, 2], kind),
    ]) {
      const p = pinv(a);
      close(a.matmul(p).matmul(a), a, 1e-11);
      close(p.matmul(a).matmul(p), p, 1e-11);
      close(adjoint(a.matmul(p)), a.matmul(p), 1e-11);
      close(adjoint(p.matmul(a)), p.matmul(a), 1e-11);
    }
  });
  it("takes batches, singular and extreme matrices, integers", () => {
    const pair = tensor([
      [
        [1, 2],
        [2, 4],
      ],
      [
        [0, 1],
        [1, 0],
      ],
    ]);
    expect(det(pair).toArray()).toEqual([0, -1]);
    expect(slogdet(pair).sign.toArray()).toEqual([0, -1]);
    expect(slogdet(pair).logAbs.toArray()).toEqual([Number.NEGATIVE_INFINITY, 0]);
    expect(slogdet(eye(400).mul(1e-3)).logAbs.item()).toBeCloseTo(400 * Math.log(1e-3), 8);
    expect(
      det(
        tensor(
          [
            [2, 0],
            [0, 3],
          ],
          { dtype: "int32" },
        ),
      ).dtype,
    ).toBe("float64");
    expect(det(zeros([0, 2, 2])).shape).toEqual([0]);
    expect(inv(zeros([0, 3, 3])).shape).toEqual([0, 3, 3]);
    expect(pinv(zeros([2, 0, 3, 2])).shape).toEqual([2, 0, 2, 3]);
  });
  it.each(kinds)("the derivative of det at singular matrices is made of cofactors, %s", (kind) => {
    const minors = (a: Tensor): Tensor => {
      const n = a.shape[0]!;
      const rows = Array.from({ length: n }, (_, i) => i);
      const without = (i: number): number[] => rows.filter((k) => k !== i);
      const minor = (i: number, j: number): number[] =>
        entries([det(a.at(without(i)).at(":", without(j))).mul((-1) ** (i + j))]);
      const data = Float64Array.from(rows.flatMap((i) => rows.flatMap((j) => minor(i, j))));
      return tensor(data, { shape: [n, n], dtype: kind });
    };
    const low = (n: number, rank: number): Tensor =>
      matrix(n, rank, kind, 1)
        .matmul(matrix(rank, n, kind, 2))
        .mul(4);
    const whole = (rows: number[][]): Tensor => tensor(rows).astype(kind);
    for (const a of [
      matrix(4, 4, kind, 3),
      low(4, 3),
      low(4, 2),
      zeros([1, 1], kind),
      zeros([3, 3], kind),
      whole([
        [0, 1],
        [0, 0],
      ]),
      whole([
        [1, 2, 3],
        [2, 4, 6],
        [0, 1, 1],
      ]),
      whole([
        [1, 2, 3],
        [4, 5, 6],
        [7, 8, 9],
      ]),
    ]) {
      const [pulled] = vjp((x: Tensor) => det(x), a).pullback(eye(1, 1, { dtype: kind }).reshape([]));
      close(pulled, minors(a), 1e-12);
    }
  });
  it("throws typed errors", () => {
    expect(() => inv(zeros([2, 2]))).toThrow(/inv: a is singular: pivot 0 of 2/);
    expect(() => det(zeros([2, 3]))).toThrow(/det: a must be square.*\[2, 3\]/);
    expect(() => slogdet(tensor([[Number.NaN]]))).toThrow(/slogdet: a holds a value that is not finite/);
    expect(() => pinv(zeros([2, 2]), { rtol: 2 })).toThrow(/pinv: rtol must lie in \[0, 1\), got 2/);
    expect(() => grad((x: Tensor) => qr(x).r.sum())(zeros([3, 2]))).toThrow(
      /derivative of qr: a is singular/,
    );
    expect(() => hessian((x: Tensor) => det(x))(zeros([2, 2]))).toThrow(
      /second derivative of det: a is singular/,
    );
    expect(() => grad((x: Tensor) => slogdet(x).logAbs)(zeros([2, 2]))).toThrow(DomainError);
    expect(() => grad((x: Tensor) => randomizedSvd(x, { rank: 1, probe: eye(3) }).s.sum())(eye(3))).toThrow(
      TracerError,
    );
  });
});

describe("shared factors", () => {
  it("keeps the factors of a matrix beside it", () => {
    const a = matrix(12, 12, "float64", 1);
    expect(luFactors("det", a)).toBe(luFactors("solve", a));
    const small = matrix(2, 2, "float64", 1);
    expect(luFactors("det", small)).not.toBe(luFactors("solve", small));
  });
  it("solves the same with factors found before", () => {
    const a = positive(12, "float64", 2);
    const b = matrix(12, 3, "float64", 3);
    const fresh = (): Tensor => tensor(a.toTypedArray(), { shape: a.shape });
    for (const solver of [solve, solvePositive]) {
      const expected = solver(fresh(), b);
      solver(a, matrix(12, 1, "float64", 4));
      expect(entries([solver(a, b)])).toEqual(entries([expected]));
    }
    const expected = lstsq(fresh(), b);
    pinv(a);
    expect(entries([lstsq(a, b).x])).toEqual(entries([expected.x]));
    expect(entries([svd(a).u])).toEqual(entries([svd(fresh()).u]));
  });
});
