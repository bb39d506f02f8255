// The non-uniform transforms as primitives: linear in the values, and differentiable in the points, where the derivative
// of exp(ikx) is the same transform of values times ik.

import { bindOne } from "../../ops/bind.ts";
import { complexFrom } from "../../ops/complex.ts";
import {
  type Abstract,
  type BatchCall,
  definePrimitive,
  JET_FROM_JVP,
  type Primitive,
  type Tangent,
} from "../../ops/primitive.ts";
import { batchAll } from "../../ops/rules.ts";
import { plus } from "../../ops/series.ts";
import { allocate, complexDType, type DType, isComplex } from "../../tensor/dtype.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { modesToPoints, pointsToFrequencies, pointsToModes } from "./evaluate.ts";

interface Accuracy {
  readonly sign: -1 | 1;
  readonly tolerance: number;
}
export interface ModesParams extends Accuracy {
  readonly modes: readonly number[];
}

const DTYPES: readonly DType[] = ["float64", "float32", "complex128", "complex64"];

/** Complex float64 numbers of a tensor. */
function complexNumbers(x: Tensor): Float64Array {
  const data = x.data();
  if (isComplex(x.dtype)) return new Float64Array(data);
  const out = new Float64Array(2 * x.size);
  for (let i = 0; i < x.size; i++) out[2 * i] = data[i]!;
  return out;
}

function tensorOf(data: Float64Array, { shape, dtype }: Abstract): Tensor {
  const out = allocate(dtype, data.length / 2);
  out.set(data);
  return new Tensor(out, shape, dtype);
}

type Sums = (c: Float64Array, results: Float64Array, ...places: ArrayLike<number>[]) => void;

/**
 * Sums for all rows of values. Points and frequencies are `[…, count, d]`: the same for all rows when nothing stands
 * before, else a set of their own for each row.
 */
function overRows(
  sums: Sums,
  values: Tensor,
  valueSize: number,
  places: readonly Tensor[],
  output: Abstract,
): Tensor {
  const numbers = complexNumbers(values);
  const results = new Float64Array(2 * sizeOf(output.shape));
  const all = places.map((x) => x.data());
  if (places.every((x) => x.ndim === 2)) sums(numbers, results, ...all);
  else {
    const rows = values.size / valueSize;
    const resultSize = results.length / rows;
    for (let row = 0; row < rows; row++)
      sums(
        numbers.subarray(2 * row * valueSize, 2 * (row + 1) * valueSize),
        results.subarray(row * resultSize, (row + 1) * resultSize),
        ...all.map((x, i) => {
          const size = places[i]!.shape.at(-1)! * places[i]!.shape.at(-2)!;
          return places[i]!.ndim === 2 ? x : x.subarray(row * size, (row + 1) * size);
        }),
      );
  }
  return tensorOf(results, output);
}

/** Operand 0 holds values of `valueAxes` axes, the others are points. */
function batchRows<P>(
  valueAxes: number,
  { inputs, batched, size, params, self }: BatchCall<P>,
): readonly Tensor[] {
  const isShared = inputs.every((x, i) => i === 0 || (!batched[i] && x.ndim === 2));
  if (isShared) return [bindOne(self, inputs, params)];
  const all = batchAll(inputs, batched, size);
  const rows = all[0]!.shape.slice(0, all[0]!.ndim - valueAxes);
  return [
    bindOne(
      self,
      all.map((x, i) => {
        if (i === 0) return x;
        const own = x.shape.slice(-2);
        const between = new Array<number>(rows.length + 2 - x.ndim).fill(1);
        return x.reshape([size, ...between, ...x.shape.slice(1)]).broadcastTo([...rows, ...own]);
      }),
      params,
    ),
  ];
}

/** Component `axis` of points `[…, count, d]`. */
const component = (x: Tensor, axis: number): Tensor => x.at("...", axis);

/** i · sign · x for a real tensor. */
const imaginary = (x: Tensor, sign: number): Tensor => complexFrom(x.mul(0), x.mul(sign));

/** The numbers of the modes along one axis, in a shape that broadcasts over all of them. */
function modeNumbers(modes: readonly number[], axis: number, dtype: DType): Tensor {
  const n = modes[axis]!;
  const data = allocate(dtype, n);
  for (let k = 0; k < n; k++) data[k] = k - Math.floor(n / 2);
  return new Tensor(
    data,
    modes.map((_, i) => (i === axis ? n : 1)),
    dtype,
  );
}

/** Real operands get real cotangents. */
const likeOperand = (c: Tensor, { dtype }: Abstract): Tensor => (isComplex(dtype) ? c : c.real());

/** The sum over axes of what each contributes to a tangent. */
const overAxes = (d: number, part: (axis: number) => Tensor): Tangent =>
  Array.from({ length: d }, (_, axis) => axis).reduce<Tangent>((sum, axis) => plus(sum, part(axis)), null);

/** values […, M], points […, M, d] to modes […, N₁, …]. */
export const nufft1P: Primitive<ModesParams> = definePrimitive<ModesParams>({
  name: "nufft1",
  dtypes: DTYPES,
  abstractEval: ([c], { modes }) => [
    { shape: [...c!.shape.slice(0, -1), ...modes], dtype: complexDType(c!.dtype) },
  ],
  evaluate: ([c, x], { modes, sign, tolerance }, [output]) => [
    overRows(
      (numbers, results, points) => pointsToModes(sign, tolerance, modes, points!, numbers, results),
      c!,
      c!.shape.at(-1)!,
      [x!],
      output!,
    ),
  ],
  jvp: ({ inputs: [c, x], tangents: [dc, dx], params, self }) => {
    const { modes, sign } = params;
    const moved =
      dx &&
      overAxes(modes.length, (axis) =>
        bindOne(self, [c!.mul(component(dx, axis).astype(realOf(c!))), x!], params).mul(
          imaginary(modeNumbers(modes, axis, realOf(c!)), sign),
        ),
      );
    return [plus(dc ? bindOne(self, [dc, x!], params) : null, moved ?? null)];
  },
  transpose: ({ cotangents: [g], inputs: [c, x], params }) => [
    likeOperand(bindOne(nufft2P, [g!, x as Tensor], params), c!),
    null,
  ],
  batch: (call) => batchRows(1, call),
  jet: JET_FROM_JVP,
});

/** modes […, N₁, …], points […, M, d] to values […, M]. */
export const nufft2P: Primitive<ModesParams> = definePrimitive<ModesParams>({
  name: "nufft2",
  dtypes: DTYPES,
  abstractEval: ([f, x], { modes }) => [
    {
      shape: [...f!.shape.slice(0, f!.shape.length - modes.length), x!.shape.at(-2)!],
      dtype: complexDType(f!.dtype),
    },
  ],
  evaluate: ([f, x], { modes, sign, tolerance }, [output]) => [
    overRows(
      (numbers, results, points) => modesToPoints(sign, tolerance, modes, points!, numbers, results),
      f!,
      sizeOf(modes),
      [x!],
      output!,
    ),
  ],
  jvp: ({ inputs: [f, x], tangents: [df, dx], params, self }) => {
    const { modes, sign } = params;
    const moved =
      dx &&
      overAxes(modes.length, (axis) =>
        bindOne(self, [f!.mul(imaginary(modeNumbers(modes, axis, realOf(f!)), sign)), x!], params).mul(
          component(dx, axis).astype(realOf(f!)),
        ),
      );
    return [plus(df ? bindOne(self, [df, x!], params) : null, moved ?? null)];
  },
  transpose: ({ cotangents: [g], inputs: [f, x], params }) => [
    likeOperand(bindOne(nufft1P, [g!, x as Tensor], params), f!),
    null,
  ],
  batch: (call) => batchRows(call.params.modes.length, call),
  jet: JET_FROM_JVP,
});

/** values […, M], points […, M, d], frequencies […, K, d] to values […, K]. */
export const nufft3P: Primitive<Accuracy> = definePrimitive<Accuracy>({
  name: "nufft3",
  dtypes: DTYPES,
  abstractEval: ([c, , s]) => [
    { shape: [...c!.shape.slice(0, -1), s!.shape.at(-2)!], dtype: complexDType(c!.dtype) },
  ],
  evaluate: ([c, x, s], { sign, tolerance }, [output]) => [
    overRows(
      (numbers, results, points, frequencies) =>
        pointsToFrequencies(sign, tolerance, x!.shape.at(-1)!, points!, frequencies!, numbers, results),
      c!,
      c!.shape.at(-1)!,
      [x!, s!],
      output!,
    ),
  ],
  jvp: ({ inputs: [c, x, s], tangents: [dc, dx, ds], params, self }) => {
    const { sign } = params;
    const real = realOf(c!);
    const d = x!.shape.at(-1)!;
    const along = (p: Tensor, axis: number): Tensor => component(p, axis).astype(real);
    const moved =
      dx &&
      overAxes(d, (axis) =>
        bindOne(self, [c!.mul(along(dx, axis)), x!, s!], params).mul(imaginary(along(s!, axis), sign)),
      );
    const tuned =
      ds &&
      overAxes(d, (axis) =>
        bindOne(self, [c!.mul(along(x!, axis)), x!, s!], params).mul(imaginary(along(ds, axis), sign)),
      );
    return [plus(plus(dc ? bindOne(self, [dc, x!, s!], params) : null, moved ?? null), tuned ?? null)];
  },
  transpose: ({ cotangents: [g], inputs: [c, x, s], params, self }) => [
    likeOperand(bindOne(self, [g!, s as Tensor, x as Tensor], params), c!),
    null,
    null,
  ],
  batch: (call) => batchRows(1, call),
  jet: JET_FROM_JVP,
});

/** The real dtype that goes with values. */
const realOf = ({ dtype }: Tensor): DType =>
  dtype === "float32" || dtype === "complex64" ? "float32" : "float64";
