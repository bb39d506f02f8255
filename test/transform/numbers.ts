// Plain arithmetic for checks of rules: elements as float64 numbers, apart from the operations under test.
import { type DType, dtypeInfo, Tensor } from "polyadic";
import { astype } from "polyadic/ops";

/** A dtype of the same kind without rounding worth speaking of. */
export function wideDType(dtype: DType): DType {
  const { kind } = dtypeInfo(dtype);
  return kind === "complex" ? "complex128" : kind === "float" ? "float64" : dtype;
}

export const widen = (x: Tensor): Tensor => astype(x, wideDType(x.dtype));

/** The elements; complex ones take two entries. */
export const numbersOf = (x: Tensor): Float64Array =>
  Float64Array.from(astype(x, dtypeInfo(x.dtype).kind === "complex" ? "complex128" : "float64").data());

/** A float64 or complex128 tensor like `x` with other elements. */
export const withNumbers = (x: Tensor, numbers: Float64Array): Tensor =>
  new Tensor(numbers, x.shape, wideDType(x.dtype));

/** x + Σ factor · direction */
export function displaced(
  x: Tensor,
  directions: readonly { readonly factor: number; readonly direction: Tensor | null }[],
): Tensor {
  const sum = numbersOf(x);
  for (const { factor, direction } of directions)
    if (direction)
      numbersOf(direction).forEach((value, i) => {
        sum[i]! += factor * value;
      });
  return withNumbers(x, sum);
}

/** Re Σ a·b and Σ |a·b|, without conjugation. */
export function pairing(a: Tensor, b: Tensor): { value: number; size: number } {
  const x = numbersOf(a);
  const y = numbersOf(b);
  const sign = dtypeInfo(a.dtype).kind === "complex" ? -1 : 1;
  let value = 0;
  let size = 0;
  x.forEach((entry, i) => {
    const product = entry * y[i]!;
    value += i % 2 === 1 ? sign * product : product;
    size += Math.abs(product);
  });
  return { value, size };
}

/** A tensor like `x` with random elements between -1 and 1. */
export function randomLike(x: { shape: Tensor["shape"]; dtype: DType }, random: () => number): Tensor {
  const wide = wideDType(x.dtype);
  const count = x.shape.reduce((size, n) => size * n, dtypeInfo(wide).width);
  const data = Float64Array.from({ length: count }, () => 2 * random() - 1);
  return astype(new Tensor(data, x.shape, wide), x.dtype);
}

/** All ways to choose at least one. */
export const subsets = <T>(items: readonly T[]): T[][] =>
  Array.from({ length: 2 ** items.length - 1 }, (_, k) =>
    items.filter((_item, i) => Math.floor((k + 1) / 2 ** i) % 2 === 1),
  );

/**
 * Weights of the samples at `points` in the coefficients of the polynomial through them: `weights[k][j]` is what sample
 * j adds to the coefficient of tᵏ.
 */
export function polynomialWeights(points: readonly number[], order: number): number[][] {
  const bases = points.map((own) => {
    let coefficients = [1];
    for (const other of points) {
      if (other === own) continue;
      const next = new Array<number>(coefficients.length + 1).fill(0);
      coefficients.forEach((c, k) => {
        next[k + 1]! += c / (own - other);
        next[k]! -= (c * other) / (own - other);
      });
      coefficients = next;
    }
    return coefficients;
  });
  return Array.from({ length: order + 1 }, (_, k) => bases.map((coefficients) => coefficients[k]!));
}
