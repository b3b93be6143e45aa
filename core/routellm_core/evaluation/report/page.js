"use strict";
// Texts are set as text, never as markup: what people typed is shown and not run.
const SHOWN = 5;

function percent(share) { return (100 * share).toFixed(1) + " %"; }

function money(amount, currency) {
  const small = Math.abs(amount) < 1 && amount !== 0;
  return currency + amount.toLocaleString("en-US", {
    minimumFractionDigits: small ? 4 : 2, maximumFractionDigits: small ? 4 : 2,
  });
}

function listed(place, rows) {
  place.replaceChildren(...rows.map(([label, text]) => {
    const item = document.createElement("li");
    const score = document.createElement("span");
    score.className = "score";
    score.textContent = label;
    item.append(score, document.createTextNode(text));
    return item;
  }));
}

function section(root) {
  const data = JSON.parse(root.querySelector("script[type='application/json']").textContent);
  const find = (name) => root.querySelector(`[data-is='${name}']`);
  const show = (name, text) => { const place = find(name); if (place) place.textContent = text; };
  const slider = find("slider");

  function costs(at) {
    const prices = { strong: [], weak: [] };
    for (const side of ["strong", "weak"])
      for (let kind = 0; kind < 3; kind++)
        prices[side].push(Number(find(`price-${side}-${kind}`).value) / 1e6);
    const sum = (side, place) =>
      prices[side].reduce((total, price, kind) => total + price * data.money.tokens[side][kind][place], 0);
    const all = (place) => sum("strong", place) + sum("weak", place);
    return { routed: all(at), full: all(0) };
  }

  function move(svg, frame, across, up) {
    const scale = (value, from, to) => to[0] + (value - from[0]) / (from[1] - from[0]) * (to[1] - to[0]);
    const x = Math.min(Math.max(scale(across, frame.across, frame.x), frame.x[0]), frame.x[1]);
    const line = svg.querySelector(".marker"), dot = svg.querySelector(".dot");
    line.setAttribute("x1", x); line.setAttribute("x2", x);
    line.setAttribute("y1", frame.y[0]); line.setAttribute("y2", frame.y[1]);
    dot.setAttribute("cx", x);
    dot.setAttribute("cy", up === null ? -99 : scale(up, frame.up, frame.y));
  }

  function texts(threshold) {
    const weak = data.prompts.filter(([score]) => score < threshold).slice(-SHOWN).reverse();
    const strong = data.prompts.filter(([score]) => score >= threshold).slice(0, SHOWN);
    const row = ([score, text]) => [score.toFixed(4), text];
    listed(find("below"), weak.map(row));
    listed(find("above"), strong.map(row));
    if (!find("lost")) return;
    const wrong = (lower, better) => data.mistakes
      .filter(([score, w, s]) => (score < threshold) === lower && (better ? s > w : w > s))
      .slice(0, SHOWN).map(([score, w, s, text]) => [`${w} → ${s}`, text]);
    listed(find("lost"), wrong(true, true));
    listed(find("wasted"), wrong(false, false));
  }

  function update() {
    const at = Number(slider.value), threshold = data.thresholds[at], share = data.shares[at];
    show("threshold", threshold.toFixed(4));
    show("share", percent(share));
    slider.setAttribute("aria-valuetext", `threshold ${threshold.toFixed(4)}, ${percent(share)} to strong`);
    if (data.money) {
      const found = costs(at), volume = Math.max(0, Number(find("volume").value)) / data.decisions;
      show("cost", money(found.routed * volume, data.money.currency));
      show("full", money(found.full * volume, data.money.currency));
      show("saved", found.full > 0 ? percent(1 - found.routed / found.full) : "–");
    }
    if (data.quality) {
      const { mean, low, high } = data.quality;
      show("quality", mean[at].toFixed(3));
      show("band", `${low[at].toFixed(3)}–${high[at].toFixed(3)}`);
      show("kept", mean[0] ? percent(mean[at] / mean[0]) : "–");
    }
    const [curve, spread] = root.querySelectorAll("svg.figure");
    move(curve, data.frames.curve, data.places.across[at], data.places.up[at]);
    move(spread, data.frames.scores, data.places.score[at], null);
    texts(threshold);
  }

  slider.max = data.thresholds.length - 1;
  slider.value = data.start;
  root.addEventListener("input", update);
  update();
}

document.querySelectorAll("section[data-report]").forEach(section);
