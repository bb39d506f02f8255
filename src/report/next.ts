// What to type next: commands that follow from a result, and the lines of Python that rebuild the tensor.
import { dtypeOf } from "../decompose/operations.ts";
import type { AutoResult, Decomposition, DimTree } from "../decompose/types.ts";
import type { Command, ReportInput, Request } from "./types.ts";

const quoted = (path: string): string =>
  /^[\w./:@%+-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;

export function nextCommands(of: {
  input: ReportInput;
  request: Request;
  result: AutoResult;
  out?: string;
}): Command[] {
  const { input, request, result, out } = of;
  const file = quoted(input.path);
  const picture = input.kind === "image";
  const commands: Command[] = [];
  const add = (purpose: string, command: string): number => commands.push({ purpose, command });
  if (out !== undefined) {
    const rebuilt = picture ? "rebuilt.png" : "rebuilt.npy";
    add("rebuild the whole", `polyadic reconstruct ${quoted(out)} --out ${rebuilt}`);
    const corner = input.shape.map((length) => (length > 10 ? "0:10" : ":")).join(",");
    add(
      "rebuild a part, without the rest",
      `polyadic reconstruct ${quoted(out)} --slice "${corner}" --out part.npy`,
    );
    add("see what the file holds", `polyadic inspect ${quoted(out)}`);
  } else
    add(
      "keep the result",
      `polyadic decompose ${file}${askedOptions(request, result)} --out result.safetensors`,
    );
  if (request.kind === "tolerance") {
    const { tolerance } = request;
    // float32 rounds to about 6e-8: far below such a tolerance, at half the bytes.
    if (tolerance >= 1e-5 && result.chosen.format !== "dense" && dtypeOf(result.decomposition) === "float64")
      add(
        "store half the bytes for the same numbers",
        `polyadic decompose ${file} --tol ${tolerance} --dtype float32`,
      );
    if (result.chosen.format === "dense")
      add("allow a larger error", `polyadic decompose ${file} --tol ${tidy(Math.min(0.5, tolerance * 3))}`);
    else {
      add("ask for half the error", `polyadic decompose ${file} --tol ${tidy(tolerance / 2)}`);
      const half = Math.max(1, Math.floor(result.chosen.bytes / 2000));
      add("ask for half the bytes instead", `polyadic decompose ${file} --max-bytes ${half}k`);
    }
  }
  return commands;
}

/** The options with which the same question is asked again. */
function askedOptions(request: Request, { chosen }: AutoResult): string {
  switch (request.kind) {
    case "tolerance":
      return ` --tol ${request.tolerance}`;
    case "budget":
      return ` --max-bytes ${request.maxBytes}`;
    case "ranks":
      return ` --format ${chosen.format} --ranks ${request.ranks.join(",")}`;
    case "completion":
      return " --missing nan";
  }
}

const tidy = (value: number): number => Number(value.toPrecision(3));

const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/**
 * Lines of Python with which NumPy rebuilds the tensor from the file; undefined when the network has more indices than
 * `numpy.einsum` has letters.
 */
export function pythonSnippet(d: Decomposition, path: string): string | undefined {
  const safe = path.toLowerCase().endsWith(".safetensors");
  const load = safe
    ? `from safetensors.numpy import load_file\nd = load_file(${JSON.stringify(path)})`
    : `d = np.load(${JSON.stringify(path)})`;
  const inner = d.kind === "arranged" ? d.inner : d;
  const product = inner.kind === "dense" ? 'x = d["data"]' : einsumLine(inner);
  if (product === undefined) return undefined;
  const lines = ["import numpy as np", load, product];
  if (d.kind === "arranged") {
    const { layout } = d;
    const inverse = layout.order.map((_, axis) => layout.order.indexOf(axis));
    const cut = layout.shape.some((length, k) => length !== layout.padded[k])
      ? `[${layout.shape.map((length) => `:${length}`).join(", ")}]`
      : "";
    lines.push(`x = x.transpose(${inverse.join(", ")}).reshape(${layout.padded.join(", ")})${cut}`);
  }
  return lines.join("\n");
}

function einsumLine(d: Exclude<Decomposition, { kind: "arranged" | "dense" }>): string | undefined {
  const terms: { readonly name: string; readonly indices: string }[] = [];
  let used = 0;
  const fresh = (): string => LETTERS[used++] ?? "?";
  let output: string[] = [];
  switch (d.kind) {
    case "cp": {
      const rank = fresh();
      terms.push({ name: "weights", indices: rank });
      output = d.factors.map(fresh);
      for (const [k, mode] of output.entries()) terms.push({ name: `factors.${k}`, indices: mode + rank });
      break;
    }
    case "tucker": {
      const ranks = d.factors.map(fresh);
      output = d.factors.map(fresh);
      terms.push({ name: "core", indices: ranks.join("") });
      for (const [k, mode] of output.entries())
        terms.push({ name: `factors.${k}`, indices: mode + ranks[k]! });
      break;
    }
    case "tt":
    case "ring": {
      const first = fresh();
      let rank = first;
      for (const k of d.cores.keys()) {
        const mode = fresh();
        const next = d.kind === "ring" && k === d.cores.length - 1 ? first : fresh();
        terms.push({ name: `cores.${k}`, indices: rank + mode + next });
        output.push(mode);
        rank = next;
      }
      break;
    }
    case "tree": {
      let transfer = 0;
      const walk = (node: DimTree): string => {
        const parent = fresh();
        if (typeof node === "number") {
          output[node] = fresh();
          terms.push({ name: `leaves.${node}`, indices: output[node] + parent });
        } else {
          const own = transfer++;
          const [left, right] = [walk(node[0]), walk(node[1])];
          terms.push({ name: `transfers.${own}`, indices: left + right + parent });
        }
        return parent;
      };
      walk(d.tree);
    }
  }
  // NumPy takes at most 32 operands, and as many axes in its result.
  if (used > LETTERS.length || terms.length > 31) return undefined;
  const formula = `${terms.map(({ indices }) => indices).join(",")}->${output.join("")}`;
  return `x = np.einsum("${formula}", ${terms.map(({ name }) => `d["${name}"]`).join(", ")}, optimize=True)`;
}
