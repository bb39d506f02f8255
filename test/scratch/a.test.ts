import { test } from "vitest";
import * as P from "polyadic";
import { key, normal, split } from "polyadic/random";
import { cp } from "../../src/decompose/cp.ts";
import { tucker } from "../../src/decompose/tucker.ts";
import { tt } from "../../src/decompose/tt.ts";
import { cpRules } from "../../src/decompose/formats/cp.ts";
import { ttRules } from "../../src/decompose/formats/tt.ts";
import { device } from "../../src/device/current.ts";
const time = (name: string, f: () => unknown) => { const t = performance.now(); const r = f(); console.log(name, (performance.now() - t).toFixed(1), "ms"); return r as any; };
test("a", () => {
  console.log(device.name);
  const r = 10, n = 100;
  const ks = split(key(1), 4);
  const planted = { kind: "cp" as const, weights: P.ones([r]), factors: [0,1,2].map((i) => normal(ks[i]!, [n, r])) };
  const x0 = cpRules.full(planted);
  const noise = normal(ks[3]!, [n, n, n]);
  const x = x0.add(noise.mul(0.01 * Math.sqrt(r)));
  for (let i = 0; i < 2; i++) {
  const t1 = time("tucker", () => tucker(x, { rtol: 0.02 }));
  console.log(t1.core.shape, t1.error);
  const t2 = time("tt", () => tt(x, { rtol: 0.02 }));
  console.log(ttRules.ranks(t2), t2.error);
  const c = time("cp", () => cp(x, 10, { maxIterations: 100 }));
  console.log(c.iterations, c.error, c.converged, c.history.slice(0, 12));
  const c2 = time("cp random", () => cp(x, 10, { maxIterations: 100, init: "random" }));
  console.log(c2.iterations, c2.error, c2.converged, c2.history.slice(0, 12));
  const h = time("hooi", () => tucker(x, { ranks: [10,10,10], method: "hooi" }));
  console.log(h.error, h.iterations);
  }
  const z = P.complexFrom(x.at(":20",":20",":20"), x.at("20:40",":20",":20"));
  const cz = cp(z, 20, { maxIterations: 300, key: key(3) });
  console.log("complex", cz.iterations, cz.error, cz.history.slice(0, 5));
  const a = P.ones([10]), b = P.ones([10]);
  for (let k = 0; k < 3; k++) { const t = performance.now(); for (let i = 0; i < 100000; i++) a.add(b); console.log("add", (performance.now() - t) / 100, "us each"); }
  const m = normal(key(2), [1024, 1024]);
  for (let k = 0; k < 3; k++) { const t = performance.now(); m.matmul(m); console.log("gemm", 2 * 1.024 ** 3 / (performance.now() - t) * 1e3 , "GF/s"); }
});
