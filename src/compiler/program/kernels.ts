// The vocabulary of compiled expressions: which kernels there are, on vectors of one float type (bools are masks of
// lanes) and on single numbers of any type, and how each is written.

import type { BinaryKernel, UnaryKernel } from "../../device/device.ts";
import { BINARY_KERNELS, UNARY_KERNELS } from "../../device/device.ts";
import {
  call,
  type FunctionRef,
  f32,
  f64,
  i32,
  lane,
  type Node,
  op,
  v128,
} from "../../device/wasm/assembler.ts";
import {
  BINARY_ARITHMETIC,
  type Shape as LaneShape,
  SHAPES,
  UNARY_ARITHMETIC,
} from "../../device/wasm/definitions.ts";
import type { DType } from "../../tensor/dtype.ts";
import { type Expression, nodesOf } from "./expressions.ts";

export type FloatType = "float32" | "float64";

/** A transcendental function of vectors: defined once in a module, or written out where it is used. */
export interface VectorFunction {
  readonly ref: FunctionRef;
  readonly expand: (args: readonly Node[]) => Node;
}
export type VectorFunctions = ReadonlyMap<string, VectorFunction>;

const COMPARE: Readonly<Record<string, string>> = {
  equal: "eq",
  notEqual: "ne",
  less: "lt",
  lessEqual: "le",
  greater: "gt",
  greaterEqual: "ge",
};
const LOGIC: Readonly<Record<string, string>> = { logicalAnd: "and", logicalOr: "or", logicalXor: "xor" };

const isUnary = (kernel: string): kernel is UnaryKernel =>
  (UNARY_KERNELS as readonly string[]).includes(kernel);
const isBinary = (kernel: string): kernel is BinaryKernel =>
  (BINARY_KERNELS as readonly string[]).includes(kernel);

/** Whether a kernel is a function of its own rather than some instructions. */
export const isFunction = (kernel: string): boolean =>
  (isUnary(kernel) && !UNARY_ARITHMETIC[kernel]) || (isBinary(kernel) && !BINARY_ARITHMETIC[kernel]);

/** Arguments that a function takes. */
export const arityOf = (kernel: string): 1 | 2 => (isUnary(kernel) ? 1 : 2);

function isKnown({ kernel, args }: Extract<Expression, { kind: "apply" }>): boolean {
  if (kernel === "isnan" || kernel === "isfinite") return args[0]!.dtype.startsWith("float");
  return (
    isUnary(kernel) ||
    isBinary(kernel) ||
    kernel in COMPARE ||
    kernel in LOGIC ||
    ["logicalNot", "where", "cast"].includes(kernel)
  );
}

/** The float type of all values that are no bools; null when there are several, or other types. */
export function floatTypeOf(roots: readonly Expression[]): FloatType | null {
  let found: FloatType | null = null;
  for (const { dtype } of nodesOf(roots)) {
    if (dtype === "bool") continue;
    if ((dtype !== "float32" && dtype !== "float64") || (found && found !== dtype)) return null;
    found = dtype;
  }
  return found ?? "float32";
}

/** Whether an expression can run on vectors. */
export const canMap = (value: Expression): boolean =>
  floatTypeOf([value]) !== null && nodesOf([value]).every((node) => node.kind !== "apply" || isKnown(node));

const SCALAR_TYPES: readonly DType[] = ["float32", "float64", "int32", "bool"];
const INTEGER_KERNELS = ["add", "sub", "mul", "neg", "max", "min", "square", "where", "cast"];

/** Whether an expression can run on scalars of mixed types: always for one element, else without functions, which want vectors. */
export const canMapElements = (value: Expression, count: number): boolean =>
  canMapScalar(value) &&
  (count === 1 || nodesOf([value]).every((node) => node.kind !== "apply" || !isFunction(node.kernel)));

const canMapScalar = (value: Expression): boolean =>
  nodesOf([value]).every((node) => {
    if (!SCALAR_TYPES.includes(node.dtype)) return false;
    if (node.kind !== "apply") return true;
    if (!isKnown(node)) return false;
    const isWhole = node.dtype === "int32" || (node.dtype === "bool" && node.args[0]?.dtype === "int32");
    return !isWhole || INTEGER_KERNELS.includes(node.kernel) || node.kernel in COMPARE;
  });

/** Writes expressions as vector code. */
export class VectorWriter {
  readonly shape: LaneShape;
  readonly #functions: VectorFunctions;
  readonly #type: FloatType;
  readonly #load: (expression: Extract<Expression, { kind: "load" }>) => Node;
  readonly #expands: boolean;
  readonly #known = new Map<Expression, Node>();

  constructor(
    type: FloatType,
    functions: VectorFunctions,
    load: (expression: Extract<Expression, { kind: "load" }>) => Node,
    expands = false,
  ) {
    this.shape = SHAPES[type];
    this.#type = type;
    this.#functions = functions;
    this.#load = load;
    this.#expands = expands;
  }

  write(expression: Expression): Node {
    let node = this.#known.get(expression);
    if (!node) {
      node = this.#make(expression);
      this.#known.set(expression, node);
    }
    return node;
  }

  #make(expression: Expression): Node {
    if (expression.kind === "load") return this.#load(expression);
    if (expression.kind === "constant")
      return expression.dtype === "bool"
        ? v128(expression.value ? -1n : 0n, expression.value ? -1n : 0n)
        : this.shape.constant(expression.value);
    const { kernel } = expression;
    const args = expression.args.map((arg) => this.write(arg));
    const [a, b, c] = args as [Node, Node, Node];
    if (isFunction(kernel)) {
      const { ref, expand } = this.#functions.get(functionName(kernel, this.#type))!;
      return this.#expands ? expand(args) : call(ref, ...args);
    }
    if (isUnary(kernel)) return UNARY_ARITHMETIC[kernel]!(this.shape, a);
    if (isBinary(kernel)) return BINARY_ARITHMETIC[kernel]!(this.shape, a, b);
    if (kernel in COMPARE) {
      const isMask = expression.args[0]!.dtype === "bool";
      if (isMask) return this.#compareMasks(kernel, a, b);
      return op(`${this.shape.name}.${COMPARE[kernel]}`, a, b);
    }
    if (kernel in LOGIC) return op(`v128.${LOGIC[kernel]}`, a, b);
    if (kernel === "logicalNot") return op("v128.not", a);
    if (kernel === "isnan") return op(`${this.shape.name}.ne`, a, a);
    if (kernel === "isfinite")
      return op(`${this.shape.name}.lt`, op(`${this.shape.name}.abs`, a), this.shape.constant(Infinity));
    if (kernel === "where") return op("v128.bitselect", b, c, a);
    // Casts between bools and the float type; all others do not get here.
    const from = expression.args[0]!.dtype;
    if (from === expression.dtype) return a;
    return from === "bool"
      ? op("v128.and", a, this.shape.constant(1))
      : op(`${this.shape.name}.ne`, a, this.shape.constant(0));
  }

  #compareMasks(kernel: string, a: Node, b: Node): Node {
    if (kernel === "notEqual") return op("v128.xor", a, b);
    if (kernel === "equal") return op("v128.not", op("v128.xor", a, b));
    if (kernel === "less") return op("v128.andnot", b, a);
    if (kernel === "greater") return op("v128.andnot", a, b);
    return kernel === "lessEqual" ? op("v128.or", b, op("v128.not", a)) : op("v128.or", a, op("v128.not", b));
  }
}

export const functionName = (kernel: string, type: FloatType): string => `${kernel}_${type}`;

const PREFIX: Partial<Record<DType, "f32" | "f64" | "i32">> = {
  float32: "f32",
  float64: "f64",
  int32: "i32",
  bool: "i32",
};

/** Writes expressions of one element as scalar code; bools are 0 or 1. */
export class ScalarWriter {
  readonly #functions: VectorFunctions;
  readonly #load: (expression: Extract<Expression, { kind: "load" }>) => Node;
  readonly #known = new Map<Expression, Node>();

  constructor(functions: VectorFunctions, load: (expression: Extract<Expression, { kind: "load" }>) => Node) {
    this.#functions = functions;
    this.#load = load;
  }

  write(expression: Expression): Node {
    let node = this.#known.get(expression);
    if (!node) {
      node = this.#make(expression);
      this.#known.set(expression, node);
    }
    return node;
  }

  #make(expression: Expression): Node {
    const prefix = PREFIX[expression.dtype]!;
    if (expression.kind === "load") return this.#load(expression);
    if (expression.kind === "constant") return number(prefix, expression.value);
    const { kernel } = expression;
    const args = expression.args.map((arg) => this.write(arg));
    const [a, b, c] = args as [Node, Node, Node];
    const from = PREFIX[expression.args[0]!.dtype]!;
    if (kernel in COMPARE) return compare(COMPARE[kernel]!, from, a, b);
    if (kernel in LOGIC) return op(`i32.${LOGIC[kernel]}`, a, b);
    if (kernel === "logicalNot") return op("i32.eqz", a);
    if (kernel === "isnan") return op(`${from}.ne`, a, a);
    if (kernel === "isfinite") return op(`${from}.lt`, op(`${from}.abs`, a), number(from, Infinity));
    if (kernel === "where") return op(`${prefix}.select`, b, c, a);
    if (kernel === "cast") return cast(expression.args[0]!.dtype, expression.dtype, a);
    if (prefix === "i32") return integer(kernel, a, b);
    if (isFunction(kernel)) {
      const type = expression.dtype as FloatType;
      const { name } = SHAPES[type];
      const { ref } = this.#functions.get(functionName(kernel, type))!;
      return lane(`${name}.extract_lane`, 0, call(ref, ...args.map((x) => op(`${name}.splat`, x))));
    }
    if (kernel === "square") return op(`${prefix}.mul`, a, a);
    if (kernel === "reciprocal") return op(`${prefix}.div`, number(prefix, 1), a);
    if (kernel === "round") return op(`${prefix}.nearest`, a);
    if (kernel === "sign")
      return op(
        `${prefix}.select`,
        number(prefix, 1),
        op(`${prefix}.select`, number(prefix, -1), a, op(`${prefix}.lt`, a, number(prefix, 0))),
        op(`${prefix}.gt`, a, number(prefix, 0)),
      );
    return op(`${prefix}.${kernel}`, ...args);
  }
}

const number = (prefix: "f32" | "f64" | "i32", value: number): Node =>
  prefix === "f64" ? f64(value) : prefix === "f32" ? f32(value) : i32(value);

const compare = (name: string, prefix: string, a: Node, b: Node): Node =>
  op(prefix === "i32" && name !== "eq" && name !== "ne" ? `i32.${name}_s` : `${prefix}.${name}`, a, b);

function integer(kernel: string, a: Node, b: Node): Node {
  if (kernel === "neg") return op("i32.sub", i32(0), a);
  if (kernel === "square") return op("i32.mul", a, a);
  if (kernel === "max") return op("i32.select", a, b, op("i32.gt_s", a, b));
  if (kernel === "min") return op("i32.select", a, b, op("i32.lt_s", a, b));
  return op(`i32.${kernel}`, a, b);
}

function cast(from: DType, to: DType, x: Node): Node {
  const source = PREFIX[from]!;
  const target = PREFIX[to]!;
  if (to === "bool") return op(`${source}.ne`, x, number(source, 0));
  if (source === target) return x;
  if (target === "i32") return wrapped(source === "f32" ? op("f64.promote_f32", x) : x);
  if (source === "i32") {
    const wide = op("f64.convert_i32_s", x);
    return target === "f64" ? wide : op("f32.demote_f64", wide);
  }
  return target === "f64" ? op("f64.promote_f32", x) : op("f32.demote_f64", x);
}

/** Cut off towards zero, modulo 2^32; 0 for what is no number or too large to have a last bit. */
function wrapped(x: Node): Node {
  const whole = op("i32.wrap_i64", op("i64.trunc_sat_f64_s", x));
  return op("i32.select", whole, i32(0), op("f64.lt", op("f64.abs", x), f64(2 ** 63)));
}
