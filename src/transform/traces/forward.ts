// Forward mode: every value carries its directional derivative along.

import { bind } from "../../ops/bind.ts";
import type { CompoundJvp, Primitive, Tangent } from "../../ops/primitive.ts";
import { domainOf, type Trace, Tracer, withTrace } from "../../ops/tracer.ts";
import { isComplex, isFloat } from "../../tensor/dtype.ts";
import { TracerError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/** Only fractional tensors have derivatives. */
export const isDifferentiable = ({ dtype }: { readonly dtype: Tensor["dtype"] }): boolean =>
  (isFloat(dtype) && !dtype.startsWith("float8")) || isComplex(dtype);

class JvpTracer extends Tracer {
  readonly primal: Tensor;
  readonly tangent: Tensor;

  constructor(trace: Trace, primal: Tensor, tangent: Tensor) {
    super(trace, primal.shape, primal.dtype, domainOf(primal));
    this.primal = primal;
    this.tangent = tangent;
  }
}

/** A value and its derivative; null where nothing depends on the input. */
export interface Dual {
  readonly primal: Tensor;
  readonly tangent: Tangent;
}

/** What a compound primitive does with tangents that arrive: push them at once, or linearize first. */
type ApplyCompound = <P>(
  rule: CompoundJvp<P>,
  primals: readonly Tensor[],
  tangents: readonly Tangent[],
  params: P,
) => { readonly outputs: readonly Tensor[]; readonly tangents: readonly Tangent[] };

const pushCompound: ApplyCompound = (rule, primals, tangents, params) => rule.jvp(primals, tangents, params);

const linearizeCompound: ApplyCompound = (rule, primals, tangents, params) => {
  const { outputs, apply } = rule.linearize(
    primals,
    tangents.map((tangent) => tangent !== null),
    params,
  );
  return { outputs, tangents: apply(tangents) };
};

class JvpTrace implements Trace {
  readonly level: number;
  readonly transform: string;
  readonly applyCompound: ApplyCompound;
  isAlive = true;

  constructor(level: number, transform: string, applyCompound: ApplyCompound) {
    this.level = level;
    this.transform = transform;
    this.applyCompound = applyCompound;
  }

  /** A value without tangent is an ordinary one: it leaves the trace, and its elements can be read. */
  join(primal: Tensor, tangent: Tangent): Tensor {
    return tangent === null || !isDifferentiable(primal) ? primal : new JvpTracer(this, primal, tangent);
  }

  split(x: Tensor): Dual {
    return x instanceof JvpTracer && x.trace === this ? x : { primal: x, tangent: null };
  }

  process<P>(primitive: Primitive<P>, inputs: readonly Tensor[], params: P): readonly Tensor[] {
    const primals = new Array<Tensor>(inputs.length);
    const tangents = new Array<Tangent>(inputs.length);
    for (let i = 0; i < inputs.length; i++) {
      const { primal, tangent } = this.split(inputs[i]!);
      primals[i] = primal;
      tangents[i] = tangent;
    }
    const rule = primitive.jvp;
    if (typeof rule !== "function") {
      const result = this.applyCompound(rule, primals, tangents, params);
      for (const output of result.outputs)
        if (output instanceof Tracer && output.trace === this)
          throw new TracerError(
            `${primitive.name}: the function uses a value from outside of itself that ${this.transform}() differentiates; pass it as an argument`,
          );
      return result.outputs.map((output, i) => this.join(output, result.tangents[i]!));
    }
    const outputs = bind(primitive, primals, params);
    const results = rule({ inputs: primals, tangents, outputs, params, self: primitive });
    return outputs.map((output, i) => this.join(output, results[i]!));
  }
}

type FlatFunction = (inputs: readonly Tensor[]) => readonly Tensor[];

function run(
  f: FlatFunction,
  primals: readonly Tensor[],
  tangents: readonly Tangent[],
  transform: string,
  applyCompound: ApplyCompound,
): Dual[] {
  return withTrace(
    (level) => new JvpTrace(level, transform, applyCompound),
    (trace) => f(primals.map((primal, i) => trace.join(primal, tangents[i]!))).map((x) => trace.split(x)),
  );
}

/** Values and directional derivatives of a function of flat lists. */
export const jvpFlat = (
  f: FlatFunction,
  primals: readonly Tensor[],
  tangents: readonly Tangent[],
  transform = "jvp",
): Dual[] => run(f, primals, tangents, transform, pushCompound);

/** The same with tangents that are only recorded: loops and branches keep what their linear part needs. */
export const jvpForTape = (
  f: FlatFunction,
  primals: readonly Tensor[],
  tangents: readonly Tangent[],
  transform: string,
): Dual[] => run(f, primals, tangents, transform, linearizeCompound);
