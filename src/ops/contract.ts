// General contraction: every product of tensors is a batch of matrix products on strided views.

import type { MatrixType } from "../device/device.ts";
import { allocate, isComplex, isFloat } from "../tensor/dtype.ts";
import { ShapeError } from "../tensor/errors.ts";
import { broadcastShapes, formatShape, normalizeAxis, type Shape, sizeOf } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { bindOne } from "./bind.ts";
import { astype } from "./cast.ts";
import { broadcastTo, expandDims, moveAxis, reshape, transpose } from "./movement.ts";
import { inversePermutation } from "./moves.ts";
import { unify } from "./operands.ts";
import { type Abstract, COMPUTING, definePrimitive, type Primitive } from "./primitive.ts";
import { type ContractParams, freeAxes, planProduct, runProduct } from "./productPlan.ts";
import { bilinear, isOpen } from "./rules.ts";

/** Result axes: batch, then the free axes of the first operand, then those of the second. */
export const contractP: Primitive<ContractParams> = definePrimitive<ContractParams>({
  name: "contract",
  lower: { kind: "contract" },
  dtypes: COMPUTING,
  abstractEval: ([a, b], { contract, batch }) => {
    for (const [left, right] of [contract, batch])
      left.forEach((axis, i) => {
        if (a!.shape[axis] !== b!.shape[right[i]!])
          throw new ShapeError(
            `contract: axis ${axis} of ${formatShape(a!.shape)} and axis ${right[i]} of ${formatShape(b!.shape)} differ in length`,
          );
      });
    const free = (shape: Shape, side: 0 | 1): number[] =>
      freeAxes(shape, contract[side], batch[side]).map((i) => shape[i]!);
    const shape = [...batch[0].map((i) => a!.shape[i]!), ...free(a!.shape, 0), ...free(b!.shape, 1)];
    return [{ shape, dtype: a!.dtype }];
  },
  evaluate: ([a, b], params, [output]) => {
    const { dtype } = a!;
    if (isComplex(dtype) || isFloat(dtype))
      return [product(a!, b!, params, output!.shape, dtype as MatrixType)];
    // Integers and booleans are exact in float64 up to 2^53.
    const real = product(astype(a!, "float64"), astype(b!, "float64"), params, output!.shape, "float64");
    return [astype(real, dtype)];
  },
  ...bilinear,
  transpose: ({ cotangents: [c], inputs: [a, b], params }) =>
    isOpen(a!)
      ? [transposedProduct(c!, a!, b as Tensor, 0, params), null]
      : [null, transposedProduct(c!, b!, a as Tensor, 1, params)],
  batch: ({ inputs: [a, b], batched: [batchesA, batchesB], params: { contract, batch }, self }) => {
    const shifted = (axes: readonly number[], isBatched: boolean | undefined): readonly number[] =>
      isBatched ? axes.map((axis) => axis + 1) : axes;
    const pairs = ([left, right]: ContractParams["batch"]): ContractParams["batch"] => [
      shifted(left, batchesA),
      shifted(right, batchesB),
    ];
    const [left, right] = pairs(batch);
    if (batchesA && batchesB)
      return [
        bindOne(self, [a!, b!], {
          contract: pairs(contract),
          batch: [
            [0, ...left],
            [0, ...right],
          ],
        }),
      ];
    // The one batch axis is a free axis, the first of its operand: a single large product.
    const result = bindOne(self, [a!, b!], { contract: pairs(contract), batch: [left, right] });
    const before = batchesA ? left.length : a!.ndim - contract[0].length;
    return [moveAxis(result, before, 0)];
  },
});

/**
 * The cotangent of one operand: that of the product, contracted with the other operand over the axes that the other
 * brought in. `side` says which operand is open.
 */
function transposedProduct(
  cotangent: Tensor,
  open: Abstract,
  known: Tensor,
  side: 0 | 1,
  { contract, batch }: ContractParams,
): Tensor {
  const contracted = contract[side];
  const partners = contract[1 - side]!;
  const freeOpen = freeAxes(open.shape, contracted, batch[side]);
  const freeKnown = freeAxes(known.shape, partners, batch[1 - side]!);
  const leading = batch[0].map((_, i) => i);
  const first = leading.length + (side === 0 ? freeOpen.length : 0);
  const product = bindOne(contractP, [cotangent, known], {
    contract: [freeKnown.map((_, i) => first + i), freeKnown],
    batch: [leading, batch[1 - side]!],
  });
  // Its axes: batch, the free ones of the open operand, then the contracted ones in the order of the known operand.
  const ascending = partners.map((_, i) => i).sort((i, j) => partners[i]! - partners[j]!);
  const order = [...batch[side], ...freeOpen, ...ascending.map((i) => contracted[i]!)];
  return transpose(product, inversePermutation(order));
}

function product(a: Tensor, b: Tensor, params: ContractParams, shape: Shape, type: MatrixType): Tensor {
  const out = allocate(type, sizeOf(shape));
  runProduct(planProduct(a, b, params), out, 0, a, b, type);
  return new Tensor(out, shape, type);
}

/**
 * A contraction over pairs of axes with shared batch axes; operands are promoted to one dtype. O(batch · m · n · k).
 */
export function contract(
  a: Tensor,
  b: Tensor,
  options: { readonly axes: ContractParams["contract"]; readonly batch?: ContractParams["batch"] },
): Tensor {
  const [x, y] = unify(a, b);
  const batch = options.batch ?? [[], []];
  const checked = (axes: readonly number[], operand: Tensor): number[] =>
    axes.map((axis) => normalizeAxis(axis, operand.ndim, "contract: axis"));
  for (const [left, right] of [options.axes, batch])
    if (left.length !== right.length) throw new ShapeError("contract: axes must come in pairs");
  return bindOne(contractP, [x, y], {
    contract: [checked(options.axes[0], x), checked(options.axes[1], y)],
    batch: [checked(batch[0], x), checked(batch[1], y)],
  });
}

/** Sum over the last `axes` axes of `a` and the first of `b` (one unless told), or over pairs of axes. */
export function tensordot(
  a: Tensor,
  b: Tensor,
  axes: number | readonly [readonly number[], readonly number[]] = 1,
): Tensor {
  if (typeof axes !== "number") return contract(a, b, { axes });
  const count = Array.from({ length: axes }, (_, i) => i);
  return contract(a, b, { axes: [count.map((i) => a.ndim - axes + i), count] });
}

/**
 * Matrix product by NumPy's rules: vectors on either side, leading axes broadcast as a batch. Throws ShapeError when
 * the inner lengths differ or an operand has no axes.
 */
export function matmul(a: Tensor, b: Tensor): Tensor {
  if (a.ndim === 0 || b.ndim === 0)
    throw new ShapeError("matmul: operands need at least one axis; use mul() for scalars");
  if (a.ndim === 1 && b.ndim === 1) return contract(a, b, { axes: [[0], [0]] });
  if (a.ndim === 1) return reshapeWithout(matmul(expandDims(a, 0), b), -2);
  if (b.ndim === 1) return reshapeWithout(matmul(a, expandDims(b, 1)), -1);
  if (a.shape.at(-1) !== b.shape.at(-2))
    throw new ShapeError(
      `matmul: ${formatShape(a.shape)} times ${formatShape(b.shape)}: inner lengths differ`,
    );
  if (a.ndim === 2 && b.ndim === 2) return contract(a, b, { axes: [[1], [0]] });
  if (b.ndim === 2) {
    // A stack times one matrix is one tall product.
    const tall = contract(reshape(a, [-1, a.shape.at(-1)!]), b, { axes: [[1], [0]] });
    return reshape(tall, [...a.shape.slice(0, -1), b.shape[1]!]);
  }
  const leading = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const x = broadcastTo(a, [...leading, ...a.shape.slice(-2)]);
  const y = broadcastTo(b, [...leading, ...b.shape.slice(-2)]);
  const axes = leading.map((_, i) => i);
  return contract(x, y, { axes: [[leading.length + 1], [leading.length]], batch: [axes, axes] });
}

function reshapeWithout(x: Tensor, axis: number): Tensor {
  const at = normalizeAxis(axis, x.ndim);
  return reshape(
    x,
    x.shape.filter((_, i) => i !== at),
  );
}

/**
 * Sum of products of two vectors; complex operands are not conjugated (`inner` of conj(a) and b is the scalar
 * product).
 */
export const dot = (a: Tensor, b: Tensor): Tensor => matmul(a, b);

/** a_i · b_j for all pairs of elements of two vectors. */
export const outer = (a: Tensor, b: Tensor): Tensor =>
  contract(reshape(a, [-1]), reshape(b, [-1]), { axes: [[], []] });
