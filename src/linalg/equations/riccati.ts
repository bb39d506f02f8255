// Algebraic Riccati equations, continuous and discrete, by ordered QZ of the extended pencil, and their implicit
// derivatives.
// Sources: Van Dooren, "A generalized eigenvalue approach for solving Riccati equations" (1981); Benner, "Symplectic
// balancing of Hamiltonian matrices" (2001).
import { bindOne } from "../../ops/bind.ts";
import { definePrimitive, JET_FROM_JVP, type Primitive, type Tangent } from "../../ops/primitive.ts";
import { leadingBatch } from "../../ops/rules.ts";
import { eye, zeros } from "../../tensor/create.ts";
import { type DType, promote } from "../../tensor/dtype.ts";
import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { adjoint, hermitianPart } from "../base/derivative.ts";
import {
  broadcastBatch,
  checkMatrix,
  checkSquare,
  FACTORED,
  factorDType,
  hermitianTo,
  load,
  makeHermitian,
  overBatch,
  store,
} from "../base/matrix.ts";
import { balanceMatrix } from "../kernels/balance.ts";
import { solveGeneral, whole } from "../kernels/dense.ts";
import { applyReflectors, factorQR } from "../kernels/householder.ts";
import { oneNorm } from "../kernels/powerNorm.ts";
import { qzFactors } from "../kernels/qz.ts";
import { maxAbs, multiply, type Width } from "../kernels/vector.ts";
import { checkConverged } from "../spectral/eig.ts";
import { sortPencil } from "../spectral/qz.ts";
import { solveFor } from "../systems/solve.ts";
import { discreteLyapunovFor } from "./discreteLyapunov.ts";
import { checkSameOrder, sylvesterFor } from "./sylvester.ts";

type Kind = "continuous" | "discrete";

interface RiccatiParams {
  readonly caller: string;
  readonly kind: Kind;
  /** Differences of q and r from their adjoints up to this share are taken for rounding. */
  readonly tolerance: number;
}

/** Column-major operands: a, q, e of n x n; b, s of n x m; r of m x m. */
interface Operands {
  readonly w: Width;
  readonly n: number;
  readonly m: number;
  readonly a: Float64Array;
  readonly b: Float64Array;
  readonly q: Float64Array;
  readonly r: Float64Array;
  readonly e: Float64Array;
  readonly s: Float64Array;
}

/** Adds a block, or its adjoint, times ±1, to a column-major array of `height` rows. */
function put(
  w: Width,
  target: Float64Array,
  height: number,
  row: number,
  column: number,
  x: Float64Array,
  rows: number,
  sign: 1 | -1,
  isAdjoint = false,
): void {
  const columns = x.length / (rows * w);
  for (let j = 0; j < columns; j++)
    for (let i = 0; i < rows; i++) {
      const from = (i + j * rows) * w;
      const to = (isAdjoint ? row + j + (column + i) * height : row + i + (column + j) * height) * w;
      target[to] = sign * x[from]!;
      if (w === 2) target[to + 1] = (isAdjoint ? -sign : sign) * x[from + 1]!;
    }
}

/** The extended pencil H − λ J of order 2n + m, whose stable deflating subspace gives the solution. */
function extendedPencil(
  kind: Kind,
  { w, n, m, a, b, q, r, e, s }: Operands,
): { h: Float64Array; j: Float64Array } {
  const N = 2 * n + m;
  const h = new Float64Array(N * N * w);
  const j = new Float64Array(N * N * w);
  put(w, h, N, 0, 0, a, n, 1);
  put(w, h, N, 0, 2 * n, b, n, 1);
  put(w, h, N, n, 0, q, n, -1);
  put(w, h, N, n, 2 * n, s, n, -1);
  put(w, h, N, 2 * n, 0, s, n, 1, true);
  put(w, h, N, 2 * n, 2 * n, r, m, 1);
  put(w, j, N, 0, 0, e, n, 1);
  if (kind === "continuous") {
    put(w, h, N, n, n, a, n, -1, true);
    put(w, h, N, 2 * n, n, b, n, 1, true);
    put(w, j, N, n, n, e, n, 1, true);
  } else {
    put(w, h, N, n, n, e, n, 1, true);
    put(w, j, N, n, n, a, n, 1, true);
    put(w, j, N, 2 * n, n, b, n, -1, true);
  }
  return { h, j };
}

/** Powers of two D, symplectic in the first 2n, such that D H D⁻¹ and D J D⁻¹ are balanced; both are scaled. */
function balancePencil(w: Width, n: number, N: number, h: Float64Array, j: Float64Array): Float64Array {
  const sizes = new Float64Array(N * N);
  const size = (x: Float64Array, p: number): number =>
    w === 1 ? Math.abs(x[p]!) : Math.hypot(x[2 * p]!, x[2 * p + 1]!);
  for (let p = 0; p < sizes.length; p++) sizes[p] = p % (N + 1) === 0 ? 0 : size(h, p) + size(j, p);
  const { scale } = balanceMatrix(1, N, sizes, { permute: false, scale: true });
  const d = scale.map((v) => 1 / v);
  for (let i = 0; i < n; i++) {
    const half = Math.round((Math.log2(d[i]!) - Math.log2(d[n + i]!)) / 2);
    d[i] = 2 ** half;
    d[n + i] = 2 ** -half;
  }
  for (const x of [h, j])
    for (let c = 0; c < N; c++)
      for (let row = 0; row < N; row++)
        for (let part = 0; part < w; part++) x[(row + c * N) * w + part]! *= d[row]! / d[c]!;
  return d;
}

/** Rows m … of Qᴴ X for the first 2n columns, Q from the QR factorization of the last m columns of H. */
function compress(w: Width, N: number, m: number, x: Float64Array): Float64Array {
  const order = N - m;
  const out = new Float64Array(order * order * w);
  for (let c = 0; c < order; c++) out.set(x.subarray((c * N + m) * w, (c + 1) * N * w), c * order * w);
  return out;
}

function solveRiccati({ caller, kind }: RiccatiParams, operands: Operands): Float64Array {
  const { w, n, m } = operands;
  if (n === 0) return new Float64Array(0);
  const N = 2 * n + m;
  const { h, j } = extendedPencil(kind, operands);
  const d = balancePencil(w, n, N, h, j);
  const ev = new Float64Array(n * n * w);
  for (let c = 0; c < n; c++) ev.set(j.subarray(c * N * w, (c * N + n) * w), c * n * w);
  const reflectors = factorQR(w, N, m, h.slice(2 * n * N * w));
  applyReflectors(reflectors, h, N, true);
  applyReflectors(reflectors, j, N, true);
  const order = 2 * n;
  const factors = qzFactors(w, order, compress(w, N, m, h), compress(w, N, m, j));
  checkConverged(caller, factors.failed);
  const region = kind === "continuous" ? "leftHalfPlane" : "insideUnitCircle";
  const stable = sortPencil(caller, factors, region, 1);
  const unstable = (): DomainError =>
    new DomainError(
      `${caller}: there is no stabilizing solution: the pencil has eigenvalues on the ${kind === "continuous" ? "imaginary axis" : "unit circle"}, to rounding, or (a, b) cannot be stabilized`,
    );
  if (stable !== n) throw unstable();
  // X E U₁ = U₂, transposed: (E U₁)ᴴ Xᴴ = U₂ᴴ.
  const u2 = new Float64Array(n * n * w);
  const left = new Float64Array(n * n * w);
  const u1 = { data: factors.z, offset: 0, ld: order * w };
  const first = new Float64Array(n * n * w);
  multiply(w, n, n, n, whole(w, n, ev), u1, whole(w, n, first));
  put(w, left, n, 0, 0, first, n, 1, true);
  for (let c = 0; c < n; c++)
    first.set(factors.z.subarray((c * order + n) * w, (c + 1) * order * w), c * n * w);
  put(w, u2, n, 0, 0, first, n, 1, true);
  const norm = oneNorm(w, n, left);
  if (!solveGeneral(w, n, left, u2, n)) throw unstable();
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < n; i++) least = Math.min(least, maxAbs(left, i * (n + 1) * w, w));
  if (least < 2 ** -52 * norm) throw unstable();
  const x = new Float64Array(n * n * w);
  for (let c = 0; c < n; c++)
    for (let row = 0; row < n; row++) {
      const p = (row + c * n) * w;
      const q = (c + row * n) * w;
      const f = d[row]! * d[c]! * 0.5;
      x[p] = f * (u2[p]! + u2[q]!);
      if (w === 2) x[p + 1] = f * (u2[p + 1]! - u2[q + 1]!);
    }
  return x;
}

const plus = (x: Tangent | undefined, y: Tangent | undefined): Tangent =>
  x && y ? x.add(y) : (x ?? y ?? null);

const riccatiP: Primitive<RiccatiParams> = definePrimitive<RiccatiParams>({
  name: "riccati",
  dtypes: FACTORED,
  abstractEval: ([a]) => [a!],
  evaluate: (inputs, params) =>
    overBatch(inputs, (matrices) => {
      const names = ["a", "b", "q", "r", "e", "s"];
      const works = matrices.map((x, i) => load(params.caller, x, undefined, names[i]));
      const [a, b, q, r, e, s] = works.map(({ data }) => data);
      for (const i of [2, 3]) makeHermitian(`${params.caller} (${names[i]})`, works[i]!, params);
      const { width: w, rows: n, dtype } = works[0]!;
      const operands = { w, n, m: works[1]!.columns, a: a!, b: b!, q: q!, r: r!, e: e!, s: s! };
      return [store(solveRiccati(params, operands), n, n, dtype)];
    }),
  jvp: ({ inputs, tangents, outputs: [x], params }) => {
    const [a, b, , weights, e, s] = inputs as readonly [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor];
    const [da, db, dq, dr, de, ds] = tangents;
    const isContinuous = params.kind === "continuous";
    const r = hermitianPart(weights);
    const hermitian = (y: Tangent): Tangent => y?.add(adjoint(y)) ?? null;
    const [xa, xb, xe] = [x!.matmul(a), x!.matmul(b), x!.matmul(e)];
    // The gain k and the closed loop; the equation moves by `moved` where x stays.
    let gain: Tensor;
    let cross: Tangent = ds && adjoint(ds);
    let moved: Tangent = dq && hermitianPart(dq);
    if (isContinuous) {
      gain = solveFor(params.caller, r, adjoint(b).matmul(xe).add(adjoint(s)));
      cross = plus(cross, db && adjoint(db).matmul(xe));
      cross = plus(cross, de && adjoint(xb).matmul(de));
      moved = plus(moved, hermitian(da && adjoint(da).matmul(xe)));
      moved = plus(moved, hermitian(de && adjoint(de).matmul(xa)));
    } else {
      gain = solveFor(params.caller, r.add(adjoint(b).matmul(xb)), adjoint(b).matmul(xa).add(adjoint(s)));
      cross = plus(cross, db && adjoint(db).matmul(xa));
      cross = plus(cross, da && adjoint(xb).matmul(da));
      moved = plus(moved, hermitian(da && adjoint(da).matmul(xa)));
      const dExe = hermitian(de && adjoint(de).matmul(xe));
      moved = plus(moved, dExe?.neg());
    }
    const weight = plus(
      dr && hermitianPart(dr),
      isContinuous ? null : hermitian(db && adjoint(db).matmul(xb)),
    );
    moved = plus(moved, weight && adjoint(gain).matmul(weight).matmul(gain));
    const inner = hermitian(cross && adjoint(cross).matmul(gain));
    moved = plus(moved, inner?.neg());
    if (!moved) return [null];
    const closed = a.sub(b.matmul(gain));
    // With f = (closed) e⁻¹ and g = e⁻ᴴ (moved) e⁻¹: fᴴ dx + dx f = −g, or fᴴ dx f − dx + g = 0.
    const eh = adjoint(e);
    const fh = solveFor(params.caller, eh, adjoint(closed));
    const g = adjoint(solveFor(params.caller, eh, adjoint(solveFor(params.caller, eh, moved))));
    return [
      isContinuous ? sylvesterFor(params.caller, fh, adjoint(fh), g.neg()) : discreteLyapunovFor(fh, g),
    ];
  },
  batch: leadingBatch,
  jet: JET_FROM_JVP,
});

export interface RiccatiOptions {
  /** `[…, n, n]`, not singular: the matrix beside the derivative or the next state; the identity unless told. */
  readonly e?: Tensor;
  /** `[…, n, m]`: the mixed weight; zero unless told. */
  readonly s?: Tensor;
}

function solve(
  caller: string,
  kind: Kind,
  a: Tensor,
  b: Tensor,
  q: Tensor,
  r: Tensor,
  { e, s }: RiccatiOptions,
): Tensor {
  checkSquare(caller, a);
  checkMatrix(caller, b, "b");
  checkSameOrder(caller, a, q);
  checkSquare(caller, r, "r");
  if (e) checkSameOrder(caller, a, e, "e");
  const [n, m] = [a.shape.at(-1)!, r.shape.at(-1)!];
  for (const [argument, x] of [
    ["b", b],
    ["s", s],
  ] as const)
    if (x && (x.shape.at(-2) !== n || x.shape.at(-1) !== m))
      throw new ShapeError(
        `${caller}: ${argument} must be [..., ${n}, ${m}], got shape ${formatShape(x.shape)}`,
      );
  const given = [a, b, q, r, e, s].filter((x) => x !== undefined);
  const dtype: DType = given.map((x) => factorDType(caller, x.dtype)).reduce(promote);
  const operands = [a, b, q, r, e ?? eye(n, n, { dtype }), s ?? zeros([n, m], dtype)];
  const converted = broadcastBatch(...operands.map((x) => x.astype(dtype)));
  return bindOne(riccatiP, converted, { caller, kind, ...hermitianTo(caller, converted[0]!) });
}

/**
 * The stabilizing solution x `[…, n, n]`, Hermitian, of the continuous algebraic Riccati equation
 *
 *     aᴴ x e + eᴴ x a − (eᴴ x b + s) r⁻¹ (bᴴ x e + sᴴ) + q = 0
 *
 * for a, q `[…, n, n]`, b `[…, n, m]`, r `[…, m, m]`, q and r Hermitian, r not singular: the eigenvalues of
 * (a − b k, e), k = r⁻¹ (bᴴ x e + sᴴ), lie in the left half plane. Ordered QZ of the balanced extended pencil (Van
 * Dooren 1981), without inverting r; O((2n + m)³), about 66 of them. Derivatives solve Lyapunov equations with the
 * closed loop; those with respect to q and r are along Hermitian matrices.
 *
 * @throws ShapeError for shapes that do not fit; DTypeError for float8; DomainError for NaN, infinity, q or r that are
 * not Hermitian, and when there is no stabilizing solution; ConvergenceError as `qz`.
 */
export function riccati(a: Tensor, b: Tensor, q: Tensor, r: Tensor, options: RiccatiOptions = {}): Tensor {
  return solve("riccati", "continuous", a, b, q, r, options);
}

/**
 * The stabilizing solution x `[…, n, n]`, Hermitian, of the discrete algebraic Riccati equation
 *
 *     aᴴ x a − eᴴ x e − (aᴴ x b + s) (r + bᴴ x b)⁻¹ (bᴴ x a + sᴴ) + q = 0
 *
 * with the shapes of `riccati`: the eigenvalues of the closed loop lie inside the unit circle. By the same method.
 *
 * @throws as `riccati` does.
 */
export function discreteRiccati(
  a: Tensor,
  b: Tensor,
  q: Tensor,
  r: Tensor,
  options: RiccatiOptions = {},
): Tensor {
  return solve("discreteRiccati", "discrete", a, b, q, r, options);
}
