"use strict";
/* The chart of limits against the mass along one ray: log-log, excluded regions filled, projections dashed. */
alphoton.chart = (() => {
  const SVG = "http://www.w3.org/2000/svg";
  const MOST_DECADES = 9;
  const MARGIN = { left: 62, right: 14, top: 14, bottom: 50 };

  function element(name, attributes = {}, parent = null, text = null) {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== null) made.textContent = text;
    if (parent) parent.append(made);
    return made;
  }

  /** Text with symbols: a list of words; a list inside it is a letter and its index. */
  function label(words, attributes, parent) {
    const text = element("text", attributes, parent);
    let dy = 0; // back from the index before
    for (const word of words) {
      const [letter, index] = Array.isArray(word) ? word : [];
      element("tspan", letter ? { dy, "font-style": "italic" } : { dy }, text, letter ?? word);
      if (index) element("tspan", { dy: 4, "font-size": "80%" }, text, index);
      dy = index ? -4 : 0;
    }
    return text;
  }

  const SYMBOL = { g_ae: ["g", "ae"], g_agamma: ["g", "aγ"] };

  // --- scales ------------------------------------------------------------------------------------------------------------

  /** From a logarithmic range to pixels and back. */
  function scale([low, high], [start, end]) {
    const [a, b] = [Math.log10(low), Math.log10(high)];
    return {
      low,
      high,
      at: (value) => start + ((Math.log10(value) - a) / (b - a)) * (end - start),
      value: (pixel) => 10 ** (a + ((pixel - start) / (end - start)) * (b - a)),
    };
  }

  const whole = (low, high) => [10 ** Math.floor(Math.log10(low) + 1e-9), 10 ** Math.ceil(Math.log10(high) - 1e-9)];

  /** The decades of all masses. */
  function massRange() {
    const masses = alphoton.data.experiments.flatMap(({ segments, shares }) =>
      (segments ? segments.flat() : shares.flatMap(({ curves }) => curves)).map(({ m }) => m),
    );
    return whole(Math.min(...masses), Math.max(...masses));
  }

  /** The decades of all couplings shown; the weakest limits are cut where there would be too many. */
  function couplingRange(runs, point) {
    const values = runs.flat().flatMap(({ low, high }) => (high < Infinity ? [low, high] : [low]));
    if (point > 0) values.push(point);
    if (!values.length) return [1e-6, 1];
    const [low, high] = whole(Math.min(...values) * 0.8, Math.max(...values) * 1.2);
    return [low, Math.min(high, low * 10 ** MOST_DECADES)];
  }

  function axis(parent, along, { horizontal, from, to, every }) {
    const first = Math.round(Math.log10(along.low));
    const last = Math.round(Math.log10(along.high));
    for (let power = first; power <= last; power += 1) {
      const place = along.at(10 ** power);
      const line = horizontal ? { x1: place, x2: place, y1: from, y2: to } : { y1: place, y2: place, x1: from, x2: to };
      element("line", { class: "grid", ...line }, parent);
      if ((power - first) % every === 0) {
        const text = power === 0 ? "1" : `10${alphoton.superscript(power)}`;
        const spot = horizontal ? { x: place, y: from + 18, "text-anchor": "middle" } : { x: from - 7, y: place + 4, "text-anchor": "end" };
        element("text", { class: "tick", ...spot }, parent, text);
      }
      for (let n = 2; n < 10 && power < last; n += 1) {
        const minor = along.at(n * 10 ** power);
        const tick = horizontal ? { x1: minor, x2: minor, y1: from, y2: from - 4 } : { y1: minor, y2: minor, x1: from, x2: from + 4 };
        element("line", { class: "minor", ...tick }, parent);
      }
    }
  }

  // --- curves ------------------------------------------------------------------------------------------------------------

  const join = (points) => points.map(([x, y], n) => `${n ? "L" : "M"}${x.toFixed(1)},${y.toFixed(1)}`).join("");

  /** One experiment: its region where it is excluded today, its error as a pale band, and its line. */
  function drawCurve(parent, experiment, runs, { x, y, top }) {
    const group = element("g", { class: `curve tone-${experiment.tone} ${experiment.kind}`, "data-name": experiment.name }, parent);
    element("title", {}, group, experiment.label);
    for (const run of runs) {
      const low = run.map((point) => [x.at(point.m), y.at(point.low)]);
      const closed = run.every((point) => point.high < Infinity);
      const back = run.map((point) => [x.at(point.m), closed ? y.at(point.high) : top]).reverse();
      if (experiment.kind === "excluded") element("path", { class: "region", d: `${join([...low, ...back])}Z` }, group);
      if (!closed) {
        const spread = (sign) => run.map((p) => [x.at(p.m), y.at(p.low * (1 + sign * Math.min(0.9, Math.hypot(p.error, p.systematic))))]);
        element("path", { class: "error", d: `${join([...spread(-1), ...spread(1).reverse()])}Z` }, group);
      }
      const line = { class: "line", d: closed ? `${join([...low, ...back])}Z` : join(low), "stroke-dasharray": experiment.dash };
      if (run.length > 1) element("path", line, group);
      else for (const [cx, cy] of closed ? [low[0], back[0]] : low) element("circle", { class: "single", cx, cy, r: 3 }, group);
    }
  }

  /** The mass that was chosen, and where it meets the curves. */
  function drawCursor(parent, rows, mass, { x, y, top, bottom }) {
    const group = element("g", { class: "cursor" }, parent);
    element("line", { x1: x.at(mass), x2: x.at(mass), y1: top, y2: bottom }, group);
    for (const { experiment, found } of rows) {
      for (const end of found ? [found.low, found.high].filter(Number.isFinite) : []) {
        element("circle", { class: `tone-${experiment.tone}`, cx: x.at(mass), cy: y.at(end), r: 3.5 }, group);
      }
    }
  }

  function drawPoint(parent, mass, value, { x, y }) {
    const group = element("g", { class: "own" }, parent);
    const [cx, cy] = [x.at(mass), y.at(value)];
    element("title", {}, group, "your point");
    element("circle", { cx, cy, r: 7 }, group);
    element("path", { d: `M${cx - 11},${cy}H${cx + 11}M${cx},${cy - 11}V${cy + 11}` }, group);
  }

  /** What the vertical axis shows, in words with subscripts. */
  function yLabel(state) {
    const shown = alphoton.shownCoupling(state);
    const [photon, electron] = alphoton.ray(state);
    const other = shown === "g_ae" ? [photon, "g_agamma"] : [electron, "g_ae"];
    const start = [SYMBOL[shown], " [GeV⁻¹]"];
    if (other[0] === 0) return start;
    const factor = Math.abs(other[0]) === 1 ? (other[0] < 0 ? "−" : "") : `${alphoton.short(other[0]).replace("-", "−")} `;
    return [...start, ", ", SYMBOL[other[1]], ` = ${factor}`, SYMBOL[shown]];
  }

  /** Draw a choice into an SVG that is as wide as its box; gives back the scales, to read the pointer with. */
  function draw(svg, state) {
    const width = Math.max(280, Math.round(svg.parentElement.clientWidth));
    const height = Math.round(Math.min(520, Math.max(320, 0.66 * width)));
    svg.replaceChildren();
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.setAttribute("width", width);
    svg.setAttribute("height", height);
    const [left, right, top, bottom] = [MARGIN.left, width - MARGIN.right, MARGIN.top, height - MARGIN.bottom];

    const visible = alphoton.data.experiments.filter(({ name }) => !state.hidden.includes(name));
    const curves = visible.map((experiment) => ({ experiment, runs: alphoton.curve(experiment, state) }));
    const point = alphoton.ownScale(state);
    const x = scale(massRange(), [left, right]);
    const y = scale(couplingRange(curves.flatMap(({ runs }) => runs), point), [bottom, top]);
    const decades = Math.log10(y.high / y.low);

    const clip = element("clipPath", { id: "plot-area" }, element("defs", {}, svg));
    element("rect", { x: left, y: top, width: right - left, height: bottom - top }, clip);
    axis(svg, x, { horizontal: true, from: bottom, to: top, every: 1 });
    axis(svg, y, { horizontal: false, from: left, to: right, every: decades > 6 && height < 400 ? 2 : 1 });
    element("rect", { class: "frame", x: left, y: top, width: right - left, height: bottom - top }, svg);

    const plot = element("g", { "clip-path": "url(#plot-area)" }, svg);
    const area = { x, y, top, bottom };
    const filled = (each) => (each.experiment.kind === "excluded" ? 0 : 1);
    for (const { experiment, runs } of [...curves].sort((a, b) => filled(a) - filled(b))) drawCurve(plot, experiment, runs, area);
    const shown = alphoton.limits(state).filter(({ experiment }) => visible.includes(experiment));
    drawCursor(plot, shown, state.mass, area);
    if (point > 0) drawPoint(plot, state.mass, point, area);

    label([["m", "a"], " [GeV]"], { class: "axis", x: (left + right) / 2, y: height - 10, "text-anchor": "middle" }, svg);
    const middle = (top + bottom) / 2;
    label(yLabel(state), { class: "axis", transform: `translate(15 ${middle}) rotate(-90)`, "text-anchor": "middle" }, svg);
    return { x, y, left, right, top, bottom };
  }

  return { draw, massRange };
})();
