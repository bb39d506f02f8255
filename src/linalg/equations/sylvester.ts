// Sylvester and continuous Lyapunov equations by Schur factorizations of their coefficients.
// Sources: Bartels and Stewart, "Solution of the matrix equation AX + XB = C" (1972); Jonsson and Kågström (2002) for
// the triangular equation.
import { bindOne } from "../../ops/bind.ts";
import { definePrimitive, JET_FROM_JVP, type Primitive } from "../../ops/primitive.ts";
import { batchAll, isOpen } from "../../ops/rules.ts";
import { minus } from "../../ops/series.ts";
import { allocate, promote } from "../../tensor/dtype.ts";
import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { adjoint } from "../base/derivative.ts";
import {
  broadcastBatch,
  checkMatrix,
  checkSquare,
  equilibrate,
  FACTORED,
  factorDType,
  load,
  overBatch,
  store,
} from "../base/matrix.ts";
import { factorsOf, type Memory } from "../base/remember.ts";
import { EPS } from "../kernels/deflate.ts";
import { sandwich } from "../kernels/dense.ts";
import { flipped, flippedColumns } from "../kernels/schurComplex.ts";
import { schurFactors } from "../kernels/schurFactors.ts";
import { solveTriangularSylvester, triangularOf } from "../kernels/triangularSylvester.ts";
import { maxAbs, type Width } from "../kernels/vector.ts";
import { checkConverged } from "../spectral/eig.ts";

interface SylvesterParams {
  /** The public function, for messages. */
  readonly caller: string;
  /** Solves with aᵀ and bᵀ instead, from the same factors. */
  readonly transposed: boolean;
}

interface Factors {
  readonly width: Width;
  readonly n: number;
  readonly t: Float64Array;
  readonly z: Float64Array;
}

const memory: Memory<Factors> = new WeakMap();

function factorsFor(caller: string, argument: string, x: Tensor): Factors {
  const work = load(caller, x, undefined, argument);
  const back = equilibrate(work);
  const { t, z, failed } = schurFactors(work.width, work.rows, work.data);
  checkConverged(caller, failed);
  if (back !== 1) for (let i = 0; i < t.length; i++) t[i]! *= back;
  return { width: work.width, n: work.rows, t, z };
}

const transposeOf = ({ width, n, t, z }: Factors): Factors => ({
  width,
  n,
  t: flipped(width, n, t),
  z: flippedColumns(width, n, n, z),
});

/** X with A X + X B = C, from the Schur factors of A and B. */
function solveWith(caller: string, a: Factors, b: Factors, c: Float64Array): Float64Array {
  const { width: w, n: m } = a;
  const y = sandwich(w, m, b.n, a.z, true, c, b.z, false);
  const top = Math.max(maxAbs(a.t, 0, a.t.length), maxAbs(b.t, 0, b.t.length));
  const isRegular = solveTriangularSylvester(
    w,
    triangularOf(w, m, a.t),
    triangularOf(w, b.n, b.t),
    y,
    0,
    m * w,
    Math.max(EPS * top, 2 ** -1040),
  );
  if (!isRegular)
    throw new DomainError(
      `${caller}: the equation is singular: eigenvalues of its two coefficients add up to zero, to rounding`,
    );
  return sandwich(w, m, b.n, a.z, false, y, b.z, true);
}

const sylvesterP: Primitive<SylvesterParams> = definePrimitive<SylvesterParams>({
  name: "sylvester",
  dtypes: FACTORED,
  abstractEval: ([, , c]) => [c!],
  evaluate: ([a, b, c], { caller, transposed }, [output]) => {
    const { shape, dtype } = output!;
    if (c!.size === 0) return [new Tensor(allocate(dtype, 0), shape, dtype)];
    const left = factorsOf(memory, a!, (x) => factorsFor(caller, "a", x));
    const right = factorsOf(memory, b!, (x) => factorsFor(caller, "b", x));
    let index = 0;
    return overBatch([c!], ([x]) => {
      const work = load(caller, x!, undefined, "c");
      // Coefficients with fewer leading axes serve all right-hand sides before those.
      const [p, q] = [left[index % left.length]!, right[index % right.length]!];
      index++;
      const found = transposed
        ? solveWith(caller, transposeOf(p), transposeOf(q), work.data)
        : solveWith(caller, p, q, work.data);
      return [store(found, work.rows, work.columns, dtype)];
    });
  },
  // a dx + dx b = dc − da x − x db
  jvp: ({ inputs: [a, b], tangents: [da, db, dc], outputs: [x], params, self }) => {
    const turn = (y: Tensor): Tensor => (params.transposed ? y.mT() : y);
    let rest = minus(dc!, da && turn(da).matmul(x!));
    rest = minus(rest, db && x!.matmul(turn(db)));
    return [rest && bindOne(self, [a!, b!, rest], params)];
  },
  transpose: ({ cotangents: [y], inputs: [a, b, c], params, self }) => [
    null,
    null,
    isOpen(c!)
      ? bindOne(self, [a as Tensor, b as Tensor, y!], { ...params, transposed: !params.transposed })
      : null,
  ],
  batch: ({ inputs, batched, size, params, self }) => {
    const shared = !batched[0] && !batched[1];
    return [bindOne(self, shared ? inputs : batchAll(inputs, batched, size), params)];
  },
  jet: JET_FROM_JVP,
});

/** `sylvester` for other public functions: shapes must fit already, messages begin with `caller`. */
export function sylvesterFor(caller: string, a: Tensor, b: Tensor, c: Tensor): Tensor {
  const isShared = a.ndim === 2 && b.ndim === 2;
  return bindOne(sylvesterP, isShared ? [a, b, c] : broadcastBatch(a, b, c), { caller, transposed: false });
}

/**
 * The x `[…, m, n]` with a x + x b = c for square a `[…, m, m]` and b `[…, n, n]`; leading axes broadcast and dtypes
 * meet; one pair a, b is factored once for all c. Schur forms of a and b (Bartels and Stewart 1972), then a recursively halved triangular equation; O(25 (m³ + n³)
 * + m² n + m n²). The factors are kept as long as a and b are, for derivatives and further equations.
 *
 * @throws ShapeError for shapes that do not fit; DTypeError for float8; DomainError for NaN, infinity, and when an
 * eigenvalue of a and one of −b agree to rounding.
 */
export function sylvester(a: Tensor, b: Tensor, c: Tensor): Tensor {
  checkSquare("sylvester", a);
  checkSquare("sylvester", b, "b");
  checkMatrix("sylvester", c, "c");
  const [m, n] = [a.shape.at(-1)!, b.shape.at(-1)!];
  if (c.shape.at(-2) !== m || c.shape.at(-1) !== n)
    throw new ShapeError(
      `sylvester: c must be [..., ${m}, ${n}] for a of shape ${formatShape(a.shape)} and b of shape ${formatShape(b.shape)}, got ${formatShape(c.shape)}`,
    );
  const dtype = [a, b, c].map((x) => factorDType("sylvester", x.dtype)).reduce(promote);
  return sylvesterFor("sylvester", a.astype(dtype), b.astype(dtype), c.astype(dtype));
}

/**
 * The x `[…, n, n]` with a x + x aᴴ = q: the continuous Lyapunov equation, as a Sylvester equation. When all eigenvalues
 * of a lie in the left half plane, x is ∫ exp(a t) (−q) exp(aᴴ t) dt.
 *
 * @throws as `sylvester` does.
 */
export function lyapunov(a: Tensor, q: Tensor): Tensor {
  checkSquare("lyapunov", a);
  checkSameOrder("lyapunov", a, q);
  const dtype = promote(factorDType("lyapunov", a.dtype), factorDType("lyapunov", q.dtype));
  const x = a.astype(dtype);
  return sylvesterFor("lyapunov", x, adjoint(x), q.astype(dtype));
}

/** Throws ShapeError unless q is square of the order of a. */
export function checkSameOrder(name: string, a: Tensor, q: Tensor, argument = "q"): void {
  checkSquare(name, q, argument);
  if (q.shape.at(-1) !== a.shape.at(-1))
    throw new ShapeError(
      `${name}: ${argument} must have the order of a, ${a.shape.at(-1)}, got shape ${formatShape(q.shape)}`,
    );
}
