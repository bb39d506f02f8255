// Linear systems op(a) x = b as primitives: the rules that LU, Cholesky and triangular solvers share.
//
// x is linear in b, and along a it moves by dx = op(a)⁻¹ (db - op(da) x): derivatives of any order, Taylor coefficients
// and the transpose are solved with the factors that the system has already.
import { bindOne } from "../../ops/bind.ts";
import { definePrimitive, type Primitive, type Tangent } from "../../ops/primitive.ts";
import { isOpen } from "../../ops/rules.ts";
import { grow, minus } from "../../ops/series.ts";
import { allocate } from "../../tensor/dtype.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { matmulOrNull } from "./derivative.ts";
import {
  broadcastBatch,
  checkSquare,
  FACTORED,
  foldColumns,
  load,
  meet,
  overBatch,
  rightSides,
  store,
  type Work,
} from "./matrix.ts";
import { factorsOf, type Memory } from "./remember.ts";

/** Parameters that every kind of system has. */
export interface SystemParams {
  /** The public function, for messages. */
  readonly caller: string;
}

/** One way to solve systems. */
export interface System<P extends SystemParams, F> {
  readonly name: string;
  /** Where the factors are kept; null when there is nothing to factor. */
  readonly memory: Memory<F> | null;
  factor(matrix: Tensor, params: P): F;
  /** Overwrites the right-hand sides, of as many rows as the matrix has. Throws DomainError for a singular matrix. */
  solve(factors: F, right: Work, params: P): void;
  /** op(a) of that part of `a` which the solution depends on; linear over the reals. */
  matrix(a: Tensor, params: P): Tensor;
  /** Solves op(a)ᵀ y = c. */
  transposed(self: Primitive<P>, a: Tensor, c: Tensor, params: P): Tensor;
}

/** Operands: a `[…, n, n]` and b `[…, n, k]` with equal leading axes and one dtype. */
export function systemPrimitive<P extends SystemParams, F>(system: System<P, F>): Primitive<P> {
  const { matrix } = system;
  return definePrimitive<P>({
    name: system.name,
    dtypes: FACTORED,
    abstractEval: ([, b]) => [b!],
    evaluate: ([a, b], params, [output]) => {
      const factors = factorsOf(system.memory, a!, (x) => system.factor(x, params));
      if (b!.ndim === 2) return [solveOne(system, factors[0]!, b!, params)];
      const { shape, dtype } = output!;
      if (b!.size === 0) return [new Tensor(allocate(dtype, 0), shape, dtype)];
      let index = 0;
      return overBatch([b!], ([right]) => [solveOne(system, factors[index++]!, right!, params)]);
    },
    jvp: ({ inputs: [a], tangents: [da, db], outputs: [x], params, self }) => {
      const rest = minus(db!, da && matrix(da, params).matmul(x!));
      return [rest && bindOne(self, [a!, rest], params)];
    },
    transpose: ({ cotangents: [c], inputs: [a, b], params, self }) => [
      null,
      isOpen(b!) ? system.transposed(self, a as Tensor, c!, params) : null,
    ],
    batch: ({ inputs: [a, b], batched, size, params, self }) => {
      if (!batched[0]) {
        const { columns, unfold } = foldColumns(b!, 1);
        return [unfold(bindOne(self, [a!, columns], params))];
      }
      const right = batched[1] ? b! : b!.broadcastTo([size, ...b!.shape]);
      return [bindOne(self, [a!, right], params)];
    },
    jet: ({ series: [a, b], outputs: [x], order, params, self }) => {
      const matrices: Tangent[] = a!.map((c, j) => (c && j > 0 ? matrix(c, params) : null));
      return [
        grow(x!, order, (k, soFar) => {
          let rest: Tangent = b![k] ?? null;
          for (let j = 1; j <= k; j++)
            rest = minus(rest, matmulOrNull(matrices[j] ?? null, soFar[k - j] ?? null));
          return rest && bindOne(self, [a![0], rest], params);
        }),
      ];
    },
  });
}

function solveOne<P extends SystemParams, F>(system: System<P, F>, factors: F, b: Tensor, params: P): Tensor {
  const right = load(params.caller, b, undefined, "b");
  system.solve(factors, right, params);
  return store(right.data, right.rows, right.columns, right.dtype);
}

/**
 * Solves with each matrix of a batch: `b` is a vector `[n]`, or `[…, n, k]`; leading axes broadcast and dtypes meet.
 * One matrix with many batches of right-hand sides is factored once.
 */
export function solveSystem<P extends SystemParams>(
  primitive: Primitive<P>,
  a: Tensor,
  b: Tensor,
  params: P,
): Tensor {
  const { caller } = params;
  checkSquare(caller, a);
  const { columns, restore } = rightSides(caller, a, b);
  const dtype = meet(caller, a, b).dtype;
  const matrix = a.astype(dtype);
  const right = columns.astype(dtype);
  if (matrix.ndim === 2) {
    if (right.ndim === 2) return restore(bindOne(primitive, [matrix, right], params));
    const { columns: wide, unfold } = foldColumns(right, right.ndim - 2);
    return unfold(bindOne(primitive, [matrix, wide], params));
  }
  return restore(bindOne(primitive, broadcastBatch(matrix, right), params));
}
