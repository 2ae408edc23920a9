// Runs ONNX files with onnxruntime-web, off the page's own thread, and times download, load and calls apart.

const FEWEST_CALLS = 20, MOST_CALLS = 200, SECONDS = 2;

self.onmessage = async ({ data }) => {
  try {
    await race(data);
  } catch (error) {
    self.postMessage({ error: `It stopped: ${error.message ?? error}` });
  }
};

async function race({ runtime, lanes, images, shape }) {
  self.postMessage({ note: "Fetching onnxruntime-web …" });
  const { ort, binary, downloadMs, bytes } = await load(runtime);
  ort.env.wasm.numThreads = 1; // more threads need cross-origin isolation (COOP and COEP headers)
  ort.env.wasm.wasmPaths = runtime;
  ort.env.wasm.wasmBinary = binary;
  let startMs = null;
  for (const lane of lanes) {
    self.postMessage({ note: `${lane.label}: download …` });
    const began = performance.now();
    const response = await fetch(lane.model, { cache: "no-store" });
    if (!response.ok) throw new Error(`the file of ${lane.label} cannot be fetched (${response.status})`);
    const file = new Uint8Array(await response.arrayBuffer());
    const downloaded = performance.now();
    if (startMs === null) {
      const first = await ort.InferenceSession.create(file.slice(), { executionProviders: ["wasm"] }); // starts the runtime
      await first.release();
      startMs = performance.now() - downloaded;
      self.postMessage({ runtime: { version: ort.env.versions.web, bytes, downloadMs, startMs } });
    }
    self.postMessage({ note: `${lane.label}: racing …` });
    const result = await time(ort, lane, file, images, shape);
    self.postMessage({ lane: { id: lane.id, bytes: file.length, downloadMs: downloaded - began, ...result } });
  }
  self.postMessage({ done: true });
}

async function load(runtime) {
  const began = performance.now();
  const ort = await import(`${runtime}ort.wasm.min.mjs`);
  const response = await fetch(`${runtime}ort-wasm-simd-threaded.wasm`);
  if (!response.ok) throw new Error(`onnxruntime-web cannot be fetched (${response.status})`);
  const binary = await response.arrayBuffer();
  return { ort, binary, bytes: binary.byteLength, downloadMs: performance.now() - began };
}

async function time(ort, lane, file, images, [n, ...shape]) {
  const loading = performance.now();
  const session = await ort.InferenceSession.create(file, { executionProviders: ["wasm"] });
  const loadMs = performance.now() - loading;
  const size = images.length / n;
  const tensors = Array.from({ length: n }, (_, at) => new ort.Tensor("float32", images.slice(at * size, (at + 1) * size), [1, ...shape]));
  const call = async (at) => {
    const began = performance.now();
    const outputs = await session.run({ [lane.input]: tensors[at % n] }, [lane.output]);
    return { ms: performance.now() - began, scores: Float32Array.from(outputs[lane.output].data) };
  };
  const first = await call(0);
  const probabilities = [];
  const times = [];
  const ends = performance.now() + 1000 * SECONDS;
  for (let at = 0; at < Math.max(n, FEWEST_CALLS) || (at < MOST_CALLS && performance.now() < ends); at++) {
    const { ms, scores } = await call(at);
    times.push(ms);
    if (at < n) probabilities.push(shares(scores));
  }
  await session.release();
  times.sort((one, other) => one - other);
  return { loadMs, firstMs: first.ms, medianMs: median(times), nCalls: times.length, probabilities };
}

function median(sorted) {
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

// As engine/measure/confidence.py has it: scores that are probabilities already, else their softmax.
function shares(scores) {
  const values = Array.from(scores);
  const sum = values.reduce((total, value) => total + value, 0);
  if (values.every((value) => value >= 0) && Math.abs(sum - 1) <= 1e-3) return values;
  const largest = Math.max(...values);
  const powers = values.map((value) => Math.exp(value - largest));
  const total = powers.reduce((all, value) => all + value, 0);
  return powers.map((value) => value / total);
}
