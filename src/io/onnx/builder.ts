// ONNX graphs as they are written: names, nodes, constants, and moves of elements that cancel each other.

import { fromTypedArray } from "../../tensor/create.ts";
import { type DType, dtypeInfo } from "../../tensor/dtype.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import {
  ATTRIBUTE_TYPES,
  type AttributeProto,
  type GraphProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from "./schema.ts";
import { elementType, encodeIntegers, encodeTensor } from "./tensors.ts";

/** A length: a number, or a multiple of the batch size that is known only when the model runs. */
export type Length = number | { readonly batch: number };

export const sameLength = (a: Length, b: Length): boolean =>
  typeof a === "number" || typeof b === "number" ? a === b : a.batch === b.batch;

const sameLengths = (a: readonly Length[], b: readonly Length[]): boolean =>
  a.length === b.length && a.every((length, i) => sameLength(length, b[i]!));

/** A value of the graph. */
export interface Value {
  readonly name: string;
  readonly shape: readonly Length[];
  readonly dtype: DType;
}

export type Attribute = number | string | readonly number[] | GraphProto | { readonly float: number };

/** How a value came to be, where a later move may undo it. */
type Move =
  | { readonly kind: "reshape"; readonly from: Value }
  | { readonly kind: "transpose"; readonly from: Value; readonly axes: readonly number[] }
  | { readonly kind: "expand"; readonly from: Value };

/** What all graphs of a model share. */
interface Shared {
  readonly opset: number;
  readonly used: Set<string>;
  readonly moves: Map<string, Move>;
  readonly initializers: TensorProto[];
  readonly known: Map<string, string>;
  /** The vector `[batch size]`, once it is needed. */
  batch?: string;
  readonly batchInput: string | undefined;
  count: number;
}

export class GraphBuilder {
  readonly nodes: NodeProto[] = [];
  readonly #shared: Shared;
  /** Where nodes stand that all graphs may use. */
  readonly #outermost: GraphBuilder;

  constructor(from: GraphBuilder | { readonly opset: number; readonly batchInput: string | undefined }) {
    if (from instanceof GraphBuilder) {
      this.#shared = from.#shared;
      this.#outermost = from.#outermost;
    } else {
      this.#shared = {
        ...from,
        used: new Set(),
        moves: new Map(),
        initializers: [],
        known: new Map(),
        count: 0,
      };
      this.#outermost = this;
    }
  }

  get opset(): number {
    return this.#shared.opset;
  }

  get initializers(): readonly TensorProto[] {
    return this.#shared.initializers;
  }

  /** A name that nothing else has. */
  name(wanted?: string): string {
    const { used } = this.#shared;
    let name = wanted ?? `v${this.#shared.count++}`;
    for (let i = 1; used.has(name); i++)
      name = wanted === undefined ? `v${this.#shared.count++}` : `${wanted}_${i}`;
    used.add(name);
    return name;
  }

  /** Adds a node; the name of its (first) output. */
  node(op: string, input: readonly string[], attributes: Readonly<Record<string, Attribute>> = {}): string {
    return this.nodeOf(op, input, 1, attributes)[0]!;
  }

  nodeOf(
    op: string,
    input: readonly string[],
    outputs: number,
    attributes: Readonly<Record<string, Attribute>> = {},
  ): string[] {
    const output = Array.from({ length: outputs }, () => this.name());
    const attribute = Object.entries(attributes).map(([name, value]) => encodeAttribute(name, value));
    this.nodes.push({ opType: op, input, output, name: `${op}_${output[0]}`, attribute });
    return output;
  }

  /** A tensor that the file holds. Equal small ones are held once. */
  constant(x: Tensor, wanted?: string): string {
    const data = x.data();
    const signature =
      wanted === undefined && data.length <= 16 ? `${x.dtype} ${x.shape} ${data.join()}` : undefined;
    const known = signature && this.#shared.known.get(signature);
    if (known) return known;
    const name = this.name(wanted ?? `c${this.#shared.initializers.length}`);
    this.#shared.initializers.push(encodeTensor(x, name));
    if (signature) this.#shared.known.set(signature, name);
    return name;
  }

  /** A vector of int64, or a scalar where told. */
  integers(values: readonly number[], isScalar = false): string {
    const signature = `int64 ${isScalar} ${values.join()}`;
    const known = this.#shared.known.get(signature);
    if (known) return known;
    const name = this.name(`c${this.#shared.initializers.length}`);
    this.#shared.initializers.push(encodeIntegers(values, isScalar ? [] : [values.length], name));
    this.#shared.known.set(signature, name);
    return name;
  }

  /** A scalar constant of a dtype. */
  scalar(value: number, dtype: DType): string {
    const x = fromTypedArray(Float64Array.of(value), [], "float64").astype(dtype);
    return this.constant(x);
  }

  /** A shape as a vector. */
  shape(lengths: readonly Length[]): string {
    if (lengths.every((length) => typeof length === "number"))
      return this.integers(lengths as readonly number[]);
    const parts = lengths.map((length) =>
      typeof length === "number"
        ? this.integers([length])
        : length.batch === 1
          ? this.#batch()
          : this.node("Mul", [this.#batch(), this.integers([length.batch])]),
    );
    return parts.length === 1 ? parts[0]! : this.node("Concat", parts, { axis: 0 });
  }

  #batch(): string {
    const shared = this.#shared;
    if (shared.batch === undefined) {
      // In front of everything, where all graphs see it.
      const outer = this.#outermost;
      const shape = outer.node("Shape", [shared.batchInput!]);
      shared.batch = outer.node("Slice", [shape, outer.integers([0]), outer.integers([1])]);
      outer.nodes.unshift(...outer.nodes.splice(-2));
    }
    return shared.batch;
  }

  reshape(x: Value, shape: readonly Length[]): Value {
    const move = this.#shared.moves.get(x.name);
    const from = move?.kind === "reshape" ? move.from : x;
    if (sameLengths(from.shape, shape)) return { ...from, shape };
    const open = shape.filter((length) => typeof length !== "number").length;
    const isEmpty = shape.includes(0);
    const target =
      open === 1 && !isEmpty
        ? this.integers(shape.map((length) => (typeof length === "number" ? length : -1)))
        : this.shape(shape);
    const name = this.node("Reshape", [from.name, target], isEmpty ? { allowzero: 1 } : {});
    this.#shared.moves.set(name, { kind: "reshape", from });
    return { name, shape, dtype: x.dtype };
  }

  transpose(x: Value, axes: readonly number[]): Value {
    if (axes.every((axis, i) => axis === i)) return x;
    const shape = axes.map((axis) => x.shape[axis]!);
    // Axes of length one may go anywhere without moving an element.
    const long = axes.filter((axis) => x.shape[axis] !== 1);
    if (long.every((axis, i) => i === 0 || long[i - 1]! < axis)) return this.reshape(x, shape);
    const move = this.#shared.moves.get(x.name);
    if (move?.kind === "transpose")
      return this.transpose(
        move.from,
        axes.map((axis) => move.axes[axis]!),
      );
    const name = this.node("Transpose", [x.name], { perm: axes });
    this.#shared.moves.set(name, { kind: "transpose", from: x, axes });
    return { name, shape, dtype: x.dtype };
  }

  expand(x: Value, shape: readonly Length[]): Value {
    if (sameLengths(x.shape, shape)) return x;
    const skip = shape.length - x.shape.length;
    // Where x has the length already, 1 leaves it.
    const target = shape.map((length, i) =>
      i >= skip && sameLength(x.shape[i - skip]!, length) ? 1 : length,
    );
    const name = this.node("Expand", [x.name, this.shape(target)]);
    this.#shared.moves.set(name, { kind: "expand", from: x });
    return { name, shape, dtype: x.dtype };
  }

  /** The same value before it was repeated, where it was. */
  unexpanded(x: Value): Value {
    const move = this.#shared.moves.get(x.name);
    return move?.kind === "expand" ? move.from : x;
  }

  cast(x: Value, dtype: DType): Value {
    if (x.dtype === dtype) return x;
    const to = elementType(dtype, "exportOnnx");
    return { ...x, name: this.node("Cast", [x.name], { to }), dtype };
  }

  /** The name of an int64 version. */
  wide(x: Value): string {
    return this.node("Cast", [x.name], { to: 7 });
  }

  /** The graph of all nodes on which the outputs depend. */
  finish(
    name: string,
    inputs: readonly ValueInfoProto[],
    outputs: readonly ValueInfoProto[],
    initializer: readonly TensorProto[] = [],
  ): GraphProto {
    const needed = new Set(outputs.map((output) => output.name));
    const node: NodeProto[] = [];
    for (let i = this.nodes.length - 1; i >= 0; i--) {
      const entry = this.nodes[i]!;
      if (!entry.output!.some((output) => needed.has(output))) continue;
      namesIn(entry, needed);
      node.unshift(entry);
    }
    return {
      name,
      node,
      initializer: initializer.filter((tensor) => needed.has(tensor.name!)),
      input: inputs,
      output: outputs,
    };
  }
}

/** Adds all names that a node reads, graphs inside of it included. */
function namesIn({ input = [], attribute = [] }: NodeProto, names: Set<string>): void {
  for (const name of input) names.add(name);
  for (const { g } of attribute) {
    for (const node of g?.node ?? []) namesIn(node, names);
    for (const { name } of g?.output ?? []) names.add(name);
  }
}

function encodeAttribute(name: string, value: Attribute): AttributeProto {
  if (typeof value === "number") return { name, type: ATTRIBUTE_TYPES.i, i: value };
  if (typeof value === "string") return { name, type: ATTRIBUTE_TYPES.s, s: new TextEncoder().encode(value) };
  if (Array.isArray(value)) return { name, type: ATTRIBUTE_TYPES.ints, ints: value as readonly number[] };
  if ("float" in value) return { name, type: ATTRIBUTE_TYPES.f, f: (value as { float: number }).float };
  return { name, type: ATTRIBUTE_TYPES.g, g: value as GraphProto };
}

/** A value as graphs declare it. */
export const declared = (name: string, { shape, dtype }: Omit<Value, "name">): ValueInfoProto => ({
  name,
  type: {
    tensorType: {
      elemType: elementType(dtype, `exportOnnx: ${name}`),
      shape: {
        dim: shape.map((length) =>
          typeof length === "number"
            ? { dimValue: length }
            : { dimParam: length.batch === 1 ? "batch" : `batch_times_${length.batch}` },
        ),
      },
    },
  },
});

/** Whether elements of a dtype have a fraction. */
export const isFloating = (dtype: DType): boolean => dtypeInfo(dtype).kind === "float";
