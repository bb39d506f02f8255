// A Gaussian process on images that are contracted first, in the form of its features: y = G w + noise with w ~ N(0, I), G one row
// for each image, in which the marginal likelihood and predictions cost what a regression on the few features does.

import { jit } from "../../compiler/jit.ts";
import { kron } from "../../linalg/constructors/structured.ts";
import { cholesky } from "../../linalg/systems/cholesky.ts";
import { solveTriangular } from "../../linalg/systems/solveTriangular.ts";
import { matmul } from "../../ops/contract.ts";
import { diagonal, mT, transpose } from "../../ops/movement.ts";
import { eye } from "../../tensor/create.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { valueAndGrad } from "../../transform/gradient.ts";

/** Of a contraction and a kernel on what it leaves. */
export interface Params {
  readonly A: Tensor;
  readonly B: Tensor;
  readonly U1: Tensor;
  readonly U2: Tensor;
  readonly U3: Tensor;
  /** log σ² */
  readonly logNoise: Tensor;
}

export type Block = keyof Params;

/** The images with the axis to be contracted last in front, `[N, H, C W]` and `[N, W, C H]`: tall products, no gathers. */
export interface Images {
  readonly byRow: Tensor;
  readonly byColumn: Tensor;
}

export function laidOut(x: Tensor): Images {
  const [n, h, w, c] = x.shape as [number, number, number, number];
  return {
    byRow: transpose(x, [0, 1, 3, 2]).reshape([n, h, c * w]),
    byColumn: transpose(x, [0, 2, 3, 1]).reshape([n, w, c * h]),
  };
}

/**
 * The entries of (U3 ⊗ U2 ⊗ U1) vec(X ×₁ A ×₂ B), `[N, R]`, in two steps, the first of which does not depend on some blocks
 * and is done once for their steps. Each view has an order of its own for the R features; the kernel does not see it.
 */
export interface View {
  reduce(x: Images, params: Params): Tensor;
  features(reduced: Tensor, params: Params): Tensor;
}

/** Contracts the last axis of `[N, a, b]` with the rows of a matrix, and brings the other axis to the end. */
const contracted = (x: Tensor, rows: Tensor): Tensor => mT(matmul(x, mT(rows))).contiguous();

const flat = (x: Tensor): Tensor => x.reshape([x.shape[0]!, -1]);

const HEIGHT: View = {
  reduce: ({ byRow }, { U2, B, U3 }) => contracted(byRow, kron(U3, matmul(U2, B))),
  features: (reduced, { U1, A }) => flat(matmul(reduced, mT(matmul(U1, A)))),
};

const WIDTH: View = {
  reduce: ({ byColumn }, { U1, A, U3 }) => contracted(byColumn, kron(U3, matmul(U1, A))),
  features: (reduced, { U2, B }) => flat(matmul(reduced, mT(matmul(U2, B)))),
};

const LATENT: View = {
  // [N, C w, h]
  reduce: ({ byRow }, { A, B, U3 }) =>
    matmul(contracted(byRow, kron(eye(U3.shape[1]!), B)), mT(A)).contiguous(),
  features: (z, { U1, U2, U3 }) => flat(matmul(mT(matmul(z, mT(U1))), mT(kron(U3, U2)))),
};

export const VIEWS: Readonly<Record<Block, View>> = {
  A: HEIGHT,
  B: WIDTH,
  U1: LATENT,
  U2: LATENT,
  U3: LATENT,
  logNoise: LATENT,
};

/** ½(log det K + yᵀ K⁻¹ y) for K = G Gᵀ + σ² I, through the smaller of the two Gram matrices. */
function likelihood(g: Tensor, y: Tensor, logNoise: Tensor): Tensor {
  const [n, r] = g.shape as [number, number];
  const noise = logNoise.exp();
  if (n <= r) {
    const l = cholesky(matmul(g, mT(g)).add(eye(n).mul(noise)));
    const z = solveTriangular(l, y, { lower: true });
    return diagonal(l).log().sum().add(z.square().sum().mul(0.5));
  }
  const l = cholesky(matmul(mT(g), g).add(eye(r).mul(noise)));
  const z = solveTriangular(l, matmul(mT(g), y), { lower: true });
  const fitted = y.square().sum().sub(z.square().sum()).div(noise);
  return diagonal(l)
    .log()
    .sum()
    .add(logNoise.mul((n - r) / 2))
    .add(fitted.mul(0.5));
}

/** The likelihood as a function of one block, and its slope; compiled once for each shape of data. */
interface Compiled {
  value(reduced: Tensor, y: Tensor, params: Params): Tensor;
  slope(reduced: Tensor, y: Tensor, params: Params): { readonly value: Tensor; readonly grad: Tensor };
}

function compiled(block: Block): Compiled {
  const value = (reduced: Tensor, y: Tensor, p: Params): Tensor =>
    likelihood(VIEWS[block].features(reduced, p), y, p.logNoise);
  return {
    value: jit(value),
    slope: jit((reduced: Tensor, y: Tensor, p: Params) =>
      valueAndGrad((own: Tensor) => value(reduced, y, { ...p, [block]: own }))(p[block]),
    ),
  };
}

export const COMPILED: Readonly<Record<Block, Compiled>> = {
  A: compiled("A"),
  B: compiled("B"),
  U1: compiled("U1"),
  U2: compiled("U2"),
  U3: compiled("U3"),
  logNoise: compiled("logNoise"),
};

/** `[N, R]`, in the order of the first view. */
export const features = (x: Images, params: Params): Tensor =>
  HEIGHT.features(HEIGHT.reduce(x, params), params);

export function predictor(
  x: Images,
  y: Tensor,
  params: Params,
): (images: Images) => { mean: Tensor; variance: Tensor } {
  // The weights of the R features have the posterior N(M⁻¹ Gᵀ y, σ² M⁻¹), M = Gᵀ G + σ² I.
  const g = features(x, params);
  const noise = params.logNoise.exp();
  const l = cholesky(matmul(mT(g), g).add(eye(g.shape[1]!).mul(noise)));
  const z = solveTriangular(l, matmul(mT(g), y), { lower: true });
  return (images) => {
    const v = solveTriangular(l, mT(features(images, params)).contiguous(), { lower: true });
    return { mean: matmul(mT(v), z), variance: v.square().sum({ axis: 0 }).mul(noise) };
  };
}
