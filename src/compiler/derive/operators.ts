// Well-known operators as expressions: what a derivation begins with.

import type { Range } from "./affine.ts";
import { apply, type Expression, expression, input, read } from "./expression.ts";

const range = (name: string, to: number): Range => ({ name, from: 0, to });

export interface ConvolutionSizes {
  readonly length: number;
  readonly channels: number;
  readonly features: number;
  /** Odd. */
  readonly window: number;
}

/** A `[1, n, n, C]` convolved with K `[k, k, F, C]`, padded to keep its size. */
export function convolutionExpression({ length, channels, features, window }: ConvolutionSizes): Expression {
  const pad = (window - 1) / 2;
  return expression({
    loops: [range("n", 1), range("h", length), range("w", length), range("f", features)],
    sums: [range("c", channels), range("r", window), range("s", window)],
    body: apply(
      "mul",
      read(input("A", [1, length, length, channels]), "n", `h + r - ${pad}`, `w + s - ${pad}`, "c"),
      read(input("K", [window, window, features, channels]), "r", "s", "f", "c"),
    ),
    pads: { A: [0, pad, pad, 0] },
  });
}

/** A `[1, n, n, C]` by the transpose of a convolution with windows of 4 and stride 2: `[1, 2n, 2n, F]`. */
export const transposedConvolutionExpression = ({
  length,
  channels,
  features,
}: Omit<ConvolutionSizes, "window">): Expression =>
  expression({
    loops: [range("n", 1), range("h", 2 * length), range("w", 2 * length), range("f", features)],
    sums: [range("c", channels), range("r", 4), range("s", 4)],
    body: apply(
      "mul",
      read(input("A", [1, length, length, channels]), "n", "(h - r + 1) / 2", "(w - s + 1) / 2", "c"),
      read(input("K", [4, 4, features, channels]), "r", "s", "f", "c"),
    ),
    pads: { A: [0, 1, 1, 0] },
  });

export interface BandSizes {
  readonly batch: number;
  readonly length: number;
  /** Rows to either side. */
  readonly width: number;
  readonly depth: number;
  /** Rows from one to the next. */
  readonly dilation: number;
}

/** Products of each row of Q `[b, l, d]` with the rows of K around it: `[b, l, 2 · width + 1]`. */
export const bandExpression = ({ batch, length, width, depth, dilation }: BandSizes): Expression =>
  expression({
    loops: [range("b", batch), range("i", length), range("w", 2 * width + 1)],
    sums: [range("k", depth)],
    body: apply(
      "mul",
      read(input("Q", [batch, length, depth]), "b", "i", "k"),
      read(input("K", [batch, length, depth]), "b", `i + ${dilation}*w - ${dilation * width}`, "k"),
    ),
    pads: { K: [0, dilation * width, 0] },
  });

/** X `[m, k]` times a matrix `[k, n]` called `weights`. */
export const productExpression = (m: number, k: number, n: number, weights = "W"): Expression =>
  expression({
    loops: [range("m", m), range("n", n)],
    sums: [range("k", k)],
    body: apply("mul", read(input("X", [m, k]), "m", "k"), read(input(weights, [k, n]), "k", "n")),
  });
