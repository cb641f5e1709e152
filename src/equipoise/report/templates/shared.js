// What both explorers share: how numbers are written, and the plot of their rates.
const shared = (() => {
  "use strict";
  // Numbers as `numerals.py` writes them: more decimals near 0 and 1, no exponent.
  const decimals = (v, digits) => v === 0 ? 0
    : Math.min(12, Math.max(0, digits - 1 - Number(v.toExponential(digits - 1).split("e")[1])));
  const trimmed = (text) => text.includes(".") ? text.replace(/\.?0+$/, "") : text;
  const fixed = (v, least = 2) => {
    if (v === null || !Number.isFinite(v)) return "\u2013";
    let places = decimals(v, 1) > least ? decimals(v, 2) : least;
    if (v > 0.5 && v < 1) places = Math.max(places, decimals(1 - v, 1));
    return v.toFixed(places).replace("-", "\u2212");
  };
  const many = (v) => (Math.abs(v) >= 999.5 ? Math.round(v).toLocaleString("en")
    : trimmed(v.toFixed(decimals(v, 3)))).replace("-", "\u2212");
  const percent = (v) => {
    const p = 100 * v, distance = Math.min(p, 100 - p);
    if (distance <= 0) return p.toFixed(0) + "%";
    return trimmed(p.toFixed(distance >= 9.95 ? 1 : decimals(distance, 2))) + "%";
  };
  const show = (cell, text, small) => {
    cell.textContent = text;
    if (small) {
      const note = document.createElement("small");
      note.textContent = small;
      cell.append(note);
    }
  };
  const line = (space, points, attributes) => {
    const node = document.createElementNS(space, "polyline");
    node.setAttribute("points", points.map((p) => p.map((v) => v.toFixed(1)).join()).join(" "));
    node.setAttribute("fill", "none");
    node.setAttribute("vector-effect", "non-scaling-stroke");
    for (const [key, v] of Object.entries(attributes)) node.setAttribute(key, v);
    return node;
  };
  // Recall and precision of each point, `x` of its number, and a line at point `here`.
  const drawRates = (plot, measures, here, x) => {
    const y = (v) => 152 - 144 * v, space = plot.namespaceURI;
    const track = (key, attributes) => line(space,
      measures.map((m, k) => [x(k), y(m[key])]).filter((p) => Number.isFinite(p[1])),
      { "stroke-width": 2, ...attributes });
    plot.replaceChildren(
      ...[0, 0.5, 1].map((v) =>
        line(space, [[0, y(v)], [600, y(v)]], { stroke: "var(--rule)" })),
      track("recall", { stroke: "var(--series-1)" }),
      track("precision", { stroke: "var(--series-2)", "stroke-dasharray": "7 4" }),
      line(space, [[x(here), 0], [x(here), 160]],
        { stroke: "var(--ink)", "stroke-width": 1.5 }),
    );
  };
  return { decimals, trimmed, fixed, many, percent, show, drawRates };
})();

// Each figure can be taken away: a picture that needs nothing of this page.
document.querySelectorAll("figure").forEach((figure, k) => {
  "use strict";
  const picture = figure.querySelector("svg[viewBox][width], svg[viewBox]");
  const caption = figure.querySelector("figcaption");
  if (!picture || picture.closest(".legend") || !caption) return;
  const take = document.createElement("button");
  take.type = "button";
  take.className = "take";
  take.textContent = "Save as SVG";
  take.addEventListener("click", () => {
    const copy = picture.cloneNode(true), look = getComputedStyle(document.documentElement);
    const box = picture.viewBox.baseVal;
    copy.setAttribute("width", box.width);
    copy.setAttribute("height", box.height);
    copy.setAttribute("font-family", "sans-serif");
    copy.style.background = look.getPropertyValue("--paper");
    const text = new XMLSerializer().serializeToString(copy)
      .replace(/var\((--[\w-]+)\)/g, (_, name) => look.getPropertyValue(name).trim());
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
    link.download = `figure-${k + 1}.svg`;
    link.click();
    URL.revokeObjectURL(link.href);
  });
  figure.append(take);
});
