// Property tests draw the same cases in every run; FC_SEED=1 npm test draws others.
import fc from "fast-check";

fc.configureGlobal({ seed: Number(process.env["FC_SEED"] ?? 0) });
