import { hasSimd } from "../device/wasm/features.ts";
import { bind } from "../ops/bind.ts";
import { sameShape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { FlatCall, flattenArguments } from "../transform/arguments.ts";
import { callP } from "../transform/graphs/call.ts";
import { close, evaluateGraph, type Graph, traceFlat } from "../transform/graphs/graph.ts";
import { compileWithin } from "./budget.ts";
import { derivePass } from "./derive/pass.ts";
import { optimize } from "./passes/optimize.ts";
import { type Compiled, compile } from "./program/run.ts";

/** A traced function and the arguments that it was traced for. */
interface Traced {
  readonly args: readonly unknown[];
  readonly graph: Graph;
  readonly call: FlatCall;
}

/** Programs are kept for this many different signatures; the one not used for longest is dropped first. */
const CACHE_SIZE = 64;

/**
 * Whether an argument has the kind of one seen before: tensors of the same shape and dtype at the same places, and
 * everything else equal. Collects the tensors on the way, in the order of `treeFlatten`.
 */
function matches(seen: unknown, value: unknown, leaves: Tensor[]): boolean {
  if (seen instanceof Tensor) {
    if (!(value instanceof Tensor) || seen.dtype !== value.dtype) return false;
    if (seen.shape !== value.shape && !sameShape(seen.shape, value.shape)) return false;
    leaves.push(value);
    return true;
  }
  if (typeof seen !== "object" || seen === null) return Object.is(seen, value);
  if (typeof value !== "object" || value === null || value instanceof Tensor) return false;
  if (Array.isArray(seen)) {
    if (!Array.isArray(value) || seen.length !== value.length) return false;
    for (let i = 0; i < seen.length; i++) if (!matches(seen[i], value[i], leaves)) return false;
    return true;
  }
  if (Array.isArray(value)) return false;
  const keys = Object.keys(seen).sort();
  if (Object.keys(value).length !== keys.length) return false;
  for (const key of keys)
    if (
      !Object.hasOwn(value, key) ||
      !matches((seen as Record<string, unknown>)[key], (value as Record<string, unknown>)[key], leaves)
    )
      return false;
  return true;
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

let canCompile: boolean | undefined;

type Run = (graph: Graph, inputs: readonly Tensor[]) => readonly Tensor[];

const runPlain: Run = (graph, inputs) => {
  canCompile ??= hasSimd();
  return canCompile ? programOf(graph).run(inputs) : evaluateGraph(graph, inputs);
};

/** Runs a function's own graphs with these options. Those that transforms make of them are other functions. */
function runWith({ memoryBudget, derive = false }: JitOptions, own: WeakSet<Graph>): Run {
  return (graph, inputs) => {
    if (own.has(graph) && !programs.has(graph) && hasSimd()) {
      const plain = optimize(graph).graph;
      const better = derive ? optimize(derivePass(plain).graph).graph : plain;
      programs.set(graph, memoryBudget === undefined ? compile(better) : compileWithin(better, memoryBudget));
    }
    return runPlain(graph, inputs);
  };
}

export interface JitOptions {
  /**
   * Bytes that the program's arena may take, inputs and results included. What does not fit is computed again when it
   * is needed; values stay the same to the last bit. Throws DomainError when no order fits. To bound a gradient,
   * compile the gradient: `jit(grad(f), { memoryBudget })`.
   */
  readonly memoryBudget?: number;
  /**
   * Look for programs that are derived from the equations of the graph and cost less by a model (see `derivePass`);
   * false unless told. Values stay the same up to rounding.
   */
  readonly derive?: boolean;
}

/** A function that `jit` made, and what it holds. */
export type Jitted<A extends readonly unknown[], B> = ((...args: A) => B) & {
  /** The traced graph for arguments like these; traces when they are new. */
  readonly graphOf: (...args: A) => Graph;
};

/**
 * The same function, compiled: traced once per combination of shapes, dtypes and other (static) arguments, simplified,
 * and turned into one WebAssembly function that is kept for the next call (64 signatures; the least recently used is
 * dropped). The function must be pure: JavaScript in it runs only while it is traced. Values that it closes over are
 * constants, those of an enclosing transform excepted. Differentiation and vectorisation go through it. A program that needs
 * more than the 2 GB of WebAssembly memory is run equation by equation instead.
 */
export function jit<A extends readonly unknown[], B>(
  f: (...args: A) => B,
  options: JitOptions = {},
): Jitted<A, B> {
  const own = new WeakSet<Graph>();
  const run = options.memoryBudget === undefined && !options.derive ? runPlain : runWith(options, own);
  /** Most recently used first. */
  const cache: Traced[] = [];
  const find = (args: readonly unknown[], leaves: Tensor[]): Traced | undefined => {
    for (let i = 0; i < cache.length; i++) {
      leaves.length = 0;
      const entry = cache[i]!;
      if (!matches(entry.args, args, leaves)) continue;
      if (i > 0) {
        cache.splice(i, 1);
        cache.unshift(entry);
      }
      return entry;
    }
    return undefined;
  };
  const trace = (args: readonly unknown[]): { entry: Traced; operands: readonly Tensor[] } => {
    const flat = flattenArguments(args);
    // What is kept must not hold the elements of the arguments.
    const kinds = kindsOf(args) as readonly unknown[];
    const call = new FlatCall(f as never, flattenArguments(kinds), "jit");
    const { graph, captured } = close(traceFlat(call.run, flat.leaves, "jit"));
    const entry = { args: kinds, graph, call };
    own.add(graph);
    // What uses values of an enclosing transform does not outlive it.
    if (captured.length === 0) {
      cache.unshift(entry);
      if (cache.length > CACHE_SIZE) cache.pop();
    }
    return { entry, operands: [...captured, ...flat.leaves] };
  };
  const jitted = (...args: A): B => {
    const given = args.some((x) => typeof x === "number") ? flattenArguments(args) : null;
    const actual = given ? given.structure.build((i) => given.leaves[i]) : args;
    const leaves: Tensor[] = [];
    const known = find(actual as readonly unknown[], leaves);
    const { entry, operands } = known
      ? { entry: known, operands: leaves }
      : trace(actual as readonly unknown[]);
    const params = { name: f.name || "jit", graph: entry.graph, recompute: false, run };
    return entry.call.rebuild<B>(bind(callP, operands, params));
  };
  return Object.assign(jitted, {
    graphOf: (...args: A) => (find(args, []) ?? trace(args).entry).graph,
  });
}

/** The same tree with tensors that hold no elements: what a signature remembers. */
function kindsOf(value: unknown): unknown {
  if (value instanceof Tensor)
    return new Tensor(
      NOTHING,
      value.shape,
      value.dtype,
      value.shape.map(() => 0),
    );
  if (Array.isArray(value)) return value.map(kindsOf);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, kindsOf(item)]));
}

const NOTHING = new Float64Array(0);
