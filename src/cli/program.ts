// The program: its commands, and how every failure becomes one line and an exit code.
// Attaches the operations to tensors as methods.
import "../ops/methods.ts";
import { Command, CommanderError } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import { PolyadicError } from "../tensor/errors.ts";
import { addApproximate } from "./approximate.ts";
import { addCluster } from "./cluster.ts";
import { addComplete } from "./complete.ts";
import { addDecompose } from "./decompose.ts";
import { addInspect } from "./inspect.ts";
import { addMatch } from "./match.ts";
import { addReconstruct } from "./reconstruct.ts";
import type { Streams } from "./streams.ts";
import { addMethods, addRun } from "./studies.ts";
import { addTransport } from "./transport.ts";

/** Exit codes: a failed expectation of a study, bad input, and a defect of the program itself. */
const FAILED = 1;
const BAD_INPUT = 2;
const DEFECT = 70;

/** One line; what would steer a terminal, as text of a broken file may, is shown as a dot. */
const oneLine = (text: string): string =>
  text
    .replace(/\s*\n\s*/g, " ")
    .replace(/\p{Cc}/gu, "·")
    .trim();

/**
 * Runs the program with its arguments (without `node` and the script) and gives the exit code: 0 when all went well, 1
 * when an expectation of a study failed, 2 for bad input, which is told in one line. Never throws.
 */
export async function runCli(argv: readonly string[], streams: Streams): Promise<number> {
  let code = 0;
  const program = new Command("polyadic")
    .description("Structured numerical computing: find the small representation behind a large array.")
    .version(packageJson.version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void streams.stdout.write(text),
      writeErr: (text) => void streams.stderr.write(text),
      outputError: (text, write) => write(`polyadic: ${oneLine(text.replace(/^error: /, ""))}\n`),
    });
  addDecompose(program, streams);
  addComplete(program, streams);
  addApproximate(program, streams);
  addCluster(program, streams);
  addReconstruct(program, streams);
  addInspect(program, streams);
  addTransport(program, streams);
  addMatch(program, streams);
  addMethods(program, streams);
  addRun(program, streams, () => {
    code = FAILED;
  });
  try {
    if (argv.length === 0) streams.stdout.write(program.helpInformation());
    else await program.parseAsync([...argv], { from: "user" });
    return code;
  } catch (error) {
    // Commander has already said what is wrong; its help and version end with 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : BAD_INPUT;
    const { text, status } = explain(error);
    streams.stderr.write(`polyadic: ${oneLine(text)}\n`);
    if (status === DEFECT && process.env.POLYADIC_DEBUG && error instanceof Error)
      streams.stderr.write(`${error.stack}\n`);
    return status;
  }
}

function explain(error: unknown): { text: string; status: number } {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof PolyadicError) return { text: message, status: BAD_INPUT };
  if (error instanceof RangeError && /allocation|Invalid (typed )?array length|buffer/i.test(message))
    return { text: `not enough memory (${message})`, status: BAD_INPUT };
  return {
    text: `this is a defect of polyadic, not of the input: ${message}; POLYADIC_DEBUG=1 shows where`,
    status: DEFECT,
  };
}
