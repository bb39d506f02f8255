// The native device against WebAssembly, and what happens where there is none.

import { matmul, type Tensor } from "polyadic";
import { jit } from "polyadic/compiler";
import { type DEVICES, device, setDevice } from "polyadic/device";
import {
  cholesky,
  eigh,
  eigvalsh,
  lu,
  pivotedQr,
  qr,
  solve,
  solveTriangular,
  svd,
  svdvals,
} from "polyadic/linalg";
import { key, normal, split } from "polyadic/random";
import { eye } from "polyadic/tensor";
import { afterEach, describe, expect, it, vi } from "vitest";
import { nativeDevice } from "../../src/device/native/native.ts";
import { scalarDevice } from "../../src/device/scalar.ts";

const first = device.name;
const hasNative = !("reason" in nativeDevice(scalarDevice));
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  setDevice(first as (typeof DEVICES)[number]);
});

/** Both devices' results, and how far they are apart, relative to the first. */
function distances(f: () => readonly Tensor[]): number[] {
  setDevice("wasm");
  const expected = f();
  setDevice("native");
  return f().map((x, i) => {
    const size = expected[i]!.abs().max().item();
    return x.sub(expected[i]!).abs().max().item() / (size || 1);
  });
}

describe.runIf(hasNative)("the native device", () => {
  const n = 70;
  it.each(["float64", "complex128", "float32"] as const)("agrees with WebAssembly on %s", (dtype) => {
    const [k1, k2] = split(key(3), 2);
    const isComplex = dtype.startsWith("complex");
    const draw = (k: Tensor, shape: number[]): Tensor =>
      normal(k, shape, { dtype: isComplex ? "complex128" : "float64" }).astype(dtype);
    const a = draw(k1!, [n, n]).add(eye(n, n).mul(4).astype(dtype));
    const tall = draw(k2!, [90, 40]);
    const h = a.add(a.mT().conj());
    const positive = matmul(tall.mT().conj(), tall);
    const eps = dtype === "float32" ? 2 ** -23 : 2 ** -52;
    const fresh = (x: Tensor): Tensor => x.mul(1);
    const found = distances(() => [
      matmul(a, a.mT().conj()),
      solve(fresh(a), draw(k2!, [n, 3])),
      solve(fresh(a).mT(), draw(k2!, [n])),
      solveTriangular(a, a, { lower: true, transpose: "adjoint" }),
      solveTriangular(a, a, { lower: false, unitDiagonal: true }).mul(1e-30),
      cholesky(positive),
      ...Object.values(qr(tall)),
      ...Object.values(qr(tall.mT())),
      pivotedQr(tall).r,
      lu(tall).u,
      eigh(h).values,
      eigh(h, { indices: [3, 9] }).values,
      eigvalsh(h),
      svd(tall).s,
      svdvals(a),
    ]);
    for (const gap of found) expect(gap).toBeLessThan(3e4 * eps);
    setDevice("native");
    const { u, s, v } = svd(tall);
    expect(matmul(u.mul(s), v.mT().conj()).sub(tall).abs().max().item()).toBeLessThan(1e3 * eps);
    const { values, vectors } = eigh(h);
    expect(matmul(h, vectors).sub(vectors.mul(values)).abs().max().item()).toBeLessThan(1e4 * eps);
  });

  it("computes the products of compiled functions where their operands lie", () => {
    const x = normal(key(1), [60, 50]);
    const w = normal(key(2), [50, 40]);
    const f = jit((y: Tensor) => matmul(matmul(y, w).tanh(), w.mT()));
    const [gap] = distances(() => [f(x)]);
    expect(gap).toBeLessThan(1e-13);
  });

  it("leaves operands alone that are broadcast or reversed", () => {
    const x = normal(key(1), [40, 1]).broadcastTo([40, 30]);
    const y = normal(key(2), [30, 20]).at("::-1", "::-1");
    const [gap] = distances(() => [matmul(x, y)]);
    expect(gap).toBeLessThan(1e-13);
  });
});

/** A second copy of the module that chooses the device, under another environment. */
async function loadWith(environment: Record<string, string>): Promise<{ name: string; warnings: string[] }> {
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  const warnings: string[] = [];
  const { process } = globalThis as { process?: { emitWarning(message: string): void } };
  if (process) vi.spyOn(process, "emitWarning").mockImplementation((message) => void warnings.push(message));
  vi.resetModules();
  const module = (await import(
    "../../src/device/current.ts"
  )) as typeof import("../../src/device/current.ts");
  return { name: module.device.name, warnings };
}

const isNode = (globalThis as { process?: { versions?: { node?: string } } }).process?.versions?.node;

describe.runIf(isNode)("choosing a device", () => {
  it("obeys POLYADIC_DEVICE", async () => {
    expect(await loadWith({ POLYADIC_DEVICE: "wasm" })).toEqual({ name: "wasm", warnings: [] });
    expect(await loadWith({ POLYADIC_DEVICE: "scalar" })).toEqual({ name: "scalar", warnings: [] });
  });

  it("says so, once, when the library is missing or broken, and goes on without", async () => {
    for (const path of ["/nowhere/libopenblas.so", import.meta.filename]) {
      const { name, warnings } = await loadWith({ POLYADIC_DEVICE: "native", POLYADIC_BLAS: path });
      expect(name).toBe("wasm");
      expect(warnings).toHaveLength(1);
      expect(warnings[0]).toContain("no native device");
      if (hasNative) expect(warnings[0]).toContain(path);
    }
  });

  it("says so when the name is unknown", async () => {
    const { warnings } = await loadWith({ POLYADIC_DEVICE: "abacus" });
    expect(warnings[0]).toMatch(/native, wasm, scalar was expected, got abacus/);
  });
});

describe("setDevice", () => {
  it("refuses unknown names", () => {
    expect(() => setDevice("abacus" as never)).toThrow(/one of native, wasm, scalar/);
    expect(device.name).toBe(first);
  });
  it("changes the device", () => {
    setDevice("scalar");
    expect(device.name).toBe("scalar");
    expect(matmul(eye(2, 2), eye(2, 2)).toArray()).toEqual([
      [1, 0],
      [0, 1],
    ]);
  });
});
