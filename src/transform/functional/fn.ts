// Functions made from ordinary code.

import { asTensor } from "../../ops/operands.ts";
import { domainOf } from "../../ops/tracer.ts";
import type { DType } from "../../tensor/dtype.ts";
import { DomainError, DTypeError, ShapeError } from "../../tensor/errors.ts";
import { checkShape, formatShape, type Shape, sameShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { closeOverFunctions, evaluateGraph, traceFlat, Variable } from "../graphs/graph.ts";
import { isDifferentiable } from "../traces/forward.ts";
import { coordinates } from "./apply.ts";
import { asFn } from "./check.ts";
import { ArgumentList } from "./domain.ts";
import { liftGraph } from "./lift.ts";
import { type Body, FnNode, isKnown } from "./node.ts";
import type { Fn } from "./types.ts";

/** Shapes of the arguments and of the result of a function. */
export interface FnSpec {
  readonly in: readonly Shape[];
  readonly out: Shape;
  /** Of arguments and result; float64 unless told. */
  readonly dtype?: DType;
}

/**
 * A function of tensors as a value, from code: `fn({ in: [[]], out: [] }, (x) => x.square())`. The code is followed once,
 * as by `trace`, and must not read elements. It may use values that other transforms follow: derivatives with respect
 * to parameters go through the function, and a function that a derivative follows may be called with arguments of this
 * one.
 *
 * Throws ShapeError or DTypeError when the code does not return what `spec` says, DomainError for a spec without
 * arguments.
 */
export function fn(spec: FnSpec, f: (...args: Tensor[]) => Tensor | number): Fn {
  const { dtype = "float64" } = spec;
  if (!Array.isArray(spec.in) || spec.in.length === 0)
    throw new DomainError("fn: a function needs at least one argument: in must hold a shape for each");
  spec.in.forEach((shape, i) => {
    checkShape(shape, `fn: in[${i}]`);
  });
  checkShape(spec.out, "fn: out");
  if (!isDifferentiable({ dtype }))
    throw new DTypeError(`fn: a dtype of floating-point numbers was expected, got ${dtype}`);
  const domain = new ArgumentList(spec.in.map((shape) => ({ shape, dtype, grid: null })));
  const traced = traceFlat((args) => [checkedValue(f(...args), spec.out, dtype)], domain.args, "fn");
  const { graph, captured } = closeOverFunctions(traced);
  const usesFunctions = graph.equations.some(({ outputs }) => outputs.some((output) => output.domain));
  if (usesFunctions || !captured.every(isKnown)) return asFn(liftGraph(graph, captured, domain));
  const [result] = graph.outputs;
  const place = result instanceof Variable ? graph.inputs.indexOf(result) : -1;
  if (place >= captured.length) return asFn(coordinates(domain)[place - captured.length]!);
  const body: Body = { values: (point) => evaluateGraph(graph, [...captured, ...point]) };
  return asFn(new FnNode(body, 0, { shape: spec.out, dtype, domain }));
}

function checkedValue(value: Tensor | number, out: Shape, dtype: DType): Tensor {
  const y = value instanceof Tensor ? value : asTensor(value, "fn: the function's result").astype(dtype);
  const domain = domainOf(y);
  if (domain)
    throw new ShapeError(`fn: the function returned a function of ${domain} where a tensor was expected`);
  if (!sameShape(y.shape, out))
    throw new ShapeError(
      `fn: out says ${formatShape(out)}, the function returned shape ${formatShape(y.shape)}`,
    );
  if (y.dtype !== dtype) throw new DTypeError(`fn: ${dtype} was expected, the function returned ${y.dtype}`);
  return y;
}
