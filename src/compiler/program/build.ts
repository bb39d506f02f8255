// A graph becomes steps: views cost nothing, element-wise operations wait as expressions until something needs their
// elements in memory, and then run together in one pass.

import { castP } from "../../ops/cast.ts";
import { type ConcatParams, concatP, type PadParams, padP, viewStrides } from "../../ops/moves.ts";
import type { Abstract, Primitive } from "../../ops/primitive.ts";
import type { ContractParams } from "../../ops/productPlan.ts";
import type { ReduceParams } from "../../ops/reduce.ts";
import { type Shape, sameShape, sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { type CondParams, condP } from "../../transform/control/condPrimitive.ts";
import type { Role } from "../../transform/control/roles.ts";
import { type ScanParams, scanP } from "../../transform/control/scanPrimitive.ts";
import { type WhileParams, whileP } from "../../transform/control/whilePrimitive.ts";
import { type Atom, type Equation, type Graph, Variable } from "../../transform/graphs/graph.ts";
import { uniformValue } from "../passes/constants.ts";
import { optimize } from "../passes/optimize.ts";
import { type Buffers, bufferOf, elementBytes } from "./buffers.ts";
import { Context } from "./context.ts";
import { WIDEST_STORE } from "./emitMap.ts";
import { type Expression, mapLoads, nodesOf } from "./expressions.ts";
import { canMap, canMapElements } from "./kernels.ts";
import { mergeMap } from "./merge.ts";
import type { MapStep, Program, Step } from "./steps.ts";

/** A value of the graph: an expression of a shape. */
interface Value extends Abstract {
  expression: Expression;
  /** How many readers are still to come. */
  uses: number;
}

/** Expressions with more nodes than this are written to memory. */
const LARGEST_EXPRESSION = 48;

type Application = Extract<Expression, { readonly kind: "apply" }>;

/** In place of what is in memory by then. */
const ZERO = { kind: "constant", value: 0 } as const;

/** The program of a graph, with the buffers that it needs. `isTight` keeps steps in their order, to spare memory. */
export function build(
  graph: Graph,
  isTight = false,
): { readonly program: Program; readonly buffers: Buffers } {
  const context = new Context(isTight);
  const inputs = graph.inputs.map((input) => context.buffers.allocate(input));
  const scope = new Scope(context);
  const outputs = scope.run(graph, inputs.map(load)).map((value) => scope.result(value));
  return {
    program: { inputs, constants: context.constants, steps: scope.steps, outputs },
    buffers: context.buffers,
  };
}

const load = (place: Tensor): Expression => ({ kind: "load", place, dtype: place.dtype });

/** A list of steps under construction: the program, or the body of a loop or branch. */
class Scope {
  readonly steps: Step[] = [];
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  /** Lowers the equations of a graph; results may still be expressions. */
  run(graph: Graph, inputs: readonly Expression[]): Value[] {
    const values = new Array<Value | undefined>(graph.count);
    const uses = countUses(graph);
    const define = (variable: Variable, expression: Expression): void => {
      const { id, shape, dtype } = variable;
      values[id] = { shape, dtype, expression, uses: uses[id]! };
    };
    graph.inputs.forEach((variable, i) => {
      define(variable, inputs[i]!);
    });
    const read = (atom: Atom): Value => (atom instanceof Variable ? values[atom.id]! : this.#constant(atom));
    for (const equation of graph.equations) {
      const operands = equation.inputs.map(read);
      this.#lower(equation, operands).forEach((expression, i) => {
        const variable = equation.outputs[i]!;
        define(variable, expression);
        this.#settle(values[variable.id]!);
      });
    }
    return graph.outputs.map(read);
  }

  #constant(x: Tensor): Value {
    const value = uniformValue(x);
    const expression: Expression =
      value === null
        ? { kind: "load", place: x, dtype: x.dtype }
        : { kind: "constant", value, dtype: x.dtype };
    return { shape: x.shape, dtype: x.dtype, expression, uses: Number.POSITIVE_INFINITY };
  }

  /** What several will read, what has grown long and floats made of integers are written to memory at once. */
  #settle(value: Value): void {
    const { expression, uses, shape, dtype } = value;
    if (expression.kind !== "apply") return;
    const isLong = nodesOf([expression]).length > LARGEST_EXPRESSION;
    const isMixed = sizeOf(shape) > 1 && dtype !== "int32" && !canMap(expression);
    if (uses > 1 || isLong || isMixed) this.place(value);
  }

  #apply(kernel: string, operands: readonly Value[], { dtype }: Abstract): Application {
    const args = operands.map(({ expression }) => this.#inArena(expression));
    return { kind: "apply", kernel, args, dtype };
  }

  #lower(equation: Equation, operands: readonly Value[]): readonly Expression[] {
    const { primitive, params, outputs } = equation;
    const [output] = outputs;
    switch (primitive.lower?.kind) {
      case "view":
        return [this.#view(primitive, params, operands[0]!, output!)];
      case "map": {
        const value = this.#apply(primitive.lower.kernel, operands, output!);
        if (canMap(value)) return [value];
        const count = sizeOf(output!.shape);
        if (count === 1 && canMapElements(value, count)) return [value];
        // Elements of mixed types go one by one: what can run on vectors is computed before, and after.
        const rest = value.args.map((arg) => (canMap(arg) ? { ...ZERO, dtype: arg.dtype } : arg));
        if (!canMapElements({ ...value, args: rest }, count)) break;
        for (const operand of operands)
          if (operand.expression.kind === "apply" && canMap(operand.expression)) this.place(operand);
        return [this.#apply(primitive.lower.kernel, operands, output!)];
      }
      case "fold": {
        const value = this.#inArena(operands[0]!.expression);
        const { axes } = params as ReduceParams;
        const areAdjacent = axes.every((axis, i) => i === 0 || axis === axes[i - 1]! + 1);
        if (
          areAdjacent &&
          axes.length > 0 &&
          canMap(value) &&
          value.dtype !== "bool" &&
          sizeOf(operands[0]!.shape) > 0
        ) {
          const place = this.#context.buffers.allocate(output!);
          const { shape } = operands[0]!;
          this.steps.push({ kind: "fold", fold: primitive.lower.kernel, shape, axes, value, place });
          return [load(place)];
        }
        break;
      }
      case "contract":
        if (["float32", "float64", "complex64", "complex128"].includes(output!.dtype)) {
          const place = this.#context.buffers.allocate(output!);
          const pair = operands.map((operand) => this.place(operand)) as [Tensor, Tensor];
          this.steps.push({ kind: "contract", params: params as ContractParams, operands: pair, place });
          return [load(place)];
        }
        break;
    }
    if (primitive.name === scanP.name) return this.#scan(params as ScanParams, operands);
    if (primitive.name === whileP.name) return this.#while(params as WhileParams, operands);
    if (primitive.name === condP.name) return this.#branch(params as CondParams, operands, outputs);
    if (primitive.name === concatP.name) {
      const { axis } = params as ConcatParams;
      const isKnown = ["float64", "float32", "int32"].includes(output!.dtype);
      if (isKnown && sizeOf(output!.shape.slice(0, axis)) === 1) return [this.#join(operands, output!)];
      if (isKnown && operands.every((operand) => hasWholeRows(operand)))
        return [this.#interleave(operands, output!, axis)];
    }
    if (primitive.name === padP.name) {
      const { before, after, interior } = params as PadParams;
      const [x, border] = operands as [Value, Value];
      const isPlain = interior.every((n) => n === 0) && [...before, ...after].every((n) => n >= 0);
      if (isPlain && border.expression.kind === "constant" && hasWholeRows(x))
        return [this.#surround(x, border.expression, before, output!)];
    }
    return this.#host(primitive, params, operands, outputs);
  }

  /**
   * Values one after another in memory, each written where it belongs. A part may write a little past its end: they
   * are written in order, so the next one repairs it.
   */
  #join(operands: readonly Value[], output: Abstract): Expression {
    const whole = this.#context.buffers.allocate(output);
    let first = 0;
    for (const operand of operands) {
      const size = sizeOf(operand.shape);
      if (size > 0) this.writeTo(this.#context.buffers.part(whole, first, operand.shape), operand);
      first += size;
    }
    return load(whole);
  }

  /** Values side by side along an axis. */
  #interleave(operands: readonly Value[], output: Abstract, axis: number): Expression {
    const whole = this.#context.buffers.allocate(output);
    const starts = output.shape.map(() => 0);
    for (const operand of operands) {
      if (sizeOf(operand.shape) > 0)
        this.writeTo(this.#context.buffers.block(whole, starts, operand.shape), operand);
      starts[axis]! += operand.shape[axis]!;
    }
    return load(whole);
  }

  /** A value with a border around it. */
  #surround(x: Value, border: Expression, before: readonly number[], output: Abstract): Expression {
    const whole = this.#context.buffers.allocate(output);
    if (sizeOf(output.shape) > sizeOf(x.shape))
      this.writeTo(whole, { ...output, expression: border, uses: 1 });
    if (sizeOf(x.shape) > 0) this.writeTo(this.#context.buffers.block(whole, before, x.shape), x);
    return load(whole);
  }

  /** Constants with elements of their own are moved to the arena before kernels read them. */
  #inArena(expression: Expression): Expression {
    return mapLoads(expression, (leaf) =>
      bufferOf(leaf.place) ? leaf : load(this.#uploadView(leaf.place)),
    )!;
  }

  #uploadView(x: Tensor): Tensor {
    return this.#context.upload(x);
  }

  /** Views of an expression are views of its leaves. */
  #view(primitive: Primitive<unknown>, params: unknown, operand: Value, output: Abstract): Expression {
    const move = (x: Tensor): Tensor | null => {
      if (primitive.name === "reshape" && !x.isContiguous && !viewStrides(x, output.shape)) return null;
      return primitive.evaluate([x], params, [output])[0]!;
    };
    const through = (expression: Expression): Expression | null =>
      mapLoads(expression, (leaf) => {
        const place = sameShape(leaf.place.shape, operand.shape) ? move(leaf.place) : null;
        return place && load(place);
      });
    // Parts of complex numbers change the dtype, which only a place can; scalars of mixed types stay scalars.
    const canMove =
      operand.dtype === output.dtype && (operand.expression.kind !== "apply" || canMap(operand.expression));
    const moved = canMove ? through(operand.expression) : null;
    if (moved) return moved;
    const place = this.place(operand);
    return load(move(place) ?? move(this.contiguous(operand))!);
  }

  /** A value in memory, as a view; constants come back as they are when nothing has to read them here. */
  place(value: Value): Tensor {
    const { expression } = value;
    if (expression.kind === "load" && bufferOf(expression.place)) return expression.place;
    if (expression.kind === "load") return this.#context.upload(expression.place);
    return this.#write(value);
  }

  /** A value in memory without gaps. */
  contiguous(value: Value): Tensor {
    const place = this.place(value);
    return place.isContiguous ? place : this.#write(value);
  }

  /** A result of the program: not an input itself, which the caller may not see change. */
  result(value: Value): Tensor {
    return value.expression.kind === "load" && !bufferOf(value.expression.place)
      ? value.expression.place
      : this.contiguous(value);
  }

  #write(value: Value): Tensor {
    const place = this.#context.buffers.allocate(value);
    this.writeTo(place, value);
    value.expression = load(place);
    return place;
  }

  /** Writes a value to a given place: a contiguous one, or one of whole rows (see `hasWholeRows`). */
  writeTo(place: Tensor, { shape, dtype, expression }: Value): void {
    const value = this.#inArena(expression);
    if (value.kind !== "apply" && !canMap(value) && !canMapElements(value, sizeOf(shape))) {
      // What kernels do not know is only copied.
      const source = value.kind === "load" ? value.place : uniform(value.value, shape, dtype);
      this.steps.push({
        kind: "host",
        primitive: COPY,
        params: { dtype },
        operands: [source],
        places: [place],
      });
      return;
    }
    const step: MapStep = { kind: "map", shape, outputs: [{ place, value }] };
    mergeMap(this.steps, step, this.#context.isTight);
  }

  #host(
    primitive: Primitive<unknown>,
    params: unknown,
    operands: readonly Value[],
    outputs: readonly Abstract[],
  ): Expression[] {
    const sources = operands.map((value) => this.#operand(value));
    const places = outputs.map((output) => this.#context.buffers.allocate(output));
    this.steps.push({ kind: "host", primitive, params, operands: sources, places });
    return places.map(load);
  }

  /** Calls of primitives take constants as they are. */
  #operand(value: Value): Tensor {
    const { expression, shape, dtype } = value;
    if (expression.kind === "load") return expression.place;
    if (expression.kind === "constant") return uniform(expression.value, shape, dtype);
    return this.place(value);
  }

  #scan(params: ScanParams, operands: readonly Value[]): Expression[] {
    const { length, reverse, inputs: roles, outputs, body } = params;
    const loop = this.#context.loops++;
    const carries = this.#startCarries(operands, roles);
    const stacks = body.outputs.map((x, i) =>
      outputs[i] === "slice" ? this.#stack({ shape: [length, ...x.shape], dtype: x.dtype }, reverse) : null,
    );
    const inner = new Scope(this.#context);
    let next = 0;
    const inputs = operands.map((value, i): Expression => {
      if (roles[i] === "carry") return load(carries[next++]!);
      if (roles[i] === "const") return this.#shared(value);
      return load(this.#context.buffers.slice(this.place(value), loop));
    });
    const results = inner.run(optimize(body).graph, inputs);
    results.forEach((value, i) => {
      const stack = stacks[i];
      if (stack) inner.writeTo(this.#context.buffers.slice(stack, loop), value);
    });
    inner.#finishCarries(
      carries,
      results.filter((_, i) => outputs[i] === "carry"),
    );
    this.steps.push({ kind: "loop", index: loop, length, reverse, body: inner.steps });
    next = 0;
    return body.outputs.map((_, i) => load(stacks[i] ?? carries[next++]!));
  }

  /**
   * Room for what a loop stacks. Vectors may write past the end of a slice, which the next one repairs; a loop from the
   * last slice to the first must find that one behind it, so its slices lie the other way round.
   */
  #stack(x: Abstract, reverse: boolean): Tensor {
    const whole = this.#context.buffers.allocate(x);
    const [length, ...rest] = x.shape as [number, ...number[]];
    // The last row of a slice passes its end just as a slice of one row does.
    const isWhole = ((rest.at(-1) ?? 1) * elementBytes(x.dtype)) % WIDEST_STORE === 0;
    if (!reverse || isWhole || length === 0) return whole;
    const [step, ...steps] = whole.strides as [number, ...number[]];
    return new Tensor(whole.storage, x.shape, x.dtype, [-step, ...steps], (length - 1) * step);
  }

  /** A value that a loop reads in every step: computed before it. */
  #shared(value: Value): Expression {
    if (value.expression.kind === "apply") this.place(value);
    return value.expression;
  }

  /** Carried values get buffers of their own, which the loop overwrites. */
  #startCarries(operands: readonly Value[], roles: readonly Role[]): Tensor[] {
    return operands.flatMap((value, i) => {
      if (roles[i] !== "carry") return [];
      const place = this.#context.buffers.allocate(value);
      this.writeTo(place, value);
      return [place];
    });
  }

  /** All new values are computed before the first old one is overwritten. */
  #finishCarries(carries: readonly Tensor[], values: readonly Value[]): void {
    const isOwn = (value: Value, carry: Tensor): boolean =>
      value.expression.kind === "load" &&
      value.expression.place.storage === carry.storage &&
      value.expression.place.isContiguous;
    const moving = values.map((value, i) => !isOwn(value, carries[i]!));
    // A place that another carry will overwrite must be saved first.
    const saved = values.map((value, i) => {
      if (!moving[i]) return null;
      const place = this.place(value);
      const isCarry = carries.some(({ storage }) => storage === place.storage);
      if (!isCarry) return place;
      const copy = this.#context.buffers.allocate(value);
      this.writeTo(copy, { ...value, expression: load(place) });
      return copy;
    });
    saved.forEach((place, i) => {
      if (place) this.writeTo(carries[i]!, { ...values[i]!, expression: load(place) });
    });
  }

  #while(params: WhileParams, operands: readonly Value[]): Expression[] {
    const { inputs: roles, condition, body } = params;
    const carries = this.#startCarries(operands, roles);
    let next = 0;
    const inputs = operands.map((value, i) =>
      roles[i] === "carry" ? load(carries[next++]!) : this.#shared(value),
    );
    const testing = new Scope(this.#context);
    const [result] = testing.run(optimize(condition).graph, inputs);
    const test = this.#context.buffers.allocate({ shape: [], dtype: "bool" });
    testing.writeTo(test, result!);
    const repeated = new Scope(this.#context);
    repeated.#finishCarries(carries, repeated.run(optimize(body).graph, inputs));
    this.steps.push({ kind: "while", condition: testing.steps, test, body: repeated.steps });
    return carries.map(load);
  }

  #branch(params: CondParams, operands: readonly Value[], outputs: readonly Abstract[]): Expression[] {
    const [index, ...rest] = operands;
    const inputs = rest.map((value) => this.#shared(value));
    const places = outputs.map((output) => this.#context.buffers.allocate(output));
    const branches = params.branches.map((branch) => {
      const inner = new Scope(this.#context);
      const results = inner.run(optimize(branch).graph, inputs);
      results.forEach((value, i) => {
        inner.writeTo(places[i]!, value);
      });
      return inner.steps;
    });
    this.steps.push({ kind: "branch", index: this.contiguous(index!), branches });
    return places.map(load);
  }
}

/** Whether vectors end where rows end, so that none is written over what lies behind a row. */
const hasWholeRows = ({ shape, dtype }: Abstract): boolean =>
  dtype === "int32" ||
  ((dtype === "float32" || dtype === "float64") &&
    ((shape.at(-1) ?? 1) * elementBytes(dtype)) % WIDEST_STORE === 0);

/** Copies elements of any dtype. */
const COPY = castP as unknown as Primitive<unknown>;

function uniform(value: number, shape: Shape, dtype: Abstract["dtype"]): Tensor {
  return new Tensor(Float64Array.of(value), [], "float64").astype(dtype).broadcastTo(shape);
}

function countUses(graph: Graph): number[] {
  const uses = new Array<number>(graph.count).fill(0);
  const count = (atom: Atom): void => {
    if (atom instanceof Variable) uses[atom.id]!++;
  };
  for (const { inputs } of graph.equations) inputs.forEach(count);
  graph.outputs.forEach(count);
  return uses;
}
