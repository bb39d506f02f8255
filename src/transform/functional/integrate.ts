// Integrals over arguments, and their transposes: functions extended to arguments that they ignore.

import { bindOne } from "../../ops/bind.ts";
import { ALL, definePrimitive, type Primitive, type Series } from "../../ops/primitive.ts";
import { constantSeries, linear } from "../../ops/rules.ts";
import { ShapeError } from "../../tensor/errors.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { batchFlat } from "../traces/batching.ts";
import { type Body, FnNode, taylorAt, Unknown, valueAt } from "./node.ts";
import { behind, type FunctionDomain, functionDomain, type Grid } from "./types.ts";

interface ExtendParams {
  readonly domain: FunctionDomain;
  /** Where the operand's arguments stand in `domain`, in their order; nowhere for an ordinary tensor. */
  readonly places: readonly number[];
}

/**
 * A function (or a tensor: a function of nothing) as a function of more arguments, which it ignores, in any order. The
 * transpose integrates over the ignored arguments.
 */
export const extendP: Primitive<ExtendParams> = definePrimitive<ExtendParams>({
  name: "extend",
  dtypes: ALL,
  movesOnly: true,
  functional: ({ domain, places }, outer) => {
    const { args } = outer as FunctionDomain;
    return {
      domain: (outer as FunctionDomain).join(domain.args),
      places: [...args.map((_, i) => i), ...places.map((place) => place + args.length)],
    };
  },
  abstractEval: ([x], { domain, places }) => {
    const own = functionDomain(x!);
    const expected = domain.pick(places);
    if (own ? !own.matches(expected) : expected)
      throw new ShapeError(
        `extend: a function of ${expected ?? "nothing"} was expected, got one of ${own ?? "nothing"}`,
      );
    const grids = domain.args.map((_, i) => own?.args[places.indexOf(i)]?.grid ?? null);
    return [{ shape: x!.shape, dtype: x!.dtype, domain: domain.withGrids(grids) }];
  },
  evaluate: ([x], { places }, [output]) => [new FnNode(new Extended(x!, places), 0, output!)],
  ...linear(),
  transpose: ({ cotangents: [c], params: { domain, places } }) => {
    const grids = functionDomain(c!)!.args.map(({ grid }) => grid);
    const ignored = grids.map((_, i) => i).filter((i) => !places.includes(i));
    const rest = overArguments(
      c!,
      ignored,
      ignored.map((i) => grids[i]!),
    );
    // What remains is in the order of `domain`.
    const sorted = [...places].sort((a, b) => a - b);
    return [
      reorder(
        rest,
        domain.pick(places),
        sorted.map((place) => places.indexOf(place)),
      ),
    ];
  },
  // Examples lie along the first axis of the values.
  batch: ({ inputs: [x], params, self }) => [bindOne(self, [x!], params)],
  print: ({ domain, places }) => ({ domain, places }),
});

class Extended implements Body {
  readonly #x: Tensor;
  readonly #places: readonly number[];

  constructor(x: Tensor, places: readonly number[]) {
    this.#x = x;
    this.#places = places;
  }

  values(point: readonly Tensor[]): readonly Tensor[] {
    return [this.#value(point)];
  }

  taylor(point: readonly Tensor[], axis: number, order: number): readonly Series[] {
    const place = this.#places.indexOf(axis);
    if (place < 0) return [constantSeries(this.#value(point), order)];
    return [taylorAt(this.#x, this.#pick(point), place, order)];
  }

  #value(point: readonly Tensor[]): Tensor {
    return valueAt(this.#x, this.#pick(point));
  }

  #pick(point: readonly Tensor[]): Tensor[] {
    return this.#places.map((place) => point[place]!);
  }
}

/** A function with its arguments in another order: argument i goes to `places[i]`. */
export function reorder(f: Tensor, domain: FunctionDomain | undefined, places: readonly number[]): Tensor {
  const isSame = places.every((place, i) => place === i);
  return domain === undefined || isSame ? f : bindOne(extendP, [f], { domain, places });
}

interface IntegrateParams {
  /** Sorted places of the arguments that disappear. */
  readonly args: readonly number[];
  /** One per argument; without one the value cannot be computed. */
  readonly grids: readonly (Grid | null)[];
}

/** The integral over some arguments; over all of them it is an ordinary tensor. The transpose extends. */
export const integrateP: Primitive<IntegrateParams> = definePrimitive<IntegrateParams>({
  name: "integrate",
  dtypes: ALL,
  movesOnly: true,
  functional: ({ args, grids }, outer) => ({ args: behind(args, outer), grids }),
  abstractEval: ([f], { args }) => {
    const rest = kept(functionDomain(f!)!, args);
    const domain = functionDomain(f!)!.pick(rest);
    return [{ shape: f!.shape, dtype: f!.dtype, domain }];
  },
  evaluate: ([f], { args, grids }, [output]) => {
    const known = grids.filter((grid) => grid !== null);
    const body =
      known.length === args.length
        ? new Quadrature(f as FnNode, args, known)
        : { values: () => [new Unknown(output!)] };
    return output!.domain ? [new FnNode(body, 0, output!)] : body.values([]);
  },
  ...linear(),
  transpose: ({ cotangents: [c], inputs: [f], params: { args, grids } }) => {
    const domain = functionDomain(f!)!;
    const all = domain.args.map((_, i) => grids[args.indexOf(i)] ?? null);
    return [bindOne(extendP, [c!], { domain: domain.withGrids(all), places: kept(domain, args) })];
  },
  batch: ({ inputs: [f], params, self }) => [bindOne(self, [f!], params)],
  print: ({ args, grids }) => ({ args, nodes: grids.map((grid) => grid?.weights.size ?? "none") }),
});

const kept = ({ args }: FunctionDomain, gone: readonly number[]): number[] =>
  args.map((_, i) => i).filter((i) => !gone.includes(i));

/** ∫ f over some arguments (f itself for none), with the grids that are known. */
export const overArguments = (f: Tensor, args: readonly number[], grids: readonly (Grid | null)[]): Tensor =>
  args.length === 0 ? f : bindOne(integrateP, [f], { args, grids });

/** Sums over the tensor product of grids; all nodes are evaluated at once. */
class Quadrature implements Body {
  readonly #f: FnNode;
  readonly #args: readonly number[];
  /** For each argument, its values at all nodes of the product. */
  readonly #nodes: readonly Tensor[];
  readonly #weights: Tensor;

  constructor(f: FnNode, args: readonly number[], grids: readonly Grid[]) {
    const counts = grids.map(({ weights }) => weights.size);
    const total = sizeOf(counts);
    // Grid i varies along axis i of the product.
    const along = (i: number): number[] => counts.map((count, axis) => (axis === i ? count : 1));
    const domain = functionDomain(f)!;
    this.#f = f;
    this.#args = args;
    this.#nodes = grids.map(({ nodes }, i) => {
      const { shape, dtype } = domain.args[args[i]!]!;
      return nodes
        .astype(dtype)
        .reshape([...along(i), ...shape])
        .broadcastTo([...counts, ...shape])
        .reshape([total, ...shape]);
    });
    this.#weights = grids
      .map(({ weights }, i) => weights.reshape(along(i)))
      .reduce((product, weights) => product.mul(weights))
      .reshape([total])
      .astype(f.dtype);
  }

  values(rest: readonly Tensor[]): readonly Tensor[] {
    const [result] = batchFlat(
      (nodes) => {
        const point = [...rest];
        this.#args.forEach((place, i) => {
          point.splice(place, 0, nodes[i]!);
        });
        return [valueAt(this.#f, point)];
      },
      this.#nodes,
      this.#nodes.map(() => true),
      this.#weights.size,
    );
    const { value, isBatched } = result!;
    if (!isBatched) return [value.mul(this.#weights.sum())];
    const weights = this.#weights.reshape([this.#weights.size, ...value.shape.slice(1).map(() => 1)]);
    return [value.mul(weights).sum({ axis: 0 })];
  }
}
