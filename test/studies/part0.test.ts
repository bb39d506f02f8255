import { runPart } from "./quick.ts";

await runPart(0);
