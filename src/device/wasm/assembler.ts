// A small WebAssembly assembler. Values are typed expression nodes (a graph: a node used twice is computed once),
// statements are written by a FunctionBuilder, and a ModuleBuilder lays out the binary.

import { memoryLimit } from "./memory.ts";
import { INSTRUCTIONS, STORES, type ValueType } from "./opcodes.ts";

const TYPE_CODE: Readonly<Record<ValueType, number>> = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
  v128: 0x7b,
};
const NO_RESULT = 0x40;

/** Unsigned LEB128. */
export function unsignedLeb(value: number): number[] {
  const bytes: number[] = [];
  do {
    const low = value & 0x7f;
    value >>>= 7;
    bytes.push(value ? low | 0x80 : low);
  } while (value);
  return bytes;
}

/** Signed LEB128 of an integer of up to 64 bits. */
export function signedLeb(value: bigint): number[] {
  const bytes: number[] = [];
  for (;;) {
    const low = Number(value & 0x7fn);
    value >>= 7n;
    if ((value === 0n && !(low & 0x40)) || (value === -1n && low & 0x40)) return [...bytes, low];
    bytes.push(low | 0x80);
  }
}

/** A value: an instruction applied to other values. Nodes are compared by identity. */
export interface Node {
  readonly type: ValueType;
  /** The instruction with its immediates. */
  readonly code: readonly number[];
  readonly args: readonly Node[];
  /** Cheap and constant: written again at every use instead of being kept in a local. */
  readonly inline: boolean;
  /** Present on values that replace `args[0]` by `otherwise` when `args[1]` has any bit set; see `unlessAny`. */
  readonly otherwise?: Node;
}

/** A local variable or parameter of a function under construction. */
export interface Local {
  readonly type: ValueType;
  readonly index: number;
}

const fail = (message: string): never => {
  throw new Error(`assembler: ${message}`);
};

function checkTypes(name: string, args: readonly Node[], expected: readonly ValueType[]): void {
  if (args.length !== expected.length || args.some((arg, i) => arg.type !== expected[i]))
    fail(`${name} takes (${expected.join(", ")}), not (${args.map((arg) => arg.type).join(", ")})`);
}

/** An instruction without immediates, by its name in the specification: `op("i32.add", a, b)`. */
export function op(name: string, ...args: Node[]): Node {
  const instruction = INSTRUCTIONS[name] ?? fail(`unknown instruction ${name}`);
  checkTypes(name, args, instruction.operands);
  return { type: instruction.result, code: instruction.code, args, inline: false };
}

/** A lane instruction: `lane("f64x2.extract_lane", 1, v)`. */
export function lane(name: string, index: number, ...args: Node[]): Node {
  const node = op(name, ...args);
  const lanes = INSTRUCTIONS[name]!.lanes ?? fail(`${name} has no lane immediate`);
  if (!(index >= 0 && index < lanes)) fail(`${name} has no lane ${index}`);
  return { ...node, code: [...node.code, index] };
}

/** A load with a static byte offset. Alignment is left at one byte: it is only a hint. */
export function load(name: string, address: Node, offset = 0): Node {
  const node = op(name, address);
  return { ...node, code: [...node.code, 0, ...unsignedLeb(offset)] };
}

export const i32 = (value: number): Node => ({
  type: "i32",
  code: [0x41, ...signedLeb(BigInt(value | 0))],
  args: [],
  inline: true,
});

const bytesOf = (array: Float32Array | Float64Array | BigInt64Array): number[] => [
  ...new Uint8Array(array.buffer),
];

export const f32 = (value: number): Node => ({
  type: "f32",
  code: [0x43, ...bytesOf(Float32Array.of(value))],
  args: [],
  inline: true,
});

export const f64 = (value: number): Node => ({
  type: "f64",
  code: [0x44, ...bytesOf(Float64Array.of(value))],
  args: [],
  inline: true,
});

/** A vector constant from the values of its lanes: two numbers, four numbers or two 64-bit integers. */
export function v128(...lanes: number[] | bigint[]): Node {
  const bytes =
    typeof lanes[0] === "bigint"
      ? bytesOf(BigInt64Array.from(lanes as bigint[]))
      : bytesOf(
          lanes.length === 2 ? Float64Array.from(lanes as number[]) : Float32Array.from(lanes as number[]),
        );
  if (bytes.length !== 16) fail(`${lanes.length} lanes do not make a v128`);
  return { type: "v128", code: [0xfd, 0x0c, ...bytes], args: [], inline: true };
}

/** Picks 16 bytes out of the 32 bytes of two vectors, named by lanes of `16 / pick.length` bytes. */
export function shuffle(a: Node, b: Node, pick: readonly number[]): Node {
  checkTypes("i8x16.shuffle", [a, b], ["v128", "v128"]);
  const bytes = 16 / pick.length;
  const code = [0xfd, 0x0d, ...pick.flatMap((l) => Array.from({ length: bytes }, (_, i) => l * bytes + i))];
  return { type: "v128", code, args: [a, b], inline: false };
}

/** The current value of a local. */
export const get = (local: Local): Node => ({
  type: local.type,
  code: [0x20, ...unsignedLeb(local.index)],
  args: [],
  inline: true,
});

/** Calls an imported function or one of this module. */
export function call(target: FunctionRef, ...args: Node[]): Node {
  checkTypes(target.name, args, target.params);
  const type = target.results[0] ?? fail(`${target.name} returns nothing: write it as a statement`);
  return { type, code: [0x10, ...unsignedLeb(target.index)], args, inline: false };
}

/**
 * `usual`, replaced by `rare` when any bit of the vector `mask` is set. `rare` is computed only then, so it may be
 * slow; it usually selects by lanes itself.
 */
export function unlessAny(mask: Node, usual: Node, rare: Node): Node {
  checkTypes("unlessAny", [usual, mask, rare], ["v128", "v128", "v128"]);
  return { type: "v128", code: [], args: [usual, mask], inline: false, otherwise: rare };
}

/**
 * The values without their rare cases, and the masks that ask for them. Code that takes the values must compute them
 * again in full wherever a mask has a bit set.
 */
export function assumeUsual(values: readonly Node[]): { usual: Node[]; masks: Node[] } {
  const rewritten = new Map<Node, Node>();
  const masks: Node[] = [];
  const rewrite = (node: Node): Node => {
    if (node.inline || !node.args.length) return node;
    const known = rewritten.get(node);
    if (known) return known;
    const args = node.args.map(rewrite);
    let result: Node;
    if (node.otherwise) {
      masks.push(args[1]!);
      result = args[0]!;
    } else result = args.every((arg, i) => arg === node.args[i]) ? node : { ...node, args };
    rewritten.set(node, result);
    return result;
  };
  return { usual: values.map(rewrite), masks };
}

export interface FunctionRef {
  readonly name: string;
  readonly index: number;
  readonly params: readonly ValueType[];
  readonly results: readonly ValueType[];
}

/** Writes the body of one function, statement by statement. */
export class FunctionBuilder {
  private readonly code: number[] = [];
  private readonly locals: ValueType[] = [];
  private readonly params: readonly ValueType[];
  /** Nodes whose value waits in a local, valid in the straight-line region being written. */
  private bound = new Map<Node, Local>();
  private shared = new Set<Node>();

  constructor(params: readonly ValueType[]) {
    this.params = params;
  }

  param(index: number): Local {
    return { type: this.params[index] ?? fail(`no parameter ${index}`), index };
  }

  local(type: ValueType): Local {
    this.locals.push(type);
    return { type, index: this.params.length + this.locals.length - 1 };
  }

  /** Assigns to a local. */
  set(local: Local, value: Node): void {
    if (value.type !== local.type) fail(`a ${value.type} cannot be set to a local of type ${local.type}`);
    this.write(value);
    this.code.push(0x21, ...unsignedLeb(local.index));
  }

  /** Computes a value now and gives it a name. */
  let(value: Node): Node {
    const local = this.local(value.type);
    this.set(local, value);
    return get(local);
  }

  store(name: string, address: Node, value: Node, offset = 0): void {
    const instruction = STORES[name] ?? fail(`unknown store ${name}`);
    checkTypes(name, [address, value], ["i32", instruction.value]);
    this.write(address);
    this.write(value);
    this.code.push(...instruction.code, 0, ...unsignedLeb(offset));
  }

  /** Calls a function that returns nothing. */
  call(target: FunctionRef, ...args: Node[]): void {
    checkTypes(target.name, args, target.params);
    if (target.results.length) fail(`${target.name} returns a value: write it as an expression`);
    for (const arg of args) this.write(arg);
    this.code.push(0x10, ...unsignedLeb(target.index));
  }

  /** Leaves a value on the stack as the result of the function. */
  result(value: Node): void {
    this.write(value);
  }

  if(condition: Node, then: () => void, otherwise?: () => void): void {
    this.write(condition);
    this.code.push(0x04, NO_RESULT);
    this.region(then);
    if (otherwise) {
      this.code.push(0x05);
      this.region(otherwise);
    }
    this.code.push(0x0b);
  }

  /** Repeats the body as long as `condition`, evaluated after it, holds. */
  doWhile(body: () => void, condition: () => Node): void {
    this.code.push(0x03, NO_RESULT);
    this.region(() => {
      body();
      this.write(condition());
      this.code.push(0x0d, 0);
    });
    this.code.push(0x0b);
  }

  /** Repeats the body until one of its `leaveIf(condition)` calls finds its condition true. */
  loopUntil(body: (leaveIf: (condition: Node) => void) => void): void {
    this.code.push(0x02, NO_RESULT, 0x03, NO_RESULT);
    this.region(() => {
      body((condition) => {
        this.write(condition);
        this.code.push(0x0d, 1);
      });
      this.code.push(0x0c, 0);
    });
    this.code.push(0x0b, 0x0b);
  }

  /** `for (; index < end; index += step)` over signed integers. */
  for(index: Local, end: Node, step: Node, body: () => void): void {
    const inside = (): Node => op("i32.lt_s", get(index), end);
    this.if(inside(), () =>
      this.doWhile(() => {
        body();
        this.set(index, op("i32.add", get(index), step));
      }, inside),
    );
  }

  /**
   * Inside `body`, nodes that occur more than once among `roots` and what they are made of are computed once.
   * The region must be straight-line code that does not change the locals and memory the nodes read.
   */
  sharing(roots: readonly Node[], body: () => void): void {
    const seen = new Set<Node>();
    const outer = this.shared;
    const shared = new Set(outer);
    this.shared = shared;
    const visit = (node: Node): void => {
      if (node.inline) return;
      if (seen.has(node)) {
        shared.add(node);
        return;
      }
      seen.add(node);
      for (const arg of node.args) visit(arg);
      if (node.otherwise) visit(node.otherwise);
    };
    for (const root of roots) visit(root);
    this.region(body);
    this.shared = outer;
  }

  /** Writes code inside which values may be bound to locals that later code must not count on. */
  private region(body: () => void): void {
    const outer = this.bound;
    this.bound = new Map(outer);
    body();
    this.bound = outer;
  }

  private write(node: Node): void {
    const known = this.bound.get(node);
    if (known) {
      this.code.push(0x20, ...unsignedLeb(known.index));
      return;
    }
    if (node.otherwise) {
      const local = this.local(node.type);
      const [usual, mask] = node.args as [Node, Node];
      const rare = node.otherwise;
      this.set(local, usual);
      this.if(mask.type === "v128" ? op("v128.any_true", mask) : mask, () => this.set(local, rare));
      this.bound.set(node, local);
      this.code.push(0x20, ...unsignedLeb(local.index));
      return;
    }
    for (const arg of node.args) this.write(arg);
    for (const byte of node.code) this.code.push(byte);
    if (this.shared.has(node)) {
      const local = this.local(node.type);
      this.bound.set(node, local);
      this.code.push(0x22, ...unsignedLeb(local.index));
    }
  }

  /** The entry of the code section. */
  toBytes(): number[] {
    const groups: { type: ValueType; count: number }[] = [];
    for (const type of this.locals) {
      const last = groups.at(-1);
      if (last?.type === type) last.count++;
      else groups.push({ type, count: 1 });
    }
    const declarations = groups.flatMap(({ type, count }) => [...unsignedLeb(count), TYPE_CODE[type]]);
    const size = unsignedLeb(groups.length).length + declarations.length + this.code.length + 1;
    return [...unsignedLeb(size), ...unsignedLeb(groups.length), ...declarations].concat(this.code, 0x0b);
  }
}

/** Lays out a module: an imported memory, imported functions, exported functions. */
export class ModuleBuilder {
  private readonly types: string[] = [];
  private readonly typeBytes: number[][] = [];
  private readonly imports: number[][] = [];
  private readonly functions: { name: string; type: number; builder: FunctionBuilder }[] = [];
  private importedFunctions = 0;

  /** Imports `env.memory`, as it is: shared between threads or not. */
  importMemory(minimumPages = 1): void {
    const most = memoryLimit();
    const limits =
      most > 0
        ? [0x03, ...unsignedLeb(minimumPages), ...unsignedLeb(most)]
        : [0x00, ...unsignedLeb(minimumPages)];
    this.imports.push([...text("env"), ...text("memory"), 0x02, ...limits]);
  }

  /** Imports `env.<name>`; all imports come before the first function. */
  importFunction(name: string, params: readonly ValueType[], results: readonly ValueType[]): FunctionRef {
    if (this.functions.length) fail(`import ${name} before defining functions`);
    this.imports.push([...text("env"), ...text(name), 0x00, ...unsignedLeb(this.type(params, results))]);
    return { name, params, results, index: this.importedFunctions++ };
  }

  /** Defines and exports a function. */
  function(
    name: string,
    params: readonly ValueType[],
    results: readonly ValueType[],
    body: (f: FunctionBuilder) => void,
  ): FunctionRef {
    const builder = new FunctionBuilder(params);
    body(builder);
    this.functions.push({ name, type: this.type(params, results), builder });
    return { name, params, results, index: this.importedFunctions + this.functions.length - 1 };
  }

  private type(params: readonly ValueType[], results: readonly ValueType[]): number {
    const key = `${params.join()}>${results.join()}`;
    if (!this.types.includes(key)) {
      const list = (types: readonly ValueType[]): number[] => [
        types.length,
        ...types.map((t) => TYPE_CODE[t]),
      ];
      this.types.push(key);
      this.typeBytes.push([0x60, ...list(params), ...list(results)]);
    }
    return this.types.indexOf(key);
  }

  toBytes(): Uint8Array<ArrayBuffer> {
    const first = this.importedFunctions;
    const sections: [number, number[][]][] = [
      [1, this.typeBytes],
      [2, this.imports],
      [3, this.functions.map(({ type }) => unsignedLeb(type))],
      [7, this.functions.map(({ name }, i) => [...text(name), 0x00, ...unsignedLeb(first + i)])],
      [10, this.functions.map(({ builder }) => builder.toBytes())],
    ];
    const bytes = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
    for (const [id, entries] of sections) {
      if (!entries.length) continue;
      const body = unsignedLeb(entries.length).concat(...entries);
      bytes.push(id, ...unsignedLeb(body.length));
      for (const byte of body) bytes.push(byte);
    }
    return Uint8Array.from(bytes);
  }
}

function text(value: string): number[] {
  const bytes = new TextEncoder().encode(value);
  return [...unsignedLeb(bytes.length), ...bytes];
}
