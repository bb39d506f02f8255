// Spherical harmonics, rotation matrices and coupling coefficients: values of mpmath and the identities that define them.

import { einsum, matmul, stack } from "polyadic/ops";
import { key, normal } from "polyadic/random";
import * as S from "polyadic/special";
import { type Tensor, tensor } from "polyadic/tensor";
import { grad, vmap } from "polyadic/transform";
import { describe, expect, test } from "vitest";
import data from "../reference/special_polynomials.json" with { type: "json" };
import { near } from "../transform/near.ts";

/** Rz(α) Ry(β) Rz(γ) */
function rotation(alpha: number, beta: number, gamma: number): Tensor {
  const z = (t: number): Tensor =>
    tensor([
      [Math.cos(t), -Math.sin(t), 0],
      [Math.sin(t), Math.cos(t), 0],
      [0, 0, 1],
    ]);
  const y = tensor([
    [Math.cos(beta), 0, Math.sin(beta)],
    [0, 1, 0],
    [-Math.sin(beta), 0, Math.cos(beta)],
  ]);
  return matmul(matmul(z(alpha), y), z(gamma));
}

const directions = normal(key(3), [7, 3]);
const angles = [0.7, 1.9, -2.4] as const;

describe("spherical harmonics", () => {
  test("values", () => {
    for (const [l, m, theta, phi, re, im] of data.harmonics) {
      const y = S.sphHarm(l!, m!, theta!, phi!).element() as { re: number; im: number };
      expect(Math.hypot(y.re - re!, y.im - im!)).toBeLessThan(2e-14);
      const all = S.sphHarmAll(l!, theta!, phi!)
        .at(l! * l! + l! + m!)
        .element() as { re: number; im: number };
      expect(Math.hypot(all.re - re!, all.im - im!)).toBeLessThan(2e-14);
    }
  });
  test("are orthonormal under Gauss's rule in cos θ and equal steps in φ", () => {
    const lmax = 6;
    const { nodes, weights } = S.gaussLegendre(lmax + 1);
    const steps = 2 * lmax + 2;
    const phi = tensor(Array.from({ length: steps }, (_, i) => (2 * Math.PI * i) / steps));
    const theta = tensor([...nodes.toTypedArray()].map((x) => Math.acos(x as number))).expandDims(-1);
    const y = S.sphHarmAll(lmax, theta, phi).reshape([-1, (lmax + 1) ** 2]);
    const w = weights
      .expandDims(-1)
      .broadcastTo([lmax + 1, steps])
      .reshape([-1, 1])
      .mul((2 * Math.PI) / steps);
    const gram = matmul(y.conj().mT(), y.mul(w));
    const identity = tensor(
      Array.from({ length: 49 }, (_, i) =>
        Array.from({ length: 49 }, (_, j) => ({ re: i === j ? 1 : 0, im: 0 })),
      ),
    );
    near(gram, identity, 1e-13);
  });
  test("real ones are the complex ones in another basis", () => {
    const unit = directions.div(directions.square().sum({ axis: -1, keepDims: true }).sqrt());
    const rows = unit.toArray() as number[][];
    const theta = tensor(rows.map(([, , z]) => Math.acos(z!)));
    const phi = tensor(rows.map(([x, y]) => Math.atan2(y!, x!)));
    const y = S.sphHarmAll(4, theta, phi);
    const r = S.realSphHarm(4, directions);
    for (let l = 0; l <= 4; l++) {
      const range = { start: l * l, stop: (l + 1) ** 2 };
      const changed = matmul(y.at("...", range), S.realBasisChange(l).mT());
      near(changed.real(), r.at("...", range), 1e-13);
      expect(changed.imag().abs().max().item() as number).toBeLessThan(1e-14);
    }
  });
  test("obey the addition theorem: Σ Y² = (2l + 1)/4π", () => {
    const y = S.realSphHarm(12, directions);
    for (const l of [0, 3, 12]) {
      const total = y
        .at("...", { start: l * l, stop: (l + 1) ** 2 })
        .square()
        .sum({ axis: -1 });
      near(total, total.mul(0).add((2 * l + 1) / (4 * Math.PI)), 1e-13);
    }
  });
  test("first degrees in coordinates", () => {
    const [y0, ym, y1, yp] = S.realSphHarm(1, tensor([0.6, 0, 0.8])).toArray() as number[];
    expect(y0).toBeCloseTo(0.5 / Math.sqrt(Math.PI), 15);
    const c = Math.sqrt(3 / (4 * Math.PI));
    expect([ym, y1, yp]).toEqual([0, 0.8 * c, 0.6 * c].map((v) => expect.closeTo(v, 15)));
  });
  test("have derivatives at the poles", () => {
    const slope = grad((r: Tensor) => S.realSphHarm(3, r).sum())(tensor([0, 0, 1]));
    expect([...slope.toTypedArray()].every((x) => Number.isFinite(x as number))).toBe(true);
    const h = 1e-5;
    const at = (x: number): number =>
      S.realSphHarm(3, tensor([x, 0, 1]))
        .sum()
        .item() as number;
    expect(slope.at(0).item()).toBeCloseTo((at(h) - at(-h)) / (2 * h), 8);
  });
  test("bad input throws", () => {
    expect(() => S.sphHarm(2, 3, 0, 0)).toThrow(/m: an integer between -2 and 2/);
    expect(() => S.sphHarm(-1, 0, 0, 0)).toThrow(/sphHarm: l/);
    expect(() => S.realSphHarm(2, tensor([1, 2]))).toThrow(/directions: \[..., 3\]/);
  });
});

describe("rotation matrices", () => {
  test("elements", () => {
    for (const [j, row, column, beta, value] of data.small) {
      const d = S.wignerd(j!, beta!)
        .at(row! + j!, column! + j!)
        .item() as number;
      expect(Math.abs(d - value!)).toBeLessThan(1e-14 + 4e-15 * j!);
    }
  });
  test("are unitary, also for large degrees, and batched over angles", () => {
    for (const l of [0.5, 3, 25]) {
      const d = S.wignerD(l, tensor([0.3, 2]), tensor([[1.1], [-0.4]]), 0.9);
      expect(d.shape).toEqual([2, 2, 2 * l + 1, 2 * l + 1]);
      const product = matmul(d, d.conj().mT()).real();
      const size = 2 * l + 1;
      const identity = tensor(
        Array.from({ length: size }, (_, i) => Array.from({ length: size }, (_, k) => (i === k ? 1 : 0))),
      );
      near(product, identity.broadcastTo([2, 2, size, size]), 1e-13);
    }
  });
  test("turn spherical harmonics", () => {
    const turned = matmul(directions, rotation(...angles).mT());
    const before = S.realSphHarm(3, directions);
    const after = S.realSphHarm(3, turned);
    for (let l = 0; l <= 3; l++) {
      const range = { start: l * l, stop: (l + 1) ** 2 };
      const d = S.realWignerD(l, ...angles);
      near(matmul(before.at("...", range), d.mT()), after.at("...", range), 1e-13);
    }
  });
  test("follow derivatives and vmap", () => {
    const at = (b: number): number => S.wignerd(2, b).at(1, 3).item() as number;
    const f = (b: Tensor): Tensor => S.wignerd(2, b).at(1, 3);
    expect(grad(f)(tensor(0.7)).item()).toBeCloseTo((at(0.7001) - at(0.6999)) / 2e-4, 7);
    const betas = tensor([0.1, 0.7, 2]);
    near(vmap(f)(betas), stack([0, 1, 2].map((i) => f(betas.at(i)))));
  });
});

describe("coupling coefficients", () => {
  test("3j and 6j symbols", () => {
    for (const row of data.threej) {
      const args = row.slice(0, 6) as [number, number, number, number, number, number];
      expect(Math.abs(S.wigner3j(...args) / row[6]! - 1)).toBeLessThan(1e-15);
    }
    for (const row of data.sixj) {
      const args = row.slice(0, 6) as [number, number, number, number, number, number];
      expect(Math.abs(S.wigner6j(...args) / row[6]! - 1)).toBeLessThan(1e-15);
    }
  });
  test("Clebsch-Gordan coefficients are orthogonal", () => {
    const j1 = 2;
    const j2 = 1.5;
    const blocks = [0.5, 1.5, 2.5, 3.5].map((j) => S.clebschGordanTensor(j1, j2, j).reshape([20, 2 * j + 1]));
    for (const [a, x] of blocks.entries())
      for (const [b, y] of blocks.entries()) {
        const gram = matmul(x.mT(), y);
        const expected = gram
          .mul(0)
          .add(
            a === b
              ? tensor(
                  Array.from({ length: gram.shape[0]! }, (_, i) =>
                    Array.from({ length: gram.shape[1]! }, (_, k) => (i === k ? 1 : 0)),
                  ),
                )
              : 0,
          );
        near(gram, expected, 1e-14);
      }
    expect(S.clebschGordan(0.5, 0.5, 0.5, -0.5, 1, 0)).toBeCloseTo(Math.SQRT1_2, 15);
    expect(S.clebschGordan(0.5, -0.5, 0.5, 0.5, 0, 0)).toBeCloseTo(-Math.SQRT1_2, 15);
  });
  test("real coefficients couple equivariantly, of even and odd sum", () => {
    for (const [l1, l2, l] of [
      [1, 1, 0],
      [1, 1, 1],
      [1, 1, 2],
      [2, 1, 2],
      [2, 3, 3],
    ] as const) {
      const c = S.realClebschGordan(l1, l2, l);
      const [d1, d2, d] = [l1, l2, l].map((degree) => S.realWignerD(degree, ...angles)) as [
        Tensor,
        Tensor,
        Tensor,
      ];
      const turnedInputs = einsum("ai,bj,abc->ijc", d1, d2, c);
      const turnedOutput = einsum("ijd,cd->ijc", c, d);
      near(turnedInputs, turnedOutput, 1e-13);
      expect(c.square().sum().item()).toBeCloseTo(2 * l + 1, 12);
    }
  });
  test("Gaunt's coefficient is the integral of three harmonics", () => {
    const { nodes, weights } = S.gaussLegendre(8);
    const theta = tensor([...nodes.toTypedArray()].map((x) => Math.acos(x as number)));
    for (const [l1, l2, l3, m1, m2] of [
      [2, 1, 3, 1, -1],
      [2, 2, 2, 2, -1],
      [3, 2, 1, -2, 1],
    ] as const) {
      const product = [
        [l1, m1],
        [l2, m2],
        [l3, -m1 - m2],
      ]
        .map(([l, m]) => S.sphHarm(l!, m!, theta, 0))
        .reduce((a, b) => a.mul(b));
      const integral = product
        .real()
        .mul(weights)
        .sum()
        .mul(2 * Math.PI)
        .item() as number;
      expect(S.gaunt(l1, l2, l3, m1, m2, -m1 - m2)).toBeCloseTo(integral, 13);
    }
  });
  test("selection rules give 0, impossible arguments throw", () => {
    expect(S.wigner3j(1, 1, 3, 0, 0, 0)).toBe(0);
    expect(S.wigner3j(1, 1, 1, 0, 0, 0)).toBe(0);
    expect(S.wigner3j(1, 1, 2, 1, 1, -1)).toBe(0);
    expect(() => S.wigner3j(0.3, 1, 1, 0, 0, 0)).toThrow(/j1: a multiple of 1\/2/);
    expect(() => S.clebschGordan(-1, 0, 1, 0, 1, 0)).toThrow(/j1: at least 0/);
    expect(() => S.wignerd(0.2, 1)).toThrow(/wignerd: l/);
    expect(() => S.realBasisChange(0.5)).toThrow(/realBasisChange: l/);
  });
});
