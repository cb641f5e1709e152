// Sorting, picking a class to draw, and the explorers by class and by costs.
(() => {
  "use strict";
  const { decimals, trimmed, fixed, many, percent, show, drawRates } = shared;
  const data = JSON.parse(document.getElementById("explorer-data").textContent);
  const el = (id) => document.getElementById(id);
  const at = (id) => el("c-" + id);

  const short = (text) => text.length > 60 ? text.slice(0, 59) + "\u2026" : text;
  const option = (text, value) => {
    const one = document.createElement("option");
    one.value = value;
    one.textContent = short(text);
    return one;
  };

  // Tables: a click on a heading sorts, a second one the other way round.
  const value = (row, key) => {
    const text = row.cells[key] ? row.cells[key].dataset.value : "";
    return text === undefined ? "" : text;
  };
  const sort = (table, key, down) => {
    const rows = [...table.tBodies[0].rows];
    const sign = down ? -1 : 1;
    rows.sort((a, b) => {
      const x = value(a, key), y = value(b, key);
      if (key === 0) return sign * (Number(a.dataset.place) - Number(b.dataset.place));
      if (x === "" || y === "") return (x === "") - (y === "");
      return sign * (Number(x) - Number(y)) || a.dataset.place - b.dataset.place;
    });
    table.tBodies[0].append(...rows);
    [...table.tHead.rows[0].cells].forEach((cell, k) => {
      if (k === key) cell.setAttribute("aria-sort", down ? "descending" : "ascending");
      else cell.removeAttribute("aria-sort");
    });
  };
  const tables = [...document.querySelectorAll("table[data-sortable]")];
  for (const table of tables) {
    [...table.tHead.rows[0].cells].forEach((cell, key) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = cell.textContent;
      cell.replaceChildren(button);
      button.addEventListener("click", () =>
        sort(table, key, cell.getAttribute("aria-sort") === "ascending"));
    });
  }
  const keys = el("sort-key");
  if (keys && tables.length) {
    keys.closest("p").hidden = false;
    [...tables[0].tHead.rows[0].cells].forEach((cell, key) => {
      keys.append(option(key ? cell.textContent + ", lowest first" : "order of the table", key));
      if (key) keys.append(option(cell.textContent + ", highest first", -key));
    });
    keys.addEventListener("change", () => {
      const key = Number(keys.value);
      tables.forEach((table) => sort(table, Math.abs(key), key < 0));
    });
  }

  // Drawings of a picked class come ready from the page's maker.
  const pick = el("pick-class");
  if (pick) {
    pick.closest(".pick").hidden = false;
    data.picked.forEach((one, k) => pick.append(option(one.name, k)));
    const draw = () => {
      const parse = (text) => new DOMParser().parseFromString(text, "text/html").querySelector("svg");
      const one = data.picked[Number(pick.value)];
      el("pick-pr").replaceChildren(document.importNode(parse(one.curve), true));
      el("pick-cal").replaceChildren(document.importNode(parse(one.calibration), true));
    };
    pick.addEventListener("change", draw);
    draw();
  }

  // The explorer by class. Points run from the fewest decisions for it to the most:
  // [place, true positives, false positives, share right, balanced accuracy].
  const kind = data.classes.kind;
  let one = null;
  const measure = ([place, tp, fp, right, balanced]) => ({
    place, tp, fp, right, balanced,
    recall: tp / one.positives,
    precision: tp + fp > 0 ? tp / (tp + fp) : NaN,
    f1: 2 * tp / (tp + fp + one.positives),
  });
  const draw = (k) => {
    const last = Math.max(one.points.length - 1, 1);
    drawRates(at("plot"), one.points.map(measure), k, (i) => 600 * i / last);
  };
  const words = (m, k) => {
    if (m.tp + m.fp <= 0) return `No row is decided to be ${short(one.name)}.`;
    const how = kind === "multiplier" ? `With a multiplier of ${many(m.place)}`
      : `From a probability of ${trimmed(m.place.toFixed(decimals(m.place, 4)))}`;
    const there = k === one.chosen ? "As in the trial: " : "";
    const start = there ? how[0].toLowerCase() + how.slice(1) : how;
    return `${there}${start}, ${percent(m.recall)} of the rows of ${short(one.name)} are ` +
      `found, and ${percent(m.precision)} of the decisions for it are right.`;
  };
  const update = () => {
    const k = Number(at("slider").value), m = measure(one.points[k]);
    const ends = (e) => e.low === null || e.high === null ? "" : `${fixed(e.low)} to ${fixed(e.high)}`;
    const figure = (id, name) => {
      const e = one.estimates[name];
      const own = k === one.chosen && e.value !== null;
      show(at(id), fixed(own ? e.value : m[name]), own ? ends(e) : "");
    };
    figure("recall", "recall");
    figure("precision", "precision");
    figure("f", "f1");
    show(at("flagged"), many(1000 * (m.tp + m.fp) / (one.positives + one.negatives)),
      `${many(1000 * m.fp / (one.positives + one.negatives))} wrongly`);
    for (const key of ["right", "balanced"]) {
      el(`c-${key}-box`).hidden = kind !== "multiplier";
      if (kind === "multiplier") show(at(key), fixed(m[key], 3));
    }
    const text = words(m, k);
    at("words").textContent = text;
    at("slider").setAttribute("aria-valuetext", text);
    draw(k);
  };
  const go = (k) => { at("slider").value = k; update(); };
  const choose = () => {
    one = data.classes.classes[Number(at("class").value)];
    at("slider").max = one.points.length - 1;
    go(one.chosen);
  };
  if (data.classes.classes.length) {
    data.classes.classes.forEach((c, k) => at("class").append(option(c.name, k)));
    at("class").addEventListener("change", choose);
    at("slider").addEventListener("input", update);
    at("chosen").addEventListener("click", () => go(one.chosen));
    at("f1").addEventListener("click", () => {
      const scores = one.points.map((p) => measure(p).f1);
      go(scores.reduce((top, v, k) => v > scores[top] ? k : top, 0));
    });
    choose();
  }

  // The explorer by costs.
  const costs = data.costs;
  if (costs) {
    const size = costs.classes.length, body = el("k-table").tBodies[0];
    const rows = costs.totals.reduce((a, b) => a + b, 0);
    const inputs = costs.classes.map((name, j) => {
      const row = body.insertRow();
      const head = document.createElement("th");
      head.scope = "row";
      const text = document.createElement("bdi");
      text.textContent = name;
      head.title = name;
      head.append(text);
      row.append(head);
      const cells = costs.classes.map((other, k) => {
        const input = document.createElement("input");
        input.type = "number";
        input.step = "any";
        input.value = costs.costs[j][k];
        input.setAttribute("aria-label", `cost of deciding ${other} where the truth is ${name}`);
        row.insertCell().append(input);
        input.addEventListener("input", tell);
        return input;
      });
      row.insertCell();
      return cells;
    });
    function tell() {
      const table = inputs.map((line, j) => line.map((input, k) => {
        const v = Number.parseFloat(input.value);
        return Number.isFinite(v) ? v : costs.costs[j][k];
      }));
      const expected = (p, k) => p.reduce((sum, v, j) => sum + v * table[j][k], 0);
      const decided = new Array(size).fill(0), right = new Array(size).fill(0);
      let cost = 0;
      for (const [p, counts] of costs.groups) {
        let best = 0, least = Infinity;
        for (let k = 0; k < size; k += 1) {
          const v = expected(p, k);
          if (v < least - 1e-12) { least = v; best = k; }
        }
        counts.forEach((n, j) => { cost += n * table[j][best]; decided[best] += n; });
        right[best] += counts[best];
      }
      const trial = costs.confusion.reduce((sum, line, j) =>
        sum + line.reduce((part, n, k) => part + n * table[j][k], 0), 0);
      const alone = costs.classes.map((_, k) =>
        costs.totals.reduce((sum, n, j) => sum + n * table[j][k], 0) / rows);
      const least = alone.indexOf(Math.min(...alone));
      show(el("k-cost"), many(cost / rows));
      if (costs.undecided > 0) show(el("k-trial"), "\u2013", "some rows are left undecided");
      else show(el("k-trial"), many(trial / rows));
      show(el("k-one"), many(alone[least]), "all " + short(costs.classes[least]));
      costs.classes.forEach((_, k) => {
        show(el(`k-of-${k}`), many(1000 * decided[k] / rows));
        const line = body.rows[k];
        show(line.cells[size + 1], costs.totals[k] ? percent(right[k] / costs.totals[k]) : "\u2013");
      });
      const never = costs.classes.filter((_, k) => decided[k] === 0);
      el("k-words").textContent = never.length
        ? `With these costs no row is decided to be ${never.slice(0, 3).map(short).join(", ")}` +
          (never.length > 3 ? ` or ${never.length - 3} more.` : ".")
        : "With these costs every class is decided for some rows.";
    }
    tell();
  }
})();
