// Compiled graphs as functions: inputs are copied into the arena, `main` runs once, results are copied out.

import type { MatrixType } from "../../device/device.ts";
import { enterArena, hasRoom, leaveArena, sharedMemory } from "../../device/wasm/memory.ts";
import { runParts, type SharedKernel, shareOut } from "../../device/wasm/threads/pool.ts";
import { bind } from "../../ops/bind.ts";
import { planProduct, runProduct } from "../../ops/productPlan.ts";
import { allocate, type DType, dtypeInfo, type Storage } from "../../tensor/dtype.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { evaluateGraph, type Graph } from "../../transform/graphs/graph.ts";
import { bufferOf, elementBytes } from "./buffers.ts";
import { build } from "./build.ts";
import { type CallOut, emit, motionsOf, offsetOf, type ParallelMap } from "./emit.ts";
import { type Plan, planArena } from "./plan.ts";
import { joinRows } from "./rows.ts";
import type { ContractStep, HostStep, Program } from "./steps.ts";

/** What a graph became. */
export interface Compiled {
  readonly run: (inputs: readonly Tensor[]) => readonly Tensor[];
  readonly program: Program;
  readonly arenaBytes: number;
  /** Generated kernels, and calls out of the module. */
  readonly kernels: number;
  readonly calls: number;
}

/**
 * `isTight` spares memory rather than passes over it. What needs more memory than WebAssembly has is run equation by
 * equation, each in memory of its own.
 */
export function compile(graph: Graph, isTight = false): Compiled {
  const built = build(graph, isTight);
  const program = joinRows(built.program, built.buffers);
  const plan = planArena(program);
  const emitted = emit(program, plan);
  let base = 0;
  const imports: Record<string, WebAssembly.ImportValue> = { memory: sharedMemory(), ...emitted.scalars };
  emitted.calls.forEach((out, i) => {
    imports[`call${i}`] = caller(out, plan, () => base);
  });
  const module = new WebAssembly.Module(emitted.bytes);
  const main = new WebAssembly.Instance(module, { env: imports }).exports["main"] as (base: number) => void;
  const placed = (place: Tensor): { place: Tensor; offset: number } => ({
    place,
    offset: offsetOf(place, plan),
  });
  const inputPlaces = program.inputs.map(placed);
  const constants = program.constants.map(({ value, place }) => ({ value, ...placed(place) }));
  const outputs = program.outputs.map((place) => (bufferOf(place) ? placed(place) : { place, offset: -1 }));
  const run = (inputs: readonly Tensor[]): readonly Tensor[] => {
    if (!hasRoom(plan.bytes)) return evaluateGraph(graph, inputs);
    const address = enterArena(plan.bytes);
    // A program may run inside of a call out of itself.
    const before = base;
    base = address;
    try {
      for (let i = 0; i < inputPlaces.length; i++) {
        const { place, offset } = inputPlaces[i]!;
        copyIn(inputs[i]!, place, address + offset);
      }
      for (const { value, place, offset } of constants) copyIn(value, place, address + offset);
      main(address);
      return outputs.map(({ place, offset }) => (offset < 0 ? place : copyOut(place, address + offset)));
    } finally {
      base = before;
      leaveArena(plan.bytes);
    }
  };
  return { run, program, arenaBytes: plan.bytes, kernels: emitted.kernels, calls: emitted.calls.length };
}

let viewed: ArrayBufferLike | undefined;
const views = new Map<DType, Storage>();

/** The whole memory as elements of a dtype. */
function memoryOf(dtype: DType): Storage {
  const { buffer } = sharedMemory();
  if (buffer !== viewed) {
    views.clear();
    viewed = buffer;
  }
  let view = views.get(dtype);
  if (!view) {
    const { storage } = dtypeInfo(dtype);
    view = new (storage as unknown as new (buffer: ArrayBufferLike) => Storage)(buffer);
    views.set(dtype, view);
  }
  return view;
}

/** Below this count a loop is faster than making a view. */
const SHORT = 32;

function copyIn(value: Tensor, place: Tensor, address: number): void {
  const view = memoryOf(place.dtype);
  const data = value.data();
  const start = address / view.BYTES_PER_ELEMENT;
  if (data.length > SHORT) view.set(data, start);
  else for (let i = 0; i < data.length; i++) view[start + i] = data[i]!;
}

function copyOut(place: Tensor, address: number): Tensor {
  const { dtype, shape, size } = place;
  const view = memoryOf(dtype);
  const data = allocate(dtype, size);
  const start = address / view.BYTES_PER_ELEMENT;
  if (data.length > SHORT) data.set(view.subarray(start, start + data.length));
  else for (let i = 0; i < data.length; i++) data[i] = view[start + i]!;
  return new Tensor(data, shape, dtype);
}

/** What JavaScript does for a step, given the indices of the loops that its places move with. */
function caller(out: CallOut, plan: Plan, base: () => number): (...indices: number[]) => void {
  if (out.parallel) return parallelCaller(out.parallel, base);
  const { loops } = out;
  const step = out.step as HostStep | ContractStep;
  const addresser = (place: Tensor): ((indices: readonly number[]) => number) => {
    const start = offsetOf(place, plan);
    const motions = motionsOf(bufferOf(place)!).map(({ loop, bytes }) => ({
      at: loops.indexOf(loop),
      bytes,
    }));
    return (indices) =>
      motions.reduce((address, { at, bytes }) => address + indices[at]! * bytes, base() + start);
  };
  /** Every call gets tensors of its own: primitives may remember what they know of one. */
  const viewer = (place: Tensor): ((indices: readonly number[]) => Tensor) => {
    if (!bufferOf(place)) return () => place;
    const addressOf = addresser(place);
    const { shape, dtype, strides } = place;
    return (indices) =>
      new Tensor(memoryOf(dtype), shape, dtype, strides, addressOf(indices) / elementBytes(dtype));
  };
  if (step.kind === "contract") {
    const [a, b] = step.operands.map(viewer) as [ReturnType<typeof viewer>, ReturnType<typeof viewer>];
    const target = addresser(step.place);
    const type = step.place.dtype as MatrixType;
    const product = planProduct(step.operands[0], step.operands[1], step.params);
    return (...indices) =>
      runProduct(product, memoryOf(type), target(indices) / elementBytes(type), a(indices), b(indices), type);
  }
  const operands = step.operands.map(viewer);
  const targets = step.places.map(addresser);
  // Primitives that run functions of their own may make the memory grow, which would take views away.
  const mayGrow = typeof step.primitive.jvp !== "function";
  return (...indices) => {
    const inputs = operands.map((view) => {
      const x = view(indices);
      return mayGrow ? new Tensor(x.toTypedArray(), x.shape, x.dtype) : x;
    });
    bind(step.primitive, inputs, step.params).forEach((result, i) => {
      const place = step.places[i]!;
      copyIn(result, place, targets[i]!(indices));
    });
  };
}

/** Threads share the parts of a map. */
function parallelCaller({ bytes, scalars, total, unit }: ParallelMap, base: () => number): () => void {
  const module = new WebAssembly.Module(bytes);
  const env = { memory: sharedMemory(), ...scalars };
  const run = new WebAssembly.Instance(module, { env }).exports["run"] as SharedKernel["run"];
  const kernel: SharedKernel = { bytes, name: "run", run };
  return () => {
    runParts(
      kernel,
      shareOut(total, unit, Number.POSITIVE_INFINITY, (from, count) => [base(), from, from + count]),
    );
  };
}
