// Bundles one file of the library for tests that run it in a process of its own (Node 20 runs no TypeScript).
import { basename, join } from "node:path";
import { build } from "tsdown";

/** Bundles an entry into `folder`; gives the path of the script. */
export async function buildScript(entry: string, folder: string): Promise<string> {
  await build({
    config: false,
    entry: [entry],
    outDir: folder,
    format: "esm",
    platform: "node",
    dts: false,
    logLevel: "error",
    // Packages stay where they are: some are not made of JavaScript alone.
    external: [/^[^./]/],
  });
  return join(folder, `${basename(entry, ".ts")}.mjs`);
}
