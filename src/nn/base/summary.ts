// How large a model is.

import type { Layer } from "../../optim/model.ts";
import { zeros } from "../../tensor/create.ts";
import { dtypeInfo } from "../../tensor/dtype.ts";
import { formatShape, type Shape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { tree } from "../../tensor/tree.ts";
import { trace } from "../../transform/tracing.ts";

/** Numbers in a tree of parameters. */
export const countParameters = (params: unknown): number =>
  tree.leaves(params).reduce((sum, { size }) => sum + size, 0);

/**
 * A table of the parameters: path, shape, dtype and number of each, with totals. With a layer and the shape of an
 * input, also the shape of the output (nothing is computed).
 */
export function summary<P>(
  params: P,
  model?: { readonly layer: Layer<P>; readonly input: Shape | Tensor },
): string {
  const { leaves, structure } = tree.flatten(params);
  const rows = leaves.map(({ shape, dtype, size }, i) => [
    structure.paths[i]!.replace(/^\./, "") || "(parameters)",
    formatShape(shape),
    dtype,
    size.toLocaleString("en-US"),
  ]);
  const table = [["parameter", "shape", "dtype", "count"], ...rows];
  const widths = [0, 1, 2, 3].map((c) => Math.max(...table.map((row) => row[c]!.length)));
  const lines = table.map((row) =>
    row.map((cell, c) => (c === 3 ? cell.padStart(widths[c]!) : cell.padEnd(widths[c]!))).join("  "),
  );
  const rule = "-".repeat(widths.reduce((sum, width) => sum + width, 6));
  const bytes = leaves.reduce((sum, { size, dtype }) => sum + size * dtypeInfo(dtype).bytes, 0);
  const total = `${countParameters(params).toLocaleString("en-US")} parameters, ${bytes.toLocaleString("en-US")} bytes`;
  return [lines[0]!, rule, ...lines.slice(1), rule, total, ...shapes(params, model)].join("\n");
}

function shapes<P>(
  params: P,
  model?: { readonly layer: Layer<P>; readonly input: Shape | Tensor },
): string[] {
  if (!model) return [];
  const { layer, input } = model;
  const x = Array.isArray(input) ? zeros(input as Shape, "float32") : (input as Tensor);
  const [output] = trace((value: Tensor) => layer.apply(params, value))(x).outputs;
  return [`${formatShape(x.shape)} -> ${formatShape(output!.shape)}`];
}
