// Products of two sparse matrices as a primitive: one trilinear form, of which the product and its adjoints in either
// factor are the three derivatives.

import { bindOne } from "../../ops/bind.ts";
import { definePrimitive, type Primitive } from "../../ops/primitive.ts";
import { batchAll, bilinear, isOpen } from "../../ops/rules.ts";
import type { Storage } from "../../tensor/dtype.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { addTripleProduct, productPattern, type Unknown } from "../kernels/gustavson.ts";
import { overLeading } from "./leading.ts";
import type { Pattern } from "./pattern.ts";
import { SPARSE_DTYPES, widthOf } from "./product.ts";
import type { Rows } from "./structure.ts";

export interface TripleParams {
  readonly left: Pattern;
  readonly right: Pattern;
  readonly product: Pattern;
  readonly unknown: Unknown;
}

/** The two known factors in their order, for each unknown one. */
const KNOWN: Readonly<Record<Unknown, readonly [Unknown, Unknown]>> = {
  a: ["b", "c"],
  b: ["a", "c"],
  c: ["a", "b"],
};

const patternOf = ({ left, right, product }: TripleParams, factor: Unknown): Pattern =>
  factor === "a" ? left : factor === "b" ? right : product;

/** Operands: values `[…, nnz]` of the two known factors, in alphabetical order, with equal leading axes and one dtype. */
export const sparseTripleP: Primitive<TripleParams> = definePrimitive<TripleParams>({
  name: "sparseTriple",
  dtypes: SPARSE_DTYPES,
  abstractEval: ([x], params) => [
    { shape: [...x!.shape.slice(0, -1), patternOf(params, params.unknown).nnz], dtype: x!.dtype },
  ],
  evaluate: (inputs, params, [output]) => {
    const { left, right, product, unknown } = params;
    const width = widthOf(output.dtype);
    return [
      overLeading(inputs, [1, 1], output.shape.slice(-1), output.dtype, (operands, out) => {
        const cut = (data: Storage, at: number, factor: Unknown): Storage =>
          data.subarray(at, at + patternOf(params, factor).nnz * width);
        const arrays = { [unknown]: cut(out.data, out.at, unknown) } as Record<Unknown, Storage>;
        KNOWN[unknown].forEach((factor, i) => {
          arrays[factor] = cut(operands[i].data, operands[i].at, factor);
        });
        addTripleProduct(width, unknown, { left, right, product, ...arrays });
      }),
    ];
  },
  ...bilinear,
  transpose: ({ cotangents: [c], inputs, params }) => {
    const { unknown } = params;
    const [first, second] = KNOWN[unknown];
    const open = isOpen(inputs[0]) ? 0 : 1;
    const target = open === 0 ? first : second;
    const given = { [unknown]: c!, [open === 0 ? second : first]: inputs[1 - open] as Tensor } as Record<
      Unknown,
      Tensor
    >;
    const result = bindOne(
      sparseTripleP,
      KNOWN[target].map((factor) => given[factor]),
      { ...params, unknown: target },
    );
    return open === 0 ? [result, null] : [null, result];
  },
  batch: ({ inputs, batched, size, params, self }) => [
    bindOne(self, batchAll(inputs, batched, size), params),
  ],
  print: ({ left, right, product, unknown }) => ({
    rows: left.rows,
    inner: left.columns,
    columns: right.columns,
    nnz: product.nnz,
    unknown,
  }),
});

/** What is computed from two patterns, kept as long as both are. */
export class PairMemory<V> {
  readonly #known = new WeakMap<Pattern, WeakMap<Pattern, V>>();

  get(a: Pattern, b: Pattern, make: () => V): V {
    let row = this.#known.get(a);
    if (!row) this.#known.set(a, (row = new WeakMap()));
    let value = row.get(b);
    if (value === undefined) row.set(b, (value = make()));
    return value;
  }
}

const products = new PairMemory<Pattern>();

/** a b of matrices of one dtype whose lengths fit. */
export function multiplySparse(a: Rows, b: Rows): Rows {
  const product = products.get(a.pattern, b.pattern, () => productPattern(a.pattern, b.pattern));
  const params: TripleParams = { left: a.pattern, right: b.pattern, product, unknown: "c" };
  return { pattern: product, values: bindOne(sparseTripleP, [a.values, b.values], params) };
}
