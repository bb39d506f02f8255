// Wigner's matrices of rotations in the convention z-y-z, D(α, β, γ) = e^(-iαJz) e^(-iβJy) e^(-iγJz). d(β) is a trigonometric polynomial
// with the elements of d(π/2) as coefficients, which stays accurate for every degree and can be differentiated (Edmonds 1957, section 4.5).

import { complexFrom } from "../../ops/complex.ts";
import { matmul } from "../../ops/contract.ts";
import { cos, sin } from "../../ops/transcendental.ts";
import { complex } from "../../tensor/complex.ts";
import { tensor } from "../../tensor/create.ts";
import type { Tensor, TensorLike } from "../../tensor/tensor.ts";
import { alignFloats } from "../elementwise.ts";
import { checkDegree } from "../polynomials/families.ts";
import { clebschGordan } from "./coupling.ts";
import { bigBinomial, bigFactorial, checkMomenta, signedRoot } from "./exact.ts";

const projections = (l: number): number[] => Array.from({ length: 2 * l + 1 }, (_, i) => i - l);

/** dˡ(π/2), rows m' and columns m: exact sums of products of binomials. O(l³) big integers. */
function quarterTurn(l: number): number[][] {
  const power = 1n << BigInt(2 * l);
  return projections(l).map((row) =>
    projections(l).map((column) => {
      let sum = 0n;
      for (let s = Math.max(0, column - row); s <= Math.min(l + column, l - row); s++) {
        const term = bigBinomial(l + column, s) * bigBinomial(l - column, l - row - s);
        sum += (row - column + s) % 2 === 0 ? term : -term;
      }
      const top = bigFactorial(l + row) * bigFactorial(l - row);
      const bottom = bigFactorial(l + column) * bigFactorial(l - column);
      return signedRoot(sum, top, bottom * power);
    }),
  );
}

/** Fourier coefficients of d(β) for the last degrees: rows cos kβ, then sin kβ; columns (m', m). */
const fourier = new Map<number, Tensor>();

/**
 * d_{m'm}(β) = Σₖ Δ_{km'} Δ_{km} cos(kβ - (m' - m)π/2) with Δ = d(π/2), of which the terms of k and -k are alike.
 */
function fourierCoefficients(l: number): Tensor {
  const known = fourier.get(l);
  if (known) return known;
  const delta = quarterTurn(l);
  const size = 2 * l + 1;
  // The cosine and sine of whole quarter turns.
  const quarterCos = (n: number): number => [1, 0, -1, 0][((n % 4) + 4) % 4]!;
  const quarterSin = (n: number): number => [0, 1, 0, -1][((n % 4) + 4) % 4]!;
  const rows = (phase: (n: number) => number): number[][] =>
    delta.map((row) => {
      const list: number[] = [];
      for (let i = 0; i < size; i++)
        for (let j = 0; j < size; j++) list.push(row[i]! * row[j]! * phase(i - j));
      return list;
    });
  const coefficients = tensor([...rows(quarterCos), ...rows(quarterSin)]);
  fourier.set(l, coefficients);
  return coefficients;
}

/**
 * Wigner's small matrix dˡ(β) at angles `[...s]`, as `[...s, 2l + 1, 2l + 1]` with rows m' and columns m from -l to l. l may be a half.
 * Differentiable. O(l³) per angle. Throws DomainError unless l is 0, 1/2, 1 …
 */
export function wignerd(l: number, beta: TensorLike): Tensor {
  checkMomenta({ l }, "wignerd");
  const [angle] = alignFloats([beta]) as [Tensor];
  const size = 2 * l + 1;
  const multiples = angle.expandDims(-1).mul(tensor(projections(l), { dtype: angle.dtype }));
  const coefficients = fourierCoefficients(l).astype(angle.dtype);
  const flat = matmul(cos(multiples).reshape([-1, size]), coefficients.at({ stop: size })).add(
    matmul(sin(multiples).reshape([-1, size]), coefficients.at({ start: size })),
  );
  return flat.reshape([...angle.shape, size, size]);
}

/**
 * Wigner's matrix Dˡ(α, β, γ) with elements e^(-im'α) d_{m'm}(β) e^(-imγ), complex `[...s, 2l + 1, 2l + 1]` for angles that broadcast
 * to `[...s]`. Unitary. Throws as `wignerd`.
 */
export function wignerD(l: number, alpha: TensorLike, beta: TensorLike, gamma: TensorLike): Tensor {
  checkMomenta({ l }, "wignerD");
  const [a, b, c] = alignFloats([alpha, beta, gamma]) as [Tensor, Tensor, Tensor];
  const d = wignerd(l, b);
  const m = tensor(projections(l), { dtype: a.dtype });
  const phase = a.expandDims(-1).mul(m).expandDims(-1).add(c.expandDims(-1).mul(m).expandDims(-2));
  return complexFrom(d.mul(cos(phase)), d.mul(sin(phase)).neg());
}

/** Row m of the real harmonics in the complex ones, as pairs [m', coefficient]. */
function realRow(m: number): readonly (readonly [number, { re: number; im: number }])[] {
  const half = Math.SQRT1_2;
  if (m === 0) return [[0, complex(1, 0)]];
  const order = Math.abs(m);
  const sign = order % 2 === 0 ? 1 : -1;
  // √2 Re and √2 Im of (-1)^m Y_lm.
  if (m > 0)
    return [
      [order, complex(sign * half, 0)],
      [-order, complex(half, 0)],
    ];
  return [
    [order, complex(0, -sign * half)],
    [-order, complex(0, half)],
  ];
}

/**
 * The unitary matrix that takes complex spherical harmonics of degree l to the real ones: `realSphHarm = C · sphHarm`, complex128
 * `[2l + 1, 2l + 1]`, rows and columns from -l to l. Throws DomainError unless l is an integer >= 0.
 */
export function realBasisChange(l: number): Tensor {
  checkDegree(l, "realBasisChange: l");
  return tensor(
    projections(l).map((m) => {
      const row = projections(l).map(() => complex(0, 0));
      for (const [column, value] of realRow(m)) row[column + l] = value;
      return row;
    }),
  );
}

/**
 * The orthogonal matrix that rotates real spherical harmonics: Y(R r) = D Y(r) for R = Rz(α) Ry(β) Rz(γ), real `[...s, 2l + 1, 2l + 1]`.
 * Throws DomainError unless l is an integer >= 0.
 */
export function realWignerD(l: number, alpha: TensorLike, beta: TensorLike, gamma: TensorLike): Tensor {
  checkDegree(l, "realWignerD: l");
  const d = wignerD(l, alpha, beta, gamma);
  const change = realBasisChange(l).astype(d.dtype);
  // Complex harmonics turn with conj(D).
  return matmul(matmul(change, d.conj()), change.conj().mT()).real();
}

/**
 * Clebsch-Gordan coefficients between real spherical harmonics, `[2l₁ + 1, 2l₂ + 1, 2l + 1]`: with them the product of two vectors that turn by
 * `realWignerD` turns likewise. Of unit norm for every m of the third. Throws DomainError unless all are integers >= 0.
 */
export function realClebschGordan(l1: number, l2: number, l: number): Tensor {
  for (const [name, value] of Object.entries({ l1, l2, l })) checkDegree(value, `realClebschGordan: ${name}`);
  // C₁ C₂ conj(C) applied to the complex coefficients is real for even l₁ + l₂ + l and imaginary for odd.
  const isOdd = (l1 + l2 + l) % 2 === 1;
  return tensor(
    projections(l1).map((a) =>
      projections(l2).map((b) =>
        projections(l).map((c) => {
          let sum = 0;
          for (const [m1, u] of realRow(a))
            for (const [m2, v] of realRow(b))
              for (const [m, w] of realRow(c)) {
                if (m1 + m2 !== m) continue;
                const re = u.re * v.re - u.im * v.im;
                const im = u.re * v.im + u.im * v.re;
                // Times conj(w).
                const part = isOdd ? im * w.re - re * w.im : re * w.re + im * w.im;
                if (part !== 0) sum += part * clebschGordan(l1, m1, l2, m2, l, m);
              }
          return sum;
        }),
      ),
    ),
  );
}
