import { arange, exp, eye, linspace, type Tensor, zeros } from "polyadic";
import { bfgs } from "polyadic/optim";
import { atLeast, atMost, study } from "polyadic/study";
import { type Fn, fn, grad, integrate, nabla, quadrature, vmap } from "polyadic/transform";

/** A real function of a real number. */
const scalar = (f: (x: Tensor) => Tensor): Fn => fn({ in: [[]], out: [] }, f);

/** Values of a function at many points. */
const values = (f: Fn, points: Tensor): Tensor => vmap((x: Tensor) => f.call(x))(points);

const largestError = (found: Tensor, exact: Tensor): number => found.sub(exact).abs().max().item();

/** F[y] = ∫ y'²/2 + y²/2 - f·y, whose derivative is -y'' + y - f. */
function variational(): { ours: number; differences: number } {
  const y = scalar((x) => x.mul(2).sin().add(x.pow(3)));
  const f = scalar((x) => x.exp());
  const functional = (u: Fn): Tensor => integrate(nabla(u).square().add(u.square()).div(2).sub(f.mul(u)));
  // y'' by hand.
  const exact = (x: Tensor): Tensor =>
    x
      .mul(2)
      .sin()
      .mul(4)
      .sub(x.mul(6))
      .add(x.mul(2).sin().add(x.pow(3)))
      .sub(x.exp());
  const points = linspace(0, 1, 50);
  const ours = largestError(values(grad(functional)(y), points), exact(points));

  // The baseline: F of the broken line through 32 nodal values, differentiated by central differences at inner nodes.
  const n = 32;
  const step = 1 / (n - 1);
  const nodes = linspace(0, 1, n);
  const right = values(f, nodes);
  const discrete = (u: Tensor): Tensor => {
    const slopes = u.at("1:").sub(u.at(":-1")).div(step);
    const local = u.square().div(2).sub(right.mul(u));
    return slopes.square().sum().div(2).add(local.at("1:-1").sum()).mul(step);
  };
  const h = 1e-4;
  const nodal = values(y, nodes);
  const directions = eye(n).mul(h);
  const quotient = (direction: Tensor): Tensor =>
    discrete(nodal.add(direction))
      .sub(discrete(nodal.sub(direction)))
      .div(2 * h * step);
  const differences = vmap(quotient)(directions).at("1:-1");
  return { ours, differences: largestError(differences, exact(nodes.at("1:-1"))) };
}

/** The kinetic energy ∫ ρ'²/(8ρ) of von Weizsäcker at ρ = exp(-x²), whose derivative there is 1/2 - x²/2. */
function weizsaecker(): number {
  const density = scalar((x) => exp(x.square().neg()));
  const energy = (rho: Fn): Tensor => integrate(nabla(rho).square().div(rho.mul(8)));
  const points = linspace(-2, 2, 50);
  return largestError(values(grad(energy)(density), points), points.square().mul(-0.5).add(0.5));
}

/** F[f] = ∫ (Kf)² with (Kf)(y) = ∫ k(y, x) f(x) dx, against the matrix formula 2·Kᵀ·W·K·W·f at the nodes. */
function nonlocal(nodes: number): number {
  const grid = quadrature("legendre", nodes, [0, 1]);
  const kernel = (y: Tensor, x: Tensor): Tensor => exp(x.sub(y).square().neg());
  const f = scalar((x) => x.mul(3).cos().add(x));
  const functional = (u: Fn): Tensor => {
    const product = fn({ in: [[], []], out: [] }, (y, x) => kernel(y, x).mul(u.call(x)));
    return integrate(integrate(product, { args: 1, grid }).square(), { grid });
  };
  const k = kernel(grid.nodes.expandDims(1), grid.nodes);
  const image = k.matmul(grid.weights.mul(values(f, grid.nodes)));
  const exact = k.mT().matmul(grid.weights.mul(image)).mul(2);
  return largestError(values(grad(functional)(f), grid.nodes), exact);
}

/** The cycloid through (0, 0) and (1, 1): x = R(θ - sin θ), y = R(1 - cos θ) up to this θ. */
const LAST_ANGLE = 2.412011143913525;
const FASTEST = LAST_ANGLE / Math.sqrt(1 - Math.cos(LAST_ANGLE));

/** The curve (s³, s²·(1 + (1 - s)·p(s))), p a cubic. */
const height = (coefficients: Tensor): Fn =>
  scalar((s) => {
    const cubic = s.pow(arange(4)).mul(coefficients).sum();
    return s.square().mul(s.neg().add(1).mul(cubic).add(1));
  });

export default study({
  id: "autofd",
  paper: { title: "Automatic Functional Differentiation in JAX", year: 2023 },
  claim:
    "Functionals written as ordinary code get their functional derivatives as functions, exact to rounding, by the same transforms as tensors: variational problems, density functionals and non-local operators.",
  baseline:
    "central finite differences of the functional in 32 nodal values; for the brachistochrone the straight line",
  run({ scale, report }) {
    const { ours, differences } = variational();
    const densityError = weizsaecker();
    const nonlocalError = nonlocal(scale === "quick" ? 32 : 128);

    const grid = quadrature("legendre", scale === "quick" ? 32 : 128, [0, 1]);
    const across = scalar((s) => s.pow(3));
    // Time of descent from rest, with gravity 1: ∫ √(x'² + y'²) / √(2y) ds.
    const time = (x: Fn, y: Fn): Tensor =>
      integrate(nabla(x).square().add(nabla(y).square()).div(y.mul(2)).sqrt(), { grid });
    const line = scalar((s) => s.square());
    const straight = time(line, line).item();
    const steps: (readonly [number, number])[] = [];
    const found = bfgs((c: Tensor) => time(across, height(c)), zeros([4]), {
      gtol: 1e-8,
      onProgress: ({ iteration, value }) => steps.push([iteration, value]),
    });
    report.table([
      { problem: "∫ y'²/2 + y²/2 - f·y", error: ours, baselineError: differences },
      { problem: "von Weizsäcker's kinetic energy", error: densityError, baselineError: "none" },
      { problem: "∫ (K f)²", error: nonlocalError, baselineError: "none" },
      {
        problem: "brachistochrone: time",
        error: Math.abs(found.value / FASTEST - 1),
        baselineError: straight / FASTEST - 1,
      },
    ]);
    const s = linspace(0, 1, 80);
    const pairs = (x: Tensor, y: Tensor): (readonly [number, number])[] =>
      Array.from({ length: x.size }, (_, i) => [x.item(i), -y.item(i)]);
    const angles = s.mul(LAST_ANGLE);
    const radius = 1 / (1 - Math.cos(LAST_ANGLE));
    report.plot({
      title: "Fastest descent from (0, 0) to (1, -1)",
      x: { label: "x" },
      y: { label: "y" },
      series: [
        { name: "found: cubic, BFGS", points: pairs(values(across, s), values(height(found.x), s)) },
        {
          name: "cycloid",
          style: "dashed",
          points: pairs(angles.sub(angles.sin()).mul(radius), angles.cos().neg().add(1).mul(radius)),
        },
        { name: "straight line, time 2", style: "dashed", points: pairs(s, s) },
      ],
    });
    report.note(
      `BFGS took ${found.iterations} steps and ${found.evaluations} gradients from the curve with p = 0.`,
    );
    return {
      variationalError: ours,
      densityError,
      nonlocalError,
      brachistochroneTime: found.value,
      brachistochroneError: Math.abs(found.value / FASTEST - 1),
      straightLineTime: straight,
      finiteDifferenceErrorOverOurs: differences / Math.max(ours, Number.EPSILON),
    };
  },
  expect: {
    variationalError: atMost(1e-10),
    densityError: atMost(1e-10),
    nonlocalError: atMost(1e-10),
    brachistochroneError: atMost(1e-5),
    finiteDifferenceErrorOverOurs: atLeast(1e3),
  },
});
