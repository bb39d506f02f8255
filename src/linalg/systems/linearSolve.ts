// Linear systems given by a function, differentiable without differentiating the solver.

import { bind } from "../../ops/bind.ts";
import { concat } from "../../ops/join.ts";
import { ALL, definePrimitive, JET_FROM_JVP, type Primitive } from "../../ops/primitive.ts";
import { batchAll } from "../../ops/rules.ts";
import { eye } from "../../tensor/create.ts";
import { ShapeError, TreeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { treeUnflatten } from "../../tensor/tree.ts";
import { flatten } from "../../transform/arguments.ts";
import { type FlatFunction, overExamples } from "../../transform/custom/opaque.ts";
import { closedFunction } from "../../transform/graphs/closed.ts";
import { evaluateGraph, type Graph } from "../../transform/graphs/graph.ts";
import { batchGraph, transposedGraph } from "../../transform/graphs/graphTransforms.ts";
import { batchFlat } from "../../transform/traces/batching.ts";
import { jvpFlat } from "../../transform/traces/forward.ts";
import { solve as solveDense } from "./solve.ts";

interface LinearSolveParams {
  /** `[...constants, ...x]` to `[...b]`. */
  readonly matvec: Graph;
  readonly constants: number;
  /** `[...constants, ...b]` to `[...x]`, for the map and for its transpose. */
  readonly solve: FlatFunction;
  readonly transposeSolve: FlatFunction;
}

const linearSolveP: Primitive<LinearSolveParams> = definePrimitive<LinearSolveParams>({
  name: "linearSolve",
  dtypes: ALL,
  movesOnly: true,
  abstractEval: (inputs, { constants }) =>
    inputs.slice(constants).map(({ shape, dtype }) => ({ shape, dtype })),
  evaluate: (inputs, { solve }) => solve(inputs),
  // A·dx = db - dA·x
  jvp: ({ inputs, tangents, outputs, params }) => {
    const { matvec, constants } = params;
    const moved = jvpFlat(
      (xs) => evaluateGraph(matvec, [...xs, ...outputs]),
      inputs.slice(0, constants),
      tangents.slice(0, constants),
    );
    const right = tangents.slice(constants).map((db, i) => {
      const dA = moved[i]!.tangent;
      return dA ? (db ? db.sub(dA) : dA.neg()) : db;
    });
    if (right.every((b) => b === null)) return right;
    const b = right.map((x, i) => x ?? outputs[i]!.mul(0));
    return bind(linearSolveP, [...inputs.slice(0, constants), ...b], params);
  },
  transpose: ({ cotangents, inputs, params }) => {
    const known = inputs.slice(0, params.constants) as Tensor[];
    const b = cotangents.map((cotangent, i) => cotangent ?? zero(inputs[params.constants + i]!));
    const results = bind(linearSolveP, [...known, ...b], {
      matvec: transposeOf(params.matvec, params.constants),
      constants: params.constants,
      solve: params.transposeSolve,
      transposeSolve: params.solve,
    });
    return [...known.map(() => null), ...results];
  },
  batch: ({ inputs, batched, size, params }) => {
    const flags = batched.map((has, i) => has || i >= params.constants);
    return bind(
      linearSolveP,
      inputs.map((x, i) => (flags[i] ? batchAll([x], [batched[i]!], size)[0]! : x)),
      {
        matvec: batchGraph(
          params.matvec,
          flags,
          size,
          params.matvec.outputs.map(() => true),
        ).graph,
        constants: params.constants,
        solve: overExamples(params.solve, flags, size),
        transposeSolve: overExamples(params.transposeSolve, flags, size),
      },
    );
  },
  jet: JET_FROM_JVP,
  print: ({ matvec }) => ({ matvec }),
});

const zero = ({ shape, dtype }: Pick<Tensor, "shape" | "dtype">): Tensor =>
  eye(1, 1, { dtype }).mul(0).reshape([]).broadcastTo(shape);

const transposeOf = (matvec: Graph, constants: number): Graph =>
  transposedGraph(
    matvec,
    matvec.inputs.map((_, i) => i >= constants),
    matvec.outputs.map(() => true),
  );

/** Solves A·x = b where A is known by its products. Trees of x and b have one structure. */
export type LinearSolver<X> = (matvec: (x: X) => X, b: X) => X;

export interface LinearSolveOptions<X> {
  /** Dense Gaussian elimination on the matrix of all products unless told: O(n) products and O(n³). */
  readonly solve?: LinearSolver<X>;
  /** For the transposed system, which reverse mode solves; `solve` unless told. */
  readonly transposeSolve?: LinearSolver<X>;
}

/**
 * The solution of A·x = b, where `matvec` is the linear function x ↦ A·x on trees of tensors. Derivatives of any order,
 * with respect to b and to whatever `matvec` closes over, solve systems with A and Aᵀ by the same solver instead of
 * differentiating its steps. Throws TreeError or ShapeError when `matvec` does not return a tree like b.
 */
export function linearSolve<X>(matvec: (x: X) => X, b: X, options: LinearSolveOptions<X> = {}): X {
  const right = flatten(b);
  const { graph, captured, call } = closedFunction(matvec as never, [b], "linearSolve");
  const paths = call.result.paths;
  if (paths.length !== right.leaves.length || paths.some((path, i) => path !== right.structure.paths[i]))
    throw new TreeError("linearSolve: matvec must return a tree like its argument");
  graph.outputs.forEach((output, i) => {
    const { shape } = right.leaves[i]!;
    if (formatShape(output.shape) !== formatShape(shape))
      throw new ShapeError(
        `linearSolve: matvec turned shape ${formatShape(shape)} into ${formatShape(output.shape)}; a square system was expected`,
      );
  });
  const constants = captured.length;
  const solver =
    (map: Graph, solve: LinearSolver<X> | undefined): FlatFunction =>
    (operands) => {
      const fixed = operands.slice(0, constants);
      const apply: FlatFunction = (xs) => evaluateGraph(map, [...fixed, ...xs]);
      if (!solve) return directSolve(apply, operands.slice(constants));
      const product = (x: X): X => treeUnflatten<X>(right.structure, apply(flatten(x).leaves));
      return flatten(solve(product, treeUnflatten<X>(right.structure, operands.slice(constants)))).leaves;
    };
  const results = bind(linearSolveP, [...captured, ...right.leaves], {
    matvec: graph,
    constants,
    solve: solver(graph, options.solve),
    transposeSolve: solver(transposeOf(graph, constants), options.transposeSolve ?? options.solve),
  });
  return treeUnflatten<X>(right.structure, results);
}

/** Products with all unit vectors at once give the matrix. */
function directSolve(apply: FlatFunction, b: readonly Tensor[]): Tensor[] {
  const sizes = b.map((x) => x.size);
  const n = sizes.reduce((sum, size) => sum + size, 0);
  const ends = sizes.map((_, i) => sizes.slice(0, i + 1).reduce((sum, size) => sum + size, 0));
  const cut = (x: Tensor, i: number): Tensor => x.at("...", `${ends[i]! - sizes[i]!}:${ends[i]!}`);
  const units = b.map((x, i) => cut(eye(n, n, { dtype: x.dtype }), i).reshape([n, ...x.shape]));
  const products = batchFlat(
    apply,
    units,
    units.map(() => true),
    n,
  ).map(({ value, isBatched }, i) => (isBatched ? value : value.broadcastTo([n, ...b[i]!.shape])));
  const columns = concat(
    products.map((x) => x.reshape([n, x.size / n])),
    1,
  );
  const right = concat(
    b.map((x) => x.reshape([x.size])),
    0,
  );
  const x = solveDense(columns.mT(), right);
  return b.map((like, i) => cut(x, i).reshape(like.shape));
}
