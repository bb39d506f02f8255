// Taylor mode: every value carries the coefficients of a curve through it.

import { bind } from "../../ops/bind.ts";
import { JET_FROM_JVP, type Primitive, type Series, type Tangent } from "../../ops/primitive.ts";
import { constantSeries } from "../../ops/rules.ts";
import { times } from "../../ops/series.ts";
import { domainOf, type Trace, Tracer, withTrace } from "../../ops/tracer.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { isDifferentiable, jvpFlat } from "./forward.ts";

class JetTracer extends Tracer {
  readonly series: Series;

  constructor(trace: Trace, series: Series) {
    super(trace, series[0].shape, series[0].dtype, domainOf(series[0]));
    this.series = series;
  }
}

class JetTrace implements Trace {
  readonly level: number;
  readonly transform = "jet";
  readonly order: number;
  isAlive = true;

  constructor(level: number, order: number) {
    this.level = level;
    this.order = order;
  }

  /** A value that stays where it is leaves the trace. */
  join(series: Series): Tensor {
    const isConstant = series.every((coefficient, k) => k === 0 || coefficient === null);
    return isConstant || !isDifferentiable(series[0]) ? series[0] : new JetTracer(this, series);
  }

  open(x: Tensor): Series {
    return x instanceof JetTracer && x.trace === this ? x.series : constantSeries(x, this.order);
  }

  process<P>(primitive: Primitive<P>, inputs: readonly Tensor[], params: P): readonly Tensor[] {
    const series = inputs.map((x) => this.open(x));
    const { order } = this;
    if (primitive.jet === JET_FROM_JVP)
      return fromJvp(primitive, series, order, params).map((curve) => this.join(curve));
    const heads = series.map(([head]) => head);
    const outputs = typeof primitive.jvp === "function" ? bind(primitive, heads, params) : [];
    return primitive
      .jet({ series, outputs, order, params, self: primitive })
      .map((curve) => this.join(curve));
  }
}

/**
 * y' = Dy(x)·x' as an equation between series: the last coefficient comes from the derivative, the others from the
 * primitive itself at one order less.
 */
function fromJvp<P>(primitive: Primitive<P>, series: readonly Series[], order: number, params: P): Series[] {
  const apply = (xs: readonly Tensor[]): readonly Tensor[] => bind(primitive, xs, params);
  const heads = series.map(([head]) => head);
  if (order === 1) {
    const slopes = series.map((curve) => curve[1] ?? null);
    return jvpFlat(apply, heads, slopes).map(({ primal, tangent }) => [primal, tangent]);
  }
  const lower = series.map((curve) => curve.slice(0, -1) as unknown as Series);
  const slopes = series.map((curve) => slopeOf(curve));
  return withTrace(
    (level) => new JetTrace(level, order - 1),
    (trace) =>
      jvpFlat(
        apply,
        lower.map((curve) => trace.join(curve)),
        slopes.map((curve) => curve && trace.join(curve)),
      ).map(({ primal, tangent }) => {
        const last = tangent && trace.open(tangent)[order - 1]!;
        return [...trace.open(primal), times(last, 1 / order)] as unknown as Series;
      }),
  );
}

/** The series of the derivative; null when it vanishes. */
function slopeOf(curve: Series): Series | null {
  const slopes: Tangent[] = curve.slice(1).map((coefficient, k) => times(coefficient!, k + 1));
  const some = slopes.find((slope) => slope !== null);
  if (!some) return null;
  return [slopes[0] ?? some.mul(0), ...slopes.slice(1)];
}

/** The Taylor coefficients of a function along curves, up to order `order` ≥ 1. */
export function jetFlat(
  f: (inputs: readonly Tensor[]) => readonly Tensor[],
  curves: readonly Series[],
  order: number,
): Series[] {
  return withTrace(
    (level) => new JetTrace(level, order),
    (trace) => f(curves.map((curve) => trace.join(curve))).map((x) => trace.open(x)),
  );
}
