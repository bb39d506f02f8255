import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  call,
  f64,
  get,
  i32,
  lane,
  load,
  ModuleBuilder,
  op,
  shuffle,
  signedLeb,
  unlessAny,
  unsignedLeb,
  v128,
} from "../../src/device/wasm/assembler.ts";
import { hasSimd } from "../../src/device/wasm/features.ts";
import { sharedMemory } from "../../src/device/wasm/memory.ts";
import { INSTRUCTIONS, type ValueType } from "../../src/device/wasm/opcodes.ts";

type Exports = Record<string, (...args: number[]) => number>;

function instantiate(module: ModuleBuilder, env: WebAssembly.ModuleImports = {}): Exports {
  return new WebAssembly.Instance(new WebAssembly.Module(module.toBytes()), { env }).exports as Exports;
}

function decode(bytes: number[], signed: boolean): bigint {
  let value = 0n;
  bytes.forEach((byte, i) => {
    value |= BigInt(byte & 0x7f) << BigInt(7 * i);
  });
  const bits = BigInt(7 * bytes.length);
  return signed && bytes.at(-1)! & 0x40 ? value - (1n << bits) : value;
}

describe("LEB128", () => {
  it("encodes unsigned integers so that they decode to themselves", () => {
    expect(unsignedLeb(624485)).toEqual([0xe5, 0x8e, 0x26]);
    fc.assert(fc.property(fc.nat({ max: 2 ** 32 - 1 }), (n) => decode(unsignedLeb(n), false) === BigInt(n)));
  });
  it("encodes signed integers so that they decode to themselves", () => {
    expect(signedLeb(-123456n)).toEqual([0xc0, 0xbb, 0x78]);
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        (n) => decode(signedLeb(n), true) === n,
      ),
    );
  });
});

describe("assembler", () => {
  it("detects the SIMD that these tests need", () => {
    expect(hasSimd()).toBe(true);
  });

  it("knows every instruction by the encoding that the engine validates", () => {
    for (const [name, { operands, result, lanes }] of Object.entries(INSTRUCTIONS)) {
      if (name.includes("relaxed")) continue;
      const module = new ModuleBuilder();
      module.importMemory();
      module.function(name, operands, [result], (f) => {
        const args = operands.map((_: ValueType, i: number) => get(f.param(i)));
        f.result(
          name.includes("load") ? load(name, args[0]!) : lanes ? lane(name, 0, ...args) : op(name, ...args),
        );
      });
      expect(WebAssembly.validate(module.toBytes()), name).toBe(true);
    }
  });

  it("runs loops, branches and calls", () => {
    const module = new ModuleBuilder();
    const log = module.importFunction("log", ["f64"], ["f64"]);
    module.function("sum", ["i32"], ["i32"], (f) => {
      const i = f.local("i32");
      const total = f.local("i32");
      f.for(i, get(f.param(0)), i32(1), () => {
        f.if(
          op("i32.and", get(i), i32(1)),
          () => f.set(total, op("i32.add", get(total), get(i))),
          () => f.set(total, op("i32.sub", get(total), get(i))),
        );
      });
      f.result(get(total));
    });
    module.function("twice", ["f64"], ["f64"], (f) =>
      f.result(op("f64.mul", call(log, get(f.param(0))), f64(2))),
    );
    const { sum, twice } = instantiate(module, { log: Math.log });
    expect(sum!(0)).toBe(0);
    expect(sum!(6)).toBe(3);
    expect(twice!(10)).toBe(2 * Math.log(10));
  });

  it("computes a node that is used twice once", () => {
    let calls = 0;
    const build = (share: boolean): Exports => {
      const module = new ModuleBuilder();
      const tick = module.importFunction("tick", ["f64"], ["f64"]);
      module.function("square", ["f64"], ["f64"], (f) => {
        const x = call(tick, get(f.param(0)));
        const y = op("f64.mul", x, x);
        const body = (): void => f.result(y);
        if (share) f.sharing([y], body);
        else body();
      });
      return instantiate(module, {
        tick: (x: number) => {
          calls++;
          return x;
        },
      });
    };
    expect(build(false).square!(3)).toBe(9);
    expect(calls).toBe(2);
    expect(build(true).square!(3)).toBe(9);
    expect(calls).toBe(3);
  });

  it("computes the rare value only when the mask asks for it, and nothing from there is used after", () => {
    let calls = 0;
    const module = new ModuleBuilder();
    const slow = module.importFunction("slow", ["f64"], ["f64"]);
    module.function("f", ["f64"], ["f64"], (f) => {
      const x = op("f64x2.splat", get(f.param(0)));
      const heavy = op("f64x2.splat", call(slow, get(f.param(0))));
      const y = unlessAny(op("f64x2.gt", x, v128(10, 10)), op("f64x2.add", x, x), heavy);
      const both = op("f64x2.add", y, op("f64x2.sub", heavy, heavy));
      f.sharing([both], () => f.result(lane("f64x2.extract_lane", 1, both)));
    });
    const { f } = instantiate(module, {
      slow: (x: number) => {
        calls++;
        return -x;
      },
    });
    expect(f!(4)).toBe(8);
    expect(calls).toBe(1);
    expect(f!(40)).toBe(-40);
  });

  it("moves vectors through memory and shuffles lanes", () => {
    const module = new ModuleBuilder();
    module.importMemory();
    module.function("swap", [], [], (f) => {
      const v = f.let(load("v128.load", i32(0), 16));
      f.store("v128.store", i32(0), shuffle(v, v128(7, 8), [1, 3]), 32);
    });
    const memory = sharedMemory();
    const view = new Float64Array(memory.buffer);
    view.set([1, 2], 2);
    instantiate(module, { memory }).swap!();
    expect([...view.subarray(4, 6)]).toEqual([2, 8]);
  });

  it("refuses wrong operand types, unknown names and lanes out of range", () => {
    expect(() => op("i32.add", i32(1), f64(1))).toThrow(/i32\.add takes \(i32, i32\), not \(i32, f64\)/);
    expect(() => op("i32.frobnicate", i32(1))).toThrow(/unknown instruction/);
    expect(() => lane("f64x2.extract_lane", 2, v128(1, 2))).toThrow(/no lane 2/);
    expect(() => v128(1, 2, 3)).toThrow(/lanes/);
  });
});
