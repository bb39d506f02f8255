// Functions applied: at points, and to other functions.

import { bind, bindOne } from "../../ops/bind.ts";
import { asTensor } from "../../ops/operands.ts";
import {
  ALL,
  definePrimitive,
  JET_FROM_JVP,
  type Primitive,
  type Series,
  type Tangent,
} from "../../ops/primitive.ts";
import { isOpen } from "../../ops/rules.ts";
import { plus } from "../../ops/series.ts";
import { commonDomain, overOneDomain } from "../../ops/tracer.ts";
import { DTypeError, ShapeError, TracerError } from "../../tensor/errors.ts";
import { formatShape, sameShape } from "../../tensor/shape.ts";
import { Tensor, type TensorLike } from "../../tensor/tensor.ts";
import { jetFlat } from "../traces/taylor.ts";
import { formatArguments } from "./check.ts";
import { extendP } from "./integrate.ts";
import { linearizeFnP, linearTransposeP } from "./linear.ts";
import { type Body, FnNode, taylorAt, valueAt } from "./node.ts";
import { type FunctionDomain, functionDomain } from "./types.ts";

/** f at its arguments: a tensor for tensors, the composition for functions over one domain. */
export const applyP: Primitive<undefined> = definePrimitive<undefined>({
  name: "apply",
  dtypes: ALL,
  movesOnly: true,
  functional: (params) => params,
  abstractEval: ([f, ...args]) => [
    { shape: f!.shape, dtype: f!.dtype, domain: commonDomain("compose", args) },
  ],
  evaluate: ([f, ...args], _params, [output]) =>
    output!.domain ? [new FnNode(new Composition(f!, args), 0, output!)] : [valueAt(f!, args)],
  jvp: ({ inputs: [f, ...args], tangents: [df, ...dargs] }) => {
    const outer = df && applied(df, args);
    const slots = dargs.flatMap((t, i) => (t ? [i] : []));
    if (slots.length === 0) return [outer];
    const slope = bindOne(linearizeFnP, [f!], { slots });
    const directions = dargs.filter((t) => t !== null);
    return [plus(outer, bindOne(applyP, [slope, ...args, ...directions], undefined))];
  },
  transpose: ({ cotangents: [c], inputs: [f, ...args] }) => {
    if (isOpen(f!)) throw pointwise();
    const open = args.flatMap((x, i) => (isOpen(x) ? [i] : []));
    const known = args.filter((x) => x instanceof Tensor);
    const pulled = bind(linearTransposeP, [f as Tensor], { args: open });
    const results: Tangent[] = [f, ...args].map(() => null);
    open.forEach((place, i) => {
      results[place + 1] = bindOne(applyP, [pulled[i]!, ...known, c!], undefined);
    });
    return results;
  },
  batch: ({ inputs: [f, ...args], batched }) => {
    if (batched.slice(1).includes(true))
      throw new TracerError(
        "vmap: a function that a derivative follows cannot be evaluated at many points at once; write the points as arguments of fn() and integrate",
      );
    return [bindOne(applyP, [f!, ...args], undefined)];
  },
  jet: JET_FROM_JVP,
});

const pointwise = (): TracerError =>
  new TracerError(
    "compose: there is no transpose with respect to the outer function: its value at a point is a delta, whose derivative is no function. Inside of fn(…), calling it with arguments of that fn is allowed, for an integral to take",
  );

class Composition implements Body {
  readonly #f: Tensor;
  readonly #args: readonly Tensor[];

  constructor(f: Tensor, args: readonly Tensor[]) {
    this.#f = f;
    this.#args = args;
  }

  values(point: readonly Tensor[]): readonly Tensor[] {
    return [
      valueAt(
        this.#f,
        this.#args.map((x) => valueAt(x, point)),
      ),
    ];
  }

  taylor(point: readonly Tensor[], axis: number, order: number): readonly Series[] {
    const curves = this.#args.map((x) => taylorAt(x, point, axis, order));
    return jetFlat((inner) => [valueAt(this.#f, inner)], curves, order);
  }
}

/** An argument of a domain as a function over it. */
class Coordinate implements Body {
  readonly place: number;

  constructor(place: number) {
    this.place = place;
  }

  values(point: readonly Tensor[]): readonly Tensor[] {
    return [point[this.place]!];
  }
}

/** The arguments of a domain as functions over it. */
export const coordinates = (domain: FunctionDomain): Tensor[] =>
  domain.args.map(({ shape, dtype }, i) => new FnNode(new Coordinate(i), 0, { shape, dtype, domain }));

/** The value of a function at tensors, or its composition with functions. */
export function applyFn(f: Tensor, given: readonly TensorLike[], what: string): Tensor {
  const domain = functionDomain(f)!;
  const args = checkedPoint(domain, given, what);
  if (f instanceof FnNode && !commonDomain(what, args)) return valueAt(f, args);
  return applied(f, overOneDomain(args));
}

/** f at its arguments, by extension alone where they are different coordinates of one domain. */
export function applied(f: Tensor, args: readonly Tensor[]): Tensor {
  const places = coordinatePlaces(args);
  if (!places) return bindOne(applyP, [f, ...args], undefined);
  const domain = commonDomain("compose", args) as FunctionDomain;
  return bindOne(extendP, [f], { domain, places });
}

function coordinatePlaces(args: readonly Tensor[]): number[] | undefined {
  const places = args.flatMap((x) =>
    x instanceof FnNode && x.body instanceof Coordinate ? [x.body.place] : [],
  );
  return places.length === args.length && new Set(places).size === places.length ? places : undefined;
}

/** Arguments as tensors that fit a domain; plain numbers take the dtype that is asked for. */
function checkedPoint(domain: FunctionDomain, given: readonly TensorLike[], what: string): Tensor[] {
  const args = given.map((value, i) => {
    const x = asTensor(value, `${what}: argument ${i}`);
    const dtype = domain.args[i]?.dtype;
    return value instanceof Tensor || dtype === undefined ? x : x.astype(dtype);
  });
  if (args.length !== domain.args.length)
    throw new ShapeError(
      `${what}: a function of ${domain} takes ${domain.args.length} arguments, got ${formatArguments(args)}`,
    );
  args.forEach((x, i) => {
    const expected = domain.args[i]!;
    if (!sameShape(x.shape, expected.shape))
      throw new ShapeError(
        `${what}: argument ${i} of a function of ${domain} has shape ${formatShape(expected.shape)}, got ${formatShape(x.shape)} in ${formatArguments(args)}`,
      );
    if (x.dtype !== expected.dtype)
      throw new DTypeError(
        `${what}: argument ${i} of a function of ${domain} is ${expected.dtype}, got ${x.dtype} in ${formatArguments(args)}`,
      );
  });
  return args;
}
