// Expressions of the equations of a graph.

import { contractP } from "../../ops/contract.ts";
import { convP } from "../../ops/convolution/primitive.ts";
import type { ConvParams } from "../../ops/convolution/window.ts";
import type { ContractParams } from "../../ops/productPlan.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { Equation } from "../../transform/graphs/graph.ts";
import { affine, type Range, variable } from "./affine.ts";
import { apply, type Expression, expression, input, read } from "./expression.ts";

const ranges = (prefix: string, lengths: readonly number[]): Range[] =>
  lengths.map((to, i) => ({ name: `${prefix}${i}`, from: 0, to }));

const variables = (list: readonly Range[]) => list.map(({ name }) => variable(name));

/**
 * The expression of an equation, of tensors "a" and "b" (or of names of one's own): contractions and convolutions. null
 * for everything else, and for results without elements: such equations stay as they are. The axis of groups of a
 * convolution is left out, from operands as well, where there is one group.
 */
export function toExpression(
  { primitive, inputs, outputs, params }: Equation,
  names: readonly [string, string] = ["a", "b"],
): Expression | null {
  const [a, b] = inputs;
  const [output] = outputs;
  if (!a || !b || !output || [a, b, output].some(({ shape }) => shape.includes(0))) return null;
  if (primitive.name === contractP.name)
    return fromContraction(a.shape, b.shape, names, params as ContractParams);
  if (primitive.name === convP.name)
    return fromConvolution(a.shape, b.shape, output.shape, names, params as ConvParams);
  return null;
}

function fromContraction(
  a: Shape,
  b: Shape,
  [first, second]: readonly [string, string],
  { contract, batch }: ContractParams,
): Expression {
  const lengths = (shape: Shape, axes: readonly number[]): number[] => axes.map((axis) => shape[axis]!);
  const free = (shape: Shape, side: 0 | 1): number[] =>
    shape.flatMap((_, i) => (contract[side].includes(i) || batch[side].includes(i) ? [] : [i]));
  const shared = ranges("b", lengths(a, batch[0]));
  const rows = ranges("m", lengths(a, free(a, 0)));
  const columns = ranges("n", lengths(b, free(b, 1)));
  const sums = ranges("k", lengths(a, contract[0]));
  const index = (shape: Shape, side: 0 | 1, own: readonly Range[]) => {
    const kept = free(shape, side);
    return shape.map((_, axis) => {
      const groups = [
        [batch[side], shared],
        [contract[side], sums],
        [kept, own],
      ] as const;
      const [axes, list] = groups.find(([candidates]) => candidates.includes(axis))!;
      return variable(list[axes.indexOf(axis)]!.name);
    });
  };
  return expression({
    loops: [...shared, ...rows, ...columns],
    sums,
    body: apply(
      "mul",
      read(input(first, a), ...index(a, 0, rows)),
      read(input(second, b), ...index(b, 1, columns)),
    ),
  });
}

function fromConvolution(
  x: Shape,
  w: Shape,
  out: Shape,
  [first, second]: readonly [string, string],
  { strides, padding, inputDilation, dilation }: ConvParams,
): Expression {
  const [groups, images, features, ...windows] = out as [number, number, number, ...number[]];
  const outer = ranges("g", groups === 1 ? [] : [groups]);
  const ungrouped = (shape: Shape): Shape => (groups === 1 ? shape.slice(1) : shape);
  const rows = ranges("n", [images]);
  const columns = ranges("o", [features]);
  const positions = ranges("p", windows);
  const channels = ranges("c", [x[2]!]);
  const taps = ranges("k", w.slice(3));
  const spatial = positions.map(({ name }, i) =>
    affine(
      [
        [name, strides[i]!],
        [taps[i]!.name, dilation[i]!],
      ],
      -padding[i]![0],
      inputDilation[i]!,
    ),
  );
  const [g, n, o, c] = [outer, rows, columns, channels].map(variables);
  const reach = padding.map((pair) => pair.map((zeros) => Math.max(0, zeros)) as [number, number]);
  return expression({
    loops: [...outer, ...rows, ...columns, ...positions],
    sums: [...channels, ...taps],
    body: apply(
      "mul",
      read(input(first, ungrouped(x)), ...g!, ...n!, ...c!, ...spatial),
      read(input(second, ungrouped(w)), ...g!, ...o!, ...c!, ...variables(taps)),
    ),
    pads: { [first]: [...outer.map(() => 0), 0, 0, ...reach] },
  });
}
