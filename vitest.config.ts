import { fileURLToPath } from "node:url";
import { defineConfig, type ViteUserConfig } from "vitest/config";

const src = (path: string): string => fileURLToPath(new URL(`./src/${path}`, import.meta.url));

const config: ViteUserConfig = defineConfig({
  // The suite imports the library by its public names, as a user would.
  resolve: {
    alias: [
      { find: /^polyadic$/, replacement: src("index.ts") },
      { find: /^polyadic\/([a-z/]+)$/, replacement: `${src("")}$1/index.ts` },
    ],
  },
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/browser/**"],
    provide: { seed: Number(process.env["FC_SEED"] ?? 0) },
    setupFiles: ["test/setup.ts"],
    testTimeout: 180_000,
    pool: "forks",
    maxWorkers: 2,
  },
});

export default config;
