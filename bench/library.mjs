// Bundles the sources and imports them, so that what is measured is what stands in src/.
import { build } from "tsdown";

const here = (path) => new URL(path, import.meta.url).pathname;

await build({
  config: false,
  cwd: here(".."),
  entry: { polyadic: "bench/entry.ts" },
  outDir: "bench/build",
  format: "esm",
  platform: "neutral",
  fixedExtension: true,
  dts: false,
  logLevel: "warn",
});

export const polyadic = await import("./build/polyadic.mjs");

/** A typed array of uniform numbers. */
export const uniform = (Type, count, low, high) =>
  new Type(count).map(() => low + (high - low) * Math.random());
