// Tensors of known structure, and distances.

import { type Key, key as makeKey, normal, uniform } from "polyadic/random";
import type { DType, Tensor } from "polyadic/tensor";
import { ones } from "polyadic/tensor";
import { frobenius } from "../../src/decompose/base/frobenius.ts";
import { cpRules } from "../../src/decompose/cp/rules.ts";
import { tuckerRules } from "../../src/decompose/tucker/rules.ts";
import type { CP, Tucker } from "../../src/decompose/types.ts";
import { foldIn } from "../../src/random/key.ts";

export const REAL_AND_COMPLEX: readonly DType[] = ["float64", "complex128"];
export const ALL_DTYPES: readonly DType[] = ["float64", "complex128", "float32", "complex64"];

/** Machine precision as a share that sums of a few thousand terms keep. */
export const roundoff = (dtype: DType): number =>
  dtype === "float32" || dtype === "complex64" ? 2e-5 : 1e-12;

/** ‖a − b‖ / ‖a‖, or ‖b‖ when a is zero. */
export function distance(a: Tensor, b: Tensor): number {
  const scale = frobenius(a.contiguous());
  return frobenius(a.sub(b).contiguous()) / (scale || 1);
}

const drawing = (seed: number): ((shape: readonly number[], dtype: DType) => Tensor) => {
  const from: Key = makeKey(seed);
  let count = 0;
  return (shape, dtype) => normal(foldIn(from, count++), shape, { dtype });
};

export const gaussian = (seed: number, shape: readonly number[], dtype: DType = "float64"): Tensor =>
  drawing(seed)(shape, dtype);

/** Factors with entries from 0 to 1. */
export const positive = (seed: number, shape: readonly number[]): Tensor => uniform(makeKey(seed), shape);

export function plantedCp(
  seed: number,
  shape: readonly number[],
  rank: number,
  dtype: DType = "float64",
): { x: Tensor; model: CP } {
  const draw = drawing(seed);
  const model: CP = {
    kind: "cp",
    weights: ones([rank], dtype),
    factors: shape.map((n) => draw([n, rank], dtype)),
  };
  return { x: cpRules.full(model), model };
}

export function plantedTucker(
  seed: number,
  shape: readonly number[],
  ranks: readonly number[],
  dtype: DType = "float64",
): { x: Tensor; model: Tucker } {
  const draw = drawing(seed);
  const model: Tucker = {
    kind: "tucker",
    core: draw(ranks, dtype),
    factors: shape.map((n, k) => draw([n, ranks[k]!], dtype)),
  };
  return { x: tuckerRules.full(model), model };
}

/** x plus normal noise of the given share of its norm. */
export function noisy(x: Tensor, share: number, seed: number): Tensor {
  const noise = gaussian(seed, x.shape, x.dtype);
  return x.add(noise.mul((share * frobenius(x)) / frobenius(noise)));
}
