// Maximal update parameterization: initial sizes and rates with which what is good for a narrow model is good for a wide one.

import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { formatShape, type Shape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { type TreeStructure, tree } from "../../tensor/tree.ts";

/**
 * What a parameter is to the width: `hidden` weights grow along inputs and outputs, `output` weights along inputs alone,
 * `vector`s (input weights, biases, gains, embeddings) along outputs alone or not at all.
 */
export type MupRole = "hidden" | "output" | "vector";

export interface MupLeaf {
  readonly path: string;
  readonly role: MupRole;
  /** How many times wider the inputs are than those of the base. */
  readonly width: number;
  /** By which the initial values of a standard parameterization (variance of order 1 / fanIn) are multiplied. */
  readonly initial: number;
  /** By which the base's learning rates are multiplied. */
  readonly adam: number;
  readonly sgd: number;
}

export interface Mup<P> {
  readonly leaves: readonly MupLeaf[];
  /** Parameters with initial values as they should be. */
  initial(params: P): P;
  /** The learning rate's factor for each parameter, a tree like the parameters with numbers at the leaves. */
  readonly adamRates: unknown;
  readonly sgdRates: unknown;
  /** By which the output of the model is to be multiplied; scores of attention by 1 / d instead of 1 / √d. */
  readonly outputMultiplier: number;
}

export interface MupOptions<P> {
  /** Parameters of the model, and of the same model at the width for which its rates were chosen. */
  readonly params: P;
  readonly base: P;
  /** The axis of a weight's inputs: 0 of `[in, out]`, and 1 of kernels with more than two axes, unless told. */
  readonly inputAxis?: (path: string, shape: Shape) => number;
}

/**
 * The maximal update parameterization of a model, found by comparing its parameters with those of the same model at another
 * width. With m the factor by which inputs are wider: hidden weights learn at 1 / m with Adam (at 1 with SGD), output weights
 * begin √m times larger than is standard, for the output is multiplied by 1 / m, and learn at 1 (m); vectors at 1 (m).
 * Embedding tables of which the output is tied count as vectors. Throws TreeError where the models differ in more than
 * width, ShapeError where parameters differ in rank.
 *
 * Source: Yang and Hu, Tensor programs IV (2021), and Yang et al., Tensor programs V (2022), table 8.
 */
export function mup<P>({ params, base, inputAxis = defaultInputAxis }: MupOptions<P>): Mup<P> {
  const { leaves, structure } = tree.flatten(params);
  const bases: Tensor[] = [];
  tree.map(
    (_x, y) => {
      bases.push(y);
      return y;
    },
    params,
    base,
  );
  const found = leaves.map((x, i) => leafOf(structure.paths[i]!, x.shape, bases[i]!.shape, inputAxis));
  const widths = found.filter(({ role }) => role === "output").map(({ width }) => width);
  if (new Set(widths).size > 1)
    throw new DomainError(
      `mup: params: outputs of one width were expected, got factors ${widths.join(", ")}`,
    );
  return {
    leaves: found,
    initial: (given) => {
      let next = 0;
      return tree.map((x) => {
        const factor = found[next++]!.initial;
        return factor === 1 ? x : x.mul(factor);
      }, given);
    },
    adamRates: numbers(
      structure,
      found.map(({ adam }) => adam),
    ),
    sgdRates: numbers(
      structure,
      found.map(({ sgd }) => sgd),
    ),
    outputMultiplier: 1 / (widths[0] ?? 1),
  };
}

const numbers = (structure: TreeStructure, values: readonly number[]): unknown =>
  structure.build((i) => values[i]);

const defaultInputAxis = (_path: string, shape: Shape): number => (shape.length > 2 ? 1 : 0);

function leafOf(
  path: string,
  shape: Shape,
  base: Shape,
  inputAxis: (path: string, shape: Shape) => number,
): MupLeaf {
  if (shape.length !== base.length)
    throw new ShapeError(
      `mup: base: ${path}: ${shape.length} axes were expected, got shape ${formatShape(base)}`,
    );
  const input = inputAxis(path, shape);
  const ratio = shape.map((n, i) => n / base[i]!);
  const grows = ratio.map((r) => r !== 1);
  const width = shape.length > 1 ? ratio[input]! : 1;
  const isWide = shape.length > 1 && grows[input]!;
  const outputs = grows.some((has, i) => has && i !== input);
  if (isWide && outputs) return { path, role: "hidden", width, initial: 1, adam: 1 / width, sgd: 1 };
  if (isWide) return { path, role: "output", width, initial: Math.sqrt(width), adam: 1, sgd: width };
  const growth = ratio.find((r) => r !== 1) ?? 1;
  return { path, role: "vector", width: 1, initial: 1, adam: 1, sgd: growth };
}
