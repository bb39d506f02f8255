import "../ops/methods.ts";

export { reportSchema } from "./schema.ts";
export { summarize } from "./summary.ts";
export { renderText } from "./text.ts";
export type { Choice, Command, Quality, ReportInput, Request, Summary } from "./types.ts";
export { reportJson, writeReport } from "./write.ts";
