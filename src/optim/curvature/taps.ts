// What linear maps inside of a model see: their inputs, and the gradients by their results. A tensor of zeros is added to
// every result and the loss differentiated by it, so no part of the model keeps anything.

import { concat } from "../../ops/join.ts";
import { moveAxis } from "../../ops/movement.ts";
import { zerosLike } from "../../ops/rules.ts";
import type { DType } from "../../tensor/dtype.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { tree } from "../../tensor/tree.ts";
import { grad, vjp } from "../../transform/gradient.ts";
import { stopGradient } from "../../transform/stop.ts";
import { trace } from "../../transform/tracing.ts";
import type { Layer, LinearSite, Pass } from "../model.ts";

/** A linear map of a model, known from its shapes alone. */
export interface Site {
  /** Leaves of the parameters, by number. */
  readonly weight: number;
  readonly bias: number | null;
  readonly weightPath: string;
  readonly fanIn: number;
  readonly fanOut: number;
  /** The weight is `[fanIn, fanOut]`; else its first axis is fanOut, as that of a convolution. */
  readonly isInFirst: boolean;
  /** Axis of the result that has fanOut elements. */
  readonly channelAxis: number;
  readonly result: { readonly shape: Shape; readonly dtype: DType };
}

/** A model evaluated with its linear maps tapped. */
export interface Tapped<P> {
  readonly output: Tensor;
  readonly sites: readonly Site[];
  /** For every site `[rows, fanIn]`, with a last column of ones when it has a bias. */
  readonly inputs: readonly Tensor[];
  /** From a cotangent of the output: the gradient by the parameters, and for every site `[rows, fanOut]`. */
  readonly pullback: (cotangent: Tensor) => { readonly params: P; readonly results: readonly Tensor[] };
}

/** The site as the taps use it, or null when its weight is no leaf, or no plain matrix (grouped convolutions). */
function describe(site: LinearSite, leaves: readonly Tensor[], paths: readonly string[]): Site | null {
  const weight = leaves.indexOf(site.weight);
  if (weight < 0) return null;
  const { shape } = site.weight;
  const isConvolution = shape.length > 2;
  const channelAxis = isConvolution ? 1 : site.result.ndim - 1;
  const fanOut = site.result.shape[channelAxis]!;
  const fanIn = site.weight.size / fanOut;
  if (site.input().shape[1] !== fanIn) return null;
  return {
    weight,
    bias: site.bias ? leaves.indexOf(site.bias) : null,
    weightPath: paths[weight]!,
    fanIn,
    fanOut,
    isInFirst: !isConvolution && shape[0] === fanIn && shape[1] === fanOut,
    channelAxis,
    result: { shape: site.result.shape, dtype: site.result.dtype },
  };
}

/** The linear maps of a model in the order in which they are applied, found without computing anything. */
export function sitesOf<P, X>(model: Layer<P, X>, params: P, x: X, pass: Pass): readonly Site[] {
  const { paths } = tree.flatten(params).structure;
  const sites: Site[] = [];
  trace((p: P, input: X) => {
    const leaves = tree.leaves(p);
    return model.apply(p, input, {
      ...pass,
      tap: (site) => {
        const found = describe(site, leaves, paths);
        if (found) sites.push(found);
        return site.result;
      },
    });
  })(params, x);
  return sites;
}

/** Evaluates a model with taps. Costs what `vjp` costs, and the inputs of all linear maps. */
export function tapModel<P, X>(model: Layer<P, X>, params: P, x: X, pass: Pass): Tapped<P> {
  const sites = sitesOf(model, params, x, pass);
  const { paths } = tree.flatten(params).structure;
  const probes = sites.map(({ result }) => zerosLike(result));
  const run = (p: P, added: readonly Tensor[]): readonly Tensor[] => {
    const leaves = tree.leaves(p);
    const inputs: Tensor[] = [];
    const output = model.apply(p, x, {
      ...pass,
      tap: (site) => {
        // Patches are large: computed once.
        const given = site.input();
        if (!describe({ ...site, input: () => given }, leaves, paths)) return site.result;
        const rows = stopGradient(given);
        inputs.push(site.bias ? withOne(rows) : rows);
        return site.result.add(added[inputs.length - 1]!);
      },
    });
    return [output, ...inputs];
  };
  const { value, pullback } = vjp(run, params, probes);
  const [output, ...inputs] = value as readonly [Tensor, ...Tensor[]];
  const still = inputs.map((a) => zerosLike(a));
  return {
    output,
    sites,
    inputs,
    pullback: (cotangent) => {
      const [byParams, byResults] = pullback([cotangent, ...still]);
      return {
        params: byParams,
        results: byResults.map((s, i) => {
          const { channelAxis, fanOut } = sites[i]!;
          return moveAxis(s, channelAxis, -1).reshape([-1, fanOut]);
        }),
      };
    },
  };
}

const withOne = (rows: Tensor): Tensor =>
  concat([rows, zerosLike({ shape: [rows.shape[0]!, 1], dtype: rows.dtype }).add(1)], 1);

/** The part of a tree like the parameters that belongs to a site, as `[fanIn, fanOut]`, the bias as last row. */
export function siteMatrix(site: Site, leaves: readonly Tensor[]): Tensor {
  const weight = leaves[site.weight]!;
  const matrix = site.isInFirst ? weight : weight.reshape([site.fanOut, site.fanIn]).mT();
  return site.bias === null ? matrix : concat([matrix, leaves[site.bias]!.reshape([1, site.fanOut])], 0);
}

/** Puts a matrix as `siteMatrix` gives it in the place of the leaves. */
export function setSiteMatrix(site: Site, leaves: Tensor[], matrix: Tensor): void {
  const old = leaves[site.weight]!;
  const weight = site.bias === null ? matrix : matrix.at(":-1");
  leaves[site.weight] = (site.isInFirst ? weight : weight.mT()).reshape(old.shape).astype(old.dtype);
  if (site.bias === null) return;
  const bias = leaves[site.bias]!;
  leaves[site.bias] = matrix.at(-1).reshape(bias.shape).astype(bias.dtype);
}

/** What one linear map of a model saw. */
export interface Tap {
  /** Path of its weight in the parameters, such as `.layers[0].weight`. */
  readonly weight: string;
  /** Inputs `[rows, fanIn]`, with a last column of ones when there is a bias; rows are examples, or their positions. */
  readonly input: Tensor;
  /** The gradient of n times the loss by the result, `[rows, fanOut]`: that of every example when the loss is their mean. */
  readonly gradient: Tensor;
}

/**
 * Inputs and gradients of all linear maps and convolutions of a model, at `x` with n examples along its first axis and a loss of the
 * output that is a mean over them. inputᵀ·gradient / n is the gradient by the weight with the bias as last row. Patches of a
 * convolution count as rows.
 *
 * Only layers that report themselves to `pass.tap` are seen; maps whose weight is no leaf of the parameters are left out.
 *
 * Source: Martens and Grosse, Optimizing neural networks with Kronecker-factored approximate curvature (2015), section 2.
 */
export function taps<P, X>(
  model: Layer<P, X>,
  params: P,
  x: X,
  lossOfOutput: (output: Tensor) => Tensor,
  pass: Pass = { training: true },
): readonly Tap[] {
  const { output, sites, inputs, pullback } = tapModel(model, params, x, pass);
  const { results } = pullback(grad(lossOfOutput)(output));
  const n = output.shape[0] ?? 1;
  return sites.map(({ weightPath }, i) => ({
    weight: weightPath,
    input: inputs[i]!,
    gradient: results[i]!.mul(n),
  }));
}
