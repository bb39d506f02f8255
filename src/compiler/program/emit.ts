// A program as one WebAssembly module: `main` runs the steps, kernels are functions beside it, and what has no kernel
// is a call out.

import { BINARY, UNARY } from "../../device/scalar.ts";
import {
  call,
  type FunctionBuilder,
  type FunctionRef,
  get,
  i32,
  type Local,
  lane,
  load,
  ModuleBuilder,
  type Node,
  op,
} from "../../device/wasm/assembler.ts";
import { BINARY_FUNCTIONS, UNARY_FUNCTIONS } from "../../device/wasm/definitions.ts";
import { inDoubles } from "../../device/wasm/elementwise.ts";
import { hasRelaxedSimd } from "../../device/wasm/features.ts";
import type { KernelContext } from "../../device/wasm/lanes.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { type Buffer, bufferOf, elementBytes, type Motion, rootOf } from "./buffers.ts";
import { emitFold } from "./emitFold.ts";
import { type AddressOf, emitMap, rangeOf, stepsOf } from "./emitMap.ts";
import { type Expression, nodesOf } from "./expressions.ts";
import { arityOf, type FloatType, functionName, isFunction, type VectorFunction } from "./kernels.ts";
import { collapse, loops } from "./nest.ts";
import { type Plan, placesOf } from "./plan.ts";
import type { ContractStep, FoldStep, HostStep, MapStep, Program, RowsStep, Step } from "./steps.ts";

/** A step that JavaScript runs; it is called with the indices of the loops in `loops`. */
export interface CallOut {
  readonly step: HostStep | ContractStep | MapStep;
  readonly loops: readonly number[];
  /** For a map that threads share: its kernel, a module of its own. */
  readonly parallel?: ParallelMap;
}

/** A kernel `run(base, from, to)` for parts of a map. */
export interface ParallelMap {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly scalars: Readonly<Record<string, (...x: number[]) => number>>;
  readonly total: number;
  readonly unit: number;
}

/** Maps over fewer elements run on one thread. */
const SMALLEST_PARALLEL = 1 << 16;

/** A map as a kernel for threads: large, at a fixed place, and with functions that every thread has. */
function parallelMap(step: MapStep, plan: Plan): ParallelMap | undefined {
  if (sizeOf(step.shape) < SMALLEST_PARALLEL || loopsOf(placesOf(step)).length > 0) return undefined;
  const isEverywhere = nodesOf(valuesOf(step)).every(
    (node) => node.kind !== "apply" || !isFunction(node.kernel) || node.kernel in SHARED_FUNCTIONS,
  );
  const range = isEverywhere ? rangeOf(step) : null;
  if (!range) return undefined;
  const module = new ModuleBuilder();
  module.importMemory();
  const scalars: Record<string, (...x: number[]) => number> = {};
  const functions = defineFunctions(module, importScalars(module, [step], scalars));
  module.function("run", ["i32", "i32", "i32"], [], (f) => {
    const addressOf = (place: Tensor): Node => op("i32.add", get(f.param(0)), i32(offsetOf(place, plan)));
    emitMap(f, step, functions, addressOf, { from: get(f.param(1)), to: get(f.param(2)) });
  });
  return { bytes: module.toBytes(), scalars, ...range };
}

/** Functions of which JavaScript's own definition is ours too, so that a worker has them by name. */
const SHARED_FUNCTIONS: Readonly<Record<string, unknown>> = Object.fromEntries(
  Object.entries({ ...UNARY, ...BINARY }).filter(
    ([name, f]) => (Math as unknown as Record<string, unknown>)[name] === f,
  ),
);

export interface Emitted {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Imported as `env.call0`, `env.call1` … */
  readonly calls: readonly CallOut[];
  /** Scalar functions that kernels fall back to, imported by these names. */
  readonly scalars: Readonly<Record<string, (...x: number[]) => number>>;
  readonly kernels: number;
}

/** Scalar definitions of all functions. */
const SCALARS: Readonly<Record<string, (...x: number[]) => number>> = { ...UNARY, ...BINARY };

/** How an address moves with loops. */
export function motionsOf(buffer: Buffer): Motion[] {
  if (!buffer.within) return [];
  const { parent, motion } = buffer.within;
  return motion ? [...motionsOf(parent), motion] : motionsOf(parent);
}

/** Bytes from the start of the root buffer, at the first turn of all loops. */
const innerOffset = (buffer: Buffer): number =>
  buffer.within ? innerOffset(buffer.within.parent) + buffer.within.offset : 0;

/** Byte offset of a place in the arena, at the first turn of all loops. */
export const offsetOf = (place: Tensor, plan: Plan): number => {
  const buffer = bufferOf(place)!;
  return (
    plan.offsets.get(rootOf(buffer).id)! + innerOffset(buffer) + place.offset * elementBytes(place.dtype)
  );
};

/** The loops with which any of these places moves. */
const loopsOf = (places: readonly Tensor[]): number[] => [
  ...new Set(places.flatMap((place) => motionsOf(bufferOf(place)!).map(({ loop }) => loop))),
];

export function emit(program: Program, plan: Plan): Emitted {
  const module = new ModuleBuilder();
  module.importMemory();
  const kernels: GeneratedStep[] = [];
  const calls: CallOut[] = [];
  collect(program.steps, plan, kernels, calls);
  const scalars: Record<string, (...x: number[]) => number> = {};
  const contexts = importScalars(module, kernels, scalars);
  const outside = new Map(
    calls.map((out, i) => [
      out.step,
      module.importFunction(
        `call${i}`,
        out.loops.map(() => "i32"),
        [],
      ),
    ]),
  );
  const functions = defineFunctions(module, contexts);
  const inside = new Map<Step, { ref: FunctionRef; loops: readonly number[] }>();
  kernels.forEach((step, i) => {
    const places = placesOf(step);
    const loops = loopsOf(places);
    const ref = module.function(`kernel${i}`, ["i32", ...loops.map(() => "i32" as const)], [], (f) => {
      const addressOf = (place: Tensor): Node =>
        motionsOf(bufferOf(place)!).reduce(
          (address, { loop, bytes }) =>
            op("i32.add", address, op("i32.mul", get(f.param(1 + loops.indexOf(loop))), i32(bytes))),
          op("i32.add", get(f.param(0)), i32(offsetOf(place, plan))),
        );
      emitKernel(f, step, functions, addressOf);
    });
    inside.set(step, { ref, loops });
  });
  module.function("main", ["i32"], [], (f) => {
    new Main(f, plan, inside, outside, calls).run(program.steps);
  });
  return { bytes: module.toBytes(), calls, scalars, kernels: kernels.length };
}

/** Steps that become functions of the module. */
type GeneratedStep = MapStep | FoldStep | RowsStep;

const valuesOf = (step: GeneratedStep): Expression[] => {
  if (step.kind === "rows") return step.steps.flatMap(valuesOf);
  return step.kind === "map" ? step.outputs.map(({ value }) => value) : [step.value];
};

function emitKernel(
  f: FunctionBuilder,
  step: GeneratedStep,
  functions: ReadonlyMap<string, VectorFunction>,
  addressOf: AddressOf,
): void {
  if (step.kind === "map") emitMap(f, step, functions, addressOf);
  else if (step.kind === "fold") emitFold(f, step, functions, addressOf);
  else {
    const wholes = [...step.wholes];
    const axes = collapse(
      step.lead,
      wholes.map(([, whole]) => stepsOf(whole).slice(0, step.lead.length)),
    );
    const starts = wholes.map(([, whole]) => f.let(addressOf(whole)));
    loops(f, axes, starts, (addresses) => {
      const rows = new Map(wholes.map(([row], i) => [row, addresses[i]!]));
      for (const part of step.steps) emitKernel(f, part, functions, (row) => rows.get(row)!);
    });
  }
}

function collect(steps: readonly Step[], plan: Plan, kernels: GeneratedStep[], calls: CallOut[]): void {
  for (const step of steps) {
    switch (step.kind) {
      case "map": {
        const parallel = parallelMap(step, plan);
        if (parallel) calls.push({ step, loops: [], parallel });
        else kernels.push(step);
        break;
      }
      case "fold":
      case "rows":
        kernels.push(step);
        break;
      case "contract":
      case "host":
        calls.push({ step, loops: loopsOf(placesOf(step).filter((place) => bufferOf(place))) });
        break;
      case "loop":
        collect(step.body, plan, kernels, calls);
        break;
      case "while":
        collect(step.condition, plan, kernels, calls);
        collect(step.body, plan, kernels, calls);
        break;
      case "branch":
        for (const branch of step.branches) collect(branch, plan, kernels, calls);
    }
  }
}

/** Every transcendental function of the kernels by its name in the module, with its scalar definition. */
function importScalars(
  module: ModuleBuilder,
  kernels: readonly GeneratedStep[],
  scalars: Record<string, (...x: number[]) => number>,
): Map<string, { kernel: string; type: FloatType; scalar: FunctionRef }> {
  const found = new Map<string, { kernel: string; type: FloatType; scalar: FunctionRef }>();
  for (const step of kernels) {
    for (const node of nodesOf(valuesOf(step))) {
      if (node.kind !== "apply" || !isFunction(node.kernel)) continue;
      const type = node.dtype as FloatType;
      const name = functionName(node.kernel, type);
      if (found.has(name)) continue;
      const scalar = module.importFunction(name, Array<"f64">(arityOf(node.kernel)).fill("f64"), ["f64"]);
      scalars[name] = SCALARS[node.kernel]!;
      found.set(name, { kernel: node.kernel, type, scalar });
    }
  }
  return found;
}

/** One function of vectors for each; those without vector code go lane by lane. */
function defineFunctions(
  module: ModuleBuilder,
  wanted: ReadonlyMap<string, { kernel: string; type: FloatType; scalar: FunctionRef }>,
): Map<string, VectorFunction> {
  const fused = hasRelaxedSimd();
  const functions = new Map<string, VectorFunction>();
  for (const [name, { kernel, type, scalar }] of wanted) {
    const context: KernelContext = { fused, scalar };
    const unary = UNARY_FUNCTIONS[kernel as keyof typeof UNARY_FUNCTIONS];
    const binary = BINARY_FUNCTIONS[kernel as keyof typeof BINARY_FUNCTIONS];
    const onPairs = (args: Node[]): Node => {
      if (unary) return unary(context, args[0]!);
      if (binary) return binary(context, args[0]!, args[1]!);
      const at = (l: number): Node => call(scalar, ...args.map((x) => lane("f64x2.extract_lane", l, x)));
      return lane("f64x2.replace_lane", 1, op("f64x2.splat", at(0)), at(1));
    };
    const expand = (args: readonly Node[]): Node =>
      type === "float64" ? onPairs([...args]) : inDoubles(onPairs, [...args]);
    const params = Array<"v128">(arityOf(kernel)).fill("v128");
    const ref = module.function(name, params, ["v128"], (f) => {
      const value = expand(params.map((_, i) => get(f.param(i))));
      f.sharing([value], () => f.result(value));
    });
    functions.set(name, { ref, expand });
  }
  return functions;
}

/** Writes the body of `main`. */
class Main {
  readonly #f: FunctionBuilder;
  readonly #plan: Plan;
  readonly #inside: ReadonlyMap<Step, { ref: FunctionRef; loops: readonly number[] }>;
  readonly #outside: ReadonlyMap<Step, FunctionRef>;
  readonly #calls: ReadonlyMap<Step, CallOut>;
  /** The index of each running loop. */
  readonly #indices = new Map<number, Local>();

  constructor(
    f: FunctionBuilder,
    plan: Plan,
    inside: ReadonlyMap<Step, { ref: FunctionRef; loops: readonly number[] }>,
    outside: ReadonlyMap<Step, FunctionRef>,
    calls: readonly CallOut[],
  ) {
    this.#f = f;
    this.#plan = plan;
    this.#inside = inside;
    this.#outside = outside;
    this.#calls = new Map(calls.map((out) => [out.step, out]));
  }

  run(steps: readonly Step[]): void {
    for (const step of steps) this.#step(step);
  }

  #step(step: Step): void {
    const f = this.#f;
    const indices = (loops: readonly number[]): Node[] => loops.map((loop) => get(this.#indices.get(loop)!));
    switch (step.kind) {
      case "map":
      case "fold":
      case "rows": {
        const outside = this.#outside.get(step);
        if (outside) {
          f.call(outside);
          return;
        }
        const { ref, loops } = this.#inside.get(step)!;
        f.call(ref, get(f.param(0)), ...indices(loops));
        return;
      }
      case "contract":
      case "host":
        f.call(this.#outside.get(step)!, ...indices(this.#calls.get(step)!.loops));
        return;
      case "loop": {
        const turn = f.local("i32");
        const index = f.local("i32");
        this.#indices.set(step.index, index);
        f.set(turn, i32(0));
        f.for(turn, i32(step.length), i32(1), () => {
          f.set(index, step.reverse ? op("i32.sub", i32(step.length - 1), get(turn)) : get(turn));
          this.run(step.body);
        });
        this.#indices.delete(step.index);
        return;
      }
      case "while":
        f.loopUntil((leaveIf) => {
          this.run(step.condition);
          leaveIf(op("i32.eqz", load("i32.load8_u", this.#address(step.test))));
          this.run(step.body);
        });
        return;
      case "branch": {
        const index = f.local("i32");
        f.set(index, load("i32.load", this.#address(step.index)));
        const choose = (from: number): void => {
          if (from === step.branches.length - 1) this.run(step.branches[from]!);
          else
            f.if(
              op("i32.le_s", get(index), i32(from)),
              () => this.run(step.branches[from]!),
              () => choose(from + 1),
            );
        };
        choose(0);
      }
    }
  }

  #address(place: Tensor): Node {
    const start = op("i32.add", get(this.#f.param(0)), i32(offsetOf(place, this.#plan)));
    return motionsOf(bufferOf(place)!).reduce(
      (address, { loop, bytes }) =>
        op("i32.add", address, op("i32.mul", get(this.#indices.get(loop)!), i32(bytes))),
      start,
    );
  }
}
