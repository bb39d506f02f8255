// Runs exported models in ONNX Runtime.

import * as ort from "onnxruntime-node";
import { exportOnnx } from "polyadic/io";
import { type DType, type Tensor, tensor } from "polyadic/tensor";

type Typed = ort.Tensor["type"];

const toRuntime = (x: Tensor): ort.Tensor => {
  const data = x.data();
  const bytes = x.dtype === "bool" ? Uint8Array.from(data as Uint8Array) : data.slice();
  return new ort.Tensor(x.dtype as Typed, bytes as Float32Array, x.shape);
};

const fromRuntime = (x: ort.Tensor): Tensor => {
  const dtype = (x.type === "int64" ? "int32" : x.type) as DType;
  const values = Array.from(x.data as Float32Array, Number);
  return tensor(values, { dtype }).reshape(x.dims);
};

/** The results of a model for these inputs, in the order of its inputs and outputs. */
export async function runModel(bytes: Uint8Array, inputs: readonly Tensor[]): Promise<Tensor[]> {
  const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3, intraOpNumThreads: 1 });
  try {
    const feeds = Object.fromEntries(session.inputNames.map((name, i) => [name, toRuntime(inputs[i]!)]));
    const results = await session.run(feeds);
    return session.outputNames.map((name) => fromRuntime(results[name]!));
  } finally {
    await session.release();
  }
}

/** The results of a function, exported and run. */
export const throughRuntime = (
  f: (...inputs: never[]) => unknown,
  inputs: readonly Tensor[],
  options: { readonly opset?: number } = {},
): Promise<Tensor[]> =>
  runModel(exportOnnx(f as (...xs: readonly Tensor[]) => unknown, inputs, options), inputs);
