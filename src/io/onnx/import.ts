// ONNX models as functions of this library.

import { type DType, isFloat } from "../../tensor/dtype.ts";
import { DomainError, FileError, ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { readBytes } from "../files.ts";
import { elementOperations } from "./elementOperations.ts";
import { moveOperations } from "./moveOperations.ts";
import { neuralOperations } from "./neuralOperations.ts";
import { OnnxNode, type Operation } from "./node.ts";
import { decodeModel, type GraphProto, type ValueInfoProto } from "./schema.ts";
import { decodeTensor, dtypeOfElements } from "./tensors.ts";

const OPERATIONS: Readonly<Record<string, Operation>> = {
  ...elementOperations,
  ...moveOperations,
  ...neuralOperations,
};

/** Names of ONNX operators that `importOnnx` knows. */
export const importedOperators: readonly string[] = Object.keys(OPERATIONS).sort();

/** An input or output as the file declares it; a length that is open is null. */
export interface OnnxValue {
  readonly name: string;
  /** Undefined where the file does not say. */
  readonly dtype: DType | undefined;
  readonly shape: readonly (number | null)[] | undefined;
}

/** A model from a file. */
export interface OnnxModel {
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  /** The floating-point tensors that the file holds, by name. */
  readonly params: Readonly<Record<string, Tensor>>;
  readonly opset: number;
  /**
   * Results by name, for inputs by name. Made of this library's operations: differentiable in parameters and inputs, and
   * fit for `jit`, `vmap`, `grad`. Throws ShapeError or DomainError for inputs that do not fit.
   */
  apply(
    params: Readonly<Record<string, Tensor>>,
    inputs: Readonly<Record<string, Tensor>>,
  ): Record<string, Tensor>;
}

/**
 * Reads an ONNX model from a file, or from its bytes: operators that exporters of PyTorch and others write for networks
 * of dense layers, convolutions and attention (`importedOperators` lists them). int64 becomes int32.
 *
 * Throws FileError for what is no ONNX file, DomainError, naming operator and node, for an operator that is not known.
 */
export async function importOnnx(source: string | Uint8Array): Promise<OnnxModel> {
  const name = typeof source === "string" ? source : "importOnnx: bytes";
  const model = decodeModel(typeof source === "string" ? await readBytes(source) : source, name);
  const opset = model.opsetImport?.find(({ domain }) => !domain || domain === "ai.onnx")?.version ?? 0;
  const graph = model.graph!;
  checkOperators(graph);
  const params: Record<string, Tensor> = {};
  const constants = new Map<string, Tensor>();
  for (const proto of graph.initializer ?? []) {
    const tensor = decodeTensor(proto, `${name}: ${proto.name}`);
    if (isFloat(tensor.dtype)) params[proto.name!] = tensor;
    else constants.set(proto.name!, tensor);
  }
  const held = new Set([...Object.keys(params), ...constants.keys()]);
  // Old files list what they hold among the inputs too.
  const inputs = (graph.input ?? [])
    .filter((input) => !held.has(input.name))
    .map((x) => declaredValue(x, name));
  const outputs = (graph.output ?? []).map((x) => declaredValue(x, name));
  return {
    ...{ inputs, outputs, params, opset },
    apply: (given, tensors) => {
      const values = new Map<string, Tensor>(constants);
      for (const key of Object.keys(params)) {
        const x = given[key];
        if (!(x instanceof Tensor))
          throw new DomainError(`importOnnx: params: a tensor "${key}" was expected`);
        values.set(key, x);
      }
      for (const input of inputs) values.set(input.name, checkedInput(input, tensors[input.name]));
      run(graph, values, opset);
      return Object.fromEntries(
        outputs.map((output) => {
          const value = values.get(output.name);
          if (!value) throw new FileError(`${name}: no node gives the output "${output.name}"`);
          return [output.name, value];
        }),
      );
    },
  };
}

function checkOperators({ node = [] }: GraphProto): void {
  for (const { opType, name, output, domain } of node) {
    const where = `(node "${name || output?.[0] || ""}")`;
    if (domain && domain !== "ai.onnx")
      throw new DomainError(
        `importOnnx: ${domain}.${opType} ${where}: operators of other domains are not supported`,
      );
    if (!Object.hasOwn(OPERATIONS, opType))
      throw new DomainError(
        `importOnnx: ${opType} ${where}: this operator is not supported; ${importedOperators.length} are, see importedOperators`,
      );
  }
}

function declaredValue({ name, type }: ValueInfoProto, file: string): OnnxValue {
  const tensor = type?.tensorType;
  const dims = tensor?.shape?.dim;
  return {
    name,
    dtype: tensor?.elemType === undefined ? undefined : dtypeOfElements(tensor.elemType, `${file}: ${name}`),
    shape: tensor?.shape ? (dims ?? []).map(({ dimValue }) => dimValue ?? null) : undefined,
  };
}

function checkedInput({ name, dtype, shape }: OnnxValue, x: Tensor | undefined): Tensor {
  if (!(x instanceof Tensor)) throw new DomainError(`importOnnx: inputs: a tensor "${name}" was expected`);
  if (shape && (shape.length !== x.ndim || shape.some((n, i) => n !== null && n !== x.shape[i])))
    throw new ShapeError(
      `importOnnx: inputs: ${name}: shape [${shape.map((n) => n ?? "any").join(", ")}] was expected, got ${formatShape(x.shape)}`,
    );
  return dtype === undefined || x.dtype === dtype ? x : x.astype(dtype);
}

/** Computes all nodes in their order, which is one in which they can be computed. */
function run({ node = [] }: GraphProto, values: Map<string, Tensor>, opset: number): void {
  for (const proto of node) {
    const operands = (proto.input ?? []).map((input) => {
      if (input === "") return undefined;
      const value = values.get(input);
      if (!value) throw new FileError(`importOnnx: ${proto.opType}: no node before it gives "${input}"`);
      return value;
    });
    const results = OPERATIONS[proto.opType]!(new OnnxNode(proto, operands, opset));
    const list = Array.isArray(results) ? (results as readonly Tensor[]) : [results as Tensor];
    (proto.output ?? []).forEach((output, i) => {
      if (output !== "" && list[i]) values.set(output, list[i]);
    });
  }
}
