// The code of maps.

import { type FunctionBuilder, load, type Node } from "../../device/wasm/assembler.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { elementBytes } from "./buffers.ts";
import { loadsOf } from "./expressions.ts";
import { floatTypeOf, ScalarWriter, type VectorFunctions, VectorWriter } from "./kernels.ts";
import { collapse, loops } from "./nest.ts";
import type { MapStep } from "./steps.ts";
import { overVectors, reader, store } from "./vectors.ts";

/** Where a place begins, as an address. */
export type AddressOf = (place: Tensor) => Node;

/** Distances in bytes between elements along each axis. */
export const stepsOf = (place: Tensor): number[] =>
  place.strides.map((stride) => stride * elementBytes(place.dtype));

export function emitMap(
  f: FunctionBuilder,
  step: MapStep,
  functions: VectorFunctions,
  addressOf: AddressOf,
): void {
  const values = step.outputs.map(({ value }) => value);
  const type = floatTypeOf(values);
  if (type === null) {
    emitScalar(f, step, functions, addressOf);
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
      overVectors(f, type, last?.length ?? 1, (position) => {
        const writer = new VectorWriter(type, functions, (leaf) => readers.get(leaf.place)!(position));
        const nodes = values.map((value) => writer.write(value));
        f.sharing(nodes, () =>
          nodes.forEach((node, i) => {
            store(f, type, targets[i]!.dtype === "bool", addresses[places.length + i]!, position, node);
          }),
        );
      });
    },
  );
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

/** One element of mixed types. */
function emitScalar(
  f: FunctionBuilder,
  step: MapStep,
  functions: VectorFunctions,
  addressOf: AddressOf,
): void {
  const writer = new ScalarWriter(functions, ({ place }) => load(LOADS[place.dtype]!, addressOf(place)));
  const nodes = step.outputs.map(({ value }) => writer.write(value));
  f.sharing(nodes, () =>
    nodes.forEach((node, i) => {
      const { place } = step.outputs[i]!;
      f.store(STORES[place.dtype]!, addressOf(place), node);
    }),
  );
}
