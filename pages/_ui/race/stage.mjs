// The stage: its buttons and keys, the race as it goes on, a photo, a camera. It asks the routes of routes.py.

import { BrowserRace } from "./browser_race.mjs";
import { Camera } from "./camera.mjs";
import { build, showPhoto, showSheet, showStatus, winner } from "./lanes.mjs";

const EVERY_MS = 120;
const HOW = {
  alone: "Alone, one after the other: these are the figures. One lane computes at a time and its clock runs only then, so none takes a core from another.",
  together: "All at once, for show: the lanes share the cores, so a call takes longer than it would by itself.",
};
const GOING_ON = ["loading", "waiting", "racing"];

export function mount(root) {
  return new Stage(root);
}

class Stage {
  constructor(root) {
    this.root = root;
    this.mode = "alone";
    this.status = null;
    this.box = this.find(".stage");
    this.camera = new Camera(this.find(".video"), (photo) => this.send("frame", photo), (answer, rate) => this.showFrame(answer, rate), (error) => this.cameraFailed(error));
    this.browserRace = new BrowserRace(root, (path) => this.ask(path));
    this.find(".go").onclick = () => this.toggle();
    this.find(".photo").onclick = () => this.find(".file").click();
    this.find(".file").onchange = (event) => this.takePhoto(event.target.files[0]);
    this.find(".camera").onclick = () => this.toggleCamera();
    this.find(".full").onclick = () => this.toggleFullScreen();
    for (const button of root.querySelectorAll(".modes button")) button.onclick = () => this.choose(button.dataset.mode);
    this.box.onkeydown = (event) => this.onKey(event);
    this.box.ondragover = (event) => { event.preventDefault(); this.box.classList.add("over"); };
    this.box.ondragleave = () => this.box.classList.remove("over");
    this.box.ondrop = (event) => { event.preventDefault(); this.box.classList.remove("over"); this.takePhoto(event.dataTransfer.files[0]); };
    this.box.onfullscreenchange = () => this.find(".full").setAttribute("aria-pressed", this.isFull);
    this.choose("alone");
    for (const button of root.querySelectorAll("button")) button.disabled = false; // until now nothing listened
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  get isFull() {
    return this.box.matches(":fullscreen");
  }

  update(data) {
    const isNew = this.data?.ticket !== data.ticket;
    this.data = data;
    if (!isNew) return;
    this.endCamera();
    this.lanes = build(this.root, data.lanes);
    this.sheet = null;
    this.status = null;
    this.still(false);
    this.say("");
    this.find(".path").textContent = "";
    this.browserRace.update(data);
    this.poll(data.ticket);
  }

  unmount() {
    this.camera.stop();
    this.browserRace.stop();
    this.data = null;
  }

  async ask(path, options = {}) {
    const response = await fetch(`${this.data.base}/${this.data.ticket}/${path}`, options).catch(() => null);
    if (response === null) throw new Error("The app does not answer. Is it still running?");
    if (response.ok) return response;
    const problem = await response.json().catch(() => ({ text: "Something went wrong that nobody foresaw." }));
    throw Object.assign(new Error(problem.text), { code: problem.code });
  }

  async poll(ticket) {
    while (this.data?.ticket === ticket) {
      try {
        this.show(await (await this.ask("status")).json());
      } catch (error) {
        this.show(null);
        this.say(error.message, true);
      }
      if (!this.status || !GOING_ON.includes(this.status.phase)) return;
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
  }

  show(status) {
    this.status = status;
    const isOn = status !== null && GOING_ON.includes(status.phase);
    this.find(".go .word").textContent = isOn ? "Stop" : "Race";
    this.find(".go .sign").textContent = isOn ? "■" : "▶";
    this.find(".photo").disabled = this.find(".camera").disabled = isOn;
    this.root.querySelectorAll(".modes button").forEach((button) => (button.disabled = isOn));
    if (status === null) return;
    if (status.distance && !this.camera.isOn && this.find(".seen").hidden) {
      showStatus(this.lanes, status);
      this.find(".path").textContent = trackText(status);
    }
    if (status.n_sheet && this.sheet === null) this.loadSheet(status.n_sheet);
    const texts = {
      loading: "Warming up: files are loaded, images are prepared …",
      waiting: `Waiting: “${status.waits_for}” measures on this machine, and a race would disturb it.`,
      racing: "",
      finished: status.phase === "finished" ? winner(status, this.data.lanes) : "",
      failed: [status.message, status.next].filter(Boolean).map((text) => `${text}.`).join(" "),
      ready: "",
    };
    if (isOn || ["finished", "failed"].includes(status.phase)) this.say(texts[status.phase], status.phase === "failed");
  }

  async loadSheet(nImages) {
    this.sheet = `${this.data.base}/${this.data.ticket}/sheet`;
    const lanes = this.lanes;
    const blob = await (await this.ask("sheet")).blob().catch(() => null);
    if (blob) showSheet(lanes, URL.createObjectURL(blob), nImages);
  }

  say(text, isWrong = false) {
    this.find(".note").textContent = text;
    this.find(".note").classList.toggle("wrong", isWrong);
  }

  choose(mode) {
    this.mode = mode;
    this.find(".how").textContent = HOW[mode];
    for (const button of this.root.querySelectorAll(".modes button")) {
      button.setAttribute("aria-checked", button.dataset.mode === mode);
      button.tabIndex = button.dataset.mode === mode ? 0 : -1;
    }
  }

  async toggle() {
    const isOn = this.status !== null && GOING_ON.includes(this.status.phase);
    this.endCamera();
    this.still(false);
    this.say("");
    try {
      this.show(await (await this.ask(isOn ? "stop" : `start/${this.mode}`, { method: "POST" })).json());
      if (!isOn) this.poll(this.data.ticket);
    } catch (error) {
      this.show(null);
      this.say(error.message, true);
    }
  }

  still(isStill) {
    this.find(".seen").hidden = !isStill;
    this.find(".scene").classList.toggle("still", isStill);
  }

  async send(kind, photo) {
    const answer = await this.ask(`${kind}/${this.mode}`, { method: "POST", body: photo });
    return answer.json();
  }

  async takePhoto(file) {
    this.find(".file").value = "";
    if (!file || this.find(".photo").disabled) return;
    if (file.size > this.data.maxPhotoBytes) {
      this.say(`The photo has more than ${this.data.maxPhotoBytes / 1e6} MB. Choose a smaller one.`, true);
      return;
    }
    this.endCamera();
    this.still(true);
    URL.revokeObjectURL(this.find(".picture").src);
    this.find(".picture").src = URL.createObjectURL(file);
    this.find(".seen figcaption").textContent = file.name;
    this.say("Asking all lanes …");
    try {
      showPhoto(this.lanes, await this.send("answer", file));
      this.say("");
    } catch (error) {
      this.say(error.message, true);
    }
  }

  async toggleCamera() {
    if (this.camera.isOn) {
      this.find(".picture").src = this.camera.lastFrame();
      this.endCamera();
      this.say("");
      return;
    }
    this.still(true);
    this.find(".picture").hidden = true;
    this.find(".video").hidden = false;
    this.say("Waiting for the camera …");
    try {
      await this.camera.start();
      this.find(".camera").setAttribute("aria-pressed", true);
      this.say("Warming up: files are loaded …");
    } catch (error) {
      this.still(false);
      this.say(error.name === "NotAllowedError" ? "The browser was not allowed to use the camera. Allow it, or choose a photo." : error.name === "NotFoundError" ? "This device has no camera. Choose a photo." : error.message, true);
    }
  }

  endCamera() {
    this.camera.stop();
    this.find(".camera").setAttribute("aria-pressed", false);
    this.find(".video").hidden = true;
    this.find(".picture").hidden = false;
  }

  cameraFailed(error) {
    if (error.code !== "wait") this.endCamera();
    this.say(error.message, true);
  }

  showFrame(answer, rate) {
    showPhoto(this.lanes, answer);
    this.say("");
    const text = rate === null ? "" : `${rate.toFixed(1)} frames a second, from the camera to all answers`;
    this.find(".seen figcaption").textContent = text;
  }

  toggleFullScreen() {
    const refused = () => this.say("This browser does not show a part of a page in full screen.", true);
    if (this.isFull) document.exitFullscreen();
    else if (this.box.requestFullscreen) this.box.requestFullscreen().then(() => this.box.focus(), refused);
    else refused();
  }

  onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const isButton = event.target.tagName === "BUTTON";
    const actions = {
      f: () => this.toggleFullScreen(),
      p: () => this.find(".photo").click(),
      c: () => this.find(".camera").click(),
      m: () => this.find(".go .word").textContent === "Race" && this.choose(this.mode === "alone" ? "together" : "alone"),
      ...(isButton ? {} : { " ": () => this.toggle() }),
      ...(event.target.getAttribute("role") === "radio" ? { arrowright: () => this.moveMode(), arrowleft: () => this.moveMode() } : {}),
    };
    const action = actions[event.key.toLowerCase()];
    event.stopPropagation(); // Streamlit has keys of its own
    if (!action) return;
    event.preventDefault();
    action();
  }

  moveMode() {
    this.choose(this.mode === "alone" ? "together" : "alone");
    this.find(`.modes [data-mode=${this.mode}]`).focus();
  }
}

function trackText(status) {
  const n = (value) => value.toLocaleString("en");
  const part = status.n_track < status.n_evaluation ? `the first ${n(status.n_track)} of ${n(status.n_evaluation)}` : `all ${n(status.n_track)}`;
  const laps = status.laps > 1 ? ` ${n(status.laps)} times over, ${n(status.distance)} in all` : "";
  return `The track: ${part} ${status.images}${laps}. Each is answered by itself (batch 1). A call is the median, images per second the mean of the latest calls, up to 1,000.`;
}
