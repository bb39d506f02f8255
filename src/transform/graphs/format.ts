// Graphs as text, one equation a line.

import type { Abstract } from "../../ops/primitive.ts";
import { Tracer } from "../../ops/tracer.ts";
import { formatShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";

interface Value extends Abstract {
  readonly id: number;
}

interface Operation {
  readonly primitive: { readonly name: string; readonly print?: (params: unknown) => unknown };
  readonly inputs: readonly (Value | Tensor)[];
  readonly params: unknown;
  readonly outputs: readonly Value[];
}

interface Printable {
  readonly inputs: readonly Value[];
  readonly equations: readonly Operation[];
  readonly outputs: readonly (Value | Tensor)[];
}

/** a … z, aa, ab … in the order in which values appear. */
function letters(index: number): string {
  const letter = String.fromCharCode(97 + (index % 26));
  return index < 26 ? letter : letters(Math.floor(index / 26) - 1) + letter;
}

const typeOf = ({ shape, dtype, domain }: Abstract): string =>
  (domain ? `${domain} → ` : "") + dtype + (shape.length ? formatShape(shape) : "");

/**
 * `{ a: float64[3] =>`, then a line per equation (`b: float64 = sum[axes=[0]] a`), then the results. Graphs inside
 * of equations (bodies of loops, branches) are printed indented below.
 */
export function formatGraph(graph: Printable, indent = ""): string {
  const names = new Map<number, string>();
  const name = ({ id }: Value): string => {
    let known = names.get(id);
    if (known === undefined) {
      known = letters(names.size);
      names.set(id, known);
    }
    return known;
  };
  const atom = (x: Value | Tensor): string => (x instanceof Tensor ? constant(x) : name(x));
  const declare = (x: Value): string => `${name(x)}: ${typeOf(x)}`;
  const inner = `${indent}  `;
  const head = `{ ${graph.inputs.map(declare).join(", ")} =>`;
  const lines = graph.equations.map((equation) => {
    const outputs = equation.outputs.map(declare).join(", ");
    const operands = equation.inputs.map((x) => ` ${atom(x)}`).join("");
    const { primitive, params } = equation;
    const text = formatParams(primitive.print ? primitive.print(params) : params, inner);
    return `${inner}${outputs} = ${primitive.name}${text && `[${text}]`}${operands}`;
  });
  return [head, ...lines, `${inner}(${graph.outputs.map(atom).join(", ")}) }`].join("\n");
}

function constant(x: Tensor): string {
  if (
    !(x instanceof Tracer) &&
    x.size > 0 &&
    x.strides.every((stride, axis) => stride === 0 || x.shape[axis] === 1)
  ) {
    const value = x.element(...x.shape.map(() => 0));
    const text = typeof value === "object" ? `${value.re}+${value.im}i` : String(value);
    return x.ndim === 0 ? text : `${text}:${typeOf(x)}`;
  }
  return `<${typeOf(x)}>`;
}

function formatParams(params: unknown, indent: string): string {
  if (params === undefined || params === null) return "";
  return Object.entries(params)
    .map(([key, value]) => `${key}=${formatValue(value, indent)}`)
    .join(" ");
}

const isGraph = (value: object): value is Printable => "equations" in value && "outputs" in value;

function formatValue(value: unknown, indent: string): string {
  if (Array.isArray(value)) return `[${value.map((item) => formatValue(item, indent)).join(", ")}]`;
  if (typeof value === "function") return value.name || "ƒ";
  if (typeof value === "object" && value !== null) {
    if (isGraph(value)) return formatGraph(value, indent);
    if (value instanceof Tensor) return constant(value);
    return `{ ${formatParams(value, indent)} }`;
  }
  return String(value);
}
