// The search for programs: rules that explore one after another, depth first, and at every state an attempt to get to
// each operator by repairs alone. States that were seen before, by their canonical text, are not entered again.

import { hasSimd } from "../../device/wasm/features.ts";
import { AbortedError, DomainError } from "../../tensor/errors.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { evaluateGraph, traceFlat } from "../../transform/graphs/graph.ts";
import { optimize } from "../passes/optimize.ts";
import { compile } from "../program/run.ts";
import { shiftedQuotient } from "./affine.ts";
import {
  accessesOf,
  type Expression,
  formatExpression,
  type Input,
  innermost,
  type Scope,
} from "./expression.ts";
import { fingerprint } from "./fingerprint.ts";
import { interpretAt, type Operands, operandOf } from "./interpret.ts";
import {
  formatKernel,
  type Kernel,
  modelCost,
  type Plan,
  runPlan,
  runtimeKernels,
  type Target,
} from "./kernel.ts";
import { matchDirectly, matchTarget } from "./match.ts";
import { transformLayouts } from "./rules/layout.ts";
import { magnifyRanges, relaxRanges } from "./rules/ranges.ts";
import { replaceScope } from "./rules/replace.ts";
import { mergeScopes, splitScopes } from "./rules/scopes.ts";
import { isReadWithOthers, mergeVariables, splitVariables, substituteVariables } from "./rules/variables.ts";

export interface DeriveProgress {
  readonly states: number;
  readonly candidates: number;
}

export interface DeriveOptions {
  /** Exploring rules on one path, 7 unless told. */
  readonly maxDepth?: number;
  readonly targets?: readonly Target[];
  /** Leave out states that were seen before; true unless told. */
  readonly prune?: boolean;
  /** By the model, by a model of one's own (seconds of a kernel), or the five best by the model measured. */
  readonly cost?: "model" | "measure" | ((kernel: Kernel) => number);
  /** Tensors known beforehand, as weights are: kernels that read nothing else cost nothing. */
  readonly constants?: readonly string[];
  /** Seconds. The result is the same every time as long as neither this nor nothing else stops the search. */
  readonly timeLimit?: number;
  /** States after which the search stops, 20,000 unless told. */
  readonly maxStates?: number;
  readonly onProgress?: (progress: DeriveProgress) => void;
  readonly signal?: AbortSignal;
}

export interface Candidate {
  /** The value of the expression for tensors by name; traceable, and made of ordinary operations. */
  readonly program: (operands: Operands) => Tensor;
  /** Seconds, by the model or measured. */
  readonly cost: number;
  /** The rules and matches that led to it, with the expression after each. */
  readonly steps: readonly string[];
  readonly kernels: readonly Kernel[];
  /** Arithmetic operations of all kernels that do not read constants only. */
  readonly flops: number;
  /** Elements that they read and write. */
  readonly elements: number;
}

export interface Derivation {
  /** Ascending by cost. */
  readonly candidates: readonly Candidate[];
  readonly best: Candidate;
  /** The expression as it came, lowered without any search. */
  readonly original: Candidate;
  /** States that were generated. */
  readonly states: number;
  /** Those of them that were seen before. */
  readonly duplicates: number;
  /** The search came to its end. */
  readonly isComplete: boolean;
}

const ALL_TARGETS: readonly Target[] = ["matmul", "batchMatmul", "conv2d", "g2bmm", "elementwise"];

type Rule = (expression: Expression) => Expression[];

/** Rules that explore, by name, and how often each may come on a path. */
const RULES: readonly { readonly name: string; readonly rule: Rule; readonly most: number }[] = [
  { name: "split scope", rule: splitScopes, most: 1 },
  { name: "substitute variables", rule: substituteVariables, most: Number.POSITIVE_INFINITY },
  { name: "magnify range", rule: magnifyRanges, most: Number.POSITIVE_INFINITY },
  { name: "split variable", rule: (e) => splitVariables(e, isReadWithOthers), most: 3 },
  { name: "merge variables", rule: mergeVariables, most: Number.POSITIVE_INFINITY },
  { name: "transform layout", rule: transformLayouts, most: Number.POSITIVE_INFINITY },
];

/** Kept for ranking and checks. */
const MOST_CANDIDATES = 12;
/** And of every sequence of kinds of kernels the cheapest, up to this many in all. */
const MOST_KINDS = 20;
const MEASURED = 5;
/** Elements of a result that are compared with the interpreter. */
const CHECKED_ELEMENTS = 64;

interface Path {
  readonly expression: Expression;
  readonly kernels: readonly Kernel[];
  readonly trail: readonly (() => string)[];
  readonly counts: readonly number[];
}

/** Rules that are applied as soon as they can be: smaller ranges, and no scope without need. */
export function normalize(expression: Expression): Expression {
  let current = expression;
  for (;;) {
    const next = mergeScopes(current)[0] ?? relaxRanges(current)[0];
    if (!next) return current;
    current = next;
  }
}

/** The inner scope as a tensor; null instead of an expression when it was the root. */
function materialize(expression: Expression, scope: Scope, output: Input): Expression | null {
  const { loops } = scope;
  return replaceScope(expression, scope, output, (index) =>
    index.map((at, axis) => shiftedQuotient(at, loops[axis]!.from)),
  );
}

/** Inputs of an expression by name. Throws DomainError where one name has two shapes. */
export function inputsOf({ scope }: Expression): ReadonlyMap<string, Input> {
  const found = new Map<string, Input>();
  const visit = (within: Scope): void => {
    for (const { source } of accessesOf(within.body)) {
      if (source.kind === "scope") visit(source);
      else {
        const known = found.get(source.name);
        if (known && known.shape.join() !== source.shape.join())
          throw new DomainError(`derive: ${source.name} has the shapes ${known.shape} and ${source.shape}`);
        found.set(source.name, source);
      }
    }
  };
  visit(scope);
  return found;
}

/** The kernels of an expression as it stands, inner scopes first. */
export function lowerDirectly(expression: Expression): Plan {
  const kernels: Kernel[] = [];
  let current = expression;
  for (;;) {
    const scope = innermost(current.scope);
    kernels.push(...matchDirectly(scope));
    const output = kernels.at(-1)!.output;
    const next = materialize(current, scope, output);
    if (!next) return { kernels, output, shape: expression.shape };
    current = next;
  }
}

type SearchOptions = DeriveOptions &
  Required<Pick<DeriveOptions, "maxDepth" | "targets" | "prune" | "maxStates">> & { readonly costOf: CostOf };

/** What kernels cost, and those of them that count. */
type CostOf = (kernels: readonly Kernel[]) => { readonly cost: number; readonly counted: readonly Kernel[] };

class Search {
  states = 0;
  duplicates = 0;
  isComplete = true;
  readonly plans: {
    readonly plan: Plan;
    readonly cost: number;
    readonly trail: readonly (() => string)[];
  }[] = [];
  readonly #depths = new Map<string, number>();
  readonly #found = new Set<string>();
  readonly #options: SearchOptions;
  readonly #deadline: number;

  constructor(options: SearchOptions) {
    this.#options = options;
    this.#deadline = performance.now() + 1000 * (options.timeLimit ?? Number.POSITIVE_INFINITY);
  }

  /** Goes on from a state; `depth` rules were applied on the way. */
  visit(path: Path, depth: number): void {
    if (this.#isOver()) return;
    this.states++;
    const expression = normalize(path.expression);
    if (this.#options.prune) {
      const text = fingerprint(expression);
      const seen = this.#depths.get(text);
      if (seen !== undefined && seen <= depth) {
        this.duplicates++;
        return;
      }
      this.#depths.set(text, depth);
    }
    const scope = innermost(expression.scope);
    if (scope.isLayout) {
      this.#converge({ ...path, expression }, scope, "elementwise", depth);
      return;
    }
    for (const target of this.#options.targets) this.#converge({ ...path, expression }, scope, target, depth);
    if (depth >= this.#options.maxDepth) return;
    RULES.forEach(({ name, rule, most }, i) => {
      if (path.counts[i]! >= most) return;
      const counts = path.counts.map((count, j) => (i === j ? count + 1 : count));
      for (const next of rule(expression)) {
        const trail = [...path.trail, () => `${name}: ${formatExpression(next)}`];
        this.visit({ expression: next, kernels: path.kernels, trail, counts }, depth + 1);
      }
    });
  }

  /** Guided derivation to one operator, and on with what is left. */
  #converge(path: Path, scope: Scope, target: Target, depth: number): void {
    const match = matchTarget(scope, target);
    if (!match) return;
    const known = new Set(path.kernels.map(({ output }) => output.name));
    const kernels = [...path.kernels, ...match.kernels.filter(({ output }) => !known.has(output.name))];
    const { output } = match.kernels.at(-1)!;
    const text = (): string => [...match.repairs, ...match.kernels.map(formatKernel)].join("; ");
    const trail = [...path.trail, () => `match ${target}: ${text()}`];
    const rest = materialize(path.expression, scope, output);
    if (rest) {
      this.visit({ expression: rest, kernels, trail, counts: path.counts }, depth);
      return;
    }
    const plan: Plan = { kernels, output, shape: path.expression.shape };
    const id = kernels.map((kernel) => kernel.output.name).join();
    if (this.#found.has(id)) return;
    this.#found.add(id);
    this.plans.push({ plan, cost: this.#options.costOf(kernels).cost, trail });
    if (this.plans.length > 2 * MOST_CANDIDATES) this.rank();
  }

  /** The best first, and not too many; but also the best of each sort. */
  rank(): void {
    this.plans.sort((x, y) => x.cost - y.cost);
    const seen = new Set<string>();
    const kept = this.plans.filter(({ plan }, i) => {
      const kinds = plan.kernels.map(({ kind }) => kind).join();
      const isFirst = !seen.has(kinds);
      seen.add(kinds);
      return i < MOST_CANDIDATES || isFirst;
    });
    this.plans.splice(0, this.plans.length, ...kept.slice(0, MOST_KINDS));
  }

  #isOver(): boolean {
    const { signal, onProgress, maxStates } = this.#options;
    if (signal?.aborted) throw new AbortedError("derive: stopped by the caller");
    if (onProgress && this.states % 256 === 0)
      onProgress({ states: this.states, candidates: this.plans.length });
    if (this.states >= maxStates || performance.now() > this.#deadline) this.isComplete = false;
    return !this.isComplete;
  }
}

/**
 * Programs that compute an expression, found by rewriting it: exploring rules up to `maxDepth` deep, and from every state
 * guided derivation to each operator in `targets`. Every candidate is checked on random integers against the
 * interpreter, at up to 64 elements of the result. The expression as it came is always among them, so that the best is
 * never dearer than it. States are exponential in the depth and bounded by pruning, `maxStates` and `timeLimit`. Throws
 * DomainError for options out of range, AbortedError when stopped.
 *
 * Source: L. Zheng et al., "OLLIE: Derivation-based tensor program optimizer", 2022.
 */
export function derive(expression: Expression, options: DeriveOptions = {}): Derivation {
  const { maxDepth = 7, targets = ALL_TARGETS, prune = true, maxStates = 20_000, cost = "model" } = options;
  check(maxDepth, "maxDepth", 0);
  check(maxStates, "maxStates", 1);
  if (options.timeLimit !== undefined && !(options.timeLimit > 0))
    throw new DomainError(`derive: timeLimit: seconds > 0 were expected, got ${options.timeLimit}`);
  for (const target of targets)
    if (!ALL_TARGETS.includes(target))
      throw new DomainError(
        `derive: targets: one of ${ALL_TARGETS.join(", ")} was expected, got "${target}"`,
      );
  const inputs = inputsOf(expression);
  const constants = new Set(options.constants);
  const price: (kernels: readonly Kernel[]) => number =
    typeof cost === "function" ? (list) => list.reduce((sum, kernel) => sum + cost(kernel), 0) : modelCost;
  const costOf: CostOf = (kernels) => {
    const counted = runtimeKernels(kernels, constants);
    return { cost: price(counted), counted };
  };
  const search = new Search({ ...options, maxDepth, targets, prune, maxStates, costOf });
  search.visit({ expression, kernels: [], trail: [], counts: RULES.map(() => 0) }, 0);
  search.rank();
  const judge = judgeOf(expression, inputs);
  const original = candidateOf(lowerDirectly(expression), ["as it came"], inputs, costOf);
  const checked = search.plans
    .map(({ plan, trail }) => candidateOf(plan, () => trail.map((text) => text()), inputs, costOf))
    .filter((candidate) => judge(candidate));
  const all = [original, ...checked].sort((a, b) => a.cost - b.cost);
  const candidates = cost === "measure" ? measured(all, original, inputs) : all;
  const { states, duplicates, isComplete } = search;
  return {
    candidates,
    best: candidates[0]!,
    original: candidates.find(({ kernels }) => kernels === original.kernels)!,
    ...{ states, duplicates, isComplete },
  };
}

function check(value: number, name: string, least: number): void {
  if (!(Number.isInteger(value) && value >= least))
    throw new DomainError(`derive: ${name}: an integer >= ${least} was expected, got ${value}`);
}

function candidateOf(
  plan: Plan,
  steps: readonly string[] | (() => readonly string[]),
  inputs: ReadonlyMap<string, Input>,
  costOf: CostOf,
): Candidate {
  const { kernels } = plan;
  const { cost, counted } = costOf(kernels);
  return {
    program: (operands) => {
      for (const { name, shape } of inputs.values()) operandOf(operands, name, shape);
      return runPlan(plan, operands);
    },
    cost,
    get steps() {
      return typeof steps === "function" ? steps() : steps;
    },
    kernels,
    flops: counted.reduce((sum, { flops }) => sum + flops, 0),
    elements: counted.reduce((sum, { elements }) => sum + elements, 0),
  };
}

/** Small integers that look random and are the same every time. */
const integers = ({ shape }: Input, seed: number): Tensor => {
  let state = seed;
  const data = Float64Array.from({ length: sizeOf(shape) }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return ((state >>> 24) % 9) - 4;
  });
  return new Tensor(data, shape, "float64");
};

/** Whether a candidate gives what the expression gives, on integers, at elements spread over the result. */
function judgeOf(
  expression: Expression,
  inputs: ReadonlyMap<string, Input>,
): (candidate: Candidate) => boolean {
  const operands = Object.fromEntries(
    [...inputs.values()].map((of, i) => [of.name, integers(of, 7 + 31 * i)]),
  );
  const size = sizeOf(expression.shape);
  const count = Math.min(size, CHECKED_ELEMENTS);
  // Steps that have no divisor in common with the size reach every part of it.
  const elements = Array.from({ length: count }, (_, i) =>
    size <= count ? i : Math.floor(((i + 0.37) * size) / count),
  );
  const at = interpretAt(expression, operands);
  const expected = elements.map(at);
  return ({ program }) => {
    const data = program(operands).toTypedArray();
    return elements.every((element, i) => {
      const difference = Math.abs(Number(data[element]!) - expected[i]!);
      return difference <= 1e-9 * Math.max(1, Math.abs(expected[i]!));
    });
  };
}

/** Milliseconds that a measurement takes at least. */
const SHORTEST_TIME = 1;

/** The five best by the model and the original, by the median of measured runs. */
function measured(
  candidates: readonly Candidate[],
  original: Candidate,
  inputs: ReadonlyMap<string, Input>,
): Candidate[] {
  const operands = Object.fromEntries(
    [...inputs.values()].map((of, i) => [of.name, integers(of, i).astype("float32")]),
  );
  const chosen = candidates.filter((candidate, i) => i < MEASURED || candidate === original);
  return chosen
    .map((candidate) => {
      const run = compiled(candidate, operands);
      run();
      const times = Array.from({ length: 7 }, () => {
        // As often as it takes for the clock to tell: browsers round it.
        const start = performance.now();
        let runs = 0;
        do {
          run();
          runs++;
        } while (performance.now() - start < SHORTEST_TIME);
        return (performance.now() - start) / runs;
      });
      return { ...candidate, steps: candidate.steps, cost: times.sort((a, b) => a - b)[3]! / 1000 };
    })
    .sort((a, b) => a.cost - b.cost);
}

/** The program of a candidate, compiled as `jit` would. */
function compiled({ program }: Candidate, operands: Operands): () => unknown {
  const names = Object.keys(operands);
  const values = Object.values(operands);
  const graph = traceFlat(
    (inputs) => [program(Object.fromEntries(names.map((name, i) => [name, inputs[i]!])))],
    values,
    "derive",
  );
  if (!hasSimd()) return () => evaluateGraph(graph, values);
  const { run } = compile(optimize(graph).graph);
  return () => run(values);
}
