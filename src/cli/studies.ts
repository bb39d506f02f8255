// polyadic methods and polyadic run: the studies.
import { type Command, Option } from "commander";
import { writeFileAtomic } from "../io/files.ts";
import { wrap } from "../report/text.ts";
import { checkReportPath } from "../report/write.ts";
import { findStudies, loadStudy } from "../study/registry.ts";
import { renderStudyHtml, renderStudyText } from "../study/render.ts";
import { runStudy } from "../study/run.ts";
import type { Scale } from "../study/study.ts";
import { parseSeed } from "./options.ts";
import { inkFor, type Streams, widthOf } from "./streams.ts";
import { checkFolderOf } from "./usage.ts";

/** Adds `methods` to the program. */
export function addMethods(program: Command, streams: Streams): void {
  program
    .command("methods")
    .description("list the published methods that run here, or those that fit a query")
    .argument("[query...]", "words of an id, a title or a claim")
    .option("--json", "print JSON")
    .action(async (query: readonly string[], flags: { readonly json?: true }) => {
      const studies = await findStudies(query.join(" "));
      const { stdout } = streams;
      if (flags.json) {
        const list = studies.map(({ id, paper, claim }) => ({ id, paper, claim }));
        stdout.write(`${JSON.stringify(list, null, 2)}\n`);
        return;
      }
      const ink = inkFor(stdout);
      const width = Math.min(110, widthOf(stdout)) - 2;
      for (const { id, paper, claim } of studies) {
        stdout.write(`${ink.bold(id)}  ${paper.title} (${paper.year})\n`);
        for (const line of wrap(claim, width)) stdout.write(`  ${line}\n`);
      }
      stdout.write(
        studies.length === 0
          ? query.length === 0
            ? "no methods are installed\n"
            : `no method fits "${query.join(" ")}"\n`
          : `\n${ink.dim(`${studies.length} ${studies.length === 1 ? "method" : "methods"}; polyadic run <id> repeats one`)}\n`,
      );
    });
}

/** Adds `run` to the program; `fail` is called when an expectation does not hold. */
export function addRun(program: Command, streams: Streams, fail: () => void): void {
  program
    .command("run")
    .description("repeat a published claim and hold it against what is measured")
    .argument("<id>", "a method; see polyadic methods")
    .addOption(
      new Option("--scale <size>", "quick takes seconds, full minutes")
        .choices(["quick", "full"])
        .default("quick"),
    )
    .option("--key <n>", "seed of everything random", parseSeed, 0)
    .option("--report <file>", "write a report: .html or .json")
    .option("--json", "print JSON")
    .action(
      async (
        id: string,
        flags: {
          readonly scale: Scale;
          readonly key: number;
          readonly report?: string;
          readonly json?: true;
        },
      ) => {
        const { scale, key, report, json } = flags;
        if (report !== undefined) {
          checkReportPath(report);
          await checkFolderOf(report);
        }
        const outcome = await runStudy(await loadStudy(id), { seed: key, scale });
        const text = `${JSON.stringify(outcome, null, 2)}\n`;
        if (report !== undefined)
          await writeFileAtomic(report, /\.json$/i.test(report) ? text : await renderStudyHtml(outcome));
        const { stdout } = streams;
        stdout.write(json ? text : renderStudyText(outcome, { ink: inkFor(stdout), width: widthOf(stdout) }));
        if (report !== undefined && !json) stdout.write(`wrote ${report}\n`);
        if (!outcome.passed) fail();
      },
    );
}
