import "../ops/methods.ts";

export {
  type Axis,
  type ChartSize,
  type ChartSpec,
  chartFigure,
  type Rule,
  renderChart,
  type Series,
} from "./chart.ts";
export { structureDiagram } from "./diagram.ts";
