#!/usr/bin/env node
// The executable. SIGINT keeps its default meaning: nothing is written before a result is whole, and a file that is
// being written is removed (see writeFileAtomic).
import { runCli } from "./program.ts";

// `polyadic … | head` closes the pipe early, which is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

process.exitCode = await runCli(process.argv.slice(2), { stdout: process.stdout, stderr: process.stderr });
