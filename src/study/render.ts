// The outcome of a study in a terminal and as one HTML file.
import { chartFigure } from "../plot/chart.ts";
import { formatNumber, formatSeconds } from "../plot/format.ts";
import { escapeText as t } from "../plot/markup.ts";
import { STYLE } from "../report/style.ts";
import { formatTable } from "../report/table.ts";
import { type Ink, PLAIN, wrap } from "../report/text.ts";
import type { Check, StudyOutcome, StudyTable } from "./run.ts";
import type { Cell } from "./study.ts";

const cell = (value: Cell | undefined): string =>
  value === undefined
    ? ""
    : typeof value === "number"
      ? formatNumber(value)
      : typeof value === "boolean"
        ? value
          ? "yes"
          : "no"
        : value;

const columnsOf = ({ rows }: StudyTable): string[] => Object.keys(rows[0] ?? {});

const isNumeric = (table: StudyTable, column: string): boolean =>
  table.rows.every((row) => typeof row[column] === "number");

const gotten = ({ measured }: Check): string => (measured === null ? "not measured" : formatNumber(measured));

/** The outcome as lines for a terminal of `width` columns. */
export function renderStudyText(
  outcome: StudyOutcome,
  options: { readonly ink?: Ink; readonly width?: number } = {},
): string {
  const { ink = PLAIN, width = 100 } = options;
  const { paper, claim, baseline, checks, tables, notes } = outcome;
  const lines = [
    `${ink.bold(outcome.id)}  ${paper.title} (${paper.year})`,
    "",
    ...wrap(`claim: ${claim}`, width),
  ];
  if (baseline !== null) lines.push(...wrap(`against: ${baseline}`, width));
  for (const table of tables) {
    const columns = columnsOf(table);
    const right = [...columns.keys()].filter((j) => isNumeric(table, columns[j]!));
    const rows = table.rows.map((row) => columns.map((column) => cell(row[column])));
    lines.push(
      "",
      ...(table.title ? [table.title] : []),
      ...formatTable(columns, rows, { right, width, ink }),
    );
  }
  if (notes.length > 0) lines.push("", ...notes.flatMap((note) => wrap(note, width)));
  const rows = checks.map((check) => [
    check.name,
    check.expected,
    gotten(check),
    check.holds ? "holds" : "FAILS",
  ]);
  lines.push("", ...formatTable(["measured", "expected", "got", ""], rows, { right: [2], width, ink }), "");
  const verdict = `${outcome.passed ? "passed" : "FAILED"} in ${formatSeconds(outcome.seconds)} (scale ${outcome.scale}, key ${outcome.seed})`;
  lines.push(outcome.passed ? ink.green(verdict) : ink.bold(verdict));
  return `${lines.join("\n")}\n`;
}

/** The outcome as a page of its own: no scripts, nothing to fetch. */
export async function renderStudyHtml(outcome: StudyOutcome): Promise<string> {
  const { paper, claim, baseline, checks, tables, notes } = outcome;
  const table = (of: StudyTable): string => {
    const columns = columnsOf(of);
    const kind = (column: string): string => (isNumeric(of, column) ? ' class="n"' : "");
    const head = columns.map((column) => `<th${kind(column)}>${t(column)}</th>`).join("");
    const body = of.rows
      .map(
        (row) =>
          `<tr>${columns.map((column) => `<td${kind(column)}>${t(cell(row[column]))}</td>`).join("")}</tr>`,
      )
      .join("");
    return `${of.title ? `<h3>${t(of.title)}</h3>` : ""}<div class="scroll"><table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>`;
  };
  const verdicts = table({
    rows: checks.map((check) => ({
      measured: check.name,
      expected: check.expected,
      got: gotten(check),
      outcome: check.holds ? "holds" : "fails",
    })),
  });
  const plots = await Promise.all(
    outcome.plots.map((spec) => chartFigure(spec, { width: 960, height: 420 })),
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${t(outcome.id)} — polyadic study</title><style>${STYLE}</style></head><body><main>
<header><p class="kicker">polyadic run ${t(outcome.id)}</p><h1>${t(paper.title)}</h1><p class="what">${paper.year}</p>
<p class="choice">${t(claim)}</p>${baseline === null ? "" : `<p class="explain">Compared with ${t(baseline)}.</p>`}</header>
<section><h2>${outcome.passed ? "The claim holds here" : "The claim does not hold here"}</h2>${verdicts}</section>
${[...plots, ...tables.map(table)]
  .filter(Boolean)
  .map((part) => `<section>${part}</section>`)
  .join("\n")}
${notes.length > 0 ? `<section><h2>Notes</h2><ul>${notes.map((note) => `<li>${t(note)}</li>`).join("")}</ul></section>` : ""}
<footer>Scale ${outcome.scale}, key ${outcome.seed}, ${formatSeconds(outcome.seconds)}.</footer>
</main></body></html>
`;
}
