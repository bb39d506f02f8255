// Traced values: tensors that stand for elements not known yet, through which transforms follow a function.

import type { DType } from "../tensor/dtype.ts";
import { TracerError } from "../tensor/errors.ts";
import { formatShape, type Shape } from "../tensor/shape.ts";
import { Tensor, type TensorLike } from "../tensor/tensor.ts";
import type { Abstract, Domain, Primitive } from "./primitive.ts";

/** One running transform. Nested transforms have rising levels; an operation goes to the highest among its operands. */
export interface Trace {
  readonly level: number;
  /** Name of the transform, for messages. */
  readonly transform: string;
  /** False once the transform has ended: its tracers mean nothing any more. */
  isAlive: boolean;
  process<P>(primitive: Primitive<P>, inputs: readonly Tensor[], params: P): readonly Tensor[];
}

const NOTHING = new Float64Array(0);

/** A tensor inside a transform: shape and dtype are known, elements are not. */
export class Tracer extends Tensor {
  readonly trace: Trace;
  /** What it takes, when it stands for a function. */
  readonly domain: Domain | undefined;

  constructor(trace: Trace, shape: Shape, dtype: DType, domain?: Domain) {
    super(NOTHING, shape, dtype);
    this.trace = trace;
    this.domain = domain;
  }

  /** The value at a point, when it stands for a function: one tensor (or number) per argument. */
  call(...point: readonly TensorLike[]): Tensor {
    if (!this.domain)
      throw new TracerError(
        `call: a function was expected, got a traced ${this.dtype} ${formatShape(this.shape)}`,
      );
    return this.domain.evaluate(this, point);
  }

  /** The elements of all examples at once, where they can be known: inside `vmap` of ordinary tensors. */
  known(): Tensor | null {
    return null;
  }

  override item(): number {
    throw unreadable(this, "item()");
  }

  override element(): never {
    throw unreadable(this, "element()");
  }

  override data(): never {
    throw unreadable(this, "the elements");
  }

  override [Symbol.toPrimitive](hint: string): string {
    if (hint === "string") return this.toString();
    throw unreadable(this, "the value");
  }

  override toString(): string {
    const takes = this.domain ? `${this.domain} → ` : "";
    return `Traced(${takes}${this.dtype} ${formatShape(this.shape)} in ${this.trace.transform})`;
  }
}

// The storage of a tracer can be neither set nor read.
Object.defineProperty(Tracer.prototype, "storage", {
  get(this: Tracer): never {
    throw unreadable(this, "the elements");
  },
  set: () => undefined,
});

function unreadable(x: Tracer, what: string): TracerError {
  const { transform, isAlive } = x.trace;
  if (!isAlive) return leaked(x);
  return new TracerError(
    `${what} of a traced ${x.dtype} ${formatShape(x.shape)} cannot be read inside ${transform}(): it stands for a value that ` +
      "the transform follows. Instead of a JavaScript if write where(condition, a, b) or cond(…), instead of a loop that " +
      "ends on a value whileLoop(…) or scan(…); stopGradient(x) gives a value that grad() does not follow",
  );
}

/** The error for a tracer that outlived its transform. */
export function leaked(x: Tracer): TracerError {
  return new TracerError(
    `a traced ${x.dtype} ${formatShape(x.shape)} was used after its ${x.trace.transform}() had ended: the function kept it in a ` +
      "variable outside of itself. Return it from the function instead, as a further result (with hasAux in grad)",
  );
}

/** The domain of a tensor that stands for a function. */
export const domainOf = (x: Abstract): Domain | undefined => x.domain;

/** The domain in which operands meet point by point; undefined when none is a function. */
export function commonDomain(operation: string, operands: readonly Abstract[]): Domain | undefined {
  let common: Domain | undefined;
  for (const { domain } of operands)
    if (domain) common = common === undefined ? domain : common.meet(domain, operation);
  return common;
}

/**
 * Operands of which all traced ones are functions, or none is: beside a function, a traced value becomes a constant one,
 * so that derivatives see the step between the two. Known values stay as they are.
 */
export function overOneDomain(operands: readonly Tensor[]): readonly Tensor[] {
  let domain: Domain | undefined;
  let isMixed = false;
  for (const x of operands)
    if (x instanceof Tracer) {
      if (x.domain) domain = x.domain;
      else isMixed = true;
    }
  if (domain === undefined || !isMixed) return operands;
  const common = domain;
  return operands.map((x) => (x instanceof Tracer && !x.domain ? common.constant(x) : x));
}

let depth = 0;

/** Runs `body` inside a new innermost transform. */
export function withTrace<T extends Trace, R>(make: (level: number) => T, body: (trace: T) => R): R {
  const trace = make(++depth);
  try {
    return body(trace);
  } finally {
    trace.isAlive = false;
    depth--;
  }
}
