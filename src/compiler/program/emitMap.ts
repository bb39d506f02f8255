// The code of maps.

import {
  assumeUsual,
  type FunctionBuilder,
  get,
  i32,
  load,
  type Node,
  op,
  v128,
} from "../../device/wasm/assembler.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { elementBytes } from "./buffers.ts";
import { type Expression, loadsOf, nodesOf } from "./expressions.ts";
import { floatTypeOf, isFunction, ScalarWriter, type VectorFunctions, VectorWriter } from "./kernels.ts";
import { collapse, loops } from "./nest.ts";
import type { MapStep } from "./steps.ts";
import { bytesOf, overVectors, reader, store } from "./vectors.ts";

/** Where a place begins, as an address. */
export type AddressOf = (place: Tensor) => Node;

/** Distances in bytes between elements along each axis. */
export const stepsOf = (place: Tensor): number[] =>
  place.strides.map((stride) => stride * elementBytes(place.dtype));

/** Part of a map: positions in bytes of its only axis, or indices of its first one. */
export interface MapRange {
  readonly from: Node;
  readonly to: Node;
}

/** What `MapRange` counts in a step, when it can be shared out between threads: no part may write into another. */
export function rangeOf(step: MapStep): { readonly total: number; readonly unit: number } | null {
  const values = step.outputs.map(({ value }) => value);
  const type = floatTypeOf(values);
  if (!type || sizeOf(step.shape) === 0) return null;
  const places = [...loadsOf(values), ...step.outputs.map(({ place }) => place)];
  const axes = collapse(step.shape, places.map(stepsOf));
  const last = axes.at(-1);
  if (!last) return null;
  if (axes.length === 1) return { total: last.length * bytesOf(type), unit: BLOCK };
  return (last.length * bytesOf(type)) % WIDEST_STORE === 0 ? { total: axes[0]!.length, unit: 1 } : null;
}

/** Bytes that one turn of a loop may write. */
export const WIDEST_STORE = 32;

/**
 * Whether the code of a map reads every element before it writes the same element of a result, and nothing of it after: a
 * result may then lie where an operand lay. Not so where blocks may be computed twice, or where vectors run over the
 * ends of rows.
 */
export function readsBeforeWriting(step: MapStep): boolean {
  const values = step.outputs.map(({ value }) => value);
  const type = floatTypeOf(values);
  if (type === null) return true;
  const places = [...loadsOf(values), ...step.outputs.map(({ place }) => place)];
  const axes = collapse(step.shape, places.map(stepsOf));
  const length = axes.at(-1)?.length ?? 1;
  if (isWorthExpanding(values, length)) return false;
  return axes.length <= 1 || (length * bytesOf(type)) % WIDEST_STORE === 0;
}

export function emitMap(
  f: FunctionBuilder,
  step: MapStep,
  functions: VectorFunctions,
  addressOf: AddressOf,
  range?: MapRange,
): void {
  const values = step.outputs.map(({ value }) => value);
  const type = floatTypeOf(values);
  if (type === null) {
    emitElements(f, step, functions, addressOf);
    return;
  }
  if (sizeOf(step.shape) === 0) return;
  const places = [...new Set(loadsOf(values))];
  const targets = step.outputs.map(({ place }) => place);
  const all = [...places, ...targets];
  const axes = collapse(step.shape, all.map(stepsOf));
  // The last axis runs in vectors. They may write past its end: the next row comes later and repairs it.
  const last = axes.at(-1);
  loops(
    f,
    axes.slice(0, -1),
    all.map((place) => f.let(addressOf(place))),
    (addresses) => {
      const readers = new Map(
        places.map((place, i) => [
          place,
          reader(f, type, {
            address: addresses[i]!,
            step: last?.steps[i] ?? 0,
            isBool: place.dtype === "bool",
          }),
        ]),
      );
      const length = last?.length ?? 1;
      // A range cuts the vectors of the only axis, or the turns of the first one.
      const cut = axes.length === 1 ? range : undefined;
      const write = (position: Node, expands: boolean): Node[] => {
        const writer = new VectorWriter(
          type,
          functions,
          (leaf) => readers.get(leaf.place)!(position),
          expands,
        );
        return values.map((value) => writer.write(value));
      };
      const put = (position: Node, nodes: readonly Node[]): void =>
        nodes.forEach((node, i) => {
          store(f, type, targets[i]!.dtype === "bool", addresses[places.length + i]!, position, node);
        });
      const carefully = (position: Node): void => {
        const nodes = write(position, false);
        f.sharing(nodes, () => put(position, nodes));
      };
      if (!isWorthExpanding(values, length)) {
        overVectors(f, type, length, carefully, cut);
        return;
      }
      // Pairs of vectors, whose computations overlap, without the rare cases of functions; where one turns up, the block
      // is computed once more.
      const seen = f.local("v128");
      const start = f.local("i32");
      const at = f.local("i32");
      const stop = f.local("i32");
      const end = i32(length * bytesOf(type));
      f.set(start, i32(0));
      f.for(start, end, i32(BLOCK), () => {
        f.set(stop, op("i32.add", get(start), i32(BLOCK)));
        f.if(op("i32.gt_s", get(stop), end), () => f.set(stop, end));
        f.set(seen, v128(0n, 0n));
        f.set(at, get(start));
        f.for(at, get(stop), i32(32), () => {
          const positions = [get(at), f.let(op("i32.add", get(at), i32(16)))];
          const pairs = positions.map((position) => write(position, true));
          const { usual, masks } = assumeUsual(pairs.flat());
          f.sharing([...usual, ...masks], () => {
            positions.forEach((position, k) => {
              put(position, usual.slice(k * values.length, (k + 1) * values.length));
            });
            if (masks.length)
              f.set(
                seen,
                masks.reduce((all, mask) => op("v128.or", all, mask), get(seen)),
              );
          });
        });
        f.if(op("v128.any_true", get(seen)), () => {
          f.set(at, get(start));
          f.for(at, get(stop), i32(16), () => carefully(get(at)));
        });
      });
    },
    axes.length > 1 ? range : undefined,
  );
}

/** Bytes after which rare cases are looked for. */
const BLOCK = 1024;
/** Shorter rows, or kernels with more functions, call functions instead. */
const SHORTEST_EXPANDED = 32;
const MOST_EXPANDED = 2;

function isWorthExpanding(values: readonly Expression[], length: number): boolean {
  const count = nodesOf(values).filter((node) => node.kind === "apply" && isFunction(node.kernel)).length;
  return count > 0 && count <= MOST_EXPANDED && length >= SHORTEST_EXPANDED;
}

const LOADS: Readonly<Record<string, string>> = {
  float64: "f64.load",
  float32: "f32.load",
  int32: "i32.load",
  bool: "i32.load8_u",
};
const STORES: Readonly<Record<string, string>> = {
  float64: "f64.store",
  float32: "f32.store",
  int32: "i32.store",
  bool: "i32.store8",
};

/** Elements of mixed types, one by one. */
function emitElements(
  f: FunctionBuilder,
  step: MapStep,
  functions: VectorFunctions,
  addressOf: AddressOf,
): void {
  if (sizeOf(step.shape) === 0) return;
  const places = [...new Set(loadsOf(step.outputs.map(({ value }) => value)))];
  const all = [...places, ...step.outputs.map(({ place }) => place)];
  const starts = all.map((place) => f.let(addressOf(place)));
  loops(f, collapse(step.shape, all.map(stepsOf)), starts, (addresses) => {
    const writer = new ScalarWriter(functions, ({ place }) =>
      load(LOADS[place.dtype]!, addresses[places.indexOf(place)]!),
    );
    const nodes = step.outputs.map(({ value }) => writer.write(value));
    f.sharing(nodes, () =>
      nodes.forEach((node, i) => {
        f.store(STORES[step.outputs[i]!.place.dtype]!, addresses[places.length + i]!, node);
      }),
    );
  });
}
