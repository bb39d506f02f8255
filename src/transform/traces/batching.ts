// Vectorisation: values with an extra axis in front that the function does not see.

import type { Primitive } from "../../ops/primitive.ts";
import { domainOf, type Trace, Tracer, withTrace } from "../../ops/tracer.ts";
import type { Tensor } from "../../tensor/tensor.ts";

class BatchTracer extends Tracer {
  /** The values of all examples, `[size, ...shape]`. */
  readonly value: Tensor;

  constructor(trace: Trace, value: Tensor) {
    super(trace, value.shape.slice(1), value.dtype, domainOf(value));
    this.value = value;
  }

  override known(): Tensor | null {
    return this.value instanceof Tracer ? this.value.known() : this.value;
  }
}

class BatchTrace implements Trace {
  readonly level: number;
  readonly transform = "vmap";
  readonly size: number;
  isAlive = true;

  constructor(level: number, size: number) {
    this.level = level;
    this.size = size;
  }

  /** The value behind a tensor, and whether it has the batch axis. */
  open(x: Tensor): { readonly value: Tensor; readonly isBatched: boolean } {
    return x instanceof BatchTracer && x.trace === this
      ? { value: x.value, isBatched: true }
      : { value: x, isBatched: false };
  }

  process<P>(primitive: Primitive<P>, operands: readonly Tensor[], given: P): readonly Tensor[] {
    const { inputs, params } = primitive.close?.(operands, given) ?? { inputs: operands, params: given };
    const opened = inputs.map((x) => this.open(x));
    const outputs = primitive.batch({
      inputs: opened.map(({ value }) => value),
      batched: opened.map(({ isBatched }) => isBatched),
      size: this.size,
      params,
      self: primitive,
    });
    return outputs.map((value) => new BatchTracer(this, value));
  }
}

/** Runs a function on all examples at once. Inputs and results marked batched have the batch axis in front. */
export function batchFlat(
  f: (inputs: readonly Tensor[]) => readonly Tensor[],
  inputs: readonly Tensor[],
  batched: readonly boolean[],
  size: number,
): { readonly value: Tensor; readonly isBatched: boolean }[] {
  return withTrace(
    (level) => new BatchTrace(level, size),
    (trace) =>
      f(inputs.map((x, i) => (batched[i] ? new BatchTracer(trace, x) : x))).map((x) => trace.open(x)),
  );
}
