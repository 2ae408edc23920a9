/* Draws the graphs of two files side by side. What is drawn comes from Python at every run of the page; a press of a
   box goes back as the trigger `pick`. Cytoscape draws and dagre places; both are loaded once, from this app. */

const WIDTH = 158, LINE = 15, FOOT = 12;
const BEGINNING = 500, PAN = 60, ZOOM = 1.25, NEAREST = 1.1, FARTHEST = 0.08;

const library = name => import(new URL(`graph-library/${name}`, document.baseURI).href);
const loaded = (() => {
  let both;
  return () => both ??= Promise.all([library("cytoscape.esm.min.mjs"), library("dagre.esm.mjs")])
    .then(([cytoscape, dagre]) => ({ cytoscape: cytoscape.default, dagre }))
    .catch(error => { both = undefined; throw error; });
})();

function positions(dagre, side) {
  const graph = new dagre.Graph().setGraph({ rankdir: "TB", nodesep: 16, ranksep: 26, edgesep: 8 })
    .setDefaultEdgeLabel(() => ({}));
  for (const box of side.boxes) {
    graph.setNode(box.id, { width: WIDTH, height: box.lines.length * LINE + FOOT });
  }
  for (const [from, to] of side.lines) graph.setEdge(from, to);
  dagre.layout(graph);
  return id => { const { x, y } = graph.node(id); return { x, y }; };
}

function elements(dagre, side) {
  const position = positions(dagre, side);
  return [
    ...side.boxes.map(box => ({
      data: { id: box.id, label: box.lines.join("\n"), heat: box.heat, height: box.lines.length * LINE + FOOT },
      position: position(box.id),
    })),
    ...side.lines.map(([source, target]) => ({ data: { source, target } })),
  ];
}

function style(host, hue) {
  const theme = getComputedStyle(host), token = name => theme.getPropertyValue(name).trim();
  const text = token("--st-text-color"), border = token("--st-border-color"), accent = token("--st-primary-color");
  const face = theme.fontFamily;
  return [
    { selector: "node", style: {
      shape: "round-rectangle", width: WIDTH, height: "data(height)", label: "data(label)", color: text,
      "font-family": face, "font-size": 12, "text-wrap": "wrap", "text-valign": "center", "text-halign": "center",
      "line-height": 1.2, "background-color": hue, "background-opacity": "mapData(heat, 0, 1, 0.03, 0.62)",
      "border-width": 1, "border-color": border,
    } },
    { selector: "node.block", style: { "border-style": "double", "border-width": 4, "font-weight": 600 } },
    { selector: "node.found", style: { "border-color": accent, "border-width": 2.5, "border-style": "dashed" } },
    { selector: "node.chosen", style: { "border-color": accent, "border-width": 4, "border-style": "solid" } },
    { selector: "edge", style: {
      width: 1.4, "line-color": border, "curve-style": "bezier", "target-arrow-shape": "triangle",
      "target-arrow-color": border, "arrow-scale": 0.8,
    } },
    { selector: "node:active", style: { "overlay-opacity": 0.08 } },
  ];
}

function mark(cy, side) {
  cy.batch(() => {
    for (const box of side.boxes) {
      const node = cy.getElementById(box.id);
      node.data({ heat: box.heat, label: box.lines.join("\n") });
      node.toggleClass("block", box.is_block).toggleClass("found", box.is_found).toggleClass("chosen", box.is_chosen);
    }
  });
  const marked = [".chosen", ".found"].map(name => cy.nodes(name)).find(nodes => nodes.length);
  look(cy, marked ?? beginning(cy));
}

/* What lies on the way through the upper part, beside which constants are read. */
function beginning(cy) {
  const top = cy.nodes().boundingBox().y1;
  const upper = cy.nodes().filter(node => node.position("y") < top + BEGINNING);
  const through = upper.filter(node => node.indegree() && node.outdegree());
  return through.length ? through : upper;
}

/* Puts what is sought into view at a size that can be read. */
function look(cy, sought) {
  const room = cy.width() / (WIDTH * 2.6);
  cy.zoom(Math.max(0.55, Math.min(1, room)));
  const box = sought.boundingBox(), isMarked = sought.is(".chosen, .found");
  const first = isMarked ? box.y1 : cy.nodes().boundingBox().y1;
  const isSmall = isMarked && cy.zoom() * box.h < cy.height();
  const top = isSmall ? cy.height() / 2 - cy.zoom() * (box.y1 + box.y2) / 2 : 16 - cy.zoom() * first;
  cy.pan({ x: cy.width() / 2 - cy.zoom() * (box.x1 + box.x2) / 2, y: top });
}

function move(cy, key) {
  const by = { ArrowUp: [0, PAN], ArrowDown: [0, -PAN], ArrowLeft: [PAN, 0], ArrowRight: [-PAN, 0] }[key];
  if (by) cy.panBy({ x: by[0], y: by[1] });
  else if (key === "+" || key === "=") zoom(cy, ZOOM);
  else if (key === "-") zoom(cy, 1 / ZOOM);
  else if (key === "0") cy.fit(undefined, 16);
  else return false;
  return true;
}

const zoom = (cy, factor) =>
  cy.zoom({ level: cy.zoom() * factor, renderedPosition: { x: cy.width() / 2, y: cy.height() / 2 } });

/* A wheel moves the graph up and down and, at its end, the page; with Ctrl it zooms, as a pinch does. */
function wheel(cy, event) {
  if (event.ctrlKey || event.metaKey) return;
  event.stopImmediatePropagation();
  const box = cy.elements().renderedBoundingBox();
  const canMove = event.deltaY > 0 ? box.y2 > cy.height() - 16 : box.y1 < 16;
  if (!canMove) return;
  event.preventDefault();
  cy.panBy({ x: -event.deltaX, y: -event.deltaY });
}

function panel(name, side) {
  const found = document.createElement("section");
  found.className = "side";
  found.innerHTML = `<header><h4></h4><span class="tools"></span></header><div class="canvas" tabindex="0" role="img"></div>`;
  found.querySelector("h4").textContent = side.title;
  const canvas = found.querySelector(".canvas");
  canvas.dataset.side = name;
  return { found, canvas, tools: found.querySelector(".tools") };
}

function tool(place, sign, title, press) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = sign;
  button.title = title;
  button.setAttribute("aria-label", title);
  button.onclick = press;
  place.append(button);
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".graphs");
  root.dataset.state = "loading";
  let gone = false;
  loaded().then(({ cytoscape, dagre }) => {
    if (gone) return;
    root.views ??= {};
    const sides = Object.entries(data.sides);
    const places = Object.fromEntries(sides.map(([name, side]) => {
      const drawn = JSON.stringify([side.boxes.map(box => [box.id, box.lines.length]), side.lines, side.title]);
      const view = root.views[name];
      if (view?.drawn === drawn) return [name, null];
      if (view) { view.watch.disconnect(); view.cy.destroy(); }
      const place = { ...panel(name, side), drawn };
      view ? view.found.replaceWith(place.found) : root.append(place.found);
      return [name, place];
    }));
    for (const [name, side] of sides) {
      const place = places[name];
      if (place) {
        const cy = cytoscape({
          container: place.canvas, elements: elements(dagre, side), style: style(root, data.hue),
          layout: { name: "preset" }, minZoom: FARTHEST, maxZoom: NEAREST * 2, autoungrabify: true,
          boxSelectionEnabled: false,
        });
        tool(place.tools, "+", "Larger", () => zoom(cy, ZOOM));
        tool(place.tools, "−", "Smaller", () => zoom(cy, 1 / ZOOM));
        tool(place.tools, "⤢", "The whole graph", () => cy.fit(undefined, 16));
        place.canvas.onkeydown = event => { if (move(cy, event.key)) event.preventDefault(); };
        place.canvas.addEventListener("wheel", event => wheel(cy, event), { capture: true, passive: false });
        const watch = new ResizeObserver(() => cy.resize());
        watch.observe(place.canvas);
        root.views[name] = { drawn: place.drawn, cy, found: place.found, canvas: place.canvas, watch };
        place.canvas.graph = cy;
      }
      const view = root.views[name];
      view.cy.style(style(root, data.hue));
      view.cy.off("tap").on("tap", "node", event => setTriggerValue("pick", { side: name, box: event.target.id() }));
      view.canvas.setAttribute("aria-label", side.alt);
      mark(view.cy, side);
    }
    root.dataset.state = "drawn";
  }).catch(error => {
    root.dataset.state = "failed";
    root.querySelector(".failed").textContent = `The graph could not be drawn (${error.message}). Load the page again.`;
  });
  return () => { gone = true; };
}
