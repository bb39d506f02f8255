// Functions of square matrices as primitives. The Fréchet derivative L(A, E) is a block of the function of a matrix of
// twice the order, f([A E; 0 A]) = [f(A) L(A, E); 0 f(A)], and so are derivatives of it: one pair of primitives serves
// every function and every order.
// Sources: Mathias, "A chain rule for matrix functions and applications" (1996); Higham and Relton, "Higher order
// Fréchet derivatives of matrix functions and the level-2 condition number" (2014).
import { bindOne } from "../../ops/bind.ts";
import { concat } from "../../ops/join.ts";
import { definePrimitive, JET_FROM_JVP, type Primitive } from "../../ops/primitive.ts";
import { isOpen, leadingBatch, zerosLike } from "../../ops/rules.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { FACTORED, load, overBatch, store } from "../base/matrix.ts";
import { oneNorm } from "../kernels/powerNorm.ts";
import type { Width } from "../kernels/vector.ts";

/** A function of matrices. */
export interface MatrixFunction {
  readonly name: string;
  /**
   * The function of a column-major n x n matrix, which may be destroyed, in an array of the same kind; throws DomainError
   * where it is not defined, or not real for width 1.
   */
  evaluate(w: Width, n: number, a: Float64Array): Float64Array;
}

interface MatrixFunctionParams {
  readonly f: MatrixFunction;
}

/** [A E; 0 A] with as many of them along leading axes. */
function doubled(a: Tensor, e: Tensor): Tensor {
  const top = concat([a, e], -1);
  return concat([top, concat([zerosLike(a), a], -1)], -2);
}

/** The upper right block of a matrix of twice the order. */
function corner(x: Tensor): Tensor {
  const n = x.shape.at(-1)! / 2;
  return x.at("...", `:${n}`, `${n}:`);
}

const matrixFunctionP: Primitive<MatrixFunctionParams> = definePrimitive<MatrixFunctionParams>({
  name: "matrixFunction",
  dtypes: FACTORED,
  abstractEval: ([a]) => [a!],
  evaluate: ([a], { f }) =>
    overBatch([a!], ([x]) => {
      const { data, rows: n, width: w, dtype } = load(f.name, x!);
      return [store(f.evaluate(w, n, data), n, n, dtype)];
    }),
  jvp: ({ inputs: [a], tangents: [da], params }) => [bindOne(frechetP, [a!, da!], params)],
  batch: leadingBatch,
  jet: JET_FROM_JVP,
  print: ({ f }) => ({ f: f.name }),
});

/** L(A, E): linear in E. */
export const frechetP: Primitive<MatrixFunctionParams> = definePrimitive<MatrixFunctionParams>({
  name: "frechetDerivative",
  dtypes: FACTORED,
  abstractEval: ([a]) => [a!],
  evaluate: ([a, e], { f }) =>
    overBatch([a!, e!], ([x, y]) => {
      const { data, rows: n, width: w, dtype } = load(f.name, x!);
      const direction = load(f.name, y!, w, "direction").data;
      return [store(derivativeOf(f, w, n, data, direction), n, n, dtype)];
    }),
  jvp: ({ inputs: [a, e], tangents: [da, de], outputs: [y], params }) => {
    // The second derivative is symmetric: as the derivative along I ⊗ dA of the doubled matrix it is linear in dA.
    const first = de && bindOne(frechetP, [a!, de], params);
    const second = da && corner(bindOne(frechetP, [doubled(a!, e!), doubled(da, zerosLike(y!))], params));
    return [first && second ? first.add(second) : (first ?? second)];
  },
  transpose: ({ cotangents: [c], inputs: [a, e], params }) => [
    null,
    // Σ C ∘ L(A, E) = Σ L(Aᵀ, C) ∘ E, f being a function of Aᵀ as of A.
    isOpen(e!) ? bindOne(frechetP, [(a as Tensor).mT(), c!], params) : null,
  ],
  batch: leadingBatch,
  jet: JET_FROM_JVP,
  print: ({ f }) => ({ f: f.name }),
});

function derivativeOf(
  f: MatrixFunction,
  w: Width,
  n: number,
  a: Float64Array,
  e: Float64Array,
): Float64Array {
  const out = new Float64Array(n * n * w);
  const size = oneNorm(w, n, e);
  if (size === 0) return out;
  // The direction is brought to the size of the matrix, for which the algorithms choose their parameters.
  const factor = (oneNorm(w, n, a) || 1) / size;
  const m = 2 * n;
  const block = new Float64Array(m * m * w);
  const height = n * w;
  for (let j = 0; j < n; j++) {
    const column = a.subarray(j * height, (j + 1) * height);
    block.set(column, j * m * w);
    block.set(column, ((n + j) * m + n) * w);
    for (let i = 0; i < height; i++) block[(n + j) * m * w + i] = factor * e[j * height + i]!;
  }
  const result = f.evaluate(w, m, block);
  for (let j = 0; j < n; j++)
    for (let i = 0; i < height; i++) out[j * height + i] = result[(n + j) * m * w + i]! / factor;
  return out;
}

/** f(a) for a of a factorable dtype. */
export const applyFunction = (f: MatrixFunction, a: Tensor): Tensor => bindOne(matrixFunctionP, [a], { f });
