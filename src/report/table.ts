// Tables in a terminal.

/** Aligned lines of a table with a head; the last column is cut where the terminal ends. */
export function formatTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  options: {
    /** Columns that are aligned to the right. */
    readonly right?: readonly number[];
    readonly width?: number;
    readonly ink?: { readonly dim: (text: string) => string };
  } = {},
): string[] {
  const { right = [], width = 120, ink } = options;
  const widths = head.map((title, j) => Math.max(title.length, ...rows.map((row) => row[j]?.length ?? 0)));
  const line = (cells: readonly string[]): string => {
    const text = cells
      .map((cell, j) => (right.includes(j) ? cell.padStart(widths[j]!) : cell.padEnd(widths[j]!)))
      .join("  ")
      .trimEnd();
    return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
  };
  const title = line(head);
  return [ink ? ink.dim(title) : title, ...rows.map(line)];
}
