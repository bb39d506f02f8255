// Autoregressive neural tensor networks: a matrix product state whose tensors are changed, site by site, by a network that reads
// the sites before. Normalised, with exact samples and no Markov chain.

import { contract, matmul } from "../ops/contract.ts";
import { concat, stack } from "../ops/join.ts";
import type { Layer } from "../optim/model.ts";
import { normal, uniform } from "../random/distributions.ts";
import { foldIn, type Key, split } from "../random/key.ts";
import { checkCount, parameterDType } from "../tensor/check.ts";
import { ones, tensor, zeros } from "../tensor/create.ts";
import type { DType } from "../tensor/dtype.ts";
import { DomainError, ShapeError } from "../tensor/errors.ts";
import { formatShape, sameShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import {
  type Conditioner,
  checkHidden,
  layerConditioner,
  maskedConditioner,
  rnnConditioner,
} from "./conditioner.ts";
import { checkedConfigurations } from "./configurations.ts";

export interface AntnSymmetries {
  /**
   * The sum of all sites (with spins ½: the number of ones) is this; anything else has probability 0. Branches that cannot reach
   * it are cut.
   */
  readonly total?: number;
  /** States stay as they are (1) or change sign (-1) when every site s becomes localDim - 1 - s. */
  readonly spinFlip?: 1 | -1;
  /** The same for sites in reverse order. A sign cannot change where configurations stay as they are: palindromes, here. */
  readonly reflection?: 1 | -1;
}

export interface AntnOptions {
  readonly sites: number;
  /** Values of a site, 2 unless told. */
  readonly localDim?: number;
  /** Largest bond of the matrix product state. */
  readonly bond: number;
  /**
   * "rnn" (default), a gated recurrent unit; "masked", a masked perceptron; "none", the matrix product state alone; or a causal layer
   * of your own, from one-hot sites `[B, sites, localDim]` (moved one place on) to `[B, sites, localDim · bond²]`, or
   * `[B, sites, localDim]` in block mode.
   */
  readonly network?: "rnn" | "masked" | "none" | Layer<unknown>;
  /** What the network gives for a site: a tensor to add ("element", default), or factors for its matrices ("block"). */
  readonly mode?: "element" | "block";
  /** Width of the built-in networks, 16 unless told. */
  readonly hidden?: number;
  readonly symmetries?: AntnSymmetries;
  /** Of the parameters and of everything, float64 unless told. */
  readonly dtype?: DType;
}

export interface AntnParams {
  /** `[d, χ_{j-1}, χ_j]` for each site. */
  readonly cores: readonly Tensor[];
  /** Of the network; null without one. */
  readonly network: unknown;
}

/** A real wavefunction, or a distribution, over configurations of sites. */
export interface Ansatz<P> {
  readonly sites: number;
  readonly localDim: number;
  init(key: Key): P;
  /** Logarithms of probabilities `[B]` of configurations `[B, sites]` of integers. */
  logProb(params: P, x: Tensor): Tensor;
  /** log |ψ| and arg ψ, 0 or π, `[B]` each. */
  amplitude(params: P, x: Tensor): { readonly logAbs: Tensor; readonly phase: Tensor };
  /** Independent configurations `[count, sites]` as int32, drawn from |ψ|². */
  sample(key: Key, params: P, count: number): Tensor;
}

export interface Antn extends Ansatz<AntnParams> {
  /** Parameters with a network that starts small, and cores of a matrix product state that is given. */
  withCores(params: AntnParams, cores: readonly Tensor[]): AntnParams;
}

/** Conditional probabilities are not taken for smaller than this. */
const SMALLEST = 1e-30;

/**
 * An autoregressive neural tensor network. With MPS tensors M_j and a network of the sites before j, T_j = M_j + o_j (element) or
 * T_j^x = M_j^x (1 + o_j^x) (block); the left vector is ψ_j = ψ_{j-1} T_j^{x_j}, and q(x_j | x_{<j}) ∝ ψ_j ρ_j ψ_jᵀ with the right
 * environment ρ_j of the plain MPS. So Σ q = 1 exactly, o = 0 is the MPS exactly, and bond 1 an autoregressive network. The
 * amplitude is √q with the sign of ψ_n. Spin flip and reflection mix the probabilities of all images, Σ q(g x) / |G|, and take the sign
 * of their sum of amplitudes.
 *
 * O(n (χ² d + network)) for each configuration; sampling costs the same for "rnn", n networks for others.
 *
 * Throws DomainError for a bond below 1, fewer than 2 sites, values outside of the local dimension and options out of range;
 * ShapeError for configurations or cores that do not fit.
 *
 * Source: ANTN: Bridging autoregressive neural networks and tensor networks for quantum many-body simulation (2023).
 */
export function antn(options: AntnOptions): Antn {
  const name = "antn";
  const n = checkCount(`${name}: sites`, options.sites, 2);
  const d = checkCount(`${name}: localDim`, options.localDim ?? 2, 2);
  const bond = checkCount(`${name}: bond`, options.bond);
  const { mode = "element", network = "rnn", symmetries = {} } = options;
  if (mode !== "element" && mode !== "block")
    throw new DomainError(`${name}: mode: "element" or "block" was expected, got ${String(mode)}`);
  const dtype = parameterDType(name, options.dtype ?? "float64");
  const hidden = checkHidden(options.hidden ?? 16);
  checkSymmetries(symmetries, n, d);
  const bonds = Array.from({ length: n + 1 }, (_, j) => Math.min(bond, d ** j, d ** (n - j)));
  const outputs = mode === "element" ? d * bond * bond : d;
  const conditioner = conditionerOf(network, { sites: n, localDim: d, outputs, hidden, dtype });
  const images = imagesOf(symmetries);
  const { total } = symmetries;

  /** Environments ρ_j behind each site, of trace 1: `[χ_j, χ_j]`. */
  const environments = (cores: readonly Tensor[]): Tensor[] => {
    const out = new Array<Tensor>(n);
    let rho = ones([1, 1], dtype);
    for (let j = n - 1; j >= 0; j--) {
      out[j] = rho;
      if (j === 0) break;
      const core = cores[j]!;
      const half = contract(core, rho, { axes: [[2], [0]] });
      const next = contract(half, core, {
        axes: [
          [0, 2],
          [0, 2],
        ],
      });
      rho = next.div(next.mul(identity(bonds[j]!, dtype)).sum());
    }
    return out;
  };

  /** The next left vectors of all branches `[B, d, χ_j]` and their probabilities `[B, d]`. */
  const branches = (
    core: Tensor,
    rho: Tensor,
    left: Tensor,
    output: Tensor | null,
    j: number,
    reached: Tensor | null,
  ): { readonly vectors: Tensor; readonly probabilities: Tensor } => {
    const [before, behind] = [bonds[j]!, bonds[j + 1]!];
    const plain = contract(left, core, { axes: [[1], [1]] });
    const vectors =
      output === null
        ? plain
        : mode === "block"
          ? plain.mul(output.add(1).expandDims(2))
          : plain.add(
              contract(left, output.reshape([-1, d, bond, bond]).at(":", ":", `:${before}`, `:${behind}`), {
                axes: [[1], [2]],
                batch: [[0], [0]],
              }),
            );
    const weights = matmul(vectors, rho).mul(vectors).sum({ axis: 2 });
    // Rounding can leave a weight below 0 where it should vanish; a floor keeps logarithms finite.
    const floor = weights.sum({ axis: 1, keepDims: true }).mul(SMALLEST).add(SMALLEST);
    const allowed = reached === null ? null : reachable(reached, j);
    const positive = weights.maximum(floor);
    const kept = allowed === null ? positive : positive.mul(allowed);
    const all = kept.sum({ axis: 1, keepDims: true });
    // Nothing is left behind a branch that is cut.
    return { vectors, probabilities: kept.div(all.equal(0).where(1, all)) };
  };

  /** Which values of site j `[B, d]` leave the total within reach, given the sum before. */
  const reachable = (reached: Tensor, j: number): Tensor => {
    const sum = reached.expandDims(1).add(tensor(Array.from({ length: d }, (_, s) => s)).astype(dtype));
    const most = (d - 1) * (n - 1 - j);
    return sum
      .lessEqual(total!)
      .astype(dtype)
      .mul(sum.greaterEqual(total! - most).astype(dtype));
  };

  const advance = (vectors: Tensor, hot: Tensor): Tensor => {
    const picked = vectors.mul(hot.expandDims(2)).sum({ axis: 1 });
    const size = picked.abs().max({ axis: 1, keepDims: true });
    return picked.div(size.equal(0).where(1, size));
  };

  const oneHot = (x: Tensor): Tensor =>
    x
      .expandDims(-1)
      .equal(tensor(Int32Array.from({ length: d }, (_, s) => s)))
      .astype(dtype);

  /** log q and the sign of ψ, of one-hot sites `[B, n, d]`. */
  const evaluate = (params: AntnParams, hot: Tensor): { readonly logProb: Tensor; readonly sign: Tensor } => {
    const rhos = environments(params.cores);
    const output = conditioner ? conditioner.all(params.network as never, hot) : null;
    const rows = hot.shape[0]!;
    let left = ones([rows, 1], dtype);
    let reached = total === undefined ? null : zeros([rows], dtype);
    let logProb: Tensor = zeros([rows], dtype);
    const values = tensor(Array.from({ length: d }, (_, s) => s)).astype(dtype);
    for (let j = 0; j < n; j++) {
      const own = hot.at(":", j);
      const site = branches(params.cores[j]!, rhos[j]!, left, output ? output.at(":", j) : null, j, reached);
      const q = site.probabilities.mul(own).sum({ axis: 1 });
      logProb = logProb.add(logOrNever(q));
      left = advance(site.vectors, own);
      if (reached) reached = reached.add(own.mul(values).sum({ axis: 1 }));
    }
    const last = left.at(":", 0);
    return { logProb, sign: last.less(0).where(-1, ones([rows], dtype)) };
  };

  /** log q `[B]` and the amplitude's sign of the mixture over all images. */
  const mixed = (params: AntnParams, x: Tensor): { readonly logProb: Tensor; readonly sign: Tensor } => {
    const hot = oneHot(x);
    if (images.length === 1) return evaluate(params, hot);
    const rows = x.shape[0]!;
    // All images in one batch.
    const all = evaluate(
      params,
      concat(
        images.map(({ move }) => move(hot)),
        0,
      ),
    );
    const logs = all.logProb.reshape([images.length, rows]);
    const top = logs.max({ axis: 0 });
    const finite = top.greater(Number.NEGATIVE_INFINITY).where(top, 0);
    const shares = logs.sub(finite).exp();
    const characters = tensor(images.map(({ character }) => character))
      .astype(dtype)
      .expandDims(1);
    const amplitude = shares
      .sqrt()
      .mul(all.sign.reshape([images.length, rows]))
      .mul(characters)
      .sum({ axis: 0 });
    return {
      logProb: logOrNever(shares.mean({ axis: 0 })).add(finite),
      sign: amplitude.less(0).where(-1, ones([rows], dtype)),
    };
  };

  const logProb = (params: AntnParams, x: Tensor): Tensor =>
    mixed(checkedParams(params, bonds, d), checkedConfigurations(name, x, n, d)).logProb;

  return {
    sites: n,
    localDim: d,
    init: (key) => {
      const keys = split(key, 2);
      const cores = split(keys[0]!, n).map((from, j) => {
        const shape = [d, bonds[j]!, bonds[j + 1]!];
        return normal(from, shape)
          .div(Math.sqrt(d * bonds[j]!))
          .astype(dtype);
      });
      return { cores, network: conditioner ? conditioner.init(keys[1]!) : null };
    },
    logProb,
    amplitude: (params, x) => {
      const both = mixed(checkedParams(params, bonds, d), checkedConfigurations(name, x, n, d));
      return {
        logAbs: both.logProb.div(2),
        phase: both.sign.less(0).where(Math.PI, zeros(both.sign.shape, dtype)),
      };
    },
    sample: (key, params, count) => {
      checkCount(`${name}: sample: count`, count);
      checkedParams(params, bonds, d);
      const rhos = environments(params.cores);
      const numbers = uniform(foldIn(key, 0), [n, count]).astype(dtype);
      let left = ones([count, 1], dtype);
      let reached = total === undefined ? null : zeros([count], dtype);
      let before: Tensor = zeros([count, d], dtype);
      let state = conditioner?.start(count);
      const drawn: Tensor[] = [];
      for (let j = 0; j < n; j++) {
        const step = conditioner?.next(params.network as never, state as never, j, before);
        state = step?.state;
        const site = branches(params.cores[j]!, rhos[j]!, left, step?.output ?? null, j, reached);
        // The number of values whose cumulative probability lies below a uniform number.
        const below = site.probabilities.at(":", `:${d - 1}`).cumsum(1);
        const value = below
          .lessEqual(numbers.at(j).expandDims(1))
          .astype("int32")
          .sum({ axis: 1 })
          .astype("int32");
        before = oneHot(value);
        left = advance(site.vectors, before);
        if (reached) reached = reached.add(value.astype(dtype));
        drawn.push(value);
      }
      const x = stack(drawn, 1);
      if (images.length === 1) return x;
      const chosen = uniform(foldIn(key, 1), [count, 1]).mul(images.length).astype("int32");
      const moved = images.map(({ moveValues }) => moveValues(x, d));
      return moved.reduce((result, image, i) => chosen.equal(i).where(image, result), x).astype("int32");
    },
    withCores: (params, cores) => checkedParams({ ...params, cores }, bonds, d),
  };
}

/** Logarithms; -∞, with derivative 0, for what a symmetry forbids. */
const logOrNever = (q: Tensor): Tensor => {
  const never = q.equal(0);
  return never.where(Number.NEGATIVE_INFINITY, never.where(1, q).log());
};

const identity = (size: number, dtype: DType): Tensor => {
  const data = new Float64Array(size * size);
  for (let i = 0; i < size; i++) data[i * size + i] = 1;
  return tensor(data).reshape([size, size]).astype(dtype);
};

type AnyConditioner = Conditioner<never, never>;

function conditionerOf(
  network: NonNullable<AntnOptions["network"]>,
  options: Parameters<typeof rnnConditioner>[0],
): AnyConditioner | null {
  if (network === "none") return null;
  if (network === "rnn") return rnnConditioner(options) as unknown as AnyConditioner;
  if (network === "masked") return maskedConditioner(options) as unknown as AnyConditioner;
  if (typeof network === "object" && network !== null && typeof network.apply === "function")
    return layerConditioner(network, options) as unknown as AnyConditioner;
  throw new DomainError(
    `antn: network: "rnn", "masked", "none" or a layer was expected, got ${String(network)}`,
  );
}

interface Image {
  /** +1 or -1: what the state is multiplied by. */
  readonly character: number;
  /** Of one-hot sites `[B, n, d]`. */
  readonly move: (hot: Tensor) => Tensor;
  /** Of values `[B, n]`. */
  readonly moveValues: (x: Tensor, d: number) => Tensor;
}

/** The images of a configuration under the group that the symmetries generate; the first is itself. */
function imagesOf({ spinFlip, reflection }: AntnSymmetries): Image[] {
  const same: Image = { character: 1, move: (hot) => hot, moveValues: (x) => x };
  const generators: Image[] = [];
  if (spinFlip !== undefined)
    generators.push({
      character: spinFlip,
      move: (hot) => hot.flip(2),
      moveValues: (x, d) => x.mul(-1).add(d - 1),
    });
  if (reflection !== undefined)
    generators.push({ character: reflection, move: (hot) => hot.flip(1), moveValues: (x) => x.flip(1) });
  // Both are their own inverses and commute.
  const images = [same];
  for (const g of generators)
    images.push(
      ...images.map((image) => ({
        character: image.character * g.character,
        move: (hot: Tensor) => g.move(image.move(hot)),
        moveValues: (x: Tensor, d: number) => g.moveValues(image.moveValues(x, d), d),
      })),
    );
  return images;
}

function checkSymmetries({ total, spinFlip, reflection }: AntnSymmetries, n: number, d: number): void {
  if (total !== undefined && !(Number.isInteger(total) && total >= 0 && total <= n * (d - 1)))
    throw new DomainError(
      `antn: symmetries.total: an integer from 0 to ${n * (d - 1)} was expected, got ${total}`,
    );
  for (const [what, value] of Object.entries({ spinFlip, reflection }))
    if (value !== undefined && value !== 1 && value !== -1)
      throw new DomainError(`antn: symmetries.${what}: 1 or -1 was expected, got ${String(value)}`);
  if (spinFlip !== undefined && total !== undefined && 2 * total !== n * (d - 1))
    throw new DomainError(
      `antn: symmetries.total: ${(n * (d - 1)) / 2} was expected with spinFlip, which changes any other, got ${total}`,
    );
  // Where a symmetry leaves a configuration as it is, a state that changes its sign is 0, which a mixture of probabilities is not.
  const even = n % 2 === 0;
  const fixedPoints = {
    spinFlip: d % 2 === 1,
    reflection: !even || total === undefined || total % 2 === 0,
    both: even || d % 2 === 1,
  };
  const characters = {
    spinFlip,
    reflection,
    both: spinFlip && reflection ? spinFlip * reflection : undefined,
  };
  for (const what of ["spinFlip", "reflection", "both"] as const)
    if (characters[what] === -1 && fixedPoints[what])
      throw new DomainError(
        `antn: symmetries: 1 was expected for ${what === "both" ? "spinFlip · reflection" : what}, which leaves some configurations as they are, got -1`,
      );
}

function checkedParams(params: AntnParams, bonds: readonly number[], d: number): AntnParams {
  if (params?.cores?.length !== bonds.length - 1)
    throw new ShapeError(
      `antn: params: ${bonds.length - 1} cores were expected, got ${params?.cores?.length ?? "none"}`,
    );
  params.cores.forEach((core, j) => {
    const shape = [d, bonds[j]!, bonds[j + 1]!];
    if (!sameShape(core.shape, shape))
      throw new ShapeError(
        `antn: params: core ${j} must have shape ${formatShape(shape)}, got ${formatShape(core.shape)}`,
      );
  });
  return params;
}
