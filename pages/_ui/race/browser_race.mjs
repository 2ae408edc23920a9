// The race in the visitor's own browser: files run by onnxruntime-web in a worker, compared with the server's answers.

import { megabytes, milliseconds } from "./lanes.mjs";

const TOLERANCE = 0.01;

export class BrowserRace {
  constructor(root, ask) {
    Object.assign(this, { root, ask, worker: null });
    this.button = root.querySelector(".here");
    this.button.onclick = () => (this.worker ? this.stop() : this.start());
  }

  update(data) {
    this.stop();
    this.data = data;
    this.root.querySelector(".table").hidden = true;
    this.root.querySelector(".here-foot").textContent = "";
    this.say("");
  }

  stop() {
    this.worker?.terminate();
    this.worker = null;
    this.button.textContent = "Race in this browser";
  }

  say(text, isWrong = false) {
    const note = this.root.querySelector(".here-note");
    note.textContent = text;
    note.classList.toggle("wrong", isWrong);
  }

  async start() {
    this.say("Asking the server for images and its own answers …");
    this.button.disabled = true;
    try {
      const { head, images } = unpack(await (await this.ask("inputs")).arrayBuffer());
      this.head = head;
      this.root.querySelector("tbody").replaceChildren();
      this.root.querySelector(".here-foot").textContent = "";
      this.root.querySelector(".table").hidden = false;
      for (const card of this.data.lanes) this.row(card, head.refusals[card.id] ?? "waits");
      this.run(images);
    } catch (error) {
      this.say(error.message, true);
    }
    this.button.disabled = false;
  }

  run(images) {
    const at = (path) => new URL(`${this.data.base}/${path}`, location.origin).href;
    this.button.textContent = "Stop";
    this.worker = new Worker(at("static/browser_worker.mjs"), { type: "module" });
    this.worker.onerror = () => this.fail("This browser cannot run onnxruntime-web.");
    this.worker.onmessage = ({ data }) => this.on(data);
    const lanes = this.data.lanes.filter((card) => !(card.id in this.head.refusals)).map((card) => ({
      id: card.id, label: card.label, model: at(`${this.data.ticket}/model/${card.id}`),
      input: this.head.input_names[card.id], output: this.head.output_names[card.id],
    }));
    this.worker.postMessage({ runtime: at("ort/"), lanes, images, shape: this.head.shape });
  }

  on(message) {
    if (message.error) return this.fail(message.error);
    if (message.note) return this.say(message.note);
    if (message.runtime) this.runtime = message.runtime;
    if (message.lane) this.fill(message.lane);
    if (message.done) {
      this.stop();
      this.say("");
      const n = this.head.shape[0];
      this.root.querySelector(".here-foot").textContent =
        `onnxruntime-web ${this.runtime.version}: ${megabytes(this.runtime.bytes)} in ${milliseconds(this.runtime.downloadMs)}, ready after ${milliseconds(this.runtime.startMs)}. ` +
        `${n} prepared images, one a call; the median leaves out the first call. Probabilities count as equal within ${TOLERANCE}.`;
    }
  }

  fail(text) {
    this.stop();
    this.say(text, true);
  }

  row(card, note) {
    const row = document.createElement("tr");
    row.dataset.id = card.id;
    const cells = [card.label, note, "", "", "", "", ""].map((text) => Object.assign(document.createElement("td"), { textContent: text }));
    row.append(...cells);
    this.root.querySelector("tbody").append(row);
  }

  fill(lane) {
    const cells = [...this.root.querySelector(`tr[data-id="${lane.id}"]`).cells];
    const expected = this.head.probabilities[lane.id];
    const best = (row) => row.indexOf(Math.max(...row));
    const same = lane.probabilities.filter((row, index) => best(Array.from(row)) === best(expected[index])).length;
    const largest = Math.max(...lane.probabilities.flatMap((row, index) => expected[index].map((share, at) => Math.abs(share - row[at]))));
    const texts = [null, milliseconds(lane.downloadMs), milliseconds(lane.loadMs), milliseconds(lane.firstMs), milliseconds(lane.medianMs), `${same} of ${expected.length}`, largest < 1e-6 ? "under 0.000001" : largest.toFixed(largest < 0.001 ? 6 : 3)];
    const below = [null, megabytes(lane.bytes), null, null, `${lane.nCalls} calls`, null, largest <= TOLERANCE ? `equal within ${TOLERANCE}` : "differs: other arithmetic"];
    texts.forEach((text, at) => {
      if (text !== null) cells[at].textContent = text;
      if (below[at]) cells[at].append(Object.assign(document.createElement("small"), { textContent: below[at] }));
    });
  }
}

function unpack(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  return { head, images: new Float32Array(buffer, 4 + length) };
}
