import { allocate, type DType, dtypeInfo, isComplex } from "../tensor/dtype.ts";
import { normalizeAxis, sizeOf } from "../tensor/shape.ts";
import { Tensor, type TensorLike } from "../tensor/tensor.ts";
import { bindOne } from "./bind.ts";
import { astype } from "./cast.ts";
import { multiplyComplex } from "./complexMath.ts";
import { takeAlongAxis } from "./gather.ts";
import { asTensor } from "./operands.ts";
import { definePrimitive, NUMERIC, ORDERED_NUMERIC, type Primitive } from "./primitive.ts";
import { runningProduct } from "./products.ts";
import { linear } from "./rules.ts";
import { mapSeries } from "./series.ts";

interface CumulativeParams {
  readonly axis: number;
}

type Rules = Pick<Primitive<CumulativeParams>, "jvp" | "jet" | "transpose">;

function cumulative(
  name: string,
  dtypes: readonly DType[],
  join: (a: number, b: number) => number,
  rules: Rules,
): (x: TensorLike, axis: number) => Tensor {
  const primitive: Primitive<CumulativeParams> = definePrimitive<CumulativeParams>({
    name,
    dtypes,
    abstractEval: ([x]) => [x!],
    evaluate: ([x], { axis }, [output]) => {
      const { width } = dtypeInfo(x!.dtype);
      const inner = sizeOf(x!.shape.slice(axis + 1)) * width;
      const length = x!.shape[axis]!;
      const from = x!.data();
      const out = allocate(x!.dtype, x!.size);
      const product = name === "cumprod" && isComplex(x!.dtype);
      for (let start = 0; start < out.length; start += length * inner) {
        for (let p = 0; p < inner; p++) out[start + p] = from[start + p]!;
        for (let at = start + inner; at < start + length * inner; at += product ? 2 : 1) {
          const before = at - inner;
          if (product) multiplyComplex(out[before]!, out[before + 1]!, from[at]!, from[at + 1]!, out, at);
          else out[at] = join(out[before]!, from[at]!);
        }
      }
      return [new Tensor(out, output!.shape, output!.dtype)];
    },
    batch: ({ inputs: [x], params: { axis }, self }) => [bindOne(self, [x!], { axis: axis + 1 })],
    ...rules,
  });
  return (value, axis) => {
    const x = asTensor(value);
    const wide =
      x.dtype === "bool" || x.dtype === "int8"
        ? astype(x, "int32")
        : x.dtype === "uint8"
          ? astype(x, "uint32")
          : x;
    return bindOne(primitive, [wide], { axis: normalizeAxis(axis, x.ndim) });
  };
}

const summing: Rules = {
  ...linear(),
  // Element i goes into all sums from i on.
  transpose: ({ cotangents: [c], params: { axis } }) => [c!.flip(axis).cumsum(axis).flip(axis)],
};

const multiplying: Rules = {
  jvp: ({ inputs: [x], tangents: [t], params: { axis } }) => [runningProduct([x!, t!], axis)[1]!],
  jet: ({ series: [x], outputs: [y], params: { axis } }) => {
    const [, ...rest] = runningProduct(x!, axis);
    return [[y!, ...rest]];
  },
};

/** Along `axis`, the position of the element that each running record is: the latest where several are equal. */
function recordPositions(x: Tensor, records: Tensor, axis: number): Tensor {
  const ramp = new Tensor(
    Int32Array.from({ length: x.shape[axis]! }, (_, i) => i),
    x.shape.map((n, i) => (i === axis ? n : 1)),
    "int32",
  );
  return cummax(x.equal(records).where(ramp, 0), axis);
}

const recording: Rules = {
  jvp: ({ inputs: [x], tangents: [t], outputs: [y], params: { axis } }) => [
    takeAlongAxis(t!, recordPositions(x!, y!, axis), axis),
  ],
  jet: ({ series: [x], outputs: [y], params: { axis } }) => {
    const positions = recordPositions(x![0], y!, axis);
    return [mapSeries(x!, (coefficient) => takeAlongAxis(coefficient, positions, axis))];
  },
};

type Cumulative = (x: TensorLike, axis: number) => Tensor;

/** Running sums along an axis. */
export const cumsum: Cumulative = cumulative("cumsum", NUMERIC, (a, b) => a + b, summing);
/** Running products along an axis. */
export const cumprod: Cumulative = cumulative("cumprod", NUMERIC, (a, b) => a * b, multiplying);
/** Running maxima along an axis; NaN stays. */
export const cummax: Cumulative = cumulative("cummax", ORDERED_NUMERIC, Math.max, recording);
/** Running minima along an axis; NaN stays. */
export const cummin: Cumulative = cumulative("cummin", ORDERED_NUMERIC, Math.min, recording);
