// Derivation as a pass over graphs: convolutions one by one, and products of one input by several constants together.

import { contractP } from "../../ops/contract.ts";
import { convP } from "../../ops/convolution/primitive.ts";
import type { ConvParams } from "../../ops/convolution/window.ts";
import { narrowAxis } from "../../ops/movement.ts";
import type { Abstract } from "../../ops/primitive.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { type Equation, type Graph, Variable } from "../../transform/graphs/graph.ts";
import { graphFlops } from "../flops.ts";
import { rewrite } from "../passes/walk.ts";
import { fingerprint } from "./fingerprint.ts";
import { toExpression } from "./fromGraph.ts";
import { fuseExpressions } from "./fuse.ts";
import { type Kernel, modelCost } from "./kernel.ts";
import { type Derivation, type DeriveOptions, derive, inputsOf } from "./search.ts";

export interface DerivePassOptions extends Omit<DeriveOptions, "constants" | "cost" | "onProgress"> {
  /** By the model, or by a model of one's own: seconds of a kernel. */
  readonly cost?: "model" | ((kernel: Kernel) => number);
}

export interface DeriveReport {
  readonly pass: "derive";
  /** Equations before and after. */
  readonly before: number;
  readonly after: number;
  readonly flopsBefore: number;
  readonly flopsAfter: number;
  /** What was put in the place of equations, as the steps that led to it. */
  readonly replaced: readonly (readonly string[])[];
}

/** States for every expression of a graph: a compiler cannot take minutes. */
const MOST_STATES = 500;

/** Derivations by fingerprint and options. */
const known = new Map<string, Derivation>();
const MOST_KNOWN = 256;

function derived(
  expression: Parameters<typeof derive>[0],
  constants: readonly string[],
  options: DerivePassOptions,
): Derivation {
  const { signal: _, cost, timeLimit, ...plain } = options;
  const isCached = typeof cost !== "function" && timeLimit === undefined;
  const id = JSON.stringify([fingerprint(expression), constants, cost, plain]);
  const found = isCached ? known.get(id) : undefined;
  if (found) return found;
  const result = derive(expression, { maxStates: MOST_STATES, ...options, constants });
  if (isCached) {
    if (known.size >= MOST_KNOWN) known.delete(known.keys().next().value!);
    known.set(id, result);
  }
  return result;
}

/** Results to put in the place of those of some equations, all from the operands of the first of them. */
interface Replacement {
  readonly equations: readonly number[];
  readonly steps: readonly string[];
  readonly run: (operands: readonly Tensor[]) => readonly Tensor[];
}

const isFloat = ({ dtype }: Abstract): boolean => dtype === "float32" || dtype === "float64";

/** A convolution that a derived program computes for less. */
function replaceConvolution(equation: Equation, at: number, options: DerivePassOptions): Replacement | null {
  const expression = isFloat(equation.outputs[0]!) ? toExpression(equation) : null;
  if (!expression) return null;
  const constants = equation.inputs.flatMap((x, i) => (x instanceof Tensor ? [i === 0 ? "a" : "b"] : []));
  const { best, original } = derived(expression, constants, options);
  // The primitive neither copies patches nor multiplies by the zeros between elements.
  const { inputDilation } = equation.params as ConvParams;
  const spread = inputDilation.reduce((a, b) => a * b, 1);
  const atoms: readonly Abstract[] = [...equation.inputs, ...equation.outputs];
  const elements = atoms.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const product = original.kernels.at(-1)!;
  const kernel: Kernel = { ...product, kind: "conv2d", flops: product.flops / spread, elements };
  const plain = typeof options.cost === "function" ? options.cost(kernel) : modelCost([kernel]);
  if (best === original || best.cost >= Math.min(plain, original.cost)) return null;
  const inputs = inputsOf(expression);
  return {
    equations: [at],
    steps: best.steps,
    run: (operands) => {
      const [a, b] = operands.map((x, i) => x.reshape(inputs.get(i === 0 ? "a" : "b")!.shape));
      return [best.program({ a: a!, b: b! }).reshape(equation.outputs[0]!.shape)];
    },
  };
}

/** Products of one value with several constants as one product. `side` is where the value stands. */
function replaceProducts(
  equations: readonly Equation[],
  group: readonly number[],
  side: 0 | 1,
  options: DerivePassOptions,
): Replacement | null {
  const names = group.map((_, i) => `w${i}`);
  const singles = group.map((at, i) =>
    toExpression(equations[at]!, side === 0 ? ["x", names[i]!] : [names[i]!, "x"]),
  );
  const expressions = singles.flatMap((expression) => expression ?? []);
  if (expressions.length < group.length) return null;
  const { best } = derived(fuseExpressions(expressions), names, options);
  const apart = expressions.reduce(
    (sum, expression, i) => sum + derived(expression, [names[i]!], { ...options, maxDepth: 0 }).original.cost,
    0,
  );
  if (best.cost >= apart) return null;
  const constants = Object.fromEntries(
    group.map((at, i) => [names[i]!, equations[at]!.inputs[1 - side] as Tensor]),
  );
  const { shape } = expressions[0]!;
  return {
    equations: group,
    steps: best.steps,
    run: (operands) => {
      const all = best.program({ ...constants, x: operands[side]! });
      return group.map((_, i) => narrowAxis(all, 0, i, i + 1).reshape(shape));
    },
  };
}

/** Contractions with one value on one side and constants of one shape on the other. */
function productGroups(equations: readonly Equation[], side: 0 | 1): number[][] {
  const groups = new Map<string, number[]>();
  equations.forEach(({ primitive, inputs, params }, at) => {
    const value = inputs[side];
    const constant = inputs[1 - side];
    if (primitive.name !== contractP.name || !(value instanceof Variable) || !(constant instanceof Tensor))
      return;
    if (!isFloat(value)) return;
    const id = JSON.stringify([value.id, constant.shape, params]);
    groups.set(id, [...(groups.get(id) ?? []), at]);
  });
  return [...groups.values()].filter((group) => group.length > 1);
}

/**
 * An equal graph in which derived programs take the place of equations that they are cheaper than by the model: of
 * convolutions, and of products of one value with several constants. Everything else stays. Sums may run in another order, so that values are the same up to rounding.
 * Derivations are kept by fingerprint.
 */
export function derivePass(
  graph: Graph,
  options: DerivePassOptions = {},
): { readonly graph: Graph; readonly report: DeriveReport } {
  const { equations } = graph;
  const products = ([0, 1] as const).flatMap((side) =>
    productGroups(equations, side).map((group) => replaceProducts(equations, group, side, options)),
  );
  const convolutions = equations.map((equation, at) =>
    equation.primitive.name === convP.name ? replaceConvolution(equation, at, options) : null,
  );
  const replacements = [...products, ...convolutions].flatMap((replacement) => replacement ?? []);
  const byEquation = new Map(
    replacements.flatMap((found) => found.equations.map((at) => [at, found] as const)),
  );
  const results = new Map<Replacement, readonly Tensor[]>();
  let at = -1;
  const result = rewrite(graph, (_, operands) => {
    at++;
    const found = byEquation.get(at);
    if (!found) return null;
    const values = results.get(found) ?? found.run(operands);
    results.set(found, values);
    return [values[found.equations.indexOf(at)]!];
  });
  return {
    graph: result,
    report: {
      pass: "derive",
      before: equations.length,
      after: result.equations.length,
      flopsBefore: graphFlops(graph),
      flopsAfter: graphFlops(result),
      replaced: replacements.map(({ steps }) => steps),
    },
  };
}
