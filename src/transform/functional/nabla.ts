// Derivatives of functions by their arguments, and their transposes by partial integration without boundary terms.

import { bindOne } from "../../ops/bind.ts";
import { diagonal } from "../../ops/movement.ts";
import { type Abstract, ALL, definePrimitive, type Primitive, type Series } from "../../ops/primitive.ts";
import { linear, zerosLike } from "../../ops/rules.ts";
import { times } from "../../ops/series.ts";
import { isFloat } from "../../tensor/dtype.ts";
import { DomainError, DTypeError, ShapeError } from "../../tensor/errors.ts";
import { formatShape, sameShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { jacfwd, jacrev } from "../jacobian.ts";
import { factorial } from "../jet.ts";
import { isDifferentiable } from "../traces/forward.ts";
import { asFn, checkArgument, domainOfFn } from "./check.ts";
import { type Body, FnNode, replaceAt, taylorAt, taylorByJet, valueAt } from "./node.ts";
import { behind, type Fn, functionDomain } from "./types.ts";

export type NablaMode = "forward" | "reverse";

export interface NablaParams {
  /** Place of the argument. */
  readonly arg: number;
  /** How often it is taken: above 1 for scalar arguments only. */
  readonly order: number;
  /** Partial integration changes it. */
  readonly sign: 1 | -1;
  readonly mode: NablaMode;
}

const opposite = (sign: 1 | -1): 1 | -1 => (sign === 1 ? -1 : 1);

/** ±dᵏf/dxᵏ for a scalar argument, ±the Jacobian `[...result, ...argument]` for others. */
export const nablaP: Primitive<NablaParams> = definePrimitive<NablaParams>({
  name: "nabla",
  dtypes: ALL,
  movesOnly: true,
  functional: (params, outer) => ({ ...params, arg: behind([params.arg], outer)[0]! }),
  abstractEval: ([f], { arg }) => [
    {
      shape: [...f!.shape, ...functionDomain(f!)!.args[arg]!.shape],
      dtype: f!.dtype,
      domain: f!.domain,
    },
  ],
  evaluate: ([f], params, [output]) => [new FnNode(derivative(f as FnNode, params), 0, output!)],
  ...linear(),
  transpose: ({ cotangents: [c], inputs: [f], params }) => {
    const { arg, order, sign, mode } = params;
    const { shape } = functionDomain(f!)!.args[arg]!;
    if (shape.length > 0) return [bindOne(divergenceP, [c!], { arg, sign: opposite(sign), mode })];
    return [bindOne(nablaP, [c!], { ...params, sign: order % 2 === 0 ? sign : opposite(sign) })];
  },
  batch: ({ inputs: [f], params, self }) => [bindOne(self, [f!], params)],
  print: ({ arg, sign }) => ({ arg, ...(sign < 0 && { sign }) }),
});

function derivative(f: FnNode, params: NablaParams): Body {
  const { arg, order, sign, mode } = params;
  if (functionDomain(f)!.args[arg]!.shape.length > 0 || mode === "reverse")
    return new JacobianBody(f, arg, sign, mode);
  // Derivatives of derivatives by one argument are derivatives of higher order.
  const { body } = f;
  return body instanceof DerivativeBody && body.arg === arg
    ? new DerivativeBody(body.f, arg, order + body.order, sign === body.sign ? 1 : -1)
    : new DerivativeBody(f, arg, order, sign);
}

/** The k-th derivative by a scalar argument, from the Taylor series of the function. */
class DerivativeBody implements Body {
  readonly f: FnNode;
  readonly arg: number;
  readonly order: number;
  readonly sign: 1 | -1;

  constructor(f: FnNode, arg: number, order: number, sign: 1 | -1) {
    this.f = f;
    this.arg = arg;
    this.order = order;
    this.sign = sign;
  }

  values(point: readonly Tensor[]): readonly Tensor[] {
    const { f, arg, order, sign } = this;
    const series = taylorAt(f, point, arg, order);
    return [times(series[order]!, sign * factorial(order)) ?? zerosLike(series[0])];
  }

  taylor(point: readonly Tensor[], axis: number, order: number): readonly Series[] {
    if (axis !== this.arg) return taylorByJet(this, point, axis, order);
    // The series of the function, differentiated term by term.
    const whole = taylorAt(this.f, point, axis, order + this.order);
    const result = whole.slice(this.order).map((coefficient, k) => {
      const falling = factorial(k + this.order) / factorial(k);
      return times(coefficient, this.sign * falling);
    });
    return [[result[0] ?? zerosLike(whole[0]), ...result.slice(1)]];
  }
}

/** ±the Jacobian by any argument. */
class JacobianBody implements Body {
  readonly #f: FnNode;
  readonly #arg: number;
  readonly #sign: 1 | -1;
  readonly #mode: NablaMode;

  constructor(f: FnNode, arg: number, sign: 1 | -1, mode: NablaMode) {
    this.#f = f;
    this.#arg = arg;
    this.#sign = sign;
    this.#mode = mode;
  }

  values(point: readonly Tensor[]): readonly Tensor[] {
    const jacobian = jacobianAt(this.#f, point, this.#arg, this.#mode);
    return [this.#sign === 1 ? jacobian : jacobian.neg()];
  }
}

/** Derivatives of the values `[...result]` by the elements of an argument: `[...result, ...argument]`. */
function jacobianAt(f: FnNode, point: readonly Tensor[], arg: number, mode: NablaMode): Tensor {
  const along = (x: Tensor): Tensor => valueAt(f, replaceAt(point, arg, x));
  const jacobian = mode === "forward" ? jacfwd : jacrev;
  return jacobian<Tensor, readonly [], Tensor>(along)(point[arg]!);
}

interface DivergenceParams {
  readonly arg: number;
  readonly sign: 1 | -1;
  readonly mode: NablaMode;
}

/** ±Σⱼ ∂t…ⱼ/∂xⱼ for values `[...result, ...argument]`: minus the transpose of nabla. */
export const divergenceP: Primitive<DivergenceParams> = definePrimitive<DivergenceParams>({
  name: "divergence",
  dtypes: ALL,
  movesOnly: true,
  functional: (params, outer) => ({ ...params, arg: behind([params.arg], outer)[0]! }),
  abstractEval: ([t], { arg }): Abstract[] => {
    const { shape } = functionDomain(t!)!.args[arg]!;
    const rest = t!.shape.length - shape.length;
    if (rest < 0 || !sameShape(t!.shape.slice(rest), shape))
      throw new ShapeError(
        `divergence: values of shape [..., ${shape.join(", ")}] like argument ${arg} were expected, got ${formatShape(t!.shape)}`,
      );
    return [{ shape: t!.shape.slice(0, rest), dtype: t!.dtype, domain: t!.domain }];
  },
  evaluate: ([t], params, [output]) => [new FnNode(new DivergenceBody(t as FnNode, params), 0, output!)],
  ...linear(),
  transpose: ({ cotangents: [c], params: { arg, sign, mode } }) => [
    bindOne(nablaP, [c!], { arg, order: 1, sign: opposite(sign), mode }),
  ],
  batch: ({ inputs: [t], params, self }) => [bindOne(self, [t!], params)],
  print: ({ arg, sign }) => ({ arg, ...(sign < 0 && { sign }) }),
});

class DivergenceBody implements Body {
  readonly #t: FnNode;
  readonly #params: DivergenceParams;

  constructor(t: FnNode, params: DivergenceParams) {
    this.#t = t;
    this.#params = params;
  }

  values(point: readonly Tensor[]): readonly Tensor[] {
    const { arg, sign, mode } = this.#params;
    const { ndim, size } = point[arg]!;
    const jacobian = jacobianAt(this.#t, point, arg, mode);
    const shape = this.#t.shape.slice(0, this.#t.ndim - ndim);
    const trace = diagonal(jacobian.reshape([...shape, size, size])).sum({ axis: -1 });
    return [sign === 1 ? trace : trace.neg()];
  }
}

/** How derivatives are taken. */
export interface NablaOptions {
  /** Place of the argument, 0 unless told. */
  readonly arg?: number;
  /** Forward (the default) costs an evaluation per element of the argument, reverse one per element of the result. */
  readonly mode?: NablaMode;
}

/**
 * The derivative of a function by one argument, as a function of the same arguments: f' for a scalar argument, the
 * Jacobian of shape `[...result, ...argument]` for others. Applied k times by a scalar argument it costs a Taylor
 * series of order k, O(k²) times the function.
 *
 * Under reverse mode it becomes minus the divergence (partial integration) without boundary terms: functional
 * derivatives hold against variations that vanish at the boundary. Throws DomainError or DTypeError for a function or
 * argument that has no derivative.
 */
export function nabla(f: Tensor, options: NablaOptions = {}): Fn {
  const { arg, mode } = checked(f, options, "nabla");
  return asFn(bindOne<NablaParams>(nablaP, [f], { arg, order: 1, sign: 1, mode }));
}

/**
 * Σⱼ ∂tⱼ/∂xⱼ for a function t whose values have the shape of an argument (or further axes in front of it). Throws
 * ShapeError when they have not, else what `nabla` throws.
 */
export function divergence(t: Tensor, options: NablaOptions = {}): Fn {
  const { arg, mode } = checked(t, options, "divergence");
  return asFn(bindOne<DivergenceParams>(divergenceP, [t], { arg, sign: 1, mode }));
}

function checked(
  f: Tensor,
  { arg = 0, mode = "forward" }: NablaOptions,
  what: string,
): Required<NablaOptions> {
  const place = checkArgument(domainOfFn(f, what), arg, what);
  if (mode !== "forward" && mode !== "reverse")
    throw new DomainError(`${what}: mode "forward" or "reverse" was expected, got ${String(mode)}`);
  const { dtype } = domainOfFn(f, what).args[place]!;
  if (!isFloat(dtype) || !isDifferentiable(f))
    throw new DTypeError(
      `${what}: a function of floating-point numbers was expected, argument ${arg} is ${dtype}, the values are ${f.dtype}`,
    );
  return { arg: place, mode };
}
