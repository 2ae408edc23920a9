// What is wrong with the charts that are on the page, as sentences: texts over each other, struck by a line, lying on a
// mark, outside of their figure, too pale, or twice on one axis.
() => {
  const LINES = ".shapelayer path, .errorbar path, .js-line, .annotation-arrow-g path, .zerolinelayer path, "
    + "path.xlines-above, path.ylines-above, path.xlines-below, path.ylines-below";
  const MARKS = ".points path";
  const TICKS = ["xtick", "ytick", "x2tick", "y2tick"];
  const visible = (element) => {
    const box = element.getBoundingClientRect();
    return box.width > 0 && box.height > 0 && getComputedStyle(element).visibility !== "hidden";
  };
  const overlap = (a, b, slack = 1) => a.left < b.right - slack && b.left < a.right - slack
    && a.top < b.bottom - slack && b.top < a.bottom - slack;

  const colour = (text) => {
    const [red, green, blue, alpha = 1] = text.match(/[\d.]+/g).map(Number);
    const scale = text.startsWith("color(srgb") ? 255 : 1;
    return { rgb: [red * scale, green * scale, blue * scale], alpha };
  };
  const over = (above, below, alpha) => above.map((part, i) => alpha * part + (1 - alpha) * below[i]);
  const luminance = (rgb) => rgb.map((part) => part / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, i) => sum + part * [0.2126, 0.7152, 0.0722][i], 0);
  const contrast = (a, b) => {
    const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (light + 0.05) / (dark + 0.05);
  };
  const background = (element) => {
    if (element === null) return [255, 255, 255];
    const own = colour(getComputedStyle(element).backgroundColor);
    return own.alpha === 1 ? own.rgb : over(own.rgb, background(element.parentElement), own.alpha);
  };
  const opacity = (element, end) => (element === end ? 1
    : Number(getComputedStyle(element).opacity) * opacity(element.parentElement, end));
  const ratio = (text, figure) => {
    const style = getComputedStyle(text), fill = colour(style.fill), page = background(figure);
    return contrast(over(fill.rgb, page, fill.alpha * Number(style.fillOpacity) * opacity(text, figure)), page);
  };

  // Points along a line, 2 px apart, on the screen.
  const along = (path) => {
    const length = path.getTotalLength(), matrix = path.getScreenCTM(), points = [];
    for (let at = 0; at <= length; at += 2) points.push(path.getPointAtLength(at).matrixTransform(matrix));
    return points;
  };
  const strikes = (points, box) => points.some(({ x, y }) => x > box.left + 1 && x < box.right - 1 && y > box.top + 1
    && y < box.bottom - 1);

  const found = [];
  for (const figure of document.querySelectorAll('[data-testid="stPlotlyChart"]')) {
    const card = figure.closest('[class*="st-key-card-chart"]');
    const name = [...card.classList].find((one) => one.startsWith("st-key-card")).slice("st-key-card-chart-".length);
    const say = (text) => found.push(`${name}: ${text}`);
    const texts = [...figure.querySelectorAll("text")].filter((text) => text.textContent.trim() && visible(text)
      && !text.closest(".hoverlayer"));
    const boxes = texts.map((text) => text.getBoundingClientRect());
    const lines = [...figure.querySelectorAll(LINES)].filter((path) => path.getTotalLength() > 0).map(along);
    const marks = [...figure.querySelectorAll(MARKS)].filter(visible).map((mark) => mark.getBoundingClientRect());
    const frame = figure.getBoundingClientRect();
    texts.forEach((text, i) => {
      const said = `'${text.textContent}'`, box = boxes[i];
      texts.slice(i + 1).forEach((other, j) => {
        if (overlap(box, boxes[i + 1 + j])) say(`${said} is over '${other.textContent}'`);
      });
      if (lines.some((points) => strikes(points, box))) say(`${said} is struck by a line`);
      if (marks.some((mark) => overlap(box, mark))) say(`${said} lies on a mark`);
      if (box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 1
        || box.bottom > frame.bottom + 1) say(`${said} leaves the figure`);
      if (ratio(text, figure) < 4.5) say(`${said} has a contrast of ${ratio(text, figure).toFixed(2)}`);
    });
    for (const tick of TICKS) {
      const ticks = [...figure.querySelectorAll(`.${tick} text`)].map((one) => one.textContent);
      if (new Set(ticks).size < ticks.length) say(`ticks repeat: ${ticks}`);
    }
    if (texts.length === 0) say("has no text");
  }
  return found;
}
