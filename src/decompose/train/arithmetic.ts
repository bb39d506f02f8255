// Arithmetic of tensor trains under the names that the literature gives it; the formulas are those of formats/tt.ts.

import { matmul } from "../../ops/contract.ts";
import type { Complex } from "../../tensor/complex.ts";
import { DomainError } from "../../tensor/errors.ts";
import { normalizeAxis } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { scalarOf } from "../base/scalars.ts";
import type { TT } from "../types.ts";
import { ttRules } from "./rules.ts";
import { absorbLeft, absorbRight } from "./tt.ts";

/**
 * a + b, whose ranks are the sums of theirs. Throws ShapeError when the shapes differ. O(parameters); round the
 * result with `ttRound`.
 */
export const ttAdd = (a: TT, b: TT): TT => ttRules.add(a, b);

/** Entry-wise product, whose ranks are the products of theirs. Throws ShapeError when the shapes differ. O(Σ n r⁴). */
export const ttHadamard = (a: TT, b: TT): TT => ttRules.hadamard(a, b);

/** ⟨a, b⟩ = Σ conj(a)·b. Throws ShapeError when the shapes differ. O(Σ n r³). */
export const ttInner = (a: TT, b: TT): number | Complex => ttRules.inner(a, b);

/**
 * Frobenius norm by orthogonalization: accurate where √⟨x, x⟩ of a difference would have lost its digits. O(Σ n r³).
 */
export const ttNorm = (train: TT): number => ttRules.norm(train);

/**
 * The sum of all entries as a number, or the train of sums over some modes, which disappear. O(Σ n r² + Σ r³).
 *
 * @throws ShapeError for a mode out of range; DomainError when every mode is named (leave `modes` out for the number).
 */
export function ttSum(train: TT): number | Complex;
export function ttSum(train: TT, modes: readonly number[]): TT;
export function ttSum(train: TT, modes?: readonly number[]): TT | number | Complex {
  const order = train.cores.length;
  const summed = new Set(
    modes?.map((mode) => normalizeAxis(mode, order, "ttSum: mode")) ?? train.cores.keys(),
  );
  if (modes && summed.size === order)
    throw new DomainError("ttSum: no mode would be left; leave `modes` out to get the sum as a number");
  const cores: Tensor[] = [];
  // The product of summed cores that waits for the next one kept.
  let waiting: Tensor | null = null;
  train.cores.forEach((core, k) => {
    if (summed.has(k)) {
      const matrix = core.sum({ axis: 1 });
      waiting = waiting ? matmul(waiting, matrix) : matrix;
    } else {
      cores.push(waiting ? absorbLeft(waiting, core) : core);
      waiting = null;
    }
  });
  if (cores.length === 0) return scalarOf(waiting!);
  if (waiting) cores.push(absorbRight(cores.pop()!, waiting));
  return { kind: "tt", cores };
}
