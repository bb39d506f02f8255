// Functions of a million float64 on one thread, without the time to make arrays where the peer can leave it out.
import { polyadic, uniform } from "./library.mjs";
import { compare } from "./measure.mjs";

const NAMES = "add mul sqrt exp expm1 log log1p tanh sinh sin cos tan erf pow sum".split(" ");
const NEEDS_POSITIVE = new Set(["log", "log1p", "sqrt"]);
const BINARY = new Set(["add", "mul", "pow"]);
const REQUIRED = { exp: { NumPy: 0.7 }, tanh: { NumPy: 0.7 }, sin: { NumPy: 0.7 } };

export async function elementwise({ jaxJs, numpyTs, numpy }) {
  const count = 1e6;
  const device = polyadic.wasmDevice();
  const wide = uniform(Float64Array, count, -6, 6);
  const positive = uniform(Float64Array, count, 0.1, 9);
  const out = new Float64Array(count);
  const inNumpyTs = (x) => numpyTs?.array([...x], "float64");
  const [wideTs, positiveTs] = [inNumpyTs(wide), inNumpyTs(positive)];
  const rows = [];
  const show = (ms) => `${((ms * 1e6) / count).toFixed(2)} ns`;
  for (const name of NAMES) {
    const x = NEEDS_POSITIVE.has(name) ? positive : wide;
    const candidates = {
      polyadic: () => {
        if (name === "sum") device.reduce("sum", x, 0, count);
        else if (BINARY.has(name)) device.binary(name, positive, 0, 1, wide, 0, 1, out, 0, count);
        else device.unary(name, x, 0, out, 0, count);
      },
    };
    if (numpy) candidates[numpy.name] = () => numpy.time(name);
    const f = numpyTs?.[{ mul: "multiply", pow: "power" }[name] ?? name];
    if (f && name !== "erf") {
      const first = NEEDS_POSITIVE.has(name) || BINARY.has(name) ? positiveTs : wideTs;
      candidates["numpy-ts"] = () => void (BINARY.has(name) ? f(first, wideTs) : f(first));
    }
    rows.push(
      ...(await compare(`${name} of 10^6 float64`, candidates, {
        show,
        rounds: 9,
        required: REQUIRED[name],
      })),
    );
  }
  // jax-js has no float64 on its WebAssembly device.
  if (jaxJs) {
    const narrow = Float32Array.from(wide);
    const narrowOut = new Float32Array(count);
    const theirs = jaxJs.array(narrow);
    for (const name of ["exp", "tanh", "sin"]) {
      const candidates = {
        polyadic: () => device.unary(name, narrow, 0, narrowOut, 0, count),
        "jax-js": async () => void (await jaxJs[name](theirs.ref).data()),
      };
      rows.push(...(await compare(`${name} of 10^6 float32`, candidates, { show, rounds: 9 })));
    }
  }
  return { rows };
}
