// A function as data: the list of primitives that it applies, recorded by running it on tracers.

import { bind } from "../../ops/bind.ts";
import type { Abstract, Domain, Primitive } from "../../ops/primitive.ts";
import { commonDomain, type Trace, Tracer, withTrace } from "../../ops/tracer.ts";
import type { DType } from "../../tensor/dtype.ts";
import { TracerError } from "../../tensor/errors.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { formatGraph } from "./format.ts";

/** A value of a graph: known by its number, shape and dtype (and domain, for a function). */
export class Variable implements Abstract {
  readonly id: number;
  readonly shape: Shape;
  readonly dtype: DType;
  readonly domain: Domain | undefined;

  constructor(id: number, { shape, dtype, domain }: Abstract) {
    this.id = id;
    this.shape = shape;
    this.dtype = dtype;
    this.domain = domain;
  }
}

/** An operand: a value of the graph, or a constant. */
export type Atom = Variable | Tensor;

/** One application of a primitive. */
export interface Equation {
  readonly primitive: Primitive<unknown>;
  readonly inputs: readonly Atom[];
  readonly params: unknown;
  readonly outputs: readonly Variable[];
}

/** A pure function of tensors, as equations in the order in which they run. Prints readably. */
export class Graph {
  readonly inputs: readonly Variable[];
  readonly equations: readonly Equation[];
  readonly outputs: readonly Atom[];
  /** Variables are numbered below this. */
  readonly count: number;

  constructor(
    inputs: readonly Variable[],
    equations: readonly Equation[],
    outputs: readonly Atom[],
    count: number,
  ) {
    this.inputs = inputs;
    this.equations = equations;
    this.outputs = outputs;
    this.count = count;
  }

  /** The same equations with other results. */
  withOutputs(outputs: readonly Atom[]): Graph {
    return prune(new Graph(this.inputs, this.equations, outputs, this.count));
  }

  toString(): string {
    return formatGraph(this);
  }
}

// What `console.log` shows in Node.
Object.defineProperty(Graph.prototype, Symbol.for("nodejs.util.inspect.custom"), {
  value(this: Graph): string {
    return this.toString();
  },
});

class GraphTracer extends Tracer {
  readonly variable: Variable;

  constructor(trace: Trace, variable: Variable) {
    super(trace, variable.shape, variable.dtype, variable.domain);
    this.variable = variable;
  }
}

/** Records instead of computing. */
export class GraphTrace implements Trace {
  readonly level: number;
  readonly transform: string;
  isAlive = true;
  readonly #equations: Equation[] = [];
  #count = 0;

  constructor(level: number, transform: string) {
    this.level = level;
    this.transform = transform;
  }

  variable(like: Abstract): Variable {
    return new Variable(this.#count++, like);
  }

  /** The tensor that stands for a variable while the function runs. */
  tracer(variable: Variable): Tensor {
    return new GraphTracer(this, variable);
  }

  atom(x: Tensor): Atom {
    return x instanceof GraphTracer && x.trace === this ? x.variable : x;
  }

  process<P>(primitive: Primitive<P>, operands: readonly Tensor[], given: P): readonly Tensor[] {
    const { inputs, params } = primitive.close?.(operands, given) ?? { inputs: operands, params: given };
    const results = primitive.abstractEval(inputs, params);
    const domain = primitive.functional ? undefined : commonDomain(primitive.name, inputs);
    const outputs = results.map((output) => this.variable(domain ? { ...output, domain } : output));
    this.#equations.push({
      primitive: primitive as unknown as Primitive<unknown>,
      inputs: inputs.map((x) => this.atom(x)),
      params,
      outputs,
    });
    return outputs.map((variable) => this.tracer(variable));
  }

  graph(inputs: readonly Variable[], outputs: readonly Tensor[]): Graph {
    return new Graph(
      inputs,
      this.#equations,
      outputs.map((x) => this.atom(x)),
      this.#count,
    );
  }
}

/** The graph of a function for inputs of these shapes and dtypes. */
export function traceFlat(
  f: (inputs: readonly Tensor[]) => readonly Tensor[],
  inputs: readonly Abstract[],
  transform = "trace",
): Graph {
  return withTrace(
    (level) => new GraphTrace(level, transform),
    (trace) => {
      const variables = inputs.map((input) => trace.variable(input));
      const outputs = f(variables.map((variable) => trace.tracer(variable)));
      return prune(trace.graph(variables, outputs));
    },
  );
}

/** Leaves out equations on which no output depends. */
export function prune(graph: Graph): Graph {
  const isNeeded = new Uint8Array(graph.count);
  const need = (atom: Atom): void => {
    if (atom instanceof Variable) isNeeded[atom.id] = 1;
  };
  graph.outputs.forEach(need);
  const kept: Equation[] = [];
  for (let i = graph.equations.length - 1; i >= 0; i--) {
    const equation = graph.equations[i]!;
    if (!equation.outputs.some(({ id }) => isNeeded[id])) continue;
    equation.inputs.forEach(need);
    kept.push(equation);
  }
  return kept.length === graph.equations.length
    ? graph
    : new Graph(graph.inputs, kept.reverse(), graph.outputs, graph.count);
}

/**
 * A graph that can live longer than the transforms around it: the values of outer transforms that it uses become
 * inputs of their own, in front of the others. Ordinary constants stay inside. Throws TracerError when functions are
 * among the inputs.
 */
export function close(graph: Graph): Closed {
  const closed = closeOverFunctions(graph);
  const { domain } = closed.graph.inputs.find((input) => input.domain) ?? {};
  if (domain)
    throw new TracerError(
      `a function of ${domain} was passed to, or used inside of, a loop, a branch, a jitted or checkpointed function or a custom rule: these take tensors; use them inside of fn()`,
    );
  return closed;
}

interface Closed {
  readonly graph: Graph;
  readonly captured: readonly Tensor[];
}

/** `close` for graphs that may use whole functions. */
export function closeOverFunctions(graph: Graph): Closed {
  const variables = new Map<Tensor, Variable>();
  let count = graph.count;
  const lift = (atom: Atom): Atom => {
    if (!(atom instanceof Tracer)) return atom;
    let variable = variables.get(atom);
    if (!variable) {
      variable = new Variable(count++, atom);
      variables.set(atom, variable);
    }
    return variable;
  };
  const equations = graph.equations.map((equation) => ({ ...equation, inputs: equation.inputs.map(lift) }));
  const outputs = graph.outputs.map(lift);
  if (variables.size === 0) return { graph, captured: [] };
  return {
    graph: new Graph([...variables.values(), ...graph.inputs], equations, outputs, count),
    captured: [...variables.keys()],
  };
}

/** For every equation, the variables that nobody reads after it. */
const lastUses = new WeakMap<Graph, readonly (readonly number[])[]>();

function lastUsesOf(graph: Graph): readonly (readonly number[])[] {
  const known = lastUses.get(graph);
  if (known) return known;
  const isLive = new Uint8Array(graph.count);
  for (const atom of graph.outputs) if (atom instanceof Variable) isLive[atom.id] = 1;
  const uses: number[][] = new Array(graph.equations.length);
  for (let i = graph.equations.length - 1; i >= 0; i--) {
    uses[i] = [];
    const { inputs, outputs } = graph.equations[i]!;
    for (const atom of [...inputs, ...outputs])
      if (atom instanceof Variable && !isLive[atom.id]) {
        isLive[atom.id] = 1;
        uses[i]!.push(atom.id);
      }
  }
  lastUses.set(graph, uses);
  return uses;
}

/** Runs a graph, equation by equation; values are dropped after their last use. */
export function evaluateGraph(graph: Graph, inputs: readonly Tensor[]): readonly Tensor[] {
  const values = new Array<Tensor | undefined>(graph.count);
  graph.inputs.forEach(({ id }, i) => {
    values[id] = inputs[i]!;
  });
  const read = (atom: Atom): Tensor => (atom instanceof Variable ? values[atom.id]! : atom);
  const uses = lastUsesOf(graph);
  graph.equations.forEach(({ primitive, inputs: operands, params, outputs }, i) => {
    const results = bind(primitive, operands.map(read), params);
    outputs.forEach(({ id }, k) => {
      values[id] = results[k]!;
    });
    for (const id of uses[i]!) values[id] = undefined;
  });
  return graph.outputs.map(read);
}
