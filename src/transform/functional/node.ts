// Known functions: graphs of functions over one another, evaluated at a point on demand.

import { bind } from "../../ops/bind.ts";
import type { Abstract, Primitive, Series } from "../../ops/primitive.ts";
import { constantSeries } from "../../ops/rules.ts";
import { commonDomain, type Trace, Tracer } from "../../ops/tracer.ts";
import { tensor } from "../../tensor/create.ts";
import { TracerError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { jetFlat } from "../traces/taylor.ts";

/** How the values of one or several functions over one domain are found. */
export interface Body {
  values(point: readonly Tensor[]): readonly Tensor[];
  /** The Taylor series of the values as the scalar argument `axis` moves at unit speed; by `jet` unless given. */
  taylor?(point: readonly Tensor[], axis: number, order: number): readonly Series[];
}

/**
 * The trace of known functions. It lies below all transforms and never ends: so transforms see functions as they see
 * tensors, and what reaches this trace is a function of known functions.
 */
class FunctionTrace implements Trace {
  readonly level = 0;
  readonly transform = "fn";
  isAlive = true;

  process<P>(primitive: Primitive<P>, operands: readonly Tensor[], given: P): readonly Tensor[] {
    if (primitive.functional)
      return primitive.evaluate(operands, given, primitive.abstractEval(operands, given));
    const closed = primitive.close?.(operands, given);
    // What a loop closes over may be followed by another transform.
    if (closed && closed.inputs !== operands) return bind(primitive, closed.inputs, closed.params);
    const outputs = primitive.abstractEval(operands, given);
    const domain = commonDomain(primitive.name, operands);
    if (!domain) return outputs.map((output) => new Unknown(output));
    const body = new Pointwise(primitive, operands, given);
    return outputs.map((output, i) => new FnNode(body, i, { ...output, domain }));
  }
}

const functionTrace: Trace = new FunctionTrace();

/** A known function: one of the values of a body. */
export class FnNode extends Tracer {
  readonly body: Body;
  readonly index: number;

  constructor(body: Body, index: number, { shape, dtype, domain }: Abstract) {
    super(functionTrace, shape, dtype, domain);
    this.body = body;
    this.index = index;
  }

  override item(): never {
    throw this.#noElements();
  }

  override element(): never {
    throw this.#noElements();
  }

  override data(): never {
    throw this.#noElements();
  }

  override toString(): string {
    return `Fn(${this.domain} → ${this.dtype}${this.shape.length ? formatShape(this.shape) : ""})`;
  }

  override [Symbol.toPrimitive](hint: string): string {
    if (hint === "string") return this.toString();
    throw this.#noElements();
  }

  #noElements(): TracerError {
    return new TracerError(`${this} has no elements: f.call(x) gives its value at a point`);
  }
}

/** A number that exists but was not computed: an integral without a grid, and whatever depends on one. */
export class Unknown extends Tracer {
  constructor({ shape, dtype }: Abstract) {
    super(functionTrace, shape, dtype);
  }

  override item(): never {
    throw noGrid();
  }

  override element(): never {
    throw noGrid();
  }

  override data(): never {
    throw noGrid();
  }

  override [Symbol.toPrimitive](hint: string): string {
    if (hint === "string") return this.toString();
    throw noGrid();
  }

  override toString(): string {
    return `Integral(${this.dtype} ${formatShape(this.shape)}, no grid)`;
  }
}

const noGrid = (): TracerError =>
  new TracerError(
    "integrate: this value contains an integral without a grid, which can be differentiated but not read; give integrate(f, { grid: quadrature(…) })",
  );

/** A primitive applied at every point. */
class Pointwise<P> implements Body {
  readonly #primitive: Primitive<P>;
  readonly #inputs: readonly Tensor[];
  readonly #params: P;

  constructor(primitive: Primitive<P>, inputs: readonly Tensor[], params: P) {
    this.#primitive = primitive;
    this.#inputs = inputs;
    this.#params = params;
  }

  values(point: readonly Tensor[]): readonly Tensor[] {
    return bind(
      this.#primitive,
      this.#inputs.map((x) => valueAt(x, point)),
      this.#params,
    );
  }

  taylor(point: readonly Tensor[], axis: number, order: number): readonly Series[] {
    const curves = this.#inputs.map((x) => taylorAt(x, point, axis, order));
    return jetFlat((inputs) => bind(this.#primitive, inputs, this.#params), curves, order);
  }
}

interface Known<T> {
  readonly point: readonly Tensor[];
  readonly axis: number;
  readonly order: number;
  readonly results: readonly T[];
}

/**
 * What was found so far within one evaluation: a function that others share is evaluated once per point. Points are
 * the same when their tensors are.
 */
class Memory {
  readonly values: Map<Body, Known<Tensor>[]> = new Map();
  readonly series: Map<Body, Known<Series>[]> = new Map();
}

let memory: Memory | null = null;

/** Runs within the evaluation that is under way, or as the outermost one. */
function remembering<R>(run: (memory: Memory) => R): R {
  if (memory) return run(memory);
  memory = new Memory();
  try {
    return run(memory);
  } finally {
    memory = null;
  }
}

/** An entry for the same point and axis of at least the given order, or one made now. */
function recall<T>(
  table: Map<Body, Known<T>[]>,
  body: Body,
  wanted: Omit<Known<T>, "results">,
  make: () => readonly T[],
): readonly T[] {
  let entries = table.get(body);
  if (!entries) {
    entries = [];
    table.set(body, entries);
  }
  const { point, axis, order } = wanted;
  for (const known of entries)
    if (known.axis === axis && known.order >= order && known.point.every((x, i) => x === point[i]))
      return known.results;
  const results = make();
  entries.push({ ...wanted, results });
  return results;
}

/** The value of a function at a point; other tensors are the same everywhere. */
export function valueAt(x: Tensor, point: readonly Tensor[]): Tensor {
  if (!(x instanceof FnNode)) return x;
  const { body, index } = x;
  return remembering(
    ({ values }) => recall(values, body, { point, axis: -1, order: 0 }, () => body.values(point))[index]!,
  );
}

/** The Taylor series of a function at a point, up to `order` ≥ 1, along the scalar argument `axis`. */
export function taylorAt(x: Tensor, point: readonly Tensor[], axis: number, order: number): Series {
  if (!(x instanceof FnNode)) return constantSeries(x, order);
  const { body, index } = x;
  return remembering(({ series }) => {
    const found = recall(series, body, { point, axis, order }, () =>
      body.taylor ? body.taylor(point, axis, order) : taylorByJet(body, point, axis, order),
    )[index]!;
    return found.length === order + 1 ? found : (found.slice(0, order + 1) as unknown as Series);
  });
}

/** The series from values alone. */
export function taylorByJet(body: Body, point: readonly Tensor[], axis: number, order: number): Series[] {
  const x = point[axis]!;
  const line: Series = [x, tensor(1, { dtype: x.dtype }), ...new Array<null>(order - 1).fill(null)];
  return jetFlat(([t]) => body.values(replaceAt(point, axis, t!)), [line], order);
}

/** A list with another entry at one place. */
export const replaceAt = <T>(list: readonly T[], place: number, entry: T): T[] =>
  list.map((old, i) => (i === place ? entry : old));

/** Whether no transform follows a value. */
export const isKnown = (x: Tensor): boolean =>
  !(x instanceof Tracer) || x instanceof FnNode || x instanceof Unknown;
