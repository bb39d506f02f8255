// The JSON Schema of `--report x.json`.

const number = { type: "number" } as const;
const count = { type: "integer", minimum: 0 } as const;
const text = { type: "string" } as const;
const counts = { type: "array", items: count } as const;
/** What a candidate that was given up never had is null: JSON has no NaN. */
const measured = { type: ["number", "null"] } as const;
const optionalCount = { type: ["integer", "null"], minimum: 0 } as const;
const format = { enum: ["cp", "tucker", "tt", "ring", "tree", "qtt", "dense"] } as const;

const object = (
  properties: Record<string, unknown>,
  optional: readonly string[] = [],
): Record<string, unknown> => ({
  type: "object",
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
  additionalProperties: false,
});

/** Describes the JSON report (draft 2020-12). Errors are relative Frobenius errors, ratios are input over stored. */
export const reportSchema: Readonly<Record<string, unknown>> = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  title: "polyadic report",
  ...object({
    format: { const: "polyadic-report" },
    version: { const: 1 },
    input: object(
      {
        name: text,
        path: text,
        kind: { enum: ["array", "image", "images", "table", "entries"] },
        shape: counts,
        dtype: text,
        bytes: count,
        entries: count,
        columns: { type: "array", items: text },
      },
      ["entries", "columns"],
    ),
    request: {
      oneOf: [
        object({ kind: { const: "tolerance" }, tolerance: number }),
        object({ kind: { const: "budget" }, maxBytes: count }),
        object({ kind: { const: "ranks" }, ranks: counts }),
        object({ kind: { const: "completion" }, missing: count, heldOutError: measured }),
      ],
    },
    choice: object({
      sentence: text,
      format,
      detail: text,
      ranks: counts,
      parameters: count,
      numbersRatio: number,
      bytes: count,
      bytesRatio: number,
    }),
    quality: object({ error: measured, maxAbsoluteError: measured, psnr: measured }),
    candidates: {
      type: "array",
      items: object({
        format,
        detail: text,
        ranks: counts,
        parameters: optionalCount,
        bytes: optionalCount,
        error: measured,
        seconds: number,
        status: { enum: ["chosen", "valid", "rejected"] },
        reason: text,
      }),
    },
    spectra: {
      type: "array",
      items: object({ modes: counts, values: { type: "array", items: number }, kept: count }),
    },
    curves: {
      type: "array",
      items: object({
        format,
        points: { type: "array", items: object({ tolerance: number, error: number, bytes: number }) },
      }),
    },
    notes: { type: "array", items: text },
    next: { type: "array", items: object({ purpose: text, command: text }) },
    seed: count,
    seconds: number,
  }),
};
