// What the engine can run, found by validating tiny modules.

import { f32, ModuleBuilder, type Node, op } from "./assembler.ts";

function accepts(value: (x: Node) => Node): boolean {
  const module = new ModuleBuilder();
  module.function("probe", [], ["v128"], (f) => f.result(value(op("f32x4.splat", f32(1)))));
  return typeof WebAssembly === "object" && WebAssembly.validate(module.toBytes());
}

/** 128-bit SIMD (Chrome 91, Firefox 89, Safari 16.4, Node 16.4 and newer). */
export const hasSimd = (): boolean => accepts((x) => op("f32x4.add", x, x));

/** Relaxed SIMD, for its fused multiply-add (Chrome 114, Node 21 and newer). */
export const hasRelaxedSimd = (): boolean => accepts((x) => op("f32x4.relaxed_madd", x, x, x));
