// Products of a sparse matrix with dense columns, and their adjoint in the values: the dense product sampled at the
// places of the pattern.

import { bindOne } from "../../ops/bind.ts";
import { definePrimitive, type Primitive } from "../../ops/primitive.ts";
import { batchAll, bilinear, isOpen } from "../../ops/rules.ts";
import type { DType } from "../../tensor/dtype.ts";
import { isComplex } from "../../tensor/dtype.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { multiplyRows, multiplyTransposed, sampleProduct, type Width } from "../kernels/product.ts";
import { asColumns, overLeading } from "./leading.ts";
import type { Pattern } from "./pattern.ts";

/** The dtypes that sparse matrices compute in. */
export const SPARSE_DTYPES: readonly DType[] = ["float32", "float64", "complex64", "complex128"];

export const widthOf = (dtype: DType): Width => (isComplex(dtype) ? 2 : 1);

export interface ProductParams {
  readonly pattern: Pattern;
  /** Multiplies by the transpose. */
  readonly transposed: boolean;
}

const summary = ({ pattern, transposed }: ProductParams): Readonly<Record<string, unknown>> => ({
  rows: pattern.rows,
  columns: pattern.columns,
  nnz: pattern.nnz,
  transposed,
});

/** Operands: values `[…, nnz]` and x `[…, n, k]` with equal leading axes and one dtype; result `[…, m, k]`. */
export const sparseProductP: Primitive<ProductParams> = definePrimitive<ProductParams>({
  name: "sparseProduct",
  dtypes: SPARSE_DTYPES,
  abstractEval: ([, x], { pattern, transposed }) => [
    {
      shape: [...x!.shape.slice(0, -2), transposed ? pattern.columns : pattern.rows, x!.shape.at(-1)!],
      dtype: x!.dtype,
    },
  ],
  evaluate: ([values, x], { pattern, transposed }, [output]) => {
    const width = widthOf(x.dtype);
    const count = x.shape.at(-1)!;
    const multiply = transposed ? multiplyTransposed : multiplyRows;
    return [
      overLeading([values, x], [1, 2], output.shape.slice(-2), output.dtype, ([v, b], y) =>
        multiply(width, pattern, v.data, v.at, count, b.data, b.at, y.data, y.at),
      ),
    ];
  },
  ...bilinear,
  transpose: ({ cotangents: [c], inputs: [values, x], params: { pattern, transposed } }) => {
    if (!isOpen(values))
      return [null, bindOne(sparseProductP, [values as Tensor, c!], { pattern, transposed: !transposed })];
    const known = x as Tensor;
    const sides = transposed ? [known, c!] : [c!, known];
    return [bindOne(sparseSampleP, sides, { pattern }), null];
  },
  batch: ({ inputs: [values, x], batched, size, params }) => {
    if (!batched[0] && x.ndim === 3) {
      const { columns, restore } = asColumns(x);
      return [restore(bindOne(sparseProductP, [values, columns], params))];
    }
    return [bindOne(sparseProductP, batchAll([values, x], batched, size), params)];
  },
  print: summary,
});

export interface SampleParams {
  readonly pattern: Pattern;
}

/** Operands: a `[…, m, k]` and b `[…, n, k]` with equal leading axes; result `[…, nnz]`, the entries of a bᵀ. */
export const sparseSampleP: Primitive<SampleParams> = definePrimitive<SampleParams>({
  name: "sparseSample",
  dtypes: SPARSE_DTYPES,
  abstractEval: ([a], { pattern }) => [{ shape: [...a!.shape.slice(0, -2), pattern.nnz], dtype: a!.dtype }],
  evaluate: ([a, b], { pattern }, [output]) => {
    const width = widthOf(a.dtype);
    const count = a.shape.at(-1)!;
    return [
      overLeading([a, b], [2, 2], output.shape.slice(-1), output.dtype, ([x, y], out) =>
        sampleProduct(width, pattern, count, x.data, x.at, y.data, y.at, out.data, out.at),
      ),
    ];
  },
  ...bilinear,
  transpose: ({ cotangents: [c], inputs: [a, b], params: { pattern } }) =>
    isOpen(a)
      ? [bindOne(sparseProductP, [c!, b as Tensor], { pattern, transposed: false }), null]
      : [null, bindOne(sparseProductP, [c!, a as Tensor], { pattern, transposed: true })],
  batch: ({ inputs, batched, size, params, self }) => [
    bindOne(self, batchAll(inputs, batched, size), params),
  ],
  print: ({ pattern }) => summary({ pattern, transposed: false }),
});
