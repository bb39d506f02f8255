// One node of an ONNX file as the operations see it.

import { Tracer } from "../../ops/tracer.ts";
import { DomainError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { AttributeProto, NodeProto } from "./schema.ts";
import { decodeTensor } from "./tensors.ts";

/** A node with its operands. */
export class OnnxNode {
  readonly proto: NodeProto;
  readonly opset: number;
  readonly #inputs: readonly (Tensor | undefined)[];
  readonly #attributes: ReadonlyMap<string, AttributeProto>;

  constructor(proto: NodeProto, inputs: readonly (Tensor | undefined)[], opset: number) {
    this.proto = proto;
    this.opset = opset;
    this.#inputs = inputs;
    this.#attributes = new Map((proto.attribute ?? []).map((attribute) => [attribute.name, attribute]));
  }

  /** As messages name it. */
  get title(): string {
    const { opType, name, output } = this.proto;
    return `importOnnx: ${opType} (node "${name || output?.[0] || ""}")`;
  }

  error(message: string): DomainError {
    return new DomainError(`${this.title}: ${message}`);
  }

  get inputs(): readonly Tensor[] {
    return this.#inputs.filter((x) => x !== undefined);
  }

  /** Number of results that are asked for. */
  get outputs(): number {
    return this.proto.output?.length ?? 0;
  }

  input(i: number): Tensor {
    const x = this.#inputs[i];
    if (!x) throw this.error(`input ${i} is missing`);
    return x;
  }

  optional(i: number): Tensor | undefined {
    return this.#inputs[i];
  }

  /** Whole numbers of an input that shapes depend on. Throws DomainError when they are not known beforehand. */
  integers(i: number): number[] {
    const x = this.input(i);
    if (x instanceof Tracer)
      throw this.error(
        `input ${i} decides about shapes, so it must not depend on the elements of traced tensors`,
      );
    return Array.from(x.astype("float64").data() as Float64Array);
  }

  has(name: string): boolean {
    return this.#attributes.has(name);
  }

  int(name: string, fallback: number): number {
    return this.has(name) ? (this.#attributes.get(name)!.i ?? 0) : fallback;
  }

  float(name: string, fallback: number): number {
    return this.has(name) ? (this.#attributes.get(name)!.f ?? 0) : fallback;
  }

  text(name: string, fallback: string): string {
    const attribute = this.#attributes.get(name);
    return attribute ? new TextDecoder().decode(attribute.s ?? new Uint8Array()) : fallback;
  }

  ints(name: string): readonly number[] | undefined {
    const attribute = this.#attributes.get(name);
    return attribute && (attribute.ints ?? []);
  }

  floats(name: string): readonly number[] | undefined {
    const attribute = this.#attributes.get(name);
    return attribute && (attribute.floats ?? []);
  }

  tensor(name: string): Tensor | undefined {
    const attribute = this.#attributes.get(name);
    return attribute?.t && decodeTensor(attribute.t, `${this.title}: ${name}`);
  }

  /** A list that became an input in later versions of its operator. */
  list(attribute: string, i: number): readonly number[] | undefined {
    return this.ints(attribute) ?? (this.optional(i) ? this.integers(i) : undefined);
  }

  /** An axis counted from the front. */
  axis(value: number, rank: number): number {
    const axis = value < 0 ? value + rank : value;
    if (!(axis >= 0 && axis < rank)) throw this.error(`axis ${value} does not exist among ${rank} axes`);
    return axis;
  }
}

/** Computes the results of a node. */
export type Operation = (node: OnnxNode) => Tensor | readonly Tensor[];
