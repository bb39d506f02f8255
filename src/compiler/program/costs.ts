// What a program costs, counted from its steps.

import { dtypeInfo } from "../../tensor/dtype.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { loadsOf, nodesOf } from "./expressions.ts";
import { placesOf } from "./plan.ts";
import type { Kernel, Step } from "./steps.ts";

export interface Cost {
  /** Arithmetic operations on elements; a function such as exp counts as one. Calls of primitives count none. */
  readonly flops: number;
  /** Bytes read and written by kernels, each operand once per step. */
  readonly bytes: number;
}

/** Elements that a place holds in memory: repeated ones count once. */
const stored = (place: Tensor): number =>
  place.shape.reduce((count, length, axis) => (place.strides[axis] === 0 ? count : count * length), 1);

function costOf(step: Kernel): Cost {
  const bytes = placesOf(step).reduce((sum, place) => sum + stored(place) * dtypeInfo(place.dtype).bytes, 0);
  const applications = (values: Parameters<typeof nodesOf>[0]): number =>
    nodesOf(values).filter(({ kind }) => kind === "apply").length;
  switch (step.kind) {
    case "map":
      return { flops: sizeOf(step.shape) * applications(step.outputs.map(({ value }) => value)), bytes };
    case "fold":
      return { flops: sizeOf(step.shape) * (1 + applications([step.value])), bytes };
    case "rows": {
      const rows = step.steps.map(costOf).reduce((a, b) => add(a, b));
      return { flops: sizeOf(step.lead) * rows.flops, bytes };
    }
    case "contract": {
      const [a] = step.operands;
      const summed = step.params.contract[0].reduce((count, axis) => count * a.shape[axis]!, 1);
      return { flops: 2 * sizeOf(step.place.shape) * summed * dtypeInfo(step.place.dtype).width ** 2, bytes };
    }
    case "host":
      return { flops: 0, bytes };
  }
}

const add = (a: Cost, b: Cost, times = 1): Cost => ({
  flops: a.flops + times * b.flops,
  bytes: a.bytes + times * b.bytes,
});

/** The sum over all steps; loops count all of their turns, a `while` and a branch count one turn and the dearest way. */
export function programCost(steps: readonly Step[]): Cost {
  return steps.reduce<Cost>(
    (total, step) => {
      if (step.kind === "loop") return add(total, programCost(step.body), step.length);
      if (step.kind === "while") return add(add(total, programCost(step.condition)), programCost(step.body));
      if (step.kind === "branch") {
        const ways = step.branches.map(programCost);
        return add(
          total,
          ways.reduce((a, b) => (b.flops > a.flops ? b : a)),
        );
      }
      return add(total, costOf(step));
    },
    { flops: 0, bytes: 0 },
  );
}

/** Steps as text, one a line; loops are indented. */
export const formatSteps = (steps: readonly Step[], indent = ""): string[] =>
  steps.flatMap((step) => formatStep(step, indent));

function formatStep(step: Step, indent: string): string[] {
  const type = (place: Tensor): string => `${place.dtype}[${place.shape}]`;
  switch (step.kind) {
    case "map": {
      const kernels = nodesOf(step.outputs.map(({ value }) => value)).flatMap((node) =>
        node.kind === "apply" ? [node.kernel] : [],
      );
      const reads = loadsOf(step.outputs.map(({ value }) => value)).length;
      const names = kernels.join(" ") || "copy";
      return [`${indent}map [${step.shape}] ${names} (${reads} read, ${step.outputs.length} written)`];
    }
    case "fold": {
      const kernels = nodesOf([step.value]).flatMap((node) => (node.kind === "apply" ? [node.kernel] : []));
      return [
        `${indent}${step.fold} over axes ${step.axes} of [${step.shape}] ${kernels.join(" ")}`.trimEnd(),
      ];
    }
    case "rows":
      return [`${indent}for each of [${step.lead}] rows`, ...formatSteps(step.steps, `${indent}  `)];
    case "contract":
      return [`${indent}contract ${step.operands.map(type).join(" · ")} -> ${type(step.place)}`];
    case "host":
      return [`${indent}call ${step.primitive.name} -> ${step.places.map(type).join(", ")}`];
    case "loop":
      return [
        `${indent}repeat ${step.length} times${step.reverse ? ", backwards" : ""}`,
        ...formatSteps(step.body, `${indent}  `),
      ];
    case "while":
      return [
        `${indent}while`,
        ...formatSteps(step.condition, `${indent}    `),
        `${indent}do`,
        ...formatSteps(step.body, `${indent}    `),
      ];
    case "branch":
      return step.branches.flatMap((branch, i) => [
        `${indent}branch ${i}`,
        ...formatSteps(branch, `${indent}  `),
      ]);
  }
}
