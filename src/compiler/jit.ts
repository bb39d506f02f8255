import { hasSimd } from "../device/wasm/features.ts";
import { bind } from "../ops/bind.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { TreeStructure } from "../tensor/tree.ts";
import { FlatCall, flattenArguments } from "../transform/arguments.ts";
import { callP } from "../transform/graphs/call.ts";
import { close, evaluateGraph, type Graph, traceFlat } from "../transform/graphs/graph.ts";
import { optimize } from "./passes/optimize.ts";
import { type Compiled, compile } from "./program/run.ts";

interface Traced {
  readonly graph: Graph;
  readonly call: FlatCall;
}

/** Graphs are kept for this many different signatures; the one not used for longest is dropped first. */
const CACHE_SIZE = 64;

/** What a graph depends on besides the values of tensors: their places, shapes and dtypes, and everything else. */
function signature(
  structure: TreeStructure,
  leaves: readonly { shape: readonly number[]; dtype: string }[],
): string {
  const types = leaves.map(({ shape, dtype }) => `${dtype}[${shape.join()}]`);
  return JSON.stringify(
    structure.build((i) => ({ tensor: types[i] })),
    (_key, value) =>
      typeof value === "function" ? identityOf(value) : Object.is(value, undefined) ? "undefined" : value,
  );
}

const identities = new WeakMap<object, number>();
let nextIdentity = 0;

/** A number for each function, so that it can be part of a signature. */
function identityOf(value: object): string {
  if (!identities.has(value)) identities.set(value, nextIdentity++);
  return `ƒ${identities.get(value)}`;
}

const programs = new WeakMap<Graph, Compiled>();

/** The compiled program of a graph. */
export function programOf(graph: Graph): Compiled {
  let program = programs.get(graph);
  if (!program) {
    program = compile(optimize(graph).graph);
    programs.set(graph, program);
  }
  return program;
}

const runCompiled = (graph: Graph, inputs: readonly Tensor[]): readonly Tensor[] =>
  hasSimd() ? programOf(graph).run(inputs) : evaluateGraph(graph, inputs);

/**
 * The same function, traced once per combination of shapes, dtypes and other (static) arguments, then run as a graph.
 * The function must be pure: JavaScript in it runs only while it is traced. Values that it closes over are constants,
 * those of an enclosing transform excepted.
 */
export function jit<A extends readonly unknown[], B>(f: (...args: A) => B): (...args: A) => B {
  const cache = new Map<string, Traced>();
  return (...args) => {
    const flat = flattenArguments(args);
    const key = signature(flat.structure, flat.leaves);
    let compiled = cache.get(key);
    let captured: readonly Tensor[] = [];
    if (compiled) cache.delete(key);
    else {
      const call = new FlatCall(f as never, flat, "jit");
      const closed = close(traceFlat(call.run, flat.leaves, "jit"));
      captured = closed.captured;
      compiled = { graph: closed.graph, call };
    }
    // What belongs to an enclosing transform does not outlive it.
    if (captured.length === 0) {
      cache.set(key, compiled);
      if (cache.size > CACHE_SIZE) cache.delete(cache.keys().next().value!);
    }
    const outputs = bind(callP, [...captured, ...flat.leaves], {
      name: f.name || "jit",
      graph: compiled.graph,
      recompute: false,
      run: runCompiled,
    });
    return compiled.call.rebuild<B>(outputs);
  };
}
