// What a derived program is made of: kernels that run one after another, each with an estimate of its cost.

import { sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { extentOf } from "./affine.ts";
import {
  accessesOf,
  type Body,
  type Expression,
  formatExpression,
  type Input,
  type Scope,
  variablesOf,
} from "./expression.ts";
import { fingerprint, shortHash } from "./fingerprint.ts";
import { type Lookup, lowerScope } from "./lower.ts";

/** Operators that expressions are matched with; `layout` and `elementwise` are generated from the scope itself. */
export type Target = "matmul" | "batchMatmul" | "conv2d" | "g2bmm" | "elementwise";
export type KernelKind = Target | "layout";

export interface Kernel {
  readonly kind: KernelKind;
  /** What it computes, by definition, of the tensors that it reads. */
  readonly scope: Scope;
  readonly output: Input;
  readonly flops: number;
  /** Elements read and written, each once. */
  readonly elements: number;
  readonly run: (lookup: Lookup) => Tensor;
}

const applications = (body: Body): number =>
  body.kind === "apply" ? 1 + body.args.reduce((n, arg) => n + applications(arg), 0) : 0;

/** Points of a scope, sums included. */
export const pointsOf = (scope: Scope): number => variablesOf(scope).reduce((n, v) => n * extentOf(v), 1);

/** Arithmetic operations of a scope by its definition. */
export const flopsOfScope = (scope: Scope): number =>
  pointsOf(scope) * (applications(scope.body) + (scope.sums.length > 0 ? 1 : 0));

/** The tensor that stands for the values of a scope; the same for equal scopes. */
export function outputOf(scope: Scope, kind: KernelKind): Input {
  const shape = scope.loops.map(extentOf);
  const name = `t${shortHash(`${kind} ${fingerprint({ scope: { ...scope, isLayout: false }, shape })}`)}`;
  return { kind: "input", name, shape };
}

/** A kernel for a scope that reads given tensors; `run` defaults to slices and element-wise operations. */
export function kernelOf(kind: KernelKind, scope: Scope, run: Kernel["run"] = lowerScope(scope)): Kernel {
  const output = outputOf(scope, kind);
  const read = new Map<string, number>();
  for (const { source } of accessesOf(scope.body))
    if (source.kind === "input") read.set(source.name, sizeOf(source.shape));
  const elements = [...read.values()].reduce((a, b) => a + b, sizeOf(output.shape));
  return { kind, scope, output, flops: flopsOfScope(scope), elements, run };
}

export const formatKernel = ({ kind, scope, output }: Kernel): string =>
  `${output.name} = ${kind}: ${formatExpression({ scope, shape: output.shape })}`;

/** A machine, as the model sees it. */
export interface MachineModel {
  /** Bytes a second between memory and the processor. */
  readonly bandwidth: number;
  /** Operations a second of matrix products and of everything else. */
  readonly matrixFlops: number;
  readonly vectorFlops: number;
  /** Seconds that every kernel takes. */
  readonly overhead: number;
  readonly bytesPerElement: number;
}

/** One core with SIMD; only the ratios matter for a choice. */
export const MACHINE: MachineModel = {
  bandwidth: 1e10,
  matrixFlops: 2e10,
  vectorFlops: 4e9,
  overhead: 1e-6,
  bytesPerElement: 4,
};

const ON_MATRICES: ReadonlySet<KernelKind> = new Set(["matmul", "batchMatmul", "conv2d"]);

/** Seconds by the model: bytes over bandwidth and operations over their peak, kernel by kernel. */
export const modelCost = (kernels: readonly Kernel[], machine: MachineModel = MACHINE): number =>
  kernels.reduce((total, { kind, flops, elements }) => {
    const peak = ON_MATRICES.has(kind) ? machine.matrixFlops : machine.vectorFlops;
    return total + machine.overhead + (elements * machine.bytesPerElement) / machine.bandwidth + flops / peak;
  }, 0);

/** Kernels that depend on something else than constants; the others run once, before the program is used. */
export function runtimeKernels(
  kernels: readonly Kernel[],
  constants: ReadonlySet<string>,
): readonly Kernel[] {
  const known = new Set(constants);
  return kernels.filter(({ scope, output }) => {
    const reads = accessesOf(scope.body);
    const isConstant = reads.every(({ source }) => source.kind === "input" && known.has(source.name));
    if (isConstant) known.add(output.name);
    return !isConstant;
  });
}

/** Kernels in their order, and the tensor and shape that is the result. */
export interface Plan {
  readonly kernels: readonly Kernel[];
  readonly output: Input;
  readonly shape: Expression["shape"];
}

/** Runs a plan on tensors by name. */
export function runPlan(
  { kernels, output, shape }: Plan,
  operands: Readonly<Record<string, Tensor>>,
): Tensor {
  const values = new Map(Object.entries(operands));
  for (const kernel of kernels)
    values.set(
      kernel.output.name,
      kernel.run((name) => values.get(name)!),
    );
  return values.get(output.name)!.reshape(shape);
}
