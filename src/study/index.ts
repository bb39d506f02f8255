import "../ops/methods.ts";

export { atLeast, atMost, between, type Expectation } from "./expect.ts";
export { growthExponent, type Timed, timed } from "./measure.ts";
export { findStudies, loadStudy, studyIds } from "./registry.ts";
export { renderStudyHtml, renderStudyText } from "./render.ts";
export { type Check, runStudy, type StudyOutcome, type StudyTable } from "./run.ts";
export {
  type Cell,
  type Measured,
  type Scale,
  type Study,
  type StudyContext,
  type StudyReport,
  study,
} from "./study.ts";
