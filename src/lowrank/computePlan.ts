// What a structured layer costs against the dense one.

import { type Factor, planStructure, type Structure } from "../nn/base/structures.ts";

export interface ComputePlanOptions {
  /** Of inputs and outputs; or `in` and `out`. */
  readonly width?: number;
  readonly in?: number;
  readonly out?: number;
  readonly structure: Structure;
  /** Of "low-rank", "tt" and "btt"; blocks of "monarch". */
  readonly rank?: number;
  readonly cores?: number;
}

export interface ComputePlan {
  readonly in: number;
  readonly out: number;
  readonly factors: readonly Factor[];
  /** Multiplications (with an addition each) for one row, and numbers. */
  readonly flops: number;
  readonly params: number;
  readonly denseFlops: number;
  /** denseFlops / flops */
  readonly savings: number;
  /** The width of a square dense layer of as many multiplications. */
  readonly equalDenseWidth: number;
}

/**
 * What a structured linear layer costs, without making it: shapes of its factors, multiplications for one row, and the dense
 * layer of the same cost. Throws what `structuredLinear` of polyadic/nn throws.
 */
export function computePlan(options: ComputePlanOptions): ComputePlan {
  const { width, structure, rank, cores } = options;
  const plan = planStructure("computePlan", {
    in: options.in ?? width ?? Number.NaN,
    out: options.out ?? width ?? Number.NaN,
    structure,
    ...(rank === undefined ? {} : { rank }),
    ...(cores === undefined ? {} : { cores }),
  });
  const denseFlops = plan.in * plan.out;
  return {
    in: plan.in,
    out: plan.out,
    factors: plan.factors,
    flops: plan.flops,
    params: plan.params,
    denseFlops,
    savings: denseFlops / plan.flops,
    equalDenseWidth: Math.sqrt(plan.flops),
  };
}
