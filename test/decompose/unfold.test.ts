import fc from "fast-check";
import { ShapeError } from "polyadic/tensor";
import { describe, expect, it } from "vitest";
import {
  fold,
  khatriRao,
  kronecker,
  modeProduct,
  multiModeProduct,
  unfold,
} from "../../src/decompose/base/unfold.ts";
import { cpRules } from "../../src/decompose/cp/rules.ts";
import { distance, gaussian, plantedCp, REAL_AND_COMPLEX } from "./planted.ts";
import { reference, unpack } from "./reference.ts";

const shapes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 5 });

describe.each(["real", "complex"] as const)("the vocabulary against NumPy, %s", (kind) => {
  const expected = reference[kind];
  const x = unpack(expected.x);
  const factors = expected.factors.map((f) => unpack(f));

  it("unfolds as TensorLy does", () => {
    expected.unfold.forEach((matrix, k) => {
      expect(unfold(x, k).toArray()).toEqual(unpack(matrix).toArray());
      expect(unfold(x, k - 4).toArray()).toEqual(unpack(matrix).toArray());
    });
  });
  it("multiplies column by column", () => {
    expect(distance(unpack(expected.khatriRao), khatriRao(factors.slice(1)))).toBeLessThan(1e-15);
    expect(distance(unpack(expected.kronecker), kronecker([factors[0]!, factors[2]!]))).toBeLessThan(1e-15);
  });
  it("multiplies along a mode", () => {
    const product = modeProduct(x, unpack(expected.matrix), 2);
    expect(product.shape).toEqual(expected.modeProduct.shape);
    expect(distance(unpack(expected.modeProduct), product)).toBeLessThan(1e-14);
  });
});

describe("unfold and fold", () => {
  it("are inverse to each other", () =>
    fc.assert(
      fc.property(shapes, fc.nat(1000), (shape, seed) => {
        const x = gaussian(seed, shape);
        const mode = seed % shape.length;
        expect(fold(unfold(x, mode), mode, shape).toArray()).toEqual(x.toArray());
      }),
      { numRuns: 50 },
    ));
  it("work on transposed views", () => {
    const x = gaussian(1, [3, 4, 5]).transpose([2, 0, 1]);
    expect(fold(unfold(x, 1), 1, x.shape).toArray()).toEqual(x.toArray());
  });
  it("refuse what does not fit", () => {
    expect(() => unfold(gaussian(1, [2, 3]), 2)).toThrow(/unfold: mode/);
    expect(() => fold(gaussian(1, [2, 6]), 0, [2, 5])).toThrow(ShapeError);
  });
});

describe.each(REAL_AND_COMPLEX)("products in %s", (dtype) => {
  it("the unfolding of a CP model is U_k times the Khatri-Rao product of the others", () => {
    const { x, model } = plantedCp(2, [4, 3, 5, 2], 3, dtype);
    model.factors.forEach((u, k) => {
      const others = khatriRao(model.factors.filter((_, j) => j !== k));
      expect(distance(unfold(x, k), u.matmul(others.mT()))).toBeLessThan(1e-13);
    });
    expect(distance(x, cpRules.full(model))).toBe(0);
  });
  it("mode products along different modes commute", () => {
    const x = gaussian(3, [3, 4, 2, 20], dtype);
    const u = gaussian(4, [2, 3], dtype);
    const v = gaussian(5, [5, 2], dtype);
    expect(
      distance(modeProduct(modeProduct(x, u, 0), v, 2), modeProduct(modeProduct(x, v, 2), u, 0)),
    ).toBeLessThan(1e-13);
  });
  it("several mode products are the Kronecker product on the flattened tensor", () => {
    const x = gaussian(6, [3, 2, 4], dtype);
    const matrices = [gaussian(7, [2, 3], dtype), gaussian(8, [3, 2], dtype), gaussian(9, [2, 4], dtype)];
    const flat = kronecker(matrices).matmul(x.reshape([24]));
    expect(distance(flat, multiModeProduct(x, matrices).reshape([12]))).toBeLessThan(1e-13);
    const adjoints = matrices.map((m) => m.mT().conj());
    expect(
      distance(multiModeProduct(x, adjoints, { adjoint: true }), multiModeProduct(x, matrices)),
    ).toBeLessThan(1e-13);
    expect(distance(modeProduct(x, matrices[1]!, 1), multiModeProduct(x, [null, matrices[1]!, null]))).toBe(
      0,
    );
  });
});

it("refuses matrices that do not fit", () => {
  const x = gaussian(1, [2, 3]);
  expect(() => modeProduct(x, gaussian(1, [2, 4]), 1)).toThrow(/\[m, 3\]/);
  expect(() => multiModeProduct(x, [null])).toThrow(ShapeError);
  expect(() => khatriRao([])).toThrow(/at least one/);
  expect(() => khatriRao([x, gaussian(1, [4, 2])])).toThrow(ShapeError);
  expect(() => kronecker([])).toThrow(/at least one/);
});
