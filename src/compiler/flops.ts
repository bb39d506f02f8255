// Arithmetic of a graph, estimated from shapes alone, before it is compiled.

import { contractP } from "../ops/contract.ts";
import type { ContractParams } from "../ops/productPlan.ts";
import { sizeOf } from "../tensor/shape.ts";
import { type CondParams, condP } from "../transform/control/condPrimitive.ts";
import { type ScanParams, scanP } from "../transform/control/scanPrimitive.ts";
import { type WhileParams, whileP } from "../transform/control/whilePrimitive.ts";
import { type CallParams, callP } from "../transform/graphs/call.ts";
import type { Equation, Graph } from "../transform/graphs/graph.ts";

/**
 * Floating-point operations of an equation: 2 · batch · m · n · k for a contraction, the bodies of loops times their
 * length (once where it is not known), the dearest branch, and for everything else the elements that it reads or
 * writes, whichever are more.
 */
export function flopsOf({ primitive, params, inputs, outputs }: Equation): number {
  switch (primitive.name) {
    case contractP.name: {
      const [axes] = (params as ContractParams).contract;
      const summed = axes.reduce((product, axis) => product * inputs[0]!.shape[axis]!, 1);
      return 2 * sizeOf(outputs[0]!.shape) * summed;
    }
    case callP.name:
      return graphFlops((params as CallParams).graph);
    case scanP.name:
      return (params as ScanParams).length * graphFlops((params as ScanParams).body);
    case whileP.name:
      return graphFlops((params as WhileParams).condition) + graphFlops((params as WhileParams).body);
    case condP.name:
      return Math.max(...(params as CondParams).branches.map(graphFlops));
    default:
      return [...inputs, ...outputs].reduce((most, { shape }) => Math.max(most, sizeOf(shape)), 0);
  }
}

/** Floating-point operations of a whole graph, by the same estimate. */
export const graphFlops = (graph: Graph): number =>
  graph.equations.reduce((sum, equation) => sum + flopsOf(equation), 0);
