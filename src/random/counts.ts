// Poisson and binomial numbers: by inversion for small means, else by Hörmann's transformed rejection with squeeze, "The transformed
// rejection method for generating Poisson random variables" (1993) and "The generation of binomial random variates" (1993).

import { lgamma } from "../special/gamma/gammaKernel.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Tensor, TensorLike } from "../tensor/tensor.ts";
import { unitUniform } from "./bits.ts";
import { commonShape, elementPrimitive, parameter, type Stream } from "./elements.ts";
import type { Key } from "./key.ts";

/** Below this mean the sum of probabilities up to the draw has few terms. */
const SMALL = 10;
/** The largest integer of int32 is beyond reach of a Poisson variable of this mean. */
const LARGEST_RATE = 2 ** 31 - 2 ** 20;

function drawPoisson(stream: Stream, rate: number): number {
  if (rate < SMALL) {
    const u = stream.uniform();
    let probability = Math.exp(-rate);
    let sum = probability;
    let k = 0;
    // The sum ends below u only by rounding, far in the tail.
    while (u > sum && k < 1000) {
      k += 1;
      probability *= rate / k;
      sum += probability;
    }
    return k < 1000 ? k : Math.round(rate);
  }
  const logRate = Math.log(rate);
  const b = 0.931 + 2.53 * Math.sqrt(rate);
  const a = -0.059 + 0.02483 * b;
  const inverseAlpha = 1.1239 + 1.1328 / (b - 3.4);
  const squeeze = 0.9277 - 3.6224 / (b - 2);
  for (;;) {
    const u = stream.uniform() - 0.5;
    const v = stream.uniform();
    const distance = 0.5 - Math.abs(u);
    const k = Math.floor(((2 * a) / distance + b) * u + rate + 0.43);
    if (distance >= 0.07 && v <= squeeze) return k;
    if (k < 0 || (distance < 0.013 && v > distance)) continue;
    const bound = k * logRate - rate - lgamma(k + 1);
    if (Math.log((v * inverseAlpha) / (a / (distance * distance) + b)) <= bound) return k;
  }
}

function drawBinomial(stream: Stream, n: number, p: number): number {
  if (p > 0.5) return n - drawBinomial(stream, n, 1 - p);
  if (n === 0 || p === 0) return 0;
  const odds = p / (1 - p);
  if (n * p < SMALL) {
    const u = stream.uniform();
    let probability = Math.exp(n * Math.log1p(-p));
    let sum = probability;
    let k = 0;
    while (u > sum && k < n) {
      k += 1;
      probability *= (odds * (n - k + 1)) / k;
      sum += probability;
      if (probability < 1e-20 * sum) break;
    }
    return k;
  }
  const deviation = Math.sqrt(n * p * (1 - p));
  const b = 1.15 + 2.53 * deviation;
  const a = -0.0873 + 0.0248 * b + 0.01 * p;
  const center = n * p + 0.5;
  const alpha = (2.83 + 5.1 / b) * deviation;
  const squeeze = 0.92 - 4.2 / b;
  const mode = Math.floor((n + 1) * p);
  const logOdds = Math.log(odds);
  const atMode = lgamma(mode + 1) + lgamma(n - mode + 1);
  for (;;) {
    const u = stream.uniform() - 0.5;
    const v = stream.uniform();
    const distance = 0.5 - Math.abs(u);
    const k = Math.floor(((2 * a) / distance + b) * u + center);
    if (distance >= 0.07 && v <= squeeze) return k;
    if (k < 0 || k > n) continue;
    const bound = atMode - lgamma(k + 1) - lgamma(n - k + 1) + (k - mode) * logOdds;
    if (Math.log((v * alpha) / (a / (distance * distance) + b)) <= bound) return k;
  }
}

const poissonDraw = elementPrimitive("randomPoisson", "poisson", {
  parameters: [
    {
      name: "rate",
      expected: `a number from 0 to ${LARGEST_RATE}`,
      accept: (x) => x >= 0 && x <= LARGEST_RATE,
    },
  ],
  dtype: "int32",
  draw: drawPoisson,
});

const PROBABILITY = {
  name: "p",
  expected: "a number from 0 to 1",
  accept: (x: number) => x >= 0 && x <= 1,
};

const binomialDraw = elementPrimitive("randomBinomial", "binomial", {
  parameters: [
    {
      name: "n",
      expected: "an integer from 0 to 2^31 - 1",
      accept: (x) => Number.isInteger(x) && x >= 0 && x < 2 ** 31,
    },
    PROBABILITY,
  ],
  dtype: "int32",
  draw: drawBinomial,
});

/** What draws of integers take. */
export interface CountOptions {
  /** Of the draws: parameters broadcast to it. The shape in which the parameters meet unless told. */
  readonly shape?: Shape;
}

/**
 * Poisson numbers of mean `rate`, as int32. Without derivatives. O(size), whatever the rate is. Throws DomainError unless
 * 0 <= rate <= 2^31 - 2^20; ShapeError when it does not broadcast to `shape`.
 */
export const poisson = (from: Key, rate: TensorLike, { shape }: CountOptions = {}): Tensor =>
  poissonDraw(from, [rate], shape);

/**
 * Numbers of successes in `n` trials that succeed with probability `p`, as int32. Without derivatives. O(size), whatever n is. Throws
 * DomainError unless n is an integer >= 0 below 2^31 and 0 <= p <= 1; ShapeError when they do not broadcast to `shape`.
 */
export const binomial = (from: Key, n: TensorLike, p: TensorLike, { shape }: CountOptions = {}): Tensor =>
  binomialDraw(from, [n, p], shape);

/** True with probability `p`, as bool. O(size). Throws DomainError unless 0 <= p <= 1. */
export function bernoulli(from: Key, p: TensorLike, { shape }: CountOptions = {}): Tensor {
  const x = parameter("bernoulli", PROBABILITY, p);
  return unitUniform(from, { shape: commonShape("bernoulli", [x], shape) }).less(x);
}
