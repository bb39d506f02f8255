// Draws that take as many random numbers as it needs (rejection): every element has a stream of its own, so that its number
// depends on the key, its place and its parameters, and on nothing else.

import { bindOne } from "../ops/bind.ts";
import { checkElements } from "../ops/known.ts";
import { broadcastTo, reshape } from "../ops/movement.ts";
import { asTensor } from "../ops/operands.ts";
import { definePrimitive, type Primitive } from "../ops/primitive.ts";
import { leadingBatch, noDerivative } from "../ops/rules.ts";
import { allocate, type DType, isComplex } from "../tensor/dtype.ts";
import { DTypeError, ShapeError } from "../tensor/errors.ts";
import { broadcastShapes, checkShape, formatShape, type Shape, sameShape } from "../tensor/shape.ts";
import { Tensor, type TensorLike } from "../tensor/tensor.ts";
import { STREAMS } from "./bits.ts";
import { checkKey, leadingAxes } from "./keyed.ts";
import { threefry } from "./threefry.ts";

/** Blocks that are made at once. */
const BLOCKS = 4;

/** The random numbers of one element. */
export class Stream {
  private readonly subkey: Uint32Array = new Uint32Array(2);
  private readonly buffer: Uint32Array = new Uint32Array(2 * BLOCKS);
  private element = 0;
  private next = 0;
  private used = 0;

  constructor(key0: number, key1: number) {
    threefry(key0, key1, STREAMS.elements, 0, this.subkey);
  }

  /** Goes to the beginning of the stream of an element. */
  seek(element: number): void {
    this.element = element;
    this.next = 0;
    this.used = 2 * BLOCKS;
  }

  /** A number in (0, 1), without either end. */
  uniform(): number {
    if (this.used === 2 * BLOCKS) {
      threefry(this.subkey[0]!, this.subkey[1]!, this.element, this.next, this.buffer);
      this.next += BLOCKS;
      this.used = 0;
    }
    const high = this.buffer[this.used]! >>> 6;
    const low = this.buffer[this.used + 1]! >>> 5;
    this.used += 2;
    return (high * 2 ** 27 + low + 0.5) * 2 ** -53;
  }

  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }
}

/** What a parameter has to be. */
export interface Parameter {
  readonly name: string;
  readonly expected: string;
  readonly accept: (value: number) => boolean;
}

export const POSITIVE: Omit<Parameter, "name"> = {
  expected: "a finite number > 0",
  accept: (x) => x > 0 && x < Number.POSITIVE_INFINITY,
};

export interface ElementDraw {
  readonly parameters: readonly Parameter[];
  readonly dtype: DType;
  readonly draw: (stream: Stream, a: number, b: number) => number;
  /** Derivative rules, where there is a derivative in the parameters. */
  readonly differential?: Pick<Primitive<undefined>, "jvp" | "jet">;
}

/**
 * Declares a primitive from keys `[…, 2]` and float64 parameters `[…, ...shape]` to draws of the same shape. The function that it
 * returns broadcasts parameters to the shape, and throws DomainError where they are out of range: at the door when they are known,
 * when they are computed otherwise.
 */
export function elementPrimitive(
  name: string,
  caller: string,
  { parameters, dtype, draw, differential = noDerivative }: ElementDraw,
): (from: Tensor, values: readonly TensorLike[], shape?: Shape) => Tensor {
  const primitive: Primitive<undefined> = definePrimitive<undefined>({
    name,
    dtypes: ["uint32", "float64"],
    abstractEval: ([keys, first, second]) => {
      const batch = leadingAxes(name, keys!.shape);
      const { shape } = first!;
      if (!sameShape(batch, shape.slice(0, batch.length)) || (second && !sameShape(shape, second.shape)))
        throw new ShapeError(
          `${name}: keys ${formatShape(keys!.shape)} do not fit parameters ${formatShape(shape)}`,
        );
      return [{ shape, dtype }];
    },
    evaluate: ([keys, ...operands], _params, [output]) => {
      const words = keys!.data();
      const [a, b] = operands.map((x) => x.data());
      operands.forEach((x, i) => {
        check(caller, parameters[i]!, x);
      });
      const out = allocate(dtype, a!.length);
      const length = (2 * out.length) / words.length;
      for (let k = 0, at = 0; 2 * k < words.length; k++) {
        const stream = new Stream(words[2 * k]!, words[2 * k + 1]!);
        for (let i = 0; i < length; i++, at++) {
          stream.seek(i);
          out[at] = draw(stream, a![at]!, b ? b[at]! : 0);
        }
      }
      return [new Tensor(out, output!.shape, dtype)];
    },
    ...differential,
    batch: leadingBatch,
  });
  return (from, values, shape) => {
    const keys = reshape(checkKey(from), [2]);
    if (shape) checkShape(shape, `${caller}: shape`);
    const tensors = values.map((value, i) => parameter(caller, parameters[i]!, value));
    const target = commonShape(caller, tensors, shape);
    return bindOne(primitive, [keys, ...tensors.map((x) => broadcastTo(x, target))], undefined);
  };
}

const check = (caller: string, { name, expected, accept }: Parameter, x: Tensor): void =>
  checkElements(x, `${caller}: ${name}`, expected, accept);

/** A parameter as float64, checked as far as it is known. */
export function parameter(caller: string, rule: Parameter, value: TensorLike): Tensor {
  const x = asTensor(value, `${caller}: ${rule.name}`);
  if (isComplex(x.dtype))
    throw new DTypeError(`${caller}: ${rule.name}: real numbers were expected, got ${x.dtype}`);
  check(caller, rule, x);
  return x.astype("float64");
}

/** The shape of the draws: as told, where the parameters broadcast to it, else that in which they meet. */
export function commonShape(caller: string, tensors: readonly Tensor[], shape: Shape | undefined): Shape {
  const met = broadcastShapes(...tensors.map((x) => x.shape));
  if (!shape) return met;
  if (!sameShape(broadcastShapes(met, shape), shape))
    throw new ShapeError(
      `${caller}: parameters of shape ${formatShape(met)} do not broadcast to shape ${formatShape(shape)}`,
    );
  return shape;
}
