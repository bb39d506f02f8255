// An orthogonal sparsifying transform learned from a stream, by stochastic Frank-Wolfe with averaged gradients. Source: Xue, Lau,
// Cai, "Online orthogonal dictionary learning based on Frank-Wolfe method" (2021); the constants of the steps are our own.

import { eigh } from "../../linalg/spectral/eigh.ts";
import type { Key } from "../../random/key.ts";
import { orthogonal } from "../../random/matrices.ts";
import { checkCount } from "../../tensor/check.ts";
import { zeros } from "../../tensor/create.ts";
import { DomainError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkSamples, cubicGradient, isZero } from "./dictionary.ts";
import { nearestOrthogonal } from "./nearestOrthogonal.ts";

export interface OnlineDictionaryOptions {
  /** Numbers in a sample. */
  readonly dimension: number;
  /** Steps fall like this power of the batches seen; 0.75 unless told. */
  readonly stepPower?: number;
  /** The share of a new gradient in the average falls like this power; 0.5 unless told. */
  readonly averagePower?: number;
  /** A constant share in place of that power, in (0, 1]: for dictionaries that drift (0.05, say); 1 is no averaging. */
  readonly averageRate?: number;
  /** A constant step in place of that power, in (0, 1]; with both at 1, each batch alone makes the dictionary. */
  readonly stepRate?: number;
  /** "online" multiplies samples by the inverse root of their running second moment first; "none" unless told. */
  readonly whiten?: "none" | "online";
}

/** What is kept of a stream: no samples. */
export interface OnlineDictionaryState {
  /** `[n, n]`, in the unit ball of the spectral norm. */
  readonly relaxed: Tensor;
  /** `[n, n]`: averaged gradient. */
  readonly average: Tensor;
  /** Batches that counted. */
  readonly steps: number;
  /** Batches of nothing but zeros. */
  readonly skipped: number;
  /** `[n, n]`: mean of y yᵀ, for `whiten: "online"`. */
  readonly moment: Tensor | null;
  /** Samples that went into it. */
  readonly samples: number;
}

/** Learning from a stream: a state that takes one batch after the other. */
export interface OnlineDictionary {
  init(key: Key): OnlineDictionaryState;
  /** The state after a batch `[n, b]`. */
  push(state: OnlineDictionaryState, batch: Tensor): OnlineDictionaryState;
  /** The orthogonal dictionary `[n, n]`, of whitened samples where they are whitened. */
  dictionary(state: OnlineDictionaryState): Tensor;
  /** `[n, n]`: what samples are multiplied by first; null without whitening. */
  whitener(state: OnlineDictionaryState): Tensor | null;
}

/** ρ = min(1, 4 / (t + 8)^averagePower), γ = min(1, 2 / (t + 2)^stepPower) */
const AVERAGE = { numerator: 4, offset: 8 };
const STEP = { numerator: 2, offset: 2 };
/** Directions with less than this share of the largest second moment count as never seen. */
const FLAT = 1e-10;

/**
 * Learns an orthogonal D with y = D x for sparse x from batches of y: Q climbs E ‖Qᵀ y‖₃³ over the unit ball of the spectral
 * norm, each step towards the orthogonal matrix nearest to the averaged gradient. The average is what makes small batches do; one
 * sample at a time is enough. Samples should be centred and white. Memory 2 n² numbers (3 n² with whitening), O(n² b + n³) a batch.
 *
 * `push` throws ShapeError for a batch that is not `[n, b]`, DTypeError for anything but float32 and float64 and DomainError for
 * values that are not finite; a batch of zeros is skipped and counted.
 *
 * @throws DomainError for options out of range.
 */
export function onlineOrthogonalDictionary(options: OnlineDictionaryOptions): OnlineDictionary {
  const name = "onlineOrthogonalDictionary";
  const {
    dimension: n,
    stepPower = 0.75,
    averagePower = 0.5,
    averageRate,
    stepRate,
    whiten = "none",
  } = options;
  checkCount(`${name}: dimension`, n);
  for (const [option, power] of Object.entries({ stepPower, averagePower }))
    if (!(power > 0 && power <= 1))
      throw new DomainError(`${name}: ${option}: a number from above 0 to 1 was expected, got ${power}`);
  for (const [option, rate] of Object.entries({ averageRate, stepRate }))
    if (rate !== undefined && !(rate > 0 && rate <= 1))
      throw new DomainError(`${name}: ${option}: a number from above 0 to 1 was expected, got ${rate}`);
  if (whiten !== "none" && whiten !== "online")
    throw new DomainError(`${name}: whiten: "none" or "online" was expected, got ${String(whiten)}`);
  const falling = ({ numerator, offset }: typeof STEP, t: number, power: number): number =>
    Math.min(1, numerator / (t + offset) ** power);
  return {
    init: (key) => ({
      relaxed: orthogonal(key, n),
      average: zeros([n, n]),
      steps: 0,
      skipped: 0,
      moment: whiten === "online" ? zeros([n, n]) : null,
      samples: 0,
    }),
    push: (state, batch) => {
      const given = checkSamples(batch, `${name}: batch`, n);
      if (isZero(given)) return { ...state, skipped: state.skipped + 1 };
      const steps = state.steps + 1;
      const seen = withMoment(state, given);
      const y = seen.moment ? inverseRoot(seen.moment).matmul(given) : given;
      const rho = averageRate ?? falling(AVERAGE, steps, averagePower);
      const gamma = stepRate ?? falling(STEP, steps, stepPower);
      const average = mix(state.average, cubicGradient(state.relaxed, y), rho);
      // Samples orthogonal to every column give no gradient, and no direction.
      const relaxed = isZero(average) ? state.relaxed : mix(state.relaxed, nearestOrthogonal(average), gamma);
      return { ...state, ...seen, relaxed, average, steps };
    },
    dictionary: ({ relaxed }) => nearestOrthogonal(relaxed),
    whitener: ({ moment, samples }) => (moment && samples > 0 ? inverseRoot(moment) : null),
  };
}

const mix = (old: Tensor, fresh: Tensor, share: number): Tensor => old.mul(1 - share).add(fresh.mul(share));

/** The mean of y yᵀ with a batch more. */
function withMoment(
  { moment, samples }: OnlineDictionaryState,
  y: Tensor,
): { moment: Tensor | null; samples: number } {
  const b = y.shape[1]!;
  if (!moment) return { moment, samples: samples + b };
  const fresh = y.matmul(y.mT()).div(b);
  return { moment: mix(moment, fresh, b / (samples + b)), samples: samples + b };
}

/** M^(−1/2) where samples were seen. */
function inverseRoot(moment: Tensor): Tensor {
  const { values, vectors } = eigh(moment);
  const sizes = values.data();
  const top = sizes[sizes.length - 1]!;
  const roots = values.maximum(FLAT * top).pow(-0.5);
  return vectors.mul(roots).matmul(vectors.mT());
}
