// The code of reductions. Sums and products along contiguous rows run in float64 for both float types.

import {
  type FunctionBuilder,
  get,
  i32,
  type Local,
  lane,
  load,
  type Node,
  op,
  shuffle,
  v128,
} from "../../device/wasm/assembler.ts";
import { SHAPES } from "../../device/wasm/definitions.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { elementBytes } from "./buffers.ts";
import { type AddressOf, stepsOf } from "./emitMap.ts";
import { loadsOf } from "./expressions.ts";
import { type FloatType, floatTypeOf, type VectorFunctions, VectorWriter } from "./kernels.ts";
import { type Axis, collapse, loops } from "./nest.ts";
import type { FoldStep } from "./steps.ts";
import { bytesOf, firstLanes, lanesOf, overVectors, reader, store } from "./vectors.ts";

const IDENTITY: Readonly<Record<string, number>> = { sum: 0, prod: 1, max: -Infinity, min: Infinity };
const COMBINE: Readonly<Record<string, string>> = { sum: "add", prod: "mul", max: "max", min: "min" };

export function emitFold(
  f: FunctionBuilder,
  step: FoldStep,
  functions: VectorFunctions,
  addressOf: AddressOf,
): void {
  const { shape, axes, place, value } = step;
  const type = floatTypeOf([value])!;
  const places = [...new Set(loadsOf([value]))];
  const first = axes[0]!;
  const end = first + axes.length;
  // The result walks with the axes that stay.
  const kept = shape.map((_, axis) => axis < first || axis >= end);
  let stride = elementBytes(place.dtype);
  const resultSteps = new Array<number>(shape.length).fill(0);
  for (let axis = shape.length - 1; axis >= 0; axis--)
    if (kept[axis]) {
      resultSteps[axis] = stride;
      stride *= shape[axis]!;
    }
  const steps = [...places.map(stepsOf), resultSteps];
  const part = (from: number, to: number): Axis[] =>
    collapse(
      shape.slice(from, to),
      steps.map((own) => own.slice(from, to)),
    );
  const outer = part(0, first);
  const folded = part(first, end);
  const inner = part(end, shape.length);
  const starts = [...places, place].map((at) => f.let(addressOf(at)));
  const write = (addresses: readonly Node[], axis: Axis | undefined) => {
    const readers = new Map(
      places.map((source, i) => [
        source,
        reader(f, type, {
          address: addresses[i]!,
          step: axis?.steps[i] ?? 0,
          isBool: source.dtype === "bool",
        }),
      ]),
    );
    return (position: Node): Node =>
      new VectorWriter(type, functions, (leaf) => readers.get(leaf.place)!(position)).write(value);
  };
  if (sizeOf(shape.slice(end)) === 1) {
    const accumulators = new Accumulators(f, type, step.fold);
    loops(f, outer, starts, (rows) => {
      accumulators.reset();
      loops(f, folded.slice(0, -1), rows, (addresses) => {
        accumulators.run(folded.at(-1)?.length ?? 1, write(addresses, folded.at(-1)));
      });
      accumulators.finish(rows.at(-1)!);
    });
    return;
  }
  foldRows(f, type, step.fold, { outer, folded, inner, starts }, write);
}

interface Nest {
  readonly outer: readonly Axis[];
  readonly folded: readonly Axis[];
  readonly inner: readonly Axis[];
  readonly starts: readonly Node[];
}

/** Whole rows are joined to the result, row by row. */
function foldRows(
  f: FunctionBuilder,
  type: FloatType,
  fold: string,
  { outer, folded, inner, starts }: Nest,
  write: (addresses: readonly Node[], axis: Axis | undefined) => (position: Node) => Node,
): void {
  const { name, constant } = SHAPES[type];
  const last = inner.at(-1)!;
  const lanes = lanesOf(type);
  const rest = last.length % lanes;
  const whole = last.length - rest;
  /** Writes vectors of one row of the result; the lanes behind its end keep what they hold. */
  const row = (result: Node, next: (old: Node, position: Node) => Node): void => {
    const at = (position: Node): Node => load("v128.load", op("i32.add", result, position));
    overVectors(f, type, whole, (position) => {
      const joined = next(at(position), position);
      f.sharing([joined], () => store(f, type, false, result, position, joined));
    });
    if (rest === 0) return;
    const position = i32(whole * bytesOf(type));
    const old = f.let(at(position));
    const joined = next(old, position);
    f.sharing([joined], () =>
      store(f, type, false, result, position, op("v128.bitselect", joined, old, firstLanes(type, rest))),
    );
  };
  loops(f, outer, starts, (rows) => {
    loops(f, inner.slice(0, -1), rows, (addresses) => {
      row(addresses.at(-1)!, () => constant(IDENTITY[fold]!));
    });
    loops(f, [...folded, ...inner.slice(0, -1)], rows, (addresses) => {
      const value = write(addresses, last);
      row(addresses.at(-1)!, (old, position) => op(`${name}.${COMBINE[fold]}`, old, value(position)));
    });
  });
}

/** Partial results of one row, in vectors. */
class Accumulators {
  readonly #f: FunctionBuilder;
  readonly #type: FloatType;
  readonly #fold: string;
  readonly #partial: readonly Local[];
  /** Sums of float32 run in float64, two vectors for one. */
  readonly #isWide: boolean;

  constructor(f: FunctionBuilder, type: FloatType, fold: string) {
    this.#f = f;
    this.#type = type;
    this.#fold = fold;
    this.#isWide = type === "float32" && (fold === "sum" || fold === "prod");
    this.#partial = [0, 1].map(() => f.local("v128"));
  }

  get #shape(): string {
    return this.#isWide ? "f64x2" : SHAPES[this.#type].name;
  }

  #constant(value: number): Node {
    return this.#isWide ? v128(value, value) : SHAPES[this.#type].constant(value);
  }

  reset(): void {
    for (const local of this.#partial) this.#f.set(local, this.#constant(IDENTITY[this.#fold]!));
  }

  /** Joins `length` elements. */
  run(length: number, value: (position: Node) => Node): void {
    const f = this.#f;
    const lanes = lanesOf(this.#type);
    const rest = length % lanes;
    const whole = length - rest;
    overVectors(f, this.#type, whole, (position) => this.#join(value(position)));
    if (rest === 0) return;
    const tail = value(i32(whole * bytesOf(this.#type)));
    const identity = SHAPES[this.#type].constant(IDENTITY[this.#fold]!);
    this.#join(op("v128.bitselect", tail, identity, firstLanes(this.#type, rest)));
  }

  #join(vector: Node): void {
    const f = this.#f;
    const combine = `${this.#shape}.${COMBINE[this.#fold]}`;
    const [low, high] = this.#partial as [Local, Local];
    f.sharing([vector], () => {
      const x = f.let(vector);
      if (!this.#isWide) {
        f.set(low, op(combine, get(low), x));
        return;
      }
      f.set(low, op(combine, get(low), op("f64x2.promote_low_f32x4", x)));
      f.set(high, op(combine, get(high), op("f64x2.promote_low_f32x4", shuffle(x, x, [2, 3, 0, 1]))));
    });
  }

  /** Joins the lanes and stores the result. */
  finish(address: Node): void {
    const f = this.#f;
    const combine = `${this.#shape}.${COMBINE[this.#fold]}`;
    const [low, high] = this.#partial.map(get) as [Node, Node];
    let vector = f.let(op(combine, low, high));
    if (this.#shape === "f32x4") vector = f.let(op(combine, vector, shuffle(vector, vector, [2, 3, 0, 1])));
    vector = f.let(
      op(combine, vector, shuffle(vector, vector, this.#shape === "f32x4" ? [1, 0, 3, 2] : [1, 0])),
    );
    const value = lane(`${this.#shape}.extract_lane`, 0, vector);
    if (this.#type === "float64") f.store("f64.store", address, value);
    else f.store("f32.store", address, this.#isWide ? op("f32.demote_f64", value) : value);
  }
}
