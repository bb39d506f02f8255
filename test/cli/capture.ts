// Runs the program in this process and keeps what it writes.
import { runCli } from "../../src/cli/program.ts";

export interface Captured {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export async function cli(...argv: string[]): Promise<Captured> {
  let out = "";
  let err = "";
  const code = await runCli(argv, {
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text) },
  });
  return { code, out, err };
}
