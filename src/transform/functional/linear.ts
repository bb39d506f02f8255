// The linear part of a function, and the transpose of a linear one, as functions.

import { bind, bindOne } from "../../ops/bind.ts";
import { type Abstract, ALL, definePrimitive, type Primitive } from "../../ops/primitive.ts";
import { linear, zerosLike } from "../../ops/rules.ts";
import { DTypeError, TracerError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { isDifferentiable, jvpFlat } from "../traces/forward.ts";
import { linearizeFlat, pullTape } from "../traces/tape.ts";
import { asFn, checkArguments, domainOfFn } from "./check.ts";
import { type Body, FnNode, valueAt } from "./node.ts";
import { behind, type Fn, type FunctionDomain, functionDomain } from "./types.ts";

interface LinearizeParams {
  /** Arguments that move. */
  readonly slots: readonly number[];
}

/** (x, dx) ↦ Df(x)[dx], where dx are tangents of some arguments. */
export const linearizeFnP: Primitive<LinearizeParams> = definePrimitive<LinearizeParams>({
  name: "linearizeFn",
  dtypes: ALL,
  movesOnly: true,
  functional: ({ slots }, outer) => ({ slots: behind(slots, outer) }),
  abstractEval: ([f], { slots }) => {
    const domain = functionDomain(f!)!;
    return [{ shape: f!.shape, dtype: f!.dtype, domain: domain.join(slots.map((i) => domain.args[i]!)) }];
  },
  evaluate: ([f], { slots }, [output]) => [new FnNode(new Slope(f as FnNode, slots), 0, output!)],
  ...linear(),
  batch: ({ inputs: [f], params, self }) => [bindOne(self, [f!], params)],
});

class Slope implements Body {
  readonly #f: FnNode;
  readonly #slots: readonly number[];

  constructor(f: FnNode, slots: readonly number[]) {
    this.#f = f;
    this.#slots = slots;
  }

  values(point: readonly Tensor[]): readonly Tensor[] {
    const count = point.length - this.#slots.length;
    const primals = point.slice(0, count);
    const tangents = primals.map((_, i) => {
      const slot = this.#slots.indexOf(i);
      return slot < 0 ? null : point[count + slot]!;
    });
    const [dual] = jvpFlat((xs) => [valueAt(this.#f, xs)], primals, tangents, "linearizeFn");
    return [dual!.tangent ?? zerosLike(dual!.primal)];
  }
}

interface TransposeParams {
  /** Sorted places of the arguments in which the function is linear. */
  readonly args: readonly number[];
}

/** (others, c) ↦ Aᵀ(others)·c where f is A(others)·x: one function per transposed argument. */
export const linearTransposeP: Primitive<TransposeParams> = definePrimitive<TransposeParams>({
  name: "linearTranspose",
  dtypes: ALL,
  movesOnly: true,
  functional: ({ args }, outer) => ({ args: behind(args, outer) }),
  abstractEval: ([f], { args }) => {
    const domain = transposedDomain(f!, args);
    return args.map((i) => {
      const { shape, dtype } = functionDomain(f!)!.args[i]!;
      return { shape, dtype, domain };
    });
  },
  evaluate: ([f], { args }, outputs) => {
    const body = new Transposed(f as FnNode, args);
    return outputs.map((output, i) => new FnNode(body, i, output));
  },
  ...linear(),
  batch: () => {
    throw new TracerError("vmap: linearTranspose() of a function that differs between examples has no rule");
  },
});

/** The arguments that are not transposed, then the cotangent. */
function transposedDomain(f: Abstract, args: readonly number[]): FunctionDomain {
  const domain = functionDomain(f)!;
  const cotangent = { shape: f.shape, dtype: f.dtype, grid: null };
  const all = domain.join([cotangent]);
  return all.pick(all.args.map((_, i) => i).filter((i) => !args.includes(i)))!;
}

class Transposed implements Body {
  readonly #f: FnNode;
  readonly #args: readonly number[];

  constructor(f: FnNode, args: readonly number[]) {
    this.#f = f;
    this.#args = args;
  }

  values(point: readonly Tensor[]): readonly Tensor[] {
    const others = point.slice(0, -1);
    const open = this.#args.map((i) => functionDomain(this.#f)!.args[i]!);
    const zeros = open.map(({ shape, dtype }) => zerosLike({ shape, dtype }));
    const tape = linearizeFlat(
      (xs) => {
        const all = [...others];
        this.#args.forEach((place, i) => {
          all.splice(place, 0, xs[i]!);
        });
        return [valueAt(this.#f, all)];
      },
      zeros,
      zeros.map(() => true),
      "linearTranspose",
    );
    return pullTape(tape, point.slice(-1)).map((cotangent, i) => cotangent ?? zeros[i]!);
  }
}

/**
 * The derivative of a function as a function of twice as many arguments: `(x…, dx…) ↦ Df(x…)[dx…]`, linear in the second
 * half. Throws DTypeError for functions of integers.
 */
export function linearizeFn(f: Tensor): Fn {
  const { args } = domainOfFn(f, "linearizeFn");
  checkSmooth("linearizeFn", f, args);
  return asFn(bindOne(linearizeFnP, [f], { slots: args.map((_, i) => i) }));
}

/**
 * The transpose of a function that is linear in some of its arguments together (which is not checked): a function of the other
 * arguments, in order, and then of a cotangent shaped like the result. One function for one argument, an array for
 * several. Throws DomainError for arguments that do not exist.
 */
export function linearTranspose(f: Tensor, options: { readonly args: number }): Fn;
export function linearTranspose(f: Tensor, options: { readonly args: readonly number[] }): Fn[];
export function linearTranspose(
  f: Tensor,
  { args }: { readonly args: number | readonly number[] },
): Fn | Fn[] {
  const domain = domainOfFn(f, "linearTranspose");
  const places = checkArguments(domain, args, "linearTranspose");
  checkSmooth(
    "linearTranspose",
    f,
    places.map((i) => domain.args[i]!),
  );
  const sorted = [...places].sort((a, b) => a - b);
  const results = bind(linearTransposeP, [f], { args: sorted }).map(asFn);
  return typeof args === "number" ? results[0]! : places.map((i) => results[sorted.indexOf(i)]!);
}

function checkSmooth(what: string, f: Tensor, args: readonly Abstract[]): void {
  for (const { dtype } of [f, ...args])
    if (!isDifferentiable({ dtype }))
      throw new DTypeError(`${what}: arguments and values must be floating-point numbers, got ${dtype}`);
}
