// Full derivatives: Jacobians and Hessians, column by column or row by row, all at once.

import { concat } from "../ops/join.ts";
import { zerosLike } from "../ops/rules.ts";
import { domainOf } from "../ops/tracer.ts";
import { eye } from "../tensor/create.ts";
import { TracerError } from "../tensor/errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { treeUnflatten } from "../tensor/tree.ts";
import { checkDifferentiable, type Flat, FlatCall, flattenArguments, pathOf } from "./arguments.ts";
import { grad } from "./gradient.ts";
import { batchFlat } from "./traces/batching.ts";
import { jvpFlat } from "./traces/forward.ts";
import { linearizeFlat, pullTape } from "./traces/tape.ts";

/** For every tensor of the result, a tree like the argument: entries of shape `[...result, ...argument]`. */
export type Jacobian<A, B> = B extends Tensor ? A : { readonly [K in keyof B]: Jacobian<A, B[K]> };

/** The unit directions of a list of tensors: for each tensor, one batch of `total` directions. */
function basis(leaves: readonly Tensor[]): { readonly directions: Tensor[]; readonly total: number } {
  const total = leaves.reduce((sum, x) => sum + x.size, 0);
  let start = 0;
  const directions = leaves.map((x) => {
    const rows = [
      zerosLike({ shape: [start, x.size], dtype: x.dtype }),
      eye(x.size, x.size, { dtype: x.dtype }),
      zerosLike({ shape: [total - start - x.size, x.size], dtype: x.dtype }),
    ];
    start += x.size;
    return concat(rows, 0).reshape([total, ...x.shape]);
  });
  return { directions, total };
}

/** Splits the batch axis of stacked derivatives into blocks, one per tensor of `along`. */
function blocks(stacked: Tensor, along: readonly Tensor[]): Tensor[] {
  let start = 0;
  return along.map((x) => {
    const stop = start + x.size;
    const block = stacked.at(`${start}:${stop}`);
    start = stop;
    return block;
  });
}

function prepare(
  f: (...args: never[]) => unknown,
  args: readonly unknown[],
  transform: string,
): { call: FlatCall; flat: Flat; first: Flat; run: (leaves: readonly Tensor[]) => readonly Tensor[] } {
  const flat = flattenArguments(args);
  const first = flat.parts[0]!;
  first.leaves.forEach((x, i) => {
    checkDifferentiable(x, pathOf(flat, i), transform);
    if (domainOf(x))
      throw new TracerError(
        `${transform}: ${pathOf(flat, i)} is a function, which has no finite basis of directions; use grad() and jvp()`,
      );
  });
  const call = new FlatCall(f, flat, transform);
  const rest = flat.leaves.slice(first.leaves.length);
  return { call, flat, first, run: (leaves) => call.run([...leaves, ...rest]) };
}

/**
 * The Jacobian with respect to the first argument, forward: one pass per element of the argument, all in one batch.
 * For functions with more results than arguments. A result of shape `[m]` and an argument `[n]` give `[m, n]`.
 */
export function jacfwd<A, R extends readonly unknown[], B>(
  f: (x: A, ...rest: R) => B,
): (x: A, ...rest: R) => Jacobian<A, B> {
  return (x, ...rest) => {
    const { call, first, run } = prepare(f as never, [x, ...rest], "jacfwd");
    const { directions, total } = basis(first.leaves);
    let outputs: readonly Tensor[] = [];
    const columns = batchFlat(
      (tangents) => {
        const duals = jvpFlat(run, first.leaves, tangents, "jacfwd");
        outputs = duals.map(({ primal }) => primal);
        return duals.map(({ primal, tangent }) => tangent ?? zerosLike(primal));
      },
      directions,
      directions.map(() => true),
      total,
    );
    const results = columns.map(({ value, isBatched }, i) => {
      const { shape } = outputs[i]!;
      const stacked = isBatched ? value : value.broadcastTo([total, ...shape]);
      // [directions, ...result] to [...result, ...argument]
      const last = Array.from(stacked.shape, (_, axis) => (axis + 1) % stacked.ndim);
      return treeUnflatten<A>(
        first.structure,
        blocks(stacked, first.leaves).map((block, j) =>
          block.transpose(last).reshape([...shape, ...first.leaves[j]!.shape]),
        ),
      );
    });
    return rebuild<Jacobian<A, B>>(call, results);
  };
}

/**
 * The Jacobian with respect to the first argument, in reverse: one pass per element of the result, all in one batch.
 * For functions with fewer results than arguments; shapes as for `jacfwd`.
 */
export function jacrev<A, R extends readonly unknown[], B>(
  f: (x: A, ...rest: R) => B,
): (x: A, ...rest: R) => Jacobian<A, B> {
  return (x, ...rest) => {
    const { call, first, run } = prepare(f as never, [x, ...rest], "jacrev");
    const tape = linearizeFlat(
      run,
      first.leaves,
      first.leaves.map(() => true),
      "jacrev",
    );
    const { directions, total } = basis(tape.outputs);
    const rows = batchFlat(
      (cotangents) =>
        pullTape(tape, cotangents).map((cotangent, i) => cotangent ?? zerosLike(first.leaves[i]!)),
      directions,
      directions.map(() => true),
      total,
    );
    const perArgument = rows.map(({ value, isBatched }, i) =>
      blocks(isBatched ? value : value.broadcastTo([total, ...first.leaves[i]!.shape]), tape.outputs),
    );
    const results = tape.outputs.map(({ shape }, o) =>
      treeUnflatten<A>(
        first.structure,
        first.leaves.map((x, i) => perArgument[i]![o]!.reshape([...shape, ...x.shape])),
      ),
    );
    return rebuild<Jacobian<A, B>>(call, results);
  };
}

/** A tree like the result of the function, with trees in place of its tensors. */
const rebuild = <T>(call: FlatCall, trees: readonly unknown[]): T => call.result.build((i) => trees[i]) as T;

/**
 * The Hessian with respect to the first argument of a function with a scalar result: forward over reverse, one pass
 * per element of the argument. An argument of shape `[n]` gives `[n, n]`; a tree gives a tree of trees.
 */
export function hessian<A, R extends readonly unknown[]>(
  f: (x: A, ...rest: R) => Tensor,
): (x: A, ...rest: R) => Jacobian<A, A> {
  const gradient = grad<readonly [A, ...R]>((x, ...rest) => f(x, ...(rest as unknown as R)));
  return jacfwd((x: A, ...rest: R): A => gradient(x, ...rest));
}
