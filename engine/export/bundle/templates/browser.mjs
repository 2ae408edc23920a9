// Runs the golden inputs under onnxruntime-web: parity with the run's outputs, and the latency of warm calls, apart from
// what the download and the warm-up take.

import * as ort from "./ort.wasm.min.mjs";

const WARMUP = 5;
const CALLS = 30;
const ARRAYS = {
  float32: Float32Array, float64: Float64Array, float16: Uint16Array, uint8: Uint8Array, int8: Int8Array,
  uint16: Uint16Array, int16: Int16Array, uint32: Uint32Array, int32: Int32Array, uint64: BigUint64Array,
  int64: BigInt64Array, bool: Uint8Array,
};

const answer = document.querySelector("#answer");
const figures = document.querySelector("#figures");

function show(term, text) {
  const name = document.createElement("dt"), value = document.createElement("dd");
  name.textContent = term;
  value.textContent = text;
  figures.append(name, value);
}

function bytes(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

function tensor({ dtype, shape, data }) {
  return new ort.Tensor(dtype, new ARRAYS[dtype](bytes(data).buffer), shape);
}

function half(bits) {
  const sign = bits & 0x8000 ? -1 : 1, exponent = (bits >> 10) & 31, fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function numbers(output) {
  const data = Array.from(output.data, Number);
  return output.type === "float16" && output.data instanceof Uint16Array ? data.map(half) : data;
}

// The largest difference, as a share of the largest value of the reference; infinite where the lengths differ.
function difference(values, reference) {
  if (values.length !== reference.length) return Infinity;
  let largest = 0, worst = 0;
  reference.forEach((expected, index) => {
    if (!Number.isFinite(expected)) return;
    largest = Math.max(largest, Math.abs(expected));
    const off = Math.abs(values[index] - expected);
    worst = Math.max(worst, Number.isNaN(off) ? Infinity : off);
  });
  return worst / (largest || 1);
}

async function sha256(content) {
  if (!crypto.subtle) return null; // only where the page is safe: https or localhost
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", content));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function read(name) {
  const response = await fetch(name);
  if (!response.ok) throw new Error(`${name} cannot be read (${response.status})`);
  return response;
}

function ms(value) {
  return `${value.toPrecision(3)} ms`;
}

async function check() {
  const started = performance.now();
  const described = await (await read("bundle.json")).json(), golden = await (await read("browser.json")).json();
  document.querySelector("#title").textContent = `${described.name}: ${described.label}`;
  const content = await (await read(described.model.file)).arrayBuffer();
  const downloaded = performance.now();
  const sum = await sha256(content);
  if (sum !== null && sum !== described.model.sha256) throw new Error(`${described.model.file} was changed`);
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmPaths = new URL("./", location.href).href;
  const opening = performance.now();
  const session = await ort.InferenceSession.create(content, { executionProviders: ["wasm"] });
  const opened = performance.now();
  let worst = 0;
  const calls = golden.calls.map((call) =>
    Object.fromEntries(call.inputs.map((input, index) => [golden.inputs[index], tensor(input)])));
  for (const [index, call] of golden.calls.entries()) {
    const outputs = await session.run(calls[index], golden.outputs);
    call.outputs.forEach((expected, position) => {
      const reference = Array.from(new Float32Array(bytes(expected).buffer));
      worst = Math.max(worst, difference(numbers(outputs[golden.outputs[position]]), reference));
    });
  }
  const warming = performance.now();
  for (let call = 0; call < WARMUP; call++) await session.run(calls[0], golden.outputs);
  const warm = performance.now();
  const times = [];
  for (let call = 0; call < CALLS; call++) {
    const before = performance.now();
    await session.run(calls[0], golden.outputs);
    times.push(performance.now() - before);
  }
  times.sort((one, other) => one - other);
  const { n, tolerance } = described.golden, holds = worst <= tolerance;
  answer.textContent = holds ? "The answers are those of the run." : "The answers are NOT those of the run.";
  answer.dataset.holds = String(holds);
  show("Parity", `outputs of ${n} examples are off by ${worst.toPrecision(2)} of the largest, ${tolerance.toPrecision(2)} is allowed`);
  show("Warm call", `${ms(times[CALLS >> 1])} (${ms(times[0])} to ${ms(times[CALLS - 1])}), the median and the range of ${CALLS} calls`);
  show("Warm-up", `${ms(warm - warming)} for ${WARMUP} calls`);
  show("Opening the model", ms(opened - opening));
  show("Download", `${ms(downloaded - started)} for ${(content.byteLength / 1e6).toFixed(2)} MB`);
  show("Model", sum === null ? "not checked: open the page by https or on localhost" : "its SHA-256 is that of the bundle");
}

check().catch((error) => {
  answer.textContent = `It does not run here: ${error.message}`;
  answer.dataset.holds = "false";
});
