// Expressions of well-known operators, at any size.

import { apply, type Expression, expression, input, read } from "polyadic/compiler";

const range = (name: string, to: number) => ({ name, from: 0, to });

/** Convolution of `[1, n, n, c]` with `[k, k, f, c]`, padded to keep its size. */
export function convolution(n: number, c: number, f: number, k: number): Expression {
  const p = (k - 1) / 2;
  return expression({
    loops: [range("n", 1), range("h", n), range("w", n), range("f", f)],
    sums: [range("c", c), range("r", k), range("s", k)],
    body: apply(
      "mul",
      read(input("A", [1, n, n, c]), "n", `h + r - ${p}`, `w + s - ${p}`, "c"),
      read(input("K", [k, k, f, c]), "r", "s", "f", "c"),
    ),
    pads: { A: [0, p, p, 0] },
  });
}

/** Transposed convolution with windows of 4 and stride 2, to twice the size. */
export const transposedConvolution = (n: number, c: number, f: number): Expression =>
  expression({
    loops: [range("n", 1), range("h", 2 * n), range("w", 2 * n), range("f", f)],
    sums: [range("c", c), range("r", 4), range("s", 4)],
    body: apply(
      "mul",
      read(input("A", [1, n, n, c]), "n", "(h - r + 1) / 2", "(w - s + 1) / 2", "c"),
      read(input("K", [4, 4, f, c]), "r", "s", "f", "c"),
    ),
    pads: { A: [0, 1, 1, 0] },
  });

/** Each row of Q times the rows of K that are up to `width` steps of `dilation` before and after it. */
export const band = (
  batch: number,
  length: number,
  width: number,
  depth: number,
  dilation: number,
): Expression =>
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

export const product = (m: number, k: number, n: number, weights = "W"): Expression =>
  expression({
    loops: [range("m", m), range("n", n)],
    sums: [range("k", k)],
    body: apply("mul", read(input("X", [m, k]), "m", "k"), read(input(weights, [k, n]), "k", "n")),
  });
