// The engine's tests in Chromium, with cross-origin isolation (shared memory, threads) and without (one thread).
//
// Test files that import the library by its public names alone run against the built package, which `npm run build`
// leaves in dist/. Those that reach into src/ cannot: there, the library is served from its source, so that a test and
// what it tests share one engine.

import { existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { playwright } from "@vitest/browser-playwright";
import { defineConfig, type TestProjectConfiguration, type ViteUserConfig } from "vitest/config";

const root = fileURLToPath(new URL(".", import.meta.url));
const FOLDERS = ["browser", "tensor", "ops", "transform", "compiler", "device", "fft"];

/** Whether a test imports from src/, itself or through its helpers. Types do not count: nothing of them is left to run. */
function reachesSource(file: string): boolean {
  const imports = readFileSync(file, "utf8").matchAll(/^(?:import|export)(?! type\b)[^"]*"(\.[^"]+\.ts)"/gm);
  return [...imports].some(([, path]) => {
    const target = resolve(dirname(file), path!);
    return target.startsWith(join(root, "src")) || reachesSource(target);
  });
}

function chromium(): string {
  const names = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];
  const usual = (process.env["PATH"] ?? "")
    .split(":")
    .flatMap((folder) => names.map((name) => join(folder, name)));
  const path = process.env["CHROMIUM_PATH"] ?? usual.find((candidate) => existsSync(candidate));
  if (path && existsSync(path)) return path;
  throw new Error(
    path
      ? `CHROMIUM_PATH names ${path}, which does not exist`
      : "no Chromium was found: install it (apt-get install chromium) or name its executable in CHROMIUM_PATH",
  );
}

if (!existsSync(join(root, "dist/index.js"))) throw new Error("dist/ is missing: run npm run build first");

const files = FOLDERS.flatMap((folder) =>
  readdirSync(join(root, "test", folder), { recursive: true })
    .map((file) => join("test", folder, String(file)))
    .filter((file) => file.endsWith(".test.ts")),
).sort();
const parts = {
  package: { include: files.filter((file) => !reachesSource(join(root, file))), entry: "dist/$1.js" },
  source: { include: files.filter((file) => reachesSource(join(root, file))), entry: "src/$1/index.ts" },
};

function project(name: keyof typeof parts, isolated: boolean): TestProjectConfiguration {
  const { include, entry } = parts[name];
  const main = entry.replace("$1/", "").replace("$1", "index");
  return {
    resolve: {
      alias: [
        { find: /^polyadic$/, replacement: join(root, main) },
        { find: /^polyadic\/([a-z/]+)$/, replacement: join(root, entry) },
      ],
    },
    server: {
      // node_modules may be a link out of the folder.
      fs: { allow: [root, realpathSync(join(root, "node_modules"))] },
      headers: isolated
        ? { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" }
        : {},
    },
    // highs finds its WebAssembly file beside itself, so it must stay where it is.
    optimizeDeps: { include: ["fast-check"], exclude: ["highs"] },
    test: {
      name: `${name}, ${isolated ? "isolated" : "not isolated"}`,
      include,
      setupFiles: ["test/setup.ts", "test/browser/setup.ts"],
      testTimeout: 180_000,
      provide: { isolated, seed: Number(process.env["FC_SEED"] ?? 0) },
      browser: {
        enabled: true,
        headless: true,
        screenshotFailures: false,
        provider: playwright({
          launchOptions: {
            executablePath: chromium(),
            args: ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"],
          },
        }),
        instances: [{ browser: "chromium" }],
      },
    },
  };
}

const config: ViteUserConfig = defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      project("package", true),
      project("package", false),
      project("source", true),
      project("source", false),
    ],
  },
});

export default config;
