import { readdirSync } from "node:fs";
import { defineConfig, type UserConfig } from "tsdown";

const folders = readdirSync("src", { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== "cli")
  .map(({ name }) => name);

const shared: UserConfig = { format: "esm", platform: "neutral", target: "es2023", fixedExtension: false };

const config: UserConfig[] = defineConfig([
  {
    ...shared,
    entry: {
      index: "src/index.ts",
      ...Object.fromEntries(folders.map((name) => [name, `src/${name}/index.ts`])),
      "linalg/problems": "src/linalg/problems/index.ts",
      "optim/problems": "src/optim/problems/index.ts",
      cli: "src/cli/main.ts",
    },
    dts: true,
    deps: { neverBundle: [/^node:/] },
  },
  {
    // Studies use the library by its public names, which Node resolves to this very package.
    ...shared,
    entry: Object.fromEntries(
      readdirSync("studies")
        .filter((name) => name.endsWith(".ts"))
        .map((name) => [name.slice(0, -3), `studies/${name}`]),
    ),
    outDir: "dist/studies",
    // Every file of the folder itself is a study.
    outputOptions: { chunkFileNames: "shared/[name]-[hash].js" },
    dts: false,
    deps: { neverBundle: [/^node:/, /^polyadic/] },
  },
]);

export default config;
