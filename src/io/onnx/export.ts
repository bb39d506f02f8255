// Functions as ONNX models.

import { optimize } from "../../compiler/passes/optimize.ts";
import { DomainError, DTypeError, ShapeError } from "../../tensor/errors.ts";
import { type Shape, sameShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { FlatCall, flattenArguments } from "../../transform/arguments.ts";
import { type Atom, type Graph, traceFlat, Variable } from "../../transform/graphs/graph.ts";
import { writeFileAtomic } from "../files.ts";
import { dottedName, namedLeaves } from "../parameters/names.ts";
import { declared, GraphBuilder, type Length, type Value } from "./builder.ts";
import { controlRules } from "./controlRules.ts";
import { elementRules } from "./elementRules.ts";
import { moveRules } from "./moveRules.ts";
import { productRules } from "./productRules.ts";
import type { Rule } from "./rules.ts";
import { encodeModel } from "./schema.ts";
import { encodeTensor } from "./tensors.ts";

const RULES: Readonly<Record<string, Rule>> = {
  ...elementRules,
  ...moveRules,
  ...productRules,
  ...controlRules,
};

/** Names of primitives that `exportOnnx` can write. */
export const exportedPrimitives: readonly string[] = Object.keys(RULES);

/** The version of the file format that belongs to a version of operators. */
const IR_VERSIONS: Readonly<Record<number, number>> = { 17: 8, 18: 8, 19: 9, 20: 9, 21: 10 };

export interface OnnxExportOptions<P> {
  /** First argument of the function: a tree of tensors that the file holds, by dotted name. */
  readonly params?: P;
  /** Names of the tensors that go in, in order; from their places in the arguments unless told. */
  readonly inputNames?: readonly string[];
  /** Names of the results; `output`, or from their places in the result unless told. */
  readonly outputNames?: readonly string[];
  /** Version of the operators, from 17 to 21; 17 unless told. */
  readonly opset?: number;
  /** The first axis of all inputs may have any length when the model runs; false unless told. */
  readonly dynamicBatch?: boolean;
}

/**
 * The bytes of an ONNX model that computes `f(params, ...inputs)` (`f(...inputs)` without params). The function is traced
 * for inputs of these shapes and dtypes, and its primitives are written as standard operators: `model.apply` of a trained
 * model, or anything made of this library's operations.
 *
 * Throws DomainError for a primitive that ONNX has no operators for (its name is in the message), DTypeError for dtypes
 * without a counterpart, ShapeError for inputs that have no batch axis in common where it is to be open.
 */
export function exportOnnx<P, A extends readonly unknown[]>(
  f: (params: P, ...inputs: A) => unknown,
  inputs: A,
  options: OnnxExportOptions<P> & { readonly params: P },
): Uint8Array;
export function exportOnnx<A extends readonly unknown[]>(
  f: (...inputs: A) => unknown,
  inputs: A,
  options?: OnnxExportOptions<undefined>,
): Uint8Array;
export function exportOnnx(
  f: (...args: never[]) => unknown,
  inputs: readonly unknown[],
  options: OnnxExportOptions<unknown> = {},
): Uint8Array {
  const { params, opset = 17, dynamicBatch = false } = options;
  if (!(opset in IR_VERSIONS))
    throw new DomainError(
      `exportOnnx: opset: one of ${Object.keys(IR_VERSIONS).join(", ")} was expected, got ${opset}`,
    );
  const weights =
    params === undefined ? new Map<string, Tensor>() : namedLeaves(params, "exportOnnx: params");
  const given = flattenArguments(inputs);
  const inputNames = namesOf(options.inputNames, given.structure.paths, "input", "inputNames");
  const args = params === undefined ? inputs : [params, ...inputs];
  const flat = flattenArguments(args);
  const call = new FlatCall(f, flat, "exportOnnx");
  const trace = (batch?: number): Graph => {
    const leaves = flat.leaves.map(({ shape, dtype }, i) => ({
      shape: batch === undefined || i < weights.size ? shape : [batch, ...shape.slice(1)],
      dtype,
    }));
    return optimize(traceFlat(call.run, leaves, "exportOnnx")).graph;
  };
  if (dynamicBatch) checkBatch(given.leaves.map(({ shape }) => shape));
  // Lengths that differ between two sizes of the batch depend on it.
  const [graph, other] = dynamicBatch ? [trace(SIZES[0]), trace(SIZES[1])] : [trace(), undefined];

  const g = new GraphBuilder({ opset, batchInput: inputNames[0] });
  const names = [...weights.keys()].map((name) => g.name(name));
  names.push(...inputNames.map((name) => g.name(name)));
  const operands = graph.inputs.map(
    (variable, i): Value => ({ ...variableOf(variable, other?.inputs[i]), name: names[i]! }),
  );
  // Weights had their names taken above; constants get others.
  const initializers = [...weights.values()].map((x, i) => ({ x, name: names[i]! }));
  const values = lower(graph, other, operands, g);
  const outputNames = namesOf(options.outputNames, call.result.paths, "output", "outputNames").map((name) =>
    g.name(name),
  );
  values.forEach(({ name }, i) => {
    g.nodes.push({ opType: "Identity", input: [name], output: [outputNames[i]!], name: `result_${i}` });
  });
  return encodeModel({
    irVersion: IR_VERSIONS[opset]!,
    producerName: "polyadic",
    opsetImport: [{ domain: "", version: opset }],
    graph: g.finish(
      f.name || "graph",
      operands.slice(weights.size).map((value) => declared(value.name, value)),
      values.map((value, i) => declared(outputNames[i]!, value)),
      [...initializers.map(({ x, name }) => encodeTensor(x, name)), ...g.initializers],
    ),
  });
}

/** `exportOnnx` into a file, whole or not at all. */
export async function writeOnnx<P, A extends readonly unknown[]>(
  path: string,
  f: (params: P, ...inputs: A) => unknown,
  inputs: A,
  options: OnnxExportOptions<P> & { readonly params: P },
): Promise<void> {
  await writeFileAtomic(path, exportOnnx(f, inputs, options));
}

/** Two sizes of the batch that the lengths in a model are unlikely to be multiples of by accident. */
const SIZES = [1009, 2003] as const;

function checkBatch(shapes: readonly Shape[]): void {
  if (shapes.length === 0) throw new ShapeError("exportOnnx: dynamicBatch: at least one input was expected");
  for (const shape of shapes)
    if (shape.length === 0)
      throw new ShapeError("exportOnnx: dynamicBatch: inputs with a first axis were expected, got shape []");
}

function namesOf(
  given: readonly string[] | undefined,
  paths: readonly string[],
  word: string,
  what: string,
): readonly string[] {
  if (given && (given.length !== paths.length || new Set(given).size !== given.length))
    throw new DomainError(
      `exportOnnx: ${what}: ${paths.length} different names were expected, got ${JSON.stringify(given)}`,
    );
  return given ?? paths.map((path) => (paths.length === 1 ? word : `${word}.${dottedName(path)}`));
}

/** Shape and dtype of a variable, of which there are two where the batch size is open. */
function variableOf(a: Variable | Tensor, b: Variable | Tensor | undefined): Omit<Value, "name"> {
  const { shape, dtype } = a;
  if (!b) return { shape, dtype };
  return { dtype, shape: shape.map((length, i) => lengthOf(length, b.shape[i]!)) };
}

function lengthOf(a: number, b: number): Length {
  if (a === b) return a;
  const factor = a / SIZES[0];
  if (Number.isInteger(factor) && b === factor * SIZES[1]) return { batch: factor };
  throw new DomainError(
    `exportOnnx: dynamicBatch: a length of ${a} for a batch of ${SIZES[0]} and of ${b} for ${SIZES[1]} is no multiple of the batch size; export with a fixed batch size`,
  );
}

/** Writes the equations of a graph; the values of its outputs. */
function lower(
  graph: Graph,
  other: Graph | undefined,
  inputs: readonly Value[],
  g: GraphBuilder,
): readonly Value[] {
  if (other && other.equations.length !== graph.equations.length) throw differing("the operations");
  const values = new Map<number, Value>();
  graph.inputs.forEach(({ id }, i) => {
    values.set(id, inputs[i]!);
  });
  const read = (atom: Atom, twin: Atom | undefined): Value => {
    if (atom instanceof Variable) return values.get(atom.id)!;
    if (twin instanceof Variable) throw differing("a constant");
    // What is only repeated is held once.
    const core = unrepeated(atom);
    if (twin && !sameShape(unrepeated(twin).shape, core.shape)) throw differing("a constant");
    const { shape, dtype } = variableOf(atom, twin);
    return g.expand({ name: g.constant(core), shape: core.shape, dtype }, shape);
  };
  graph.equations.forEach((equation, i) => {
    const { primitive, params } = equation;
    const twin = other?.equations[i];
    if (twin && twin.primitive !== primitive) throw differing("the operations");
    const rule = RULES[primitive.name];
    if (!rule)
      throw new DomainError(
        `exportOnnx: the primitive "${primitive.name}" has no counterpart among ONNX operators`,
      );
    const operands = equation.inputs.map((atom, k) => read(atom, twin?.inputs[k]));
    const outputs = equation.outputs.map((variable, k) => variableOf(variable, twin?.outputs[k]));
    for (const { dtype } of outputs)
      if (dtype.startsWith("complex"))
        throw new DTypeError(
          `exportOnnx: "${primitive.name}" gives ${dtype}; ONNX operators take no complex numbers`,
        );
    const results = rule({
      ...{ g, inputs: operands, outputs, params },
      inner: (pick, into, builder) =>
        lower(pick(params as never), twin && pick(twin.params as never), into, builder),
    });
    const list = Array.isArray(results) ? (results as readonly Value[]) : [results as Value];
    equation.outputs.forEach(({ id }, k) => {
      values.set(id, list[k]!);
    });
  });
  return graph.outputs.map((atom, k) => read(atom, other?.outputs[k]));
}

/** A tensor of which axes along which nothing changes have one element. */
function unrepeated(x: Tensor): Tensor {
  const shape = x.shape.map((length, axis) => (x.strides[axis] === 0 && length > 1 ? 1 : length));
  return new Tensor(x.storage, shape, x.dtype, x.strides, x.offset);
}

const differing = (what: string): DomainError =>
  new DomainError(
    `exportOnnx: dynamicBatch: ${what} of the function depends on the batch size; export with a fixed batch size`,
  );
