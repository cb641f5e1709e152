// The threshold explorer. Points run from the highest threshold (null: no row is
// flagged) to the lowest, each [threshold, flagged positives, flagged negatives].
(() => {
  "use strict";
  const { decimals, trimmed, fixed, many, percent, show, drawRates } = shared;
  const data = JSON.parse(document.getElementById("explorer-data").textContent);
  const at = (id) => document.getElementById("x-" + id);
  const positives = data.positives, negatives = data.negatives, z = data.z;
  const trialShare = positives / (positives + negatives);
  const trialShareText = String(Number((100 * trialShare).toPrecision(4)));
  let arm = null;

  const wilson = (k, n) => {
    if (!(n > 0)) return [0, 1];
    const p = k / n, z2 = z * z / n;
    const middle = (p + z2 / 2) / (1 + z2);
    const half = z / (1 + z2) * Math.sqrt(p * (1 - p) / n + z2 / (4 * n));
    return [Math.max(0, middle - half), Math.min(1, middle + half)];
  };
  const odds = (p) => p / (1 - p);
  // Precision at another share of positives: its odds move with those of the share.
  const shifted = (p, share) => {
    if (p <= 0 || p >= 1) return p;
    const moved = odds(p) * odds(share) / odds(trialShare);
    return moved / (1 + moved);
  };
  const value = (id, fallback, low, high) => {
    const v = Number.parseFloat(at(id).value);
    return Number.isFinite(v) && v >= low && v <= high ? v : fallback;
  };
  const settings = () => ({
    rows: value("rows", data.rows, 0, Infinity),
    daily: Number.isFinite(value("rows", NaN, 0, Infinity)),
    // The share is shown rounded; untouched, it is the trial's own.
    share: at("share").value === trialShareText ? trialShare
      : Math.min(Math.max(value("share", 100 * trialShare, 0, 100) / 100, 1e-9), 1 - 1e-9),
    fp: value("fp", NaN, 0, Infinity), fn: value("fn", NaN, 0, Infinity),
    tp: data.cost_tp || 0, tn: data.cost_tn || 0,
  });
  const measure = ([threshold, tp, fp], s) => {
    const recall = tp / positives, alarm = fp / negatives;
    const caught = s.rows * s.share * recall, wrong = s.rows * (1 - s.share) * alarm;
    const missed = s.rows * s.share - caught, flagged = tp + fp;
    const precision = flagged > 0 ? caught / (caught + wrong) : NaN;
    const f1 = 2 * caught / (2 * caught + wrong + missed);
    return {
      threshold, recall, precision, f1, caught, wrong, missed,
      recallEnds: wilson(tp, positives),
      precisionEnds: wilson(tp, flagged).map((p) => shifted(p, s.share)),
      cost: wrong * s.fp + missed * s.fn + caught * s.tp
        + (s.rows * (1 - s.share) - wrong) * s.tn,
    };
  };

  // The number that gives these decisions, with all of its digits.
  const probability = (t) => {
    const text = String(Number(t.toPrecision(11)));
    return text.includes("e") ? trimmed(t.toFixed(10 - Number(text.split("e")[1]))) : text;
  };
  const ends = ([low, high]) => fixed(low) + " to " + fixed(high);
  // The slider's left end flags every row, so it runs against the points.
  const place = () => arm.points.length - 1 - Number(at("slider").value);
  const go = (k) => { at("slider").value = arm.points.length - 1 - k; update(); };

  const words = (m, s) => {
    if (m.threshold === null) return "No row is flagged: every positive is missed.";
    const precision = Number.isFinite(m.precision) ? percent(m.precision) : "none";
    return `Flagging from a probability of ${probability(m.threshold)} finds ` +
      `${percent(m.recall)} of the positives, and ${precision} of the alerts are right. ` +
      `Of ${many(s.rows)} rows${s.daily ? " a day" : ""} ` +
      `${many(m.caught + m.wrong)} are flagged.`;
  };

  const update = () => {
    const s = settings(), m = measure(arm.points[place()], s);
    // At the trial's own rule the figures are those of the decision above, as there.
    const figure = (name, text, small) => {
      const there = place() === arm.chosen && arm.texts && arm.texts[name];
      const moves = name !== "recall" && s.share !== trialShare;
      show(at(name === "f1" ? "f" : name), ...(there && !moves ? there : [text, small]));
    };
    at("typed").value = m.threshold === null ? "" : probability(m.threshold);
    const text = words(m, s);
    at("words").textContent = text;
    at("slider").setAttribute("aria-valuetext", m.threshold === null
      ? "no row flagged" : "probability " + probability(m.threshold));
    figure("recall", fixed(m.recall, 3), ends(m.recallEnds));
    figure("precision", fixed(m.precision, 3),
      Number.isFinite(m.precision) ? ends(m.precisionEnds) : "no row is flagged");
    figure("f1", fixed(m.f1, 3));
    show(at("alerts"), many(m.caught + m.wrong), many(m.wrong) + " false alarms");
    show(at("missed"), many(m.missed), "of " + many(m.caught + m.missed) + " positives");
    const per = s.daily ? " per day" : ` in ${many(s.rows)} rows`;
    at("alerts-word").textContent = "Alerts" + per;
    at("missed-word").textContent = "Missed" + per;
    at("money-word").textContent = "Cost" + per;
    const priced = Number.isFinite(m.cost); // costs are the reader's, or the trial's
    at("money-box").hidden = at("cost").hidden = !priced;
    show(at("money"), priced ? many(m.cost) : "");
    draw(s);
  };

  const draw = (s) => {
    const last = Math.max(arm.points.length - 1, 1);
    drawRates(at("plot"), arm.points.map((p) => measure(p, s)), place(),
      (k) => 600 * (last - k) / last);
  };

  // The last point that flags from the typed probability, or from a higher one.
  const typed = () => {
    const p = Number.parseFloat(at("typed").value);
    if (!Number.isFinite(p)) return;
    let k = 0;
    while (k + 1 < arm.points.length && arm.points[k + 1][0] >= p) k += 1;
    go(k);
  };
  const best = (score) => {
    const s = settings();
    const scores = arm.points.map((p) => score(measure(p, s)));
    return scores.reduce((top, v, k) => v > scores[top] ? k : top, 0);
  };
  const choose = (index) => {
    arm = data.arms[index];
    at("slider").max = arm.points.length - 1;
    go(arm.chosen);
  };

  data.arms.forEach((a, k) => {
    const option = document.createElement("option");
    option.value = k;
    option.textContent = a.name;
    at("arm").append(option);
  });
  if (data.costs_given) {
    at("fp").value = data.cost_fp;
    at("fn").value = data.cost_fn;
  }
  at("share").value = trialShareText;
  at("arm").addEventListener("change", () => choose(Number(at("arm").value)));
  at("slider").addEventListener("input", update);
  at("typed").addEventListener("change", typed);
  for (const id of ["rows", "share", "fp", "fn"]) at(id).addEventListener("input", update);
  at("chosen").addEventListener("click", () => go(arm.chosen));
  at("f1").addEventListener("click", () => go(best((m) => m.f1)));
  at("cost").addEventListener("click", () => go(best((m) => -m.cost)));
  const start = Math.max(0, data.arms.findIndex((a) => a.name === data.start));
  at("arm").value = start;
  choose(start);
})();
