// The overhead of one call: ten numbers added to ten numbers.
import { polyadic } from "./library.mjs";
import { compare } from "./measure.mjs";

const LIMIT_MICROSECONDS = 2;

export async function eager({ jaxJs, numpyTs }) {
  const { add, tensor } = polyadic;
  const repeat = (calls, f) => async () => {
    const start = performance.now();
    for (let i = 0; i < calls; i++) {
      const pending = f();
      if (pending instanceof Promise) await pending;
    }
    return (performance.now() - start) / calls;
  };
  const values = Array.from({ length: 10 }, (_, i) => i / 3);
  const [a, b] = [tensor(values), tensor(values)];
  const candidates = {
    polyadic: repeat(2000, () => add(a, b)),
    // A peer that takes the time allowed.
    [`limit of ${LIMIT_MICROSECONDS} us`]: () => LIMIT_MICROSECONDS / 1e3,
  };
  if (numpyTs) {
    const x = numpyTs.array(values);
    candidates["numpy-ts"] = repeat(2000, () => numpyTs.add(x, x));
  }
  if (jaxJs) {
    const x = jaxJs.array(new Float32Array(values));
    candidates["jax-js"] = repeat(50, () => jaxJs.add(x.ref, x.ref).data());
  }
  const show = (ms) => `${(ms * 1e3).toFixed(2)} us`;
  return { rows: await compare("eager add of 10 numbers", candidates, { show, required: { limit: 1 } }) };
}
