// Tensors whose ranks are known: functions of the sum of the indices.

import { Tensor } from "../../src/tensor/tensor.ts";

/** 1 / (1 + i + j + …): singular values of its unfoldings fall exponentially. */
export function hilbert(order: number, n: number): Tensor {
  return sumFunction(order, n, (s) => 1 / (1 + s));
}

/** f(i + j + …) on n^order indices. */
export function sumFunction(order: number, n: number, f: (sum: number) => number): Tensor {
  const data = new Float64Array(n ** order);
  for (let i = 0; i < data.length; i++) {
    let sum = 0;
    for (let rest = i; rest > 0; rest = Math.floor(rest / n)) sum += rest % n;
    data[i] = f(sum);
  }
  return new Tensor(data, new Array<number>(order).fill(n), "float64");
}

/** f at 2^levels points of [0, 1), folded to 2 × 2 × …. */
export function quantized(levels: number, f: (x: number) => number): Tensor {
  const n = 2 ** levels;
  return new Tensor(
    Float64Array.from({ length: n }, (_, i) => f(i / n)),
    new Array<number>(levels).fill(2),
    "float64",
  );
}
