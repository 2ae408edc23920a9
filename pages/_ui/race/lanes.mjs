// Lanes as they are drawn: names, tracks, answers and figures.

const MEDALS = ["", "1st", "2nd", "3rd", "4th", "5th", "6th"];

export const milliseconds = (ms) => (ms == null ? "–" : ms < 0.995 ? `${ms.toPrecision(2)} ms` : ms < 99.5 ? `${ms.toPrecision(3)} ms` : `${Math.round(ms).toLocaleString("en")} ms`);
export const megabytes = (bytes) => `${(bytes / 1e6).toPrecision(3)} MB`;
const percent = (share, digits = 0) => `${(100 * share).toFixed(digits)} %`;
const whole = (value) => Math.round(value).toLocaleString("en");

export function build(root, cards) {
  const box = root.querySelector(".lanes");
  const template = root.querySelector(".lane-template");
  box.replaceChildren();
  const lanes = new Map();
  root.querySelector(".stage").style.setProperty("--n", cards.length);
  for (const card of cards) {
    const element = template.content.firstElementChild.cloneNode(true);
    element.style.setProperty("--colour", card.colour);
    element.dataset.id = card.id;
    element.querySelector(".name").textContent = card.label;
    element.querySelector(".track").setAttribute("aria-label", card.label);
    element.querySelector(".small").textContent = atRest(card);
    box.append(element);
    lanes.set(card.id, element);
  }
  return lanes;
}

function atRest(card) {
  if (card.measured_ms == null) return `${megabytes(card.size_bytes)}, no latency in the run's report`;
  const threads = `${card.threads} thread${card.threads === 1 ? "" : "s"}`;
  return `${megabytes(card.size_bytes)}; ${milliseconds(card.measured_ms)} in the run's report, ${threads}`;
}

export function showStatus(lanes, status) {
  for (const one of status.lanes) {
    const element = lanes.get(one.variant_id);
    if (!element) continue;
    const share = status.distance ? Math.min(1, one.n_done / status.distance) : 0;
    element.querySelector(".run").style.width = `${100 * share}%`;
    element.querySelector(".track").setAttribute("aria-valuenow", Math.round(100 * share));
    element.querySelector(".place").textContent = one.place ? `${MEDALS[one.place]} · ${one.seconds.toFixed(2)} s` : "";
    element.querySelector(".ms").textContent = milliseconds(one.p50_ms);
    element.querySelector(".rate").textContent = one.images_per_s == null ? "–" : whole(one.images_per_s);
    element.querySelector(".judged").hidden = !status.labelled;
    element.querySelector(".right").textContent = one.n_seen && one.n_right != null ? percent(one.n_right / one.n_seen, 1) : "–";
    element.querySelector(".agree").textContent = one.n_compared ? percent(one.n_agreeing / one.n_compared, 1) : "–";
    if (one.answer) showAnswer(element, one.answer);
  }
}

export function showAnswer(element, answer) {
  const rows = answer.classes.map((one) => {
    const row = document.createElement("div");
    row.className = "class";
    row.style.setProperty("--share", one.probability);
    const what = document.createElement("span");
    what.className = "what";
    what.textContent = one.name;
    what.title = one.name;
    const share = document.createElement("span");
    share.textContent = percent(one.probability, one.probability > 0.995 || one.probability < 0.1 ? 1 : 0);
    row.append(what, share);
    return row;
  });
  if (answer.is_right != null) rows[0].firstElementChild.append(answer.is_right ? " ✓" : " ✗");
  element.querySelector(".classes").replaceChildren(...rows);
  const thumb = element.querySelector(".thumb");
  if (answer.index != null) {
    thumb.style.backgroundPosition = `${(answer.index % 8) * (100 / 7)}% ${thumb.rows > 1 ? Math.floor(answer.index / 8) * (100 / (thumb.rows - 1)) : 0}%`;
  }
}

export function showSheet(lanes, address, nImages) {
  for (const element of lanes.values()) {
    const thumb = element.querySelector(".thumb");
    thumb.rows = Math.ceil(nImages / 8);
    thumb.style.backgroundImage = `url(${address})`;
  }
}

export function showPhoto(lanes, answer) {
  for (const one of answer.lanes) {
    const element = lanes.get(one.variant_id);
    if (!element) continue;
    showAnswer(element, one.answer);
    element.querySelector(".place").textContent = "";
    element.querySelector(".ms").textContent = milliseconds(one.p50_ms);
    element.querySelector(".rate").textContent = whole(1000 / one.p50_ms);
    element.querySelector(".small").textContent = one.n_calls > 1 ? `Median of ${one.n_calls} calls, one lane after the other` : "One call";
  }
}

export function winner(status, cards) {
  const arrived = [...status.lanes].sort((one, other) => one.seconds - other.seconds);
  const label = (id) => cards.find((card) => card.id === id).label;
  const base = status.lanes[0];
  if (arrived.length < 2) return `${label(base.variant_id)} has arrived after ${base.seconds.toFixed(2)} s.`;
  const first = arrived[0];
  const shown = status.mode === "alone" ? "in this race, by its own clock" : "in this race, with all lanes at once";
  if (first === base) {
    return `${label(first.variant_id)} is first, ${(arrived[1].seconds / first.seconds).toFixed(2)} times as fast as ${label(arrived[1].variant_id)} ${shown}.`;
  }
  return `${label(first.variant_id)} is first, ${(base.seconds / first.seconds).toFixed(2)} times as fast as the baseline ${shown}.`;
}
