// Expressions by their definition, element by element: slow, and the judge of everything else.

import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { formatShape, rowMajorStrides, sameShape, sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { type Affine, extentOf } from "./affine.ts";
import { type Body, type Expression, type Input, type Scope, variablesOf } from "./expression.ts";
import { OPERATIONS } from "./operations.ts";

/** Tensors by the names under which an expression reads them. */
export type Operands = Readonly<Record<string, Tensor>>;

type Reader = (position: ArrayLike<number>) => number;

/** What scopes have in common while they are read: each is computed once per position. */
class Readers {
  readonly #operands: Operands;
  readonly #known = new Map<Input | Scope, Reader>();

  constructor(operands: Operands) {
    this.#operands = operands;
  }

  of(source: Input | Scope): Reader {
    let reader = this.#known.get(source);
    if (!reader) {
      reader = source.kind === "input" ? this.#input(source) : this.#scope(source);
      this.#known.set(source, reader);
    }
    return reader;
  }

  #input({ name, shape }: Input): Reader {
    const tensor = operandOf(this.#operands, name, shape);
    const data = tensor.toTypedArray();
    const strides = rowMajorStrides(shape);
    return (position) => {
      let at = 0;
      for (let i = 0; i < shape.length; i++) {
        if (position[i]! < 0 || position[i]! >= shape[i]!) return 0;
        at += position[i]! * strides[i]!;
      }
      return Number(data[at]!);
    };
  }

  #scope(scope: Scope): Reader {
    const { loops, sums } = scope;
    const extents = loops.map(extentOf);
    const strides = rowMajorStrides(extents);
    const compute = this.#point(scope);
    const values = new Map<number, number>();
    const first = loops.length;
    const point = new Int32Array(first + sums.length);
    return (position) => {
      let key = 0;
      for (let i = 0; i < first; i++) {
        const { from, to } = loops[i]!;
        if (position[i]! < from || position[i]! >= to) return 0;
        key += (position[i]! - from) * strides[i]!;
      }
      const known = values.get(key);
      if (known !== undefined) return known;
      for (let i = 0; i < first; i++) point[i] = position[i]!;
      for (let i = 0; i < sums.length; i++) point[first + i] = sums[i]!.from;
      let total = 0;
      for (;;) {
        total += compute(point);
        let i = sums.length - 1;
        while (i >= 0 && ++point[first + i]! >= sums[i]!.to) {
          point[first + i] = sums[i]!.from;
          i--;
        }
        if (i < 0) break;
      }
      values.set(key, total);
      return total;
    };
  }

  /** The body at values of all variables. */
  #point(scope: Scope): (point: Int32Array) => number {
    const names = variablesOf(scope).map(({ name }) => name);
    const indexOf = ({ terms, constant, divisor }: Affine): ((point: Int32Array) => number) => {
      const places = [...terms].map(([name, c]) => [names.indexOf(name), c] as const);
      return (point) => {
        let sum = constant;
        for (const [place, c] of places) sum += c * point[place]!;
        return sum / divisor;
      };
    };
    const compile = (body: Body): ((point: Int32Array) => number) => {
      if (body.kind === "constant") return () => body.value;
      if (body.kind === "apply") {
        const { onNumbers } = OPERATIONS[body.operation];
        const [a, b] = body.args.map(compile);
        return b ? (point) => onNumbers(a!(point), b(point)) : (point) => onNumbers(a!(point), 0);
      }
      const reader = this.of(body.source);
      const indices = body.index.map(indexOf);
      return (point) => {
        const position = new Array<number>(indices.length);
        for (let i = 0; i < indices.length; i++) {
          position[i] = indices[i]!(point);
          if (!Number.isInteger(position[i]!)) return 0;
        }
        return reader(position);
      };
    };
    return compile(scope.body);
  }
}

/** The operand of a name. Throws DomainError when it is missing, ShapeError for another shape. */
export function operandOf(operands: Operands, name: string, shape: readonly number[]): Tensor {
  const tensor = operands[name];
  if (!tensor)
    throw new DomainError(
      `expression: a tensor "${name}" was expected among ${Object.keys(operands).join(", ")}`,
    );
  if (!sameShape(tensor.shape, shape))
    throw new ShapeError(
      `expression: ${name}: shape ${formatShape(shape)} was expected, got ${formatShape(tensor.shape)}`,
    );
  return tensor;
}

/**
 * The value of an expression by its definition, in float64. O(points of all scopes). Throws DomainError for a missing
 * operand, ShapeError for one of another shape.
 */
export function interpret(expression: Expression, operands: Operands): Tensor {
  const count = sizeOf(expression.shape);
  const at = interpretAt(expression, operands);
  return new Tensor(
    Float64Array.from({ length: count }, (_, i) => at(i)),
    expression.shape,
    "float64",
  );
}

/** Single elements of the value, by their number in C order. */
export function interpretAt({ scope }: Expression, operands: Operands): (element: number) => number {
  const reader = new Readers(operands).of(scope);
  const extents = scope.loops.map(extentOf);
  const strides = rowMajorStrides(extents);
  return (element) =>
    reader(scope.loops.map(({ from }, i) => from + (Math.floor(element / strides[i]!) % extents[i]!)));
}
