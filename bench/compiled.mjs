// Compiled functions: what one call costs, a training step, and the gradient of a physics-informed loss.
import { polyadic, uniform } from "./library.mjs";
import { compare } from "./measure.mjs";

const {
  add,
  exp,
  jit,
  jvp,
  log,
  matmul,
  mean,
  mul,
  setDevice,
  sub,
  sum,
  tanh,
  tensor,
  tree,
  valueAndGrad,
  vmap,
} = polyadic;
const show = (ms) => (ms < 0.1 ? `${(ms * 1e3).toFixed(2)} us` : `${ms.toFixed(2)} ms`);

const random = (Type, scale, ...shape) =>
  uniform(
    Type,
    shape.reduce((a, b) => a * b, 1),
    -scale,
    scale,
  );
const weights = (Type, sizes, scale) =>
  sizes.slice(1).map((n, i) => [
    { data: random(Type, scale, sizes[i], n), shape: [sizes[i], n] },
    { data: random(Type, scale, n), shape: [n] },
  ]);
const ours = (layers) => layers.map((pair) => pair.map(({ data, shape }) => tensor(data, { shape })));

export async function compiled({ jax, torch, tf }) {
  const rows = await overhead(jax);
  // Compiled functions run on WebAssembly; on the native device the library multiplies where their matrices lie.
  for (const device of ["wasm", "native"]) {
    try {
      setDevice(device);
    } catch (error) {
      console.error(`not measured: ${error.message}`);
      continue;
    }
    const found = [...(await training(jax, torch, tf)), ...(await physics(torch))];
    rows.push(...found.map((row) => ({ ...row, work: `${row.work}, ${device}` })));
  }
  setDevice("wasm");
  return { rows };
}

async function overhead(jax) {
  const CALLS = 2000;
  const repeat = (f) => async () => {
    const start = performance.now();
    for (let i = 0; i < CALLS; i++) {
      const pending = f();
      if (pending instanceof Promise) await pending;
    }
    return (performance.now() - start) / CALLS;
  };
  const x = tensor(Float64Array.from({ length: 10 }, (_, i) => i / 10));
  const f = jit((y) => tanh(y.mul(2).add(1)).square());
  const candidates = { polyadic: repeat(() => f(x)), "limit of 5 us": () => 5e-3 };
  if (jax) {
    const { numpy: np } = jax;
    const a = np.array(Float32Array.from({ length: 10 }, (_, i) => i / 10));
    const g = jax.jit((y) => np.square(np.tanh(np.add(np.multiply(y, 2), 1))));
    candidates["jax-js"] = repeat(() => g(a.ref).data());
  }
  return compare("call of a compiled function on 10 numbers", candidates, {
    show,
    required: { limit: 1, "jax-js": 10 },
  });
}

async function training(jax, torch, tf) {
  const SIZES = [784, 512, 512, 10];
  const BATCH = 128;
  const RATE = 0.01;
  const layers = weights(Float32Array, SIZES, 0.05);
  const images = random(Float32Array, 1, BATCH, SIZES[0]);
  const classes = Float32Array.from({ length: BATCH * 10 }, (_, i) =>
    Number(i % 10 === Math.floor(i / 10) % 10),
  );
  const x = tensor(images, { shape: [BATCH, SIZES[0]] });
  const y = tensor(classes, { shape: [BATCH, 10] });
  const loss = (params, input, labels) => {
    let h = input;
    params.forEach(([w, b], i) => {
      h = add(matmul(h, w), b);
      if (i < params.length - 1) h = tanh(h);
    });
    return mean(sub(log(sum(exp(h), { axis: 1 })), sum(mul(h, labels), { axis: 1 })));
  };
  const step = jit((params, input, labels) => {
    const { grad } = valueAndGrad(loss)(params, input, labels);
    return tree.map((p, g) => p.sub(g.mul(RATE)), params, grad);
  });
  let params = ours(layers);
  const candidates = {
    polyadic: () => {
      params = step(params, x, y);
    },
  };
  if (jax) {
    const { numpy: np } = jax;
    const array = ({ data, shape }) => np.array(data).reshape(shape);
    const theirLoss = (p, input, labels) => {
      let h = input;
      p.forEach(([w, b], i) => {
        h = np.add(np.matmul(h, w), b);
        if (i < p.length - 1) h = np.tanh(h);
      });
      const picked = np.sum(np.multiply(h.ref, labels), 1);
      return np.mean(np.subtract(np.log(np.sum(np.exp(h), 1)), picked));
    };
    const theirStep = jax.jit((p, input, labels) => {
      const kept = jax.tree.ref(p);
      const grads = jax.grad(theirLoss)(p, input, labels);
      return jax.tree.map((a, g) => np.subtract(a, np.multiply(g, RATE)), kept, grads);
    });
    let theirs = layers.map((pair) => pair.map(array));
    const theirX = array({ data: images, shape: [BATCH, SIZES[0]] });
    const theirY = array({ data: classes, shape: [BATCH, 10] });
    candidates["jax-js"] = async () => {
      theirs = theirStep(theirs, theirX.ref, theirY.ref);
      await jax.blockUntilReady(theirs);
    };
  }
  if (tf) {
    const input = tf.tensor(images, [BATCH, SIZES[0]]);
    const labels = tf.tensor(classes, [BATCH, 10]);
    const gradients = tf.grads((...flat) => {
      let h = input;
      for (let i = 0; i < flat.length; i += 2) {
        h = tf.add(tf.matMul(h, flat[i]), flat[i + 1]);
        if (i + 2 < flat.length) h = tf.tanh(h);
      }
      return tf.mean(tf.sub(tf.log(tf.sum(tf.exp(h), 1)), tf.sum(tf.mul(h, labels), 1)));
    });
    let flat = layers.flatMap((pair) => pair.map(({ data, shape }) => tf.tensor(data, shape)));
    candidates["tfjs-wasm"] = () => {
      const next = tf.tidy(() => gradients(flat).map((g, i) => tf.sub(flat[i], tf.mul(g, RATE))));
      for (const old of flat) old.dispose();
      flat = next;
      flat.at(-1).dataSync();
    };
  }
  if (torch) candidates[torch.name] = () => torch.time("train");
  return compare(`training step, MLP ${SIZES.join("-")}, batch ${BATCH}, float32`, candidates, {
    show,
    required: { "jax-js": 4, "tfjs-wasm": 4 },
    rounds: 21,
  });
}

async function physics(torch) {
  const layers = ours(weights(Float64Array, [2, 32, 32, 32, 1], 0.4));
  const points = tensor(uniform(Float64Array, 512, 0, 1), { shape: [256, 2] });
  const u = (p, z) => {
    let h = z;
    p.forEach(([w, b], i) => {
      h = matmul(h, w).add(b);
      if (i < p.length - 1) h = tanh(h);
    });
    return h.at(0);
  };
  const direction = tensor([1, 0]);
  const along = (f) => (z) => jvp(f, [z], [direction]).tangent;
  const loss = (p) =>
    vmap((z) => along(along((at) => u(p, at)))(z).add(u(p, z)))(points)
      .square()
      .mean();
  const gradient = jit(valueAndGrad(loss));
  const candidates = { polyadic: () => void gradient(layers) };
  if (torch) candidates[`${torch.name} eager`] = () => torch.time("physics");
  return compare("physics-informed gradient, 3 x 32 tanh, batch 256, u_xx, float64", candidates, {
    show,
    required: { PyTorch: 2 },
    rounds: 21,
  });
}
