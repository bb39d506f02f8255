import { readdirSync } from "node:fs";
import { defineConfig, type UserConfig } from "tsdown";

const folders = readdirSync("src", { withFileTypes: true }).filter((entry) => entry.isDirectory());
const studies = readdirSync("studies").filter((name) => name.endsWith(".ts"));

const config: UserConfig = defineConfig({
  entry: {
    index: "src/index.ts",
    ...Object.fromEntries(folders.map(({ name }) => [name, `src/${name}/index.ts`])),
    cli: "src/cli/main.ts",
    ...Object.fromEntries(studies.map((name) => [`studies/${name.slice(0, -3)}`, `studies/${name}`])),
  },
  format: "esm",
  platform: "neutral",
  target: "es2023",
  // Studies are run, not imported: they need no types of their own.
  dts: { entry: ["src/index.ts", "src/*/index.ts", "src/cli/main.ts"] },
  sourcemap: false,
  clean: true,
  // The optional packages are loaded when they are used; one of them is not made of JavaScript alone.
  deps: { neverBundle: [/^node:/, "sharp", "@duckdb/node-api", "@observablehq/plot"] },
});

export default config;
